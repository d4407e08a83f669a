//! How another boundary stands to ours: whether it may stay.

use crate::snapshot::Document;
use iam_policy::{Containment, Merged, Policy, merge, within};
use serde_json::json;

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
        if passes(theirs, ours) {
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

fn everything() -> Option<Policy> {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    Policy::from_value(&json!({"Version": "2012-10-17", "Statement": statement})).ok()
}

/// A boundary that is provably within both, as JSON; none, if none was found that IAM takes.
#[must_use]
pub fn merged_boundary(theirs: &Document, ours: &Document) -> Option<String> {
    let Merged { policy, .. } = merge(theirs.understood()?, ours.understood()?).ok()?;
    let allows_something = within(&[&policy], &[&Policy::empty()]) != Containment::Pass;
    Some(policy.to_json()).filter(|json| allows_something && json.len() <= LONGEST_POLICY)
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
        for unknown in [Document::Gone, Document::NotUnderstood("no JSON".to_owned())] {
            assert_eq!(BoundaryRelation::of(&unknown, &ours()), BoundaryRelation::Unknown);
            let theirs = document(&allow("s3:*"));
            assert_eq!(BoundaryRelation::of(&theirs, &unknown), BoundaryRelation::Unknown);
        }
        let all = document(&allow("*"));
        assert_eq!(BoundaryRelation::of(&all, &Document::Gone), BoundaryRelation::CapsNothing);
    }

    #[test]
    fn what_is_proposed_is_within_both() {
        let theirs = document(&json!([allow("s3:*"), allow("iam:CreateUser")]));
        let proposed = Document::parse(&merged_boundary(&theirs, &ours()).unwrap());
        assert_eq!(BoundaryRelation::of(&proposed, &ours()), BoundaryRelation::WithinOurs);
        assert_eq!(BoundaryRelation::of(&proposed, &theirs), BoundaryRelation::WithinOurs);
        assert_eq!(merged_boundary(&document(&allow("iam:CreateUser")), &ours()), None, "nothing is left");
        assert_eq!(merged_boundary(&Document::Gone, &ours()), None);
    }
}
