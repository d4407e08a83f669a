//! Who may assume a role, as far as decisions and checks go by it. The reading itself is `iam_policy::admits`.

use crate::assess::Evidence;
use crate::snapshot::{Document, Role};
use iam_policy::{Admission, Admitted, Policy, admits};
use std::collections::BTreeSet;

/// The service principals of Lambda: functions, and functions at CloudFront's edge
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html>).
const LAMBDA: [&str; 2] = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"];

/// What a role's trust policy says.
#[derive(Debug, Clone, PartialEq)]
pub enum Trust {
    /// Its document was understood.
    Understood {
        /// Whether Lambda may assume the role. Conditions are taken to be met: a role that Lambda might get is guarded.
        lambda: Lambda,
        /// Everybody else who is let in, in words.
        others: Vec<String>,
        /// Where anybody at all is let in, and no condition closes the way.
        anybody: Vec<Evidence>,
        /// Where services other than Lambda's are let in.
        other_services: Vec<Evidence>,
    },
    /// Its document was not.
    NotUnderstood,
}

/// Whether Lambda is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lambda {
    /// It is.
    Admitted,
    /// It is not.
    NotAdmitted,
}

impl Trust {
    /// Reads a role's trust policy.
    #[must_use]
    pub fn of(role: &Role) -> Self {
        match &role.trust {
            Document::Understood(policy) => Self::read(policy, role.arn.as_str()),
            Document::NotUnderstood(_) | Document::Gone => Self::NotUnderstood,
        }
    }

    /// Whether the role is an execution role. A trust policy that is not understood leaves it to the event: if a
    /// function was seen with the role, it is one.
    #[must_use]
    pub fn admits_lambda(&self, seen_with_a_function: bool) -> bool {
        match self {
            Self::Understood { lambda, .. } => *lambda == Lambda::Admitted,
            Self::NotUnderstood => seen_with_a_function,
        }
    }

    /// Everybody but Lambda who may assume the role, in words.
    #[must_use]
    pub fn others(&self) -> &[String] {
        match self {
            Self::Understood { others, .. } => others,
            Self::NotUnderstood => &[],
        }
    }

    fn read(policy: &Policy, role_arn: &str) -> Self {
        let admissions = admits(policy);
        let lambda = if LAMBDA.iter().any(|service| admissions.admits_service(service)) {
            Lambda::Admitted
        } else {
            Lambda::NotAdmitted
        };
        let others: BTreeSet<String> =
            admissions.iter().filter_map(|admission| other(admission, role_arn)).collect();
        Self::Understood {
            lambda,
            others: others.into_iter().collect(),
            anybody: admissions
                .everyone()
                .filter(|admission| !admission.is_closed())
                .map(|admission| {
                    evidence(admission, "any principal, and no condition that closes the way".to_owned())
                })
                .collect(),
            other_services: admissions
                .iter()
                .filter_map(|admission| match admission.who {
                    Admitted::Service(name) if !LAMBDA.contains(&name) => {
                        Some(evidence(admission, name.to_owned()))
                    }
                    Admitted::Service(_)
                    | Admitted::Everyone
                    | Admitted::Account(_)
                    | Admitted::Identity(_)
                    | Admitted::Deleted(_)
                    | Admitted::Federated(_) => None,
                })
                .collect(),
        }
    }
}

/// Somebody other than Lambda and the role itself. A deleted principal is nobody.
fn other(admission: &Admission<'_>, role_arn: &str) -> Option<String> {
    match &admission.who {
        Admitted::Everyone => Some("anybody".to_owned()),
        Admitted::Service(name) => (!LAMBDA.contains(name)).then(|| (*name).to_owned()),
        Admitted::Account(account) => Some(format!("account {account}")),
        Admitted::Identity(identity) => (identity.as_str() != role_arn).then(|| identity.as_str().to_owned()),
        Admitted::Deleted(_) => None,
        Admitted::Federated(provider) => Some((*provider).to_owned()),
    }
}

fn evidence(admission: &Admission<'_>, detail: String) -> Evidence {
    Evidence { policy: "trust".to_owned(), statement: admission.statement.to_string(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(statements: Value) -> Trust {
        let policy = Policy::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap();
        Trust::read(&policy, "arn:aws:iam::123456789012:role/orders")
    }

    fn allow(principal: Value) -> Value {
        json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    }

    #[test]
    fn lambda_is_recognised_in_every_spelling() {
        for principal in [
            json!({"Service": "lambda.amazonaws.com"}),
            json!({"Service": ["ec2.amazonaws.com", "edgelambda.amazonaws.com"]}),
            json!("*"),
            json!({"AWS": "*"}),
        ] {
            assert!(read(allow(principal.clone())).admits_lambda(false), "{principal}");
        }
        for (statement, why) in [
            (allow(json!({"Service": "ec2.amazonaws.com"})), "another service"),
            (allow(json!({"AWS": "arn:aws:iam::123456789012:root"})), "an account"),
            (
                json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:TagSession"}),
                "no session is granted",
            ),
        ] {
            assert!(!read(statement).admits_lambda(true), "{why}");
        }
    }

    #[test]
    fn a_condition_does_not_make_it_another_role() {
        let mut statement = allow(json!({"Service": "lambda.amazonaws.com"}));
        statement["Condition"] = json!({"StringEquals": {"aws:SourceAccount": "123456789012"}});
        assert!(read(statement).admits_lambda(false));
    }

    #[test]
    fn an_unconditional_deny_shuts_lambda_out() {
        let deny =
            json!({"Effect": "Deny", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:*"});
        assert!(!read(json!([allow(json!({"Service": "lambda.amazonaws.com"})), deny])).admits_lambda(false));
    }

    #[test]
    fn lambda_edge_and_the_role_itself_are_nobody_else() {
        let trust = read(json!([
            allow(json!({"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]})),
            allow(json!({"AWS": ["arn:aws:iam::123456789012:role/orders", "AROADBQP57FF2AEXAMPLE"]})),
        ]));
        assert_eq!(trust.others(), &[] as &[String]);
    }

    #[test]
    fn others_are_named() {
        let trust = read(json!([
            allow(json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"], "AWS": "210987654321"})),
            {"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity"},
        ]));
        assert_eq!(trust.others(), ["account 210987654321", "accounts.google.com", "ec2.amazonaws.com"]);
    }
}
