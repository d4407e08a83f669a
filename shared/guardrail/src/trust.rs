//! Who may assume a role.

use crate::assess::Evidence;
use crate::snapshot::{Document, Role};
use iam_policy::{
    ActionElement, ActionName, AwsPrincipalKind, Effect, Policy, PrincipalElement, PrincipalSpec, Statement,
};
use std::collections::BTreeSet;

/// The service principals of Lambda: functions, and functions at CloudFront's edge
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html>).
const LAMBDA: [&str; 2] = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"];

/// The actions that a trust policy can grant a session by
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>).
const ASSUME: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// What a role's trust policy says.
#[derive(Debug, Clone, PartialEq)]
pub enum Trust {
    /// Its document was understood.
    Understood {
        /// Whether Lambda may assume the role. Conditions are taken to be met: a role that Lambda might get is guarded.
        lambda: Lambda,
        /// Everybody else who is let in, in words.
        others: Vec<String>,
        /// Where anybody at all is let in.
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
        let admitting: Vec<&Statement> = policy
            .statements()
            .iter()
            .filter(|s| s.effect() == Effect::Allow && grants_a_session(s))
            .collect();
        let denied = unconditionally_denied_services(policy);
        let mut lambda = Lambda::NotAdmitted;
        let (mut others, mut anybody, mut other_services) = (BTreeSet::new(), Vec::new(), Vec::new());
        for statement in admitting {
            let Some(principal) = statement.principal() else { continue };
            let evidence = |detail: &str| Evidence {
                policy: "trust".to_owned(),
                statement: statement.id().to_string(),
                detail: detail.to_owned(),
            };
            let spec = match principal {
                PrincipalElement::Principal(spec) if !spec.names_everyone() => spec,
                // Everyone, or everyone but a few.
                PrincipalElement::Principal(_) | PrincipalElement::NotPrincipal(_) => {
                    if !LAMBDA.iter().all(|service| denied.contains(*service)) {
                        lambda = Lambda::Admitted;
                    }
                    others.insert("anybody".to_owned());
                    if statement.is_unconditional() {
                        anybody.push(evidence("any principal, without a condition"));
                    }
                    continue;
                }
            };
            for service in spec.services().filter(|service| !denied.contains(*service)) {
                if LAMBDA.contains(&service) {
                    lambda = Lambda::Admitted;
                } else {
                    others.insert(service.to_owned());
                    other_services.push(evidence(service));
                }
            }
            others.extend(named_others(spec, role_arn));
        }
        Self::Understood { lambda, others: others.into_iter().collect(), anybody, other_services }
    }
}

fn grants_a_session(statement: &Statement) -> bool {
    let concerns = |action: &str| {
        action.parse::<ActionName>().is_ok_and(|action| match statement.action() {
            ActionElement::Action(patterns) => patterns.iter().any(|pattern| pattern.matches(&action)),
            ActionElement::NotAction(patterns) => !patterns.iter().any(|pattern| pattern.matches(&action)),
        })
    };
    ASSUME.into_iter().any(concerns)
}

/// Users, accounts and identity providers. A deleted principal (shown as its unique id) and one that is no ARN match nobody.
fn named_others(spec: &PrincipalSpec, role_arn: &str) -> BTreeSet<String> {
    let aws = spec.aws().filter(|principal| match principal.kind() {
        AwsPrincipalKind::Account(_) | AwsPrincipalKind::Identity(_) => principal.as_str() != role_arn,
        AwsPrincipalKind::Everyone | AwsPrincipalKind::UniqueId | AwsPrincipalKind::Unrecognised => false,
    });
    let federated = spec.federated().map(str::to_owned);
    aws.map(|principal| principal.as_str().to_owned()).chain(federated).collect()
}

/// Services that no statement can let in.
fn unconditionally_denied_services(policy: &Policy) -> BTreeSet<&str> {
    let denies = policy.statements().iter().filter(|statement| {
        statement.effect() == Effect::Deny && statement.is_unconditional() && grants_a_session(statement)
    });
    denies
        .flat_map(|statement| match statement.principal() {
            Some(PrincipalElement::Principal(spec)) if spec.names_everyone() => LAMBDA.to_vec(),
            Some(PrincipalElement::Principal(spec)) => spec.services().collect(),
            Some(PrincipalElement::NotPrincipal(_)) | None => Vec::new(),
        })
        .collect()
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
        assert_eq!(trust.others(), ["210987654321", "accounts.google.com", "ec2.amazonaws.com"]);
    }
}
