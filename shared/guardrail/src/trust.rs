//! Who may assume a role, as far as decisions and checks go by it. The reading itself is `iam_policy::admits`.

use crate::assess::Evidence;
use crate::snapshot::{Document, Role};
use iam_policy::{AccountId, Admission, Admitted, Effect, KeyEffect, Policy, admits};
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
        /// Where another account, or somebody of it, is let in.
        other_accounts: Vec<Evidence>,
        /// Where users and roles that were deleted are still named.
        deleted: Vec<Evidence>,
        /// Where a service, Lambda included, is let in for whichever account's resource it calls.
        any_source: Vec<Evidence>,
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
            other_accounts: in_policy(role_arn).map_or_else(Vec::new, |own| {
                let of_another = |admission| of_another_account(policy, admission, own);
                admissions.iter().filter_map(of_another).collect()
            }),
            deleted: admissions.iter().filter_map(deleted).collect(),
            any_source: admissions.iter().filter_map(any_source).collect(),
        }
    }
}

/// The account of the role, in the terms of the policy language.
fn in_policy(role_arn: &str) -> Option<AccountId> {
    role_arn.parse::<iam_policy::IdentityArn>().ok().map(|role| role.account())
}

/// An admission of another account or somebody of it, unless a condition asks for the role's own account.
fn of_another_account(policy: &Policy, admission: &Admission<'_>, own: AccountId) -> Option<Evidence> {
    let closing = || admission.conditions.iter().filter(|key| key.effect == KeyEffect::Closes);
    let who = match &admission.who {
        Admitted::Account(account) if *account != own => format!("account {account}"),
        Admitted::Identity(identity) if identity.account() != own => identity.as_str().to_owned(),
        // Everybody, but for a condition that says of which account.
        Admitted::Everyone => {
            let naming = closing().find(|key| is_one_of(key.key, &PRINCIPAL))?;
            format!("whoever {} names", naming.key)
        }
        Admitted::Account(_)
        | Admitted::Identity(_)
        | Admitted::Service(_)
        | Admitted::Deleted(_)
        | Admitted::Federated(_) => return None,
    };
    if closing().any(|key| names_only(policy, admission, key.key, own)) {
        return None;
    }
    let of_organization = closing().find(|key| is_one_of(key.key, &ORGANIZATION));
    let detail = match of_organization {
        Some(key) => format!("{who}, if it is of the organization that {} names", key.key),
        None if admission.asks_external_id() => format!("{who}, with an external id"),
        None => who,
    };
    Some(evidence(admission, detail))
}

/// Keys that name an account or somebody of it.
const PRINCIPAL: [&str; 2] = ["aws:PrincipalAccount", "aws:PrincipalArn"];

/// Keys that name an organization.
const ORGANIZATION: [&str; 4] =
    ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceOrgID", "aws:SourceOrgPaths"];

/// Keys by which a service says for whose resource it calls
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>).
const SOURCE: [&str; 4] = ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"];

fn is_one_of(key: &str, keys: &[&str]) -> bool {
    keys.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// Whether all that the policy asks of the key, in the admission's own statement and in Deny statements, is that it
/// names the account.
fn names_only(policy: &Policy, admission: &Admission<'_>, key: &str, account: AccountId) -> bool {
    let asks = |statement: &&iam_policy::Statement| {
        statement.effect() == Effect::Deny || statement.id() == admission.statement
    };
    let tests = policy.statements().iter().filter(asks).flat_map(iam_policy::Statement::tests);
    let mut values = tests
        .filter(|(_, test)| test.key().eq_ignore_ascii_case(key))
        .flat_map(|(_, test)| test.values().iter())
        .peekable();
    let is_own = |text: &str| {
        text == "${aws:ResourceAccount}"
            || text.parse::<AccountId>().is_ok_and(|named| named == account)
            || text.parse::<iam_policy::Arn>().is_ok_and(|arn| arn.account() == Some(account))
    };
    values.peek().is_some() && values.all(|value| is_own(&value.text()))
}

/// A user or role that was deleted: IAM shows its unique id in place of its ARN
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>).
fn deleted(admission: &Admission<'_>) -> Option<Evidence> {
    let Admitted::Deleted(id) = admission.who else { return None };
    let what = match id.get(..4) {
        Some("AROA") => "a role",
        Some("AIDA") => "a user",
        _ => "a principal",
    };
    Some(evidence(admission, format!("{id}, {what} that was deleted")))
}

/// A service that no condition holds to the resources of one account, organization or resource.
fn any_source(admission: &Admission<'_>) -> Option<Evidence> {
    let Admitted::Service(name) = admission.who else { return None };
    let held = admission
        .conditions
        .iter()
        .any(|condition| condition.effect == KeyEffect::Closes && is_one_of(condition.key, &SOURCE));
    (!held).then(|| evidence(admission, name.to_owned()))
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
