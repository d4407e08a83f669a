//! # `policy-invalid`: IAM would refuse one of the role's documents, or Access Analyzer calls it an error
//!
//! ## What it finds
//! A policy of the role, or its trust policy, that breaks a rule of the policy language: one that IAM refuses to store, or
//! that [ValidatePolicy](https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html)
//! reports with type ERROR. A document that is not understood at all is one of them, and is told as a doubt besides.
//!
//! These 33 codes of type ERROR are decided, from the document alone:
//!
//! | about | codes |
//! |---|---|
//! | the document | `JSON_SYNTAX_ERROR`, `DATA_TYPE_MISMATCH`, `INVALID_VERSION`, `INVALID_POLICY_ELEMENT`, `MISSING_STATEMENT` |
//! | a statement | `MISSING_EFFECT`, `INVALID_EFFECT`, `MISSING_ACTION`, `UNSUPPORTED_ELEMENT_COMBINATION`, `UNSUPPORTED_SID`, `UNIQUE_SIDS_REQUIRED` |
//! | actions and resources | `INVALID_ACTION` (its form), `MISSING_RESOURCE`, `INVALID_ARN_PREFIX`, `MISSING_ARN_FIELD`, `ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE` |
//! | principals | `MISSING_PRINCIPAL`, `UNSUPPORTED_PRINCIPAL`, `INVALID_PRINCIPAL_KEY`, `INVALID_PRINCIPAL_FORMAT`, `ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL`, `ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL` |
//! | conditions | `INVALID_CONDITION_OPERATOR`, `INVALID_CONDITION_KEY_FORMAT`, `INVALID_CONDITION_MULTIPLE_BOOLEAN`, `MISSING_QUALIFIER`, `DUPLICATE_KEYS_WITH_DIFFERENT_CASE` (condition keys) |
//! | variables | `EMPTY_VARIABLE`, `MISSING_BRACE_IN_VARIABLE`, `MISSING_QUOTE_IN_VARIABLE`, `UNSUPPORTED_SPACE_IN_VARIABLE`, `VARIABLE_UNSUPPORTED_IN_ELEMENT`, `VARIABLE_UNSUPPORTED_IN_VERSION` |
//!
//! ## Why it matters
//! Such a document does not do what somebody meant by it: a Deny that is never read, a condition that is never met.
//!
//! ## Example
//! `"Resource": "${aws:PrincipalTag/team"`, where the closing brace is missing.
//!
//! ## Remedy
//! Mend the document as the evidence says; `aws accessanalyzer validate-policy` checks it.
//!
//! ## Limits
//! Codes that need a list of AWS's services, actions, Regions or condition keys are not decided, nor are warnings and
//! suggestions. Policies of AWS are not held against the role as long as they are understood: nobody here can mend them. The
//! boundary's document is not looked at; one that is not understood is told as a doubt.

use super::{Grade, Hit};
use crate::assess::Evidence;
use crate::snapshot::{Document, PolicySource};
use crate::view::View;
use iam_policy::{Level, Policy, PolicyKind, Problem};

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let mut evidence = problems("trust", &view.role.role.trust, PolicyKind::Trust);
    for policy in &view.role.policies {
        let is_of_aws = matches!(&policy.source, PolicySource::Managed(arn) if arn.is_aws_managed());
        if !(is_of_aws && policy.document.understood().is_some()) {
            evidence.extend(problems(&policy.source.to_string(), &policy.document, PolicyKind::Identity));
        }
    }
    let first = evidence.first()?;
    let summary = format!("the document of {} is not valid: {}", first.policy, first.detail);
    Some(Hit {
        grade: Grade::Usual,
        summary,
        evidence,
        remedy: "mend the document as the evidence says; `aws accessanalyzer validate-policy` checks it"
            .to_owned(),
    })
}

fn problems(place: &str, document: &Document, kind: PolicyKind) -> Vec<Evidence> {
    let evidence =
        |statement: String, detail: String| Evidence { policy: place.to_owned(), statement, detail };
    match document {
        Document::Understood(policy) => policy
            .validate(kind)
            .into_iter()
            .filter(|problem| problem.level >= Level::Error)
            .map(|problem| evidence(statement(policy, &problem), problem.to_string()))
            .collect(),
        Document::NotUnderstood(why) => vec![evidence(String::new(), why.to_string())],
        Document::Gone => Vec::new(),
    }
}

/// The statement that the problem is in; empty for one of the whole document.
fn statement(policy: &Policy, problem: &Problem) -> String {
    let statement = problem.path.statement().and_then(|index| policy.statements().get(index));
    statement.map_or_else(String::new, |statement| statement.id().to_string())
}
