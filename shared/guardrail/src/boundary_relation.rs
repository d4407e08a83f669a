//! How another boundary stands to ours: whether it may stay.

use crate::snapshot::Document;
use iam_policy::{
    ActionElement, Catalogue, Containment, Effect, Merged, Policy, ResourceElement, ResourcePattern,
    Statement, merge, within,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What another boundary is, compared with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundaryRelation {
    /// Provably, it allows nothing that ours does not.
    WithinOurs,
    /// Provably, everything is within it: it is no boundary.
    CapsNothing,
    /// Provably, it allows all that ours does and, as far as can be told, more.
    Wider,
    /// Each allows something that the other does not, or that could not be told.
    Apart,
    /// Its document or ours is gone or not understood.
    Unknown,
}

/// IAM's limit for a managed policy, in characters without white space
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const LONGEST_POLICY: usize = 6_144;

impl BoundaryRelation {
    /// Compares their boundary with ours. What cannot be proved is not claimed.
    #[must_use]
    pub fn of(theirs: &Document, ours: &Document) -> Self {
        let Some(theirs) = theirs.understood() else { return Self::Unknown };
        let passes = |inner: &Policy, outer: &Policy| within(&[inner], &[outer]) == Containment::Pass;
        let Some(ours) = ours.understood() else {
            return if everything().is_some_and(|all| passes(&all, theirs)) {
                Self::CapsNothing
            } else {
                Self::Unknown
            };
        };
        let within_ours =
            passes(theirs, ours) || bearing_on(ours, theirs).is_some_and(|bearing| passes(theirs, &bearing));
        if within_ours {
            Self::WithinOurs
        } else if everything().is_some_and(|all| passes(&all, theirs)) {
            Self::CapsNothing
        } else if passes(ours, theirs) {
            Self::Wider
        } else {
            Self::Apart
        }
    }
}

/// Ours without the Deny statements that are about nothing that theirs can act on. An action acts on resources of the kinds
/// that AWS lists for its service (<https://docs.aws.amazon.com/service-authorization/latest/reference/>), so that a Deny of
/// everything on a table says nothing about sending mail. None, where none can be left out.
fn bearing_on(ours: &Policy, theirs: &Policy) -> Option<Policy> {
    let acted_on = services_acted_on(theirs)?;
    let is_beside = |statement: &Statement| {
        let named = match statement.resource() {
            Some(ResourceElement::Resource(patterns)) => patterns,
            Some(ResourceElement::NotResource(_)) | None => return false,
        };
        let service = |pattern: &ResourcePattern| pattern.as_str().split(':').nth(2).map(str::to_owned);
        statement.effect() == Effect::Deny
            && named.iter().all(|pattern| {
                let literal =
                    service(pattern).filter(|name| !name.is_empty() && !name.contains(['*', '?', '$']));
                !pattern.has_variables() && literal.is_some_and(|name| !acted_on.contains(&name))
            })
    };
    let beside: BTreeSet<usize> =
        ours.statements().iter().filter(|statement| is_beside(statement)).map(Statement::index).collect();
    if beside.is_empty() { None } else { without(ours, &beside) }
}

/// The services in the ARNs of all that the policy's actions can be about; none, if they cannot be told.
fn services_acted_on(policy: &Policy) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for statement in policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow) {
        let ActionElement::Action(patterns) = statement.action() else { return None };
        for pattern in patterns {
            let service = Catalogue::bundled().service(pattern.service()?)?;
            for action in service.actions() {
                let kinds = service.resources_of(action);
                found.extend(kinds.filter_map(|(kind, _)| kind.arn().split(':').nth(2).map(str::to_owned)));
            }
        }
    }
    // A kind whose ARN tells no service may be anything.
    (!found.contains("*")).then_some(found)
}

fn everything() -> Option<Policy> {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    Policy::from_value(&json!({"Version": "2012-10-17", "Statement": statement})).ok()
}

/// A boundary that is provably within both, as JSON; none, if none was found that IAM takes.
#[must_use]
pub fn merged_boundary(theirs: &Document, ours: &Document) -> Option<String> {
    let Merged { policy, .. } = merge(theirs.understood()?, ours.understood()?).ok()?;
    let policy = without_idle_denies(policy, theirs, ours);
    let allows_something = within(&[&policy], &[&Policy::empty()]) != Containment::Pass;
    Some(policy.to_json()).filter(|json| allows_something && json.len() <= LONGEST_POLICY)
}

