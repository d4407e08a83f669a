//! Who else may assume a role: other accounts, and services for anybody's resource.

use crate::roles::*;
use guardrail::assess::{Assessment, Breach};
use guardrail::check_id::CheckId;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, Role, RoleSnapshot};
use serde_json::{Value, json};

fn found(trust: Document, check: CheckId) -> Option<Breach> {
    let role = RoleSnapshot { role: Role { trust, ..role() }, ..snapshot(role(), Boundary::Absent, &[]) };
    Assessment::of(&role).breaches().iter().find(|breach| breach.check == check).cloned()
}

fn statement(principal: Value, condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})
}

fn details(breach: &Breach) -> Vec<&str> {
    breach.evidence.iter().map(|evidence| evidence.detail.as_str()).collect()
}

mod cross_account {
    use super::*;

    fn cross(trust: Document) -> Option<Breach> {
        found(trust, CheckId::TrustCrossAccount)
    }

    #[test]
    fn another_account_is_told_however_it_is_written() {
        for (principal, detail) in [
            ("210987654321", "account 210987654321"),
            ("arn:aws:iam::210987654321:root", "account 210987654321"),
            ("arn:aws:iam::210987654321:role/ci", "arn:aws:iam::210987654321:role/ci"),
            ("arn:aws:iam::210987654321:user/ci", "arn:aws:iam::210987654321:user/ci"),
            ("arn:aws:sts::210987654321:assumed-role/ci/s", "arn:aws:sts::210987654321:assumed-role/ci/s"),
        ] {
            let breach = cross(trusts(json!({"AWS": principal}))).unwrap_or_else(|| panic!("{principal}"));
            assert_eq!(breach.severity, Severity::Medium, "{principal}");
            assert_eq!(details(&breach), [detail], "{principal}");
        }
    }

    #[test]
    fn the_own_account_services_and_everybody_are_not_another_account() {
        for (principal, why) in [
            (json!({"AWS": "123456789012"}), "its own account"),
            (json!({"AWS": "arn:aws:iam::123456789012:role/ci"}), "a role of its own account"),
            (json!({"Service": "ec2.amazonaws.com"}), "a service"),
            (json!("*"), "everybody is told by another check"),
            (json!({"Federated": "accounts.google.com"}), "an identity provider"),
        ] {
            assert_eq!(cross(trusts(principal)), None, "{why}");
        }
    }

    #[test]
    fn what_was_deleted_is_nobody_and_told_as_such() {
        assert_eq!(cross(trusts(json!({"AWS": "AROADBQP57FF2AEXAMPLE"}))), None);
        let both = json!({"AWS": ["210987654321", "AROADBQP57FF2AEXAMPLE", "AIDADBQP57FF2AEXAMPLE"]});
        assert_eq!(
            details(&cross(trusts(both)).unwrap()),
            [
                "account 210987654321",
                "AROADBQP57FF2AEXAMPLE, a role that was deleted",
                "AIDADBQP57FF2AEXAMPLE, a user that was deleted"
            ]
        );
    }

    #[test]
    fn only_a_condition_on_the_own_account_clears_it() {
        let under = |condition: Value| cross(document(statement(json!({"AWS": "210987654321"}), condition)));
        let own = |key: &str, value: &str| under(json!({"StringEquals": {key: value}}));
        assert_eq!(own("aws:PrincipalAccount", "123456789012"), None);
        assert_eq!(own("AWS:principalaccount", "123456789012"), None);
        assert_eq!(own("aws:PrincipalArn", "arn:aws:iam::123456789012:role/ci"), None);
        assert!(own("aws:PrincipalAccount", "210987654321").is_some());
        assert!(under(json!({"StringEqualsIfExists": {"aws:PrincipalAccount": "123456789012"}})).is_some());
        assert!(
            under(json!({"StringEquals": {"aws:PrincipalAccount": ["123456789012", "210987654321"]}}))
                .is_some()
        );
        let org = own("aws:PrincipalOrgID", "o-example").unwrap();
        assert_eq!(
            details(&org),
            ["account 210987654321, if it is of the organization that aws:PrincipalOrgID names"]
        );
        let external = own("sts:ExternalId", "x").unwrap();
        assert_eq!(details(&external), ["account 210987654321, with an external id"]);
    }

