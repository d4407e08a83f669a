//! The IAM policy language without any AWS call: reading, judging and writing policy documents.
#![doc = include_str!("../README.md")]

mod action;
mod arn;
pub mod catalogue;
mod compare;
mod condition;
mod document;
mod evaluate;
mod glob;
mod grantees;
mod parse;
mod principal;
mod print;
mod request;
mod resource;
mod trust;
mod validate;
mod variable;

pub use action::{ActionName, ActionNameError, ActionPattern};
pub use arn::{AccountId, AccountIdError, Arn, ArnError};
pub use catalogue::Catalogue;
pub use compare::{
    Access, Breadth, Containment, Counterexample, Cut, Danger, Doubt, EscalationSet, EscalationTarget,
    Escape, EscapeStep, Fit, LostAction, Merged, NoResource, Possible, Question, Removal, Targets, Terms,
    Way, escapes, impact, merge, within,
};
pub use condition::{
    Comparison, ConditionValue, KeyTest, Operator, OperatorBlock, OperatorError, Polarity, Presence,
    Quantifier, Scalar, Spelling, ValueType,
};
pub use document::{
    ActionElement, Effect, OneOrMany, Policy, ResourceElement, Statement, StatementId, Version,
};
pub use evaluate::{
    Because, Evaluation, Layer, Policies, Silence, Source, StatementRef, Undocumented, Verdict, evaluate,
};
pub use grantees::{Grantee, grantees};
pub use parse::{Fault, JsonPath, LONGEST_TEXT, ParseError, Position, parse_json};
pub use principal::{
    AwsPrincipal, AwsPrincipalKind, IdentityArn, IdentityArnError, IdentityKind, PrincipalElement,
    PrincipalList, PrincipalSpec,
};
pub use request::{Context, Principal, PrincipalError, Request};
pub use resource::{ResourceName, ResourcePattern};
pub use trust::{Admission, Admitted, AssumeRole, ConditionKey, KeyEffect, TrustAdmissions, admits};
pub use validate::{Level, PolicyKind, Problem, Rule};
pub use variable::VariableFault;
