//! Calls that a boundary refused: whose boundary it is, what it guards, and what can be done.

use crate::roles::*;
use guardrail::denial::{
    BoundaryOwner, BoundarySays, DenialVerdict, Denials, DeniedCall, Grant, Guards, Refusal, Remedy,
    ShippedDenial,
};
use guardrail::finding::FindingId;
use guardrail::record::RoleRecord;
use guardrail::snapshot::{Boundary, Document, Role, RoleSnapshot};
use guardrail::trigger::{Caller, EventName, Tool};
use serde_json::{Value, json};

pub(crate) const BASELINE: &str = OURS;
pub(crate) const STRICT: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-strict-v1";

/// With the Sids of the shipped boundaries and some of what they deny.
fn denials() -> Vec<Value> {
    let named = |sid: &str, action: Value, resource: Value| json!({"Sid": sid, "Effect": "Deny", "Action": action, "Resource": resource});
    vec![
        named("DenyCreatingIdentities", json!(["iam:CreateUser", "iam:CreateRole"]), json!("*")),
        named("DenyPassingRoles", json!("iam:PassRole"), json!("*")),
        named(
            "DenyAssumingRolesOfThisAccount",
            json!("sts:AssumeRole"),
            json!("arn:aws:iam::123456789012:role/*"),
        ),
        named("DenyTouchingRingfence", json!("*"), json!("arn:aws:sqs:*:123456789012:ringfence-*")),
    ]
}

pub(crate) fn baseline() -> Document {
    document(json!([vec![allow(json!("*"), json!("*"))], denials()].concat()))
}

pub(crate) fn strict() -> Document {
    document(json!(
        [vec![allow(json!(["s3:Get*", "logs:*", "sts:AssumeRole"]), json!("*"))], denials()].concat()
    ))
}

pub(crate) fn administrator_under(arn: &str, document: Document) -> RoleSnapshot {
    let role = Role { last_used: Some(time("2026-11-20T08:00:00Z")), ..with_boundary(role(), arn) };
    snapshot(role, boundary(arn, document), &[json!([allow(json!("*"), json!("*"))])])
}

fn call(event: &str, message: &str) -> DeniedCall {
    DeniedCall {
        event: EventName::from_cloudtrail(event),
        event_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        time: Some(time("2026-11-22T10:00:00Z")),
        region: Some("eu-west-1".parse().unwrap()),
        role: role().arn,
        role_id: Some("AROAEXAMPLE".parse().unwrap()),
        refusal: Refusal::read(message).unwrap(),
        caller: Caller {
            principal: Some(
                "arn:aws:sts::123456789012:assumed-role/orders-api-role/orders-worker".to_owned(),
            ),
            issuer: Some(role().arn.to_string()),
            session: Some("orders-worker".to_owned()),
            source_ip: Some("203.0.113.7".to_owned()),
            user_agent: Some("aws-sdk-rust/1.3.9 os/linux exec-env/AWS_Lambda_rust".to_owned()),
            tool: Tool::Sdk,
        },
    }
}

fn many(call: &DeniedCall, count: u64) -> Denials {
    let mut denials = Denials::of(call.clone(), time("2026-11-22T10:00:09Z"));
    for second in 1..count {
        let at = call
            .time
            .unwrap()
            .saturating_add(jiff::SignedDuration::from_secs(i64::try_from(second).unwrap()));
        denials.add(DeniedCall { time: at.ok(), ..call.clone() }, time("2026-11-22T10:00:09Z"));
    }
    denials
}

const WHO: &str = "User: arn:aws:sts::123456789012:assumed-role/orders-api-role/orders-worker is not authorized to perform:";

/// By a statement.
pub(crate) fn denied(event: &str, action: &str, count: u64) -> Denials {
    let message = format!(
        "{WHO} {action} on resource: arn:aws:iam::123456789012:user/eve with an explicit deny in a permissions boundary"
    );
    many(&call(event, &message), count)
}

/// For want of one that allows it.
pub(crate) fn refused(event: &str, action: &str, count: u64) -> Denials {
    let message =
        format!("{WHO} {action} on resource: * because no permissions boundary allows the {action} action");
    many(&call(event, &message), count)
}

