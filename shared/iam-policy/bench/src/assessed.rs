//! Roles as Ringfence assesses them: what is attached to them is read before.

use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use iam_policy::Policy;
use serde_json::json;

use crate::role;

/// A role of these policies of AWS, which trusts Lambda.
pub fn role(policies: impl IntoIterator<Item = (String, Document)>, boundary: Boundary) -> RoleSnapshot {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole"
        }
    });
    let role = Role {
        arn: "arn:aws:iam::111122223333:role/service-role/orders".parse().expect("a role"),
        id: "AROACKCEVSQ6C2EXAMPLE".parse().expect("an id"),
        created: "2026-11-22T09:00:00Z".parse().expect("a time"),
        last_used: None,
        trust: Document::parse(&trust.to_string()),
        boundary: None,
        tags: [].into(),
    };
    let policy = |(name, document): (String, Document)| {
        let arn = format!("arn:aws:iam::aws:policy/{name}").parse().expect("the ARN of a policy");
        RolePolicy { source: PolicySource::Managed(arn), document }
    };
    RoleSnapshot { role, policies: policies.into_iter().map(policy).collect(), boundary }
}

/// Ringfence's boundary, attached.
pub fn boundary() -> Boundary {
    let policy = Policy::from_value(&role::boundary()).expect("the boundary is a policy");
    Boundary::Attached {
        arn: "arn:aws:iam::111122223333:policy/ringfence/baseline".parse().expect("the ARN of a policy"),
        document: Document::Understood(policy.into()),
    }
}
