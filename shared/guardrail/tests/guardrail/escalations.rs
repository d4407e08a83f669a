//! Every known way to more rights: found where it is open, over all policies together, and nowhere else.

use crate::roles::*;
use guardrail::assess::{Assessment, Breach};
use guardrail::escalation::{Escalation, EscalationKind, Escalations};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, RoleSnapshot};
use iam_policy::ActionName;
use serde_json::{Value, json};

fn escalation(role: &RoleSnapshot) -> Option<Breach> {
    let assessment = Assessment::of(role);
    assessment.breaches().iter().find(|breach| breach.check.as_str() == "privilege-escalation").cloned()
}

/// A role whose policies grant one action each.
fn granted<'a>(actions: impl IntoIterator<Item = &'a ActionName>) -> RoleSnapshot {
    let statements: Vec<Value> =
        actions.into_iter().map(|action| allow(json!(action.as_str()), json!("*"))).collect();
    snapshot(role(), Boundary::Absent, &statements)
}

/// Whether these actions are enough for some way.
fn is_enough(actions: &[&ActionName]) -> bool {
    Escalations::bundled().iter().any(|way| way.actions().iter().all(|action| actions.contains(&action)))
}

fn is_of_its_own_accord(way: &Escalation) -> bool {
    *way.kind() == EscalationKind::Itself
}

#[test]
fn every_way_is_found_over_all_policies_together() {
    for way in Escalations::bundled().iter() {
        let found = escalation(&granted(way.actions())).unwrap_or_else(|| panic!("{} is missed", way.id()));
        let others = Escalations::bundled()
            .iter()
            .filter(|other| other.actions().iter().all(|action| way.actions().contains(action)));
        let expected =
            if others.into_iter().any(is_of_its_own_accord) { Severity::Critical } else { Severity::High };
        assert_eq!(found.severity, expected, "{}", way.id());
        assert!(!found.evidence.is_empty(), "{}", way.id());
        if way.is_minimal() && !is_of_its_own_accord(way) {
            assert!(found.summary.contains(way.how()), "{}: {}", way.id(), found.summary);
        }
    }
}

#[test]
fn no_way_is_found_where_one_of_its_actions_is_missing() {
    for way in Escalations::bundled().minimal() {
        for missing in way.actions() {
            let rest: Vec<&ActionName> = way.actions().iter().filter(|action| *action != missing).collect();
            if !is_enough(&rest) {
                assert_eq!(escalation(&granted(rest)), None, "{} without {missing}", way.id());
            }
        }
    }
}

#[test]
fn a_deny_of_one_action_closes_a_way() {
    for way in Escalations::bundled().minimal() {
        for denied in way.actions() {
            let mut role = granted(way.actions());
            let deny = deny(json!(denied.as_str()), json!("*"));
            role.policies.extend(snapshot(self::role(), Boundary::Absent, &[deny]).policies);
            let rest: Vec<&ActionName> = way.actions().iter().filter(|action| *action != denied).collect();
            assert_eq!(escalation(&role).is_some(), is_enough(&rest), "{} with {denied} denied", way.id());
        }
    }
}

#[test]
fn a_boundary_that_lacks_one_action_contains_a_way() {
    for way in Escalations::bundled().minimal() {
        for missing in way.actions() {
            let rest: Vec<&ActionName> = way.actions().iter().filter(|action| *action != missing).collect();
            let but = json!({"Effect": "Allow", "NotAction": missing.as_str(), "Resource": "*"});
            let role = RoleSnapshot {
                role: with_boundary(role(), OURS),
                boundary: boundary(OURS, document(but)),
                ..granted(way.actions())
            };
            let found = escalation(&role).unwrap_or_else(|| panic!("{} is not told as contained", way.id()));
            assert_eq!(found.now.is_some(), is_enough(&rest), "{} without {missing}", way.id());
            if found.now.is_none() {
                assert_eq!(found.severity, Severity::Medium, "{}", way.id());
            }
        }
    }
}