    #[test]
    fn everybody_of_another_account_is_another_account() {
        let under = |condition: Value| cross(document(statement(json!({"AWS": "*"}), condition)));
        for (key, value) in [
            ("aws:PrincipalAccount", json!("210987654321")),
            ("aws:PrincipalAccount", json!(["123456789012", "210987654321"])),
            ("aws:PrincipalArn", json!("arn:aws:iam::210987654321:role/ci")),
        ] {
            let breach =
                under(json!({"StringEquals": {key: value}})).unwrap_or_else(|| panic!("{key} {value}"));
            assert_eq!(details(&breach), [format!("whoever {key} names")]);
        }
        for (condition, why) in [
            (json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}}), "the own account"),
            (json!({"StringEquals": {"aws:PrincipalOrgID": "o-example"}}), "an organization"),
            (json!({"StringLike": {"aws:PrincipalAccount": "*"}}), "told by trust-any-principal"),
        ] {
            assert_eq!(under(condition), None, "{why}");
        }
    }

    #[test]
    fn a_deny_clears_it() {
        let admitted = statement(json!({"AWS": "210987654321"}), json!({}));
        let deny = |principal: &str, condition: Value| json!({"Effect": "Deny", "Principal": {"AWS": principal}, "Action": "sts:*", "Condition": condition});
        let with = |deny: Value| cross(document(json!([admitted, deny])));
        assert_eq!(with(deny("arn:aws:iam::210987654321:root", json!({}))), None);
        assert_eq!(
            with(deny("*", json!({"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}))),
            None
        );
        assert!(with(deny("999999999999", json!({}))).is_some());
        assert!(
            with(deny("*", json!({"StringNotEquals": {"aws:PrincipalAccount": "210987654321"}}))).is_some()
        );
    }

    #[test]
    fn what_is_not_understood_is_not_told() {
        assert_eq!(cross(Document::parse("{}")), None);
    }
}

mod missing_source_account {
    use super::*;

    fn any_source(trust: Document) -> Option<Breach> {
        found(trust, CheckId::TrustMissingSourceAccount)
    }

    #[test]
    fn a_service_without_a_source_is_worth_knowing_and_no_more() {
        for service in ["lambda.amazonaws.com", "events.amazonaws.com"] {
            let breach = any_source(trusts(json!({"Service": service}))).unwrap();
            assert_eq!((breach.severity, breach.now), (Severity::Info, Some(Severity::Info)), "{service}");
            assert_eq!(details(&breach), [service]);
        }
    }

    #[test]
    fn each_source_key_clears_it() {
        let events = || json!({"Service": "events.amazonaws.com"});
        for (condition, clears) in [
            (json!({"StringEquals": {"aws:SourceAccount": "123456789012"}}), true),
            (json!({"ArnLike": {"AWS:SourceArn": "arn:aws:events:*:123456789012:rule/*"}}), true),
            (json!({"StringEquals": {"aws:SourceOrgID": "o-example"}}), true),
            (json!({"StringLike": {"aws:SourceAccount": "*"}}), false),
            (json!({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}), false),
            (json!({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*"}}), false),
            (json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}}), false),
            (json!({"Bool": {"aws:SecureTransport": "true"}}), false),
        ] {
            let breach = any_source(document(statement(events(), condition.clone())));
            assert_eq!(breach.is_none(), clears, "{condition}");
        }
    }

    #[test]
    fn a_deny_that_asks_everyone_for_the_source_clears_it() {
        let allow = statement(json!({"Service": "events.amazonaws.com"}), json!({}));
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
            "Condition": {"StringNotEquals": {"aws:SourceAccount": "123456789012"}}});
        assert!(any_source(document(allow.clone())).is_some());
        assert_eq!(any_source(document(json!([allow, deny]))), None);
    }

    #[test]
    fn accounts_and_what_is_not_understood_have_no_source() {
        assert_eq!(any_source(trusts(json!({"AWS": "210987654321"}))), None);
        assert_eq!(any_source(trusts(json!("*"))), None);
        assert_eq!(any_source(Document::parse("{}")), None);
    }
}
