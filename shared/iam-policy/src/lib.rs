//! The IAM policy language without any AWS call: reading, judging and writing policy documents.
#![doc = include_str!("../README.md")]

mod action;
mod arn;
mod condition;
mod document;
mod glob;
mod parse;
mod principal;
mod print;
mod resource;
mod variable;

pub use action::{ActionName, ActionNameError, ActionPattern};
pub use arn::{AccountId, AccountIdError, Arn, ArnError};
pub use condition::{
    Comparison, ConditionValue, KeyTest, Operator, OperatorBlock, OperatorError, Polarity, Presence,
    Quantifier, Scalar, Spelling, ValueType,
};
pub use document::{
    ActionElement, Effect, OneOrMany, Policy, ResourceElement, Statement, StatementId, Version,
};
pub use parse::{Fault, JsonPath, LONGEST_TEXT, ParseError, Position};
pub use principal::{
    AwsPrincipal, AwsPrincipalKind, IdentityArn, IdentityArnError, IdentityKind, PrincipalElement,
    PrincipalList, PrincipalSpec,
};
pub use resource::{ResourceName, ResourcePattern};
pub use variable::VariableFault;
