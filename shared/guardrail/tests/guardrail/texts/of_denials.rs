//! Findings about calls that a boundary refused.

use crate::denials::{BASELINE, STRICT, administrator_under, baseline, denied, refused, strict};
use crate::roles::*;
use guardrail::boundary_policy::Deployment;
use guardrail::denial::{BoundaryOwner, DenialKey, DenialVerdict, Denials};
use guardrail::finding::{AboutDenial, Finding, FindingId};
use guardrail::record::RoleRecord;
use guardrail::settings::Mode;
use guardrail::snapshot::{Boundary, Document, Role, RoleSnapshot};
use serde_json::json;

fn told(role: &RoleSnapshot, owner: BoundaryOwner, denials: &Denials) -> Finding {
    let record = RoleRecord {
        functions: ["orders-api", "orders-worker"]
            .map(|name| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}").parse().unwrap())
            .into(),
        ..record()
    };
    let settings = settings();
    let now = time("2026-11-22T10:00:09Z");
    let about = AboutDenial {
        role: &role.role,
        boundary: role.role.boundary.as_ref().unwrap(),
        denials,
        verdict: &DenialVerdict::of(&denials.first, role, owner),
        record: (owner != BoundaryOwner::RingfencesOwn).then_some(&record),
        settings: &settings,
        deployment: &Deployment {
            report_bucket: "ringfence-reportbucket-1a2b3c4d5e6f7".to_owned(),
            partition: "aws".to_owned(),
            account: "123456789012".parse().unwrap(),
            stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/ringfence/1".to_owned(),
            ledger_arn: "arn:aws:dynamodb:us-east-1:123456789012:table/ledger".to_owned(),
            findings_key_arn: "arn:aws:kms:us-east-1:123456789012:key/1".to_owned(),
            allowed_pass_role: vec!["arn:aws:iam::123456789012:role/jobs/orders-task".to_owned()],
            allowed_assume_role: Vec::new(),
        },
        mode: Mode::Enforce,
        region: "us-east-1",
        ledger_table: "ringfence-LedgerTable-1A2B3C4D5E6F7",
        now,
    };
    let key = DenialKey::of(&denials.first, now);
    about.finding(FindingId::of_denial(&role.role.id, &key.action, key.day))
}

fn ringfences_own() -> RoleSnapshot {
    let own = "arn:aws:iam::123456789012:policy/ringfence/ringfence-own-v1";
    let arn = "arn:aws:iam::123456789012:role/ringfence/ringfence-on-role-change".parse().unwrap();
    let role = Role { arn, ..with_boundary(role(), own) };
    snapshot(role, boundary(own, document(json!([allow(json!("iam:GetRole"), json!("*"))]))), &[])
}

pub(super) fn all() -> Vec<(&'static str, Finding)> {
    use BoundaryOwner::{Admins, Baseline, RingfencesOwn, Strict};
    let bounded = administrator_under(BASELINE, baseline());
    let strictly = administrator_under(STRICT, strict());
    let nothing_granted = snapshot(
        with_boundary(role(), STRICT),
        Boundary::Attached { arn: STRICT.parse().unwrap(), document: strict() },
        &[],
    );
    let approved = administrator_under(APPROVED, document(json!([allow(json!("s3:*"), json!("*"))])));
    let gone = administrator_under(APPROVED, Document::Gone);
    vec![
        ("denied by design", told(&bounded, Baseline, &denied("CreateUser", "iam:CreateUser", 1))),
        (
            "denied by design again and again",
            told(&bounded, Baseline, &denied("CreateUser", "iam:CreateUser", 240)),
        ),
        ("denied passing a role", told(&bounded, Baseline, &denied("RunTask", "iam:PassRole", 3))),
        ("denied assuming a role", told(&bounded, Baseline, &denied("AssumeRole", "sts:AssumeRole", 1))),
        ("denied by strict", told(&strictly, Strict, &refused("CreateBucket", "s3:CreateBucket", 2))),
        (
            "denied and not granted",
            told(&nothing_granted, Strict, &refused("CreateBucket", "s3:CreateBucket", 1)),
        ),
        (
            "denied by an approved boundary",
            told(&approved, Admins, &refused("CreateQueue", "sqs:CreateQueue", 1)),
        ),
        (
            "denied by a boundary that is gone",
            told(&gone, Admins, &refused("ListBuckets", "s3:ListAllMyBuckets", 1)),
        ),
        (
            "denied though allowed by now",
            told(&bounded, Baseline, &refused("CreateBucket", "s3:CreateBucket", 1)),
        ),
        (
            "denied to Ringfence",
            told(&ringfences_own(), RingfencesOwn, &refused("CreateRole", "iam:CreateRole", 1)),
        ),
    ]
}