fn verdict(role: &RoleSnapshot, owner: BoundaryOwner, denials: &Denials) -> DenialVerdict {
    DenialVerdict::of(&denials.first, role, owner)
}

#[test]
fn only_denials_of_our_boundaries_and_of_approved_ones_are_told() {
    let owner = |arn: &str, record: Option<&RoleRecord>| {
        BoundaryOwner::of(&arn.parse().unwrap(), &with_boundary(role(), arn), &settings(), record)
    };
    assert_eq!(owner(BASELINE, None), Some(BoundaryOwner::Baseline));
    assert_eq!(owner(STRICT, None), Some(BoundaryOwner::Strict), "the profile of another deployment too");
    assert_eq!(owner(APPROVED, None), Some(BoundaryOwner::Admins));
    assert_eq!(owner(THEIRS, None), None);
    let put = RoleRecord { bounded_with: Some(THEIRS.parse().unwrap()), ..record() };
    assert_eq!(owner(THEIRS, Some(&put)), Some(BoundaryOwner::Admins), "it was the admins' when it was put");
    let own = Role { arn: settings().own_roles.first().unwrap().clone(), ..role() };
    let of_own = BoundaryOwner::of(&THEIRS.parse().unwrap(), &own, &settings(), None);
    assert_eq!(of_own, Some(BoundaryOwner::RingfencesOwn));
}

/// A role, whose boundary it has, what was refused; what that guards, and the ways out.
type Case<'a> = (&'a RoleSnapshot, BoundaryOwner, Denials, Option<Guards>, &'a [Remedy]);

#[test]
fn each_case_has_its_way_out() {
    use BoundaryOwner::{Admins, Baseline, RingfencesOwn, Strict};
    use Remedy::{
        AllowAssumingRoles, AllowPassingRoles, AllowedByNow, ApproveAnotherBoundary, BaselineForThisRole,
        BringTheBoundaryBack, Exemption, LookIntoRingfence, NoneByDesign, WidenThatBoundary,
    };
    let shipped = |denial| Some(Guards::Shipped(denial));
    let bounded = administrator_under(BASELINE, baseline());
    let strictly = administrator_under(STRICT, strict());
    let approved = administrator_under(APPROVED, document(json!([allow(json!("s3:*"), json!("*"))])));
    let denying = administrator_under(
        APPROVED,
        document(json!([
            allow(json!("*"), json!("*")),
            deny(json!(["iam:CreateAccessKey", "sqs:CreateQueue"]), json!("*"))
        ])),
    );
    let cases: Vec<Case<'_>> = vec![
        (
            &bounded,
            Baseline,
            denied("CreateUser", "iam:CreateUser", 1),
            shipped(ShippedDenial::CreatingIdentities),
            &[NoneByDesign],
        ),
        (
            &bounded,
            Baseline,
            denied("RunTask", "iam:PassRole", 1),
            shipped(ShippedDenial::PassingRoles),
            &[AllowPassingRoles, Exemption],
        ),
        (
            &strictly,
            Strict,
            denied("RunTask", "iam:PassRole", 1),
            shipped(ShippedDenial::PassingRoles),
            &[ApproveAnotherBoundary, Exemption],
        ),
        (
            &bounded,
            Baseline,
            denied("AssumeRole", "sts:AssumeRole", 1),
            shipped(ShippedDenial::AssumingRoles),
            &[AllowAssumingRoles, Exemption],
        ),
        (
            &strictly,
            Strict,
            denied("AssumeRole", "sts:AssumeRole", 1),
            shipped(ShippedDenial::AssumingRoles),
            &[AllowAssumingRoles, Exemption],
        ),
        (
            &bounded,
            Baseline,
            denied("GetQueueUrl", "sqs:GetQueueUrl", 1),
            shipped(ShippedDenial::TouchingRingfence),
            &[NoneByDesign],
        ),
        (
            &strictly,
            Strict,
            refused("CreateBucket", "s3:CreateBucket", 1),
            None,
            &[BaselineForThisRole, ApproveAnotherBoundary, Exemption],
        ),
        (&bounded, Baseline, refused("CreateBucket", "s3:CreateBucket", 1), None, &[AllowedByNow]),
        (
            &approved,
            Admins,
            refused("CreateQueue", "sqs:CreateQueue", 1),
            None,
            &[WidenThatBoundary, ApproveAnotherBoundary, Exemption],
        ),
        (
            &denying,
            Admins,
            denied("CreateQueue", "sqs:CreateQueue", 1),
            None,
            &[WidenThatBoundary, ApproveAnotherBoundary, Exemption],
        ),
        (&approved, RingfencesOwn, refused("CreateQueue", "sqs:CreateQueue", 1), None, &[LookIntoRingfence]),
    ];
    for (role, owner, denials, guards, remedies) in cases {
        let verdict = verdict(role, owner, &denials);
        let action = &denials.first.refusal.action;
        assert_eq!(verdict.guards, guards, "{action} under {owner:?}");
        assert_eq!(verdict.remedies, remedies, "{action} under {owner:?}");
    }
    // An action that is a way to more rights by itself is so under whatever boundary.
    let verdict = verdict(&denying, Admins, &denied("CreateAccessKey", "iam:CreateAccessKey", 1));
    assert!(matches!(verdict.guards, Some(Guards::MoreRights(_))), "{:?}", verdict.guards);
    assert_eq!(verdict.remedies, [NoneByDesign]);

    let gone = administrator_under(APPROVED, Document::Gone);
    let verdict = DenialVerdict::of(&refused("ListBuckets", "s3:ListAllMyBuckets", 1).first, &gone, Admins);
    assert_eq!(
        (&verdict.says, verdict.remedies.as_slice()),
        (&BoundarySays::Gone, &[BringTheBoundaryBack][..])
    );
}