/// The policy without the Deny statements that it is within both without.
fn without_idle_denies(policy: Policy, theirs: &Document, ours: &Document) -> Policy {
    let mut kept = policy;
    for index in (0..kept.statements().len()).rev() {
        let is_deny =
            kept.statements().get(index).is_some_and(|statement| statement.effect() == Effect::Deny);
        let Some(shorter) = is_deny.then(|| without(&kept, &BTreeSet::from([index]))).flatten() else {
            continue;
        };
        let candidate = Document::Understood(Arc::new(shorter.clone()));
        let is_within = |outer| BoundaryRelation::of(&candidate, outer) == BoundaryRelation::WithinOurs;
        if is_within(ours) && is_within(theirs) {
            kept = shorter;
        }
    }
    kept
}

/// The policy without the statements at these positions, if it has several.
fn without(policy: &Policy, left_out: &BTreeSet<usize>) -> Option<Policy> {
    let mut document = policy.to_value();
    let Some(Value::Array(statements)) = document.get_mut("Statement") else { return None };
    let mut at = 0..;
    statements.retain(|_| at.next().is_some_and(|index| !left_out.contains(&index)));
    Policy::from_value(&document).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn document(statements: &Value) -> Document {
        Document::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string())
    }

    fn allow(action: &str) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": "*"})
    }

    fn ours() -> Document {
        document(&json!([allow("*"), {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]))
    }

    #[test]
    fn each_relation_is_told() {
        let of = |statements: Value| BoundaryRelation::of(&document(&statements), &ours());
        assert_eq!(of(allow("s3:*")), BoundaryRelation::WithinOurs);
        assert_eq!(of(allow("*")), BoundaryRelation::CapsNothing);
        assert_eq!(
            of(json!([allow("*"), {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}])),
            BoundaryRelation::Wider
        );
        assert_eq!(of(json!([allow("s3:*"), allow("iam:CreateUser")])), BoundaryRelation::Apart);
        for unknown in [Document::Gone, Document::NotUnderstood("no JSON".to_owned().into())] {
            assert_eq!(BoundaryRelation::of(&unknown, &ours()), BoundaryRelation::Unknown);
            let theirs = document(&allow("s3:*"));
            assert_eq!(BoundaryRelation::of(&theirs, &unknown), BoundaryRelation::Unknown);
        }
        let all = document(&allow("*"));
        assert_eq!(BoundaryRelation::of(&all, &Document::Gone), BoundaryRelation::CapsNothing);
    }

    #[test]
    fn a_deny_about_resources_of_another_service_does_not_count() {
        let table = "arn:aws:dynamodb:us-east-1:123456789012:table/ringfence-ledger";
        let touching = json!({"Effect": "Deny", "Action": "*", "Resource": [table]});
        let ours =
            document(&json!([allow("*"), {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}, touching]));
        let of = |action: &str| BoundaryRelation::of(&document(&allow(action)), &ours);
        assert_eq!(of("ses:SendEmail"), BoundaryRelation::WithinOurs, "mail is not sent on a table");
        assert_eq!(of("dynamodb:PutItem"), BoundaryRelation::Apart, "items are put into tables");
        assert_eq!(of("nosuchservice:Put"), BoundaryRelation::Apart, "what is not known may act on anything");
        assert_eq!(of("*:Put*"), BoundaryRelation::Apart);
    }

    #[test]
    fn what_is_proposed_is_within_both() {
        let theirs = document(&json!([allow("s3:*"), allow("iam:CreateUser")]));
        let proposed = Document::parse(&merged_boundary(&theirs, &ours()).unwrap());
        assert_eq!(BoundaryRelation::of(&proposed, &ours()), BoundaryRelation::WithinOurs);
        assert_eq!(BoundaryRelation::of(&proposed, &theirs), BoundaryRelation::WithinOurs);
        let audited = document(&json!([
            allow("*"),
            {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"},
        ]));
        let short = merged_boundary(&theirs, &audited).unwrap();
        assert!(
            short.contains("s3:*") && !short.contains("cloudtrail"),
            "a Deny that denies nothing: {short}"
        );
        assert_eq!(merged_boundary(&document(&allow("iam:CreateUser")), &ours()), None, "nothing is left");
        assert_eq!(merged_boundary(&Document::Gone, &ours()), None);
    }
}