#[test]
fn rights_over_other_roles_are_no_rights_over_oneself() {
    let own = role().arn.as_str().to_owned();
    let on = |resource: &str| {
        let grant = allow(json!("iam:AttachRolePolicy"), json!(resource));
        escalation(&snapshot(role(), Boundary::Absent, &[grant]))
    };
    assert_eq!(on(&own).map(|found| found.severity), Some(Severity::Critical));
    assert_eq!(on("arn:aws:iam::123456789012:role/somebody-else"), None, "of another role");
    assert_eq!(on("arn:aws:iam::999999999999:role/*"), None, "of another account");
}

#[test]
fn a_role_that_may_be_passed_to_another_service_opens_no_way() {
    let with_condition = |condition: Value| {
        let mut pass = allow(json!("iam:PassRole"), json!("*"));
        pass["Condition"] = condition;
        let statements = [pass, allow(json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), json!("*"))];
        escalation(&snapshot(role(), Boundary::Absent, &statements)).is_some()
    };
    let to = |service: &str| json!({"StringEquals": {"iam:PassedToService": service}});
    assert!(with_condition(to("lambda.amazonaws.com")));
    assert!(!with_condition(to("ecs-tasks.amazonaws.com")));
    assert!(with_condition(json!({"StringLike": {"iam:PassedToService": "*.amazonaws.com"}})));
    assert!(with_condition(json!({"Bool": {"aws:SecureTransport": "true"}})), "a condition that can be met");
    assert!(
        !with_condition(json!({"StringEquals": {"aws:PrincipalAccount": "999999999999"}})),
        "one that cannot"
    );
}

#[test]
fn wildcards_over_roles_want_every_role() {
    let hits = |statement: Value, check: &str| {
        let role = snapshot(role(), Boundary::Absent, &[statement]);
        Assessment::of(&role).breaches().iter().any(|breach| breach.check.as_str() == check)
    };
    for (action, check) in
        [("iam:PassRole", "pass-role-wildcard"), ("sts:AssumeRole", "assume-role-wildcard")]
    {
        let on = |resource: &str| allow(json!(action), json!(resource));
        assert!(hits(on("*"), check));
        assert!(hits(on("arn:aws:iam::123456789012:role/*"), check));
        assert!(hits(on("arn:*:iam::*:*"), check));
        assert!(!hits(on("arn:aws:iam::123456789012:role/app-*"), check), "some roles");
        assert!(!hits(on("arn:aws:iam::999999999999:role/*"), check), "another account's");
    }
    let mut pass = allow(json!("iam:PassRole"), json!("*"));
    pass["Condition"] = json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}});
    assert!(!hits(pass.clone(), "pass-role-wildcard"), "to one service");
    pass["Condition"] = json!({"StringNotEquals": {"iam:PassedToService": "lambda.amazonaws.com"}});
    assert!(hits(pass, "pass-role-wildcard"), "to every service but one");
}

#[test]
fn an_allow_of_everything_but_something_is_told_while_something_is_left() {
    let hits = |statements: &[Value], boundary: Boundary, check: &str| {
        let assessment = Assessment::of(&snapshot(role(), boundary, statements));
        assessment.breaches().iter().any(|breach| breach.check.as_str() == check && breach.now.is_some())
    };
    let not_action = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    let not_resource = json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"});
    for (statement, check) in [(not_action, "not-action-allow"), (not_resource, "not-resource-allow")] {
        let only = [statement.clone()];
        assert!(hits(&only, Boundary::Absent, check), "{check}");
        assert!(hits(&only, ours(), check), "{check} under ours");
        let capped = boundary(OURS, document(allow(json!("sqs:*"), json!("arn:aws:sqs:*:*:jobs"))));
        assert_eq!(hits(&only, capped, check), check == "not-action-allow", "{check} under a boundary");
        let denied = [statement.clone(), deny(json!("*"), json!("*"))];
        assert!(!hits(&denied, Boundary::Absent, check), "{check} denied");
        let mut deny = statement;
        deny["Effect"] = json!("Deny");
        assert!(!hits(&[deny], Boundary::Absent, check), "a Deny is no {check}");
    }
}