#[test]
fn whether_the_role_is_granted_it_at_all_is_told() {
    let granted = |policies: &[Value], action: &str| {
        let under = Boundary::Attached { arn: STRICT.parse().unwrap(), document: strict() };
        let role = snapshot(with_boundary(role(), STRICT), under, policies);
        verdict(&role, BoundaryOwner::Strict, &refused("X", action, 1)).granted
    };
    assert_eq!(
        granted(&[json!([allow(json!("s3:*"), json!("arn:aws:s3:::orders/*"))])], "s3:CreateBucket"),
        Grant::Yes
    );
    assert_eq!(granted(&[json!([allow(json!("s3:Get*"), json!("*"))])], "s3:CreateBucket"), Grant::No);
    assert_eq!(granted(&[], "s3:CreateBucket"), Grant::No);
    let denied = json!([allow(json!("*"), json!("*")), deny(json!("s3:Create*"), json!("*"))]);
    assert_eq!(granted(&[denied], "s3:CreateBucket"), Grant::No);
    let broken = json!([{"Effect": "Perhaps", "Action": "s3:*", "Resource": "*"}]);
    assert_eq!(granted(&[broken], "s3:CreateBucket"), Grant::Unknown);
    // To a role of another account, which only that account knows.
    let elsewhere = json!([allow(json!("sts:AssumeRole"), json!("arn:aws:iam::210987654321:role/partner"))]);
    assert_eq!(granted(&[elsewhere], "sts:AssumeRole"), Grant::Yes);
}

#[test]
fn an_id_is_that_of_role_action_and_day() {
    let id = |role: &str, action: &str, day: &str| {
        FindingId::of_denial(&role.parse().unwrap(), &action.parse().unwrap(), day.parse().unwrap())
    };
    let one = id("AROAEXAMPLE", "iam:CreateUser", "2026-11-22");
    assert_eq!(one, id("AROAEXAMPLE", "IAM:createUser", "2026-11-22"));
    for other in [
        id("AROAOTHER", "iam:CreateUser", "2026-11-22"),
        id("AROAEXAMPLE", "iam:CreateRole", "2026-11-22"),
        id("AROAEXAMPLE", "iam:CreateUser", "2026-11-23"),
    ] {
        assert_ne!(one, other);
    }
}
