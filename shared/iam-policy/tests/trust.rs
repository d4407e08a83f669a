//! Whom a trust policy lets in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iam_policy::{
    Admitted, AssumeRole, Context, KeyEffect, Policies, Policy, Request, Verdict, admits, evaluate,
};

fn trust(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

/// Who is let in by which call, and what the conditions do, as text.
fn summary(statements: &str) -> Vec<String> {
    let trust = trust(statements);
    let admissions = admits(&trust);
    let lines = admissions.iter().map(|admission| {
        let who = match &admission.who {
            Admitted::Everyone => "everyone".to_owned(),
            Admitted::Service(name) => format!("service {name}"),
            Admitted::Account(account) => format!("account {account}"),
            Admitted::Identity(identity) => format!("identity {}", identity.arn().resource()),
            Admitted::Deleted(id) => format!("deleted {id}"),
            Admitted::Federated(provider) => format!("federated {provider}"),
        };
        let by = match admission.by {
            AssumeRole::AssumeRole => "",
            AssumeRole::WithWebIdentity => " by web identity",
            AssumeRole::WithSaml => " by SAML",
        };
        let conditions = admission.conditions.iter().map(|condition| {
            let effect = match condition.effect {
                KeyEffect::Closes => "closes",
                KeyEffect::ExternalId => "external id",
                KeyEffect::Narrows => "narrows",
            };
            format!(" [{} {effect}]", condition.key)
        });
        format!("{who}{by}{}", conditions.collect::<String>())
    });
    lines.collect()
}

const EVERYONE: &str = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;

fn everyone_if(condition: &str) -> Vec<String> {
    summary(&format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{condition}}}"#
    ))
}

#[test]
fn every_type_of_principal_is_named() {
    let found = summary(
        r#"{"Effect":"Allow","Action":["sts:AssumeRole","sts:AssumeRoleWithSAML"],"Principal":{
            "Service":["lambda.amazonaws.com","edgelambda.amazonaws.com"],
            "AWS":["123456789012","arn:aws:iam::999999999999:root","arn:aws:iam::123456789012:role/ci",
                   "AROAIOSFODNN7EXAMPLEQ","arn:aws:iam::123456789012:role/*"],
            "Federated":"arn:aws:iam::123456789012:saml-provider/p"}}"#,
    );
    assert_eq!(
        found,
        [
            "account 123456789012",
            "account 999999999999",
            "identity role/ci",
            "deleted AROAIOSFODNN7EXAMPLEQ",
            "service lambda.amazonaws.com",
            "service edgelambda.amazonaws.com",
            "federated arn:aws:iam::123456789012:saml-provider/p by SAML",
        ]
    );
}

#[test]
fn everyone_is_recognised_in_every_spelling() {
    for statement in [
        EVERYONE,
        r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:*"}"#,
        r#"{"Effect":"Allow","Principal":{"AWS":["123456789012","*"]},"Action":"STS:Assume*","Sid":"x"}"#,
        r#"{"Effect":"Allow","NotPrincipal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}"#,
        r#"{"Effect":"Allow","Principal":"*","NotAction":"sts:TagSession"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":"*:*"}"#,
    ] {
        assert!(summary(statement).contains(&"everyone".to_owned()), "{statement}");
    }
}

#[test]
fn a_statement_about_other_actions_lets_nobody_in() {
    for statement in [
        r#"{"Effect":"Allow","Principal":"*","Action":"sts:TagSession"}"#,
        r#"{"Effect":"Allow","Principal":"*","NotAction":"sts:*"}"#,
        r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRoleWithSAML"}"#,
        r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#,
        r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#,
    ] {
        assert_eq!(summary(statement), [""; 0], "{statement}");
    }
}

#[test]
fn an_unconditional_deny_takes_back_what_it_covers() {
    let two = r#"{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}"#;
    let deny =
        |rest: &str| summary(&format!(r#"{two},{{"Effect":"Deny","Action":"sts:AssumeRole",{rest}}}"#));
    let both = ["service lambda.amazonaws.com", "service ec2.amazonaws.com"];
    assert_eq!(deny(r#""Principal":{"Service":"lambda.amazonaws.com"}"#), ["service ec2.amazonaws.com"]);
    assert_eq!(deny(r#""Principal":"*""#), [""; 0]);
    assert_eq!(deny(r#""Principal":{"AWS":"123456789012"}"#), both);
    assert_eq!(deny(r#""Principal":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#), both);

    let of_account = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/ci"},"Action":"sts:AssumeRole"},
        {"Effect":"Deny","Principal":{"AWS":"123456789012"},"Action":"sts:*"}"#;
    assert_eq!(summary(of_account), [""; 0]);
    let part_of_everyone = format!(
        r#"{EVERYONE},{{"Effect":"Deny","Principal":{{"AWS":"123456789012"}},"Action":"sts:AssumeRole"}}"#
    );
    assert_eq!(summary(&part_of_everyone), ["everyone"]);
}

#[test]
fn conditions_that_name_somebody_close_a_trust_in_everyone() {
    for condition in [
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc123"}}"#,
        r#"{"StringEquals":{"AWS:PRINCIPALORGID":["o-abc123","o-def456"]}}"#,
        r#"{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#,
        r#"{"StringLike":{"aws:PrincipalAccount":"123456789012"}}"#,
        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:123456789012:*"}}"#,
        r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::bucket"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}}"#,
        r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc123/*"}}"#,
        r#"{"StringLike":{"aws:userid":"AROAIOSFODNN7EXAMPLEQ:*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}"#,
    ] {
        let found = everyone_if(condition);
        assert!(found[0].ends_with("closes]"), "{condition}: {found:?}");
    }
}

#[test]
fn conditions_that_leave_strangers_close_nothing() {
    for condition in [
        r#"{"StringLike":{"aws:PrincipalOrgID":"*"}}"#,
        r#"{"StringLike":{"aws:PrincipalOrgID":"o-*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":["o-abc123","${aws:PrincipalOrgID}"]}}"#,
        r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc123"}}"#,
        r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc123"}}"#,
        r#"{"stringequals":{"aws:PrincipalOrgID":"o-abc123"}}"#,
        r#"{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-abc123/*"}}"#,
        r#"{"StringLike":{"aws:SourceAccount":"1234*"}}"#,
        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:topic"}}"#,
        r#"{"StringLike":{"aws:SourceArn":"arn:aws:*:123456789012:*:x"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"*"}}"#,
        r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
        r#"{"StringEquals":{"aws:PrincipalTag/team":"a"}}"#,
        r#"{"Null":{"aws:PrincipalOrgID":"false"}}"#,
    ] {
        let found = everyone_if(condition);
        assert!(found[0].ends_with("narrows]"), "{condition}: {found:?}");
    }
}

#[test]
fn an_external_id_is_told_but_does_not_close() {
    let trust = trust(
        r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"e"}}}"#,
    );
    let admissions = admits(&trust);
    let everyone: Vec<_> = admissions.everyone().collect();
    assert_eq!(everyone.len(), 1);
    assert!(everyone[0].asks_external_id() && !everyone[0].is_closed());
}

#[test]
fn a_deny_of_all_but_an_organization_closes_as_well() {
    for operator in ["StringNotEquals", "StringNotEqualsIfExists"] {
        let closed = format!(
            r#"{EVERYONE},{{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole",
                "Condition":{{"{operator}":{{"aws:PrincipalOrgID":"o-abc123"}}}}}}"#
        );
        assert_eq!(summary(&closed), ["everyone [aws:PrincipalOrgID closes]"]);
    }
    let half = format!(
        r#"{EVERYONE},{{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":
            {{"StringNotEquals":{{"aws:PrincipalOrgID":"o-abc123","aws:PrincipalAccount":"123456789012"}}}}}}"#
    );
    assert_eq!(summary(&half), ["everyone"]);
}

#[test]
fn services_are_asked_for_by_name() {
    let policy = trust(
        r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
    );
    let admissions = admits(&policy);
    assert!(admissions.admits_service("lambda.amazonaws.com"));
    assert!(!admissions.admits_service("ec2.amazonaws.com"));
    assert_eq!(admissions.services().collect::<Vec<_>>(), ["lambda.amazonaws.com"]);
    let everyone = trust(EVERYONE);
    assert!(admits(&everyone).admits_service("lambda.amazonaws.com"));
}

/// Whether the service may assume the role, as `admits` says and as `evaluate` does.
fn service_is_let_in(statements: &str, name: &str) -> (bool, bool) {
    let trust = trust(statements);
    let request = Request {
        principal: name.parse().unwrap(),
        action: "sts:AssumeRole".parse().unwrap(),
        resource: "arn:aws:iam::111122223333:role/worker".parse().unwrap(),
        resource_account: None,
        context: Context::new(),
    };
    let found = evaluate(&Policies { trust: Some(&trust), ..Policies::default() }, &request);
    (admits(&trust).admits_service(name), found.verdict == Verdict::Allowed)
}

/// The guide is silent on `*` as a service: it lets every service in, and keeps none out.
#[test]
fn a_star_for_a_service_is_read_as_the_evaluator_reads_it() {
    let statement = |effect: &str, principal: &str| {
        format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":"sts:AssumeRole"}}"#)
    };
    let (every, lambda, everyone) = (r#"{"Service":"*"}"#, r#"{"Service":"lambda.amazonaws.com"}"#, r#""*""#);
    for (allow, deny, expected) in [
        (every, None, true),
        (every, Some(lambda), false),
        (every, Some(every), true),
        (every, Some(everyone), false),
        (lambda, Some(every), true),
        (everyone, Some(every), true),
        (everyone, Some(lambda), false),
    ] {
        let deny = deny.map(|deny| format!(",{}", statement("Deny", deny))).unwrap_or_default();
        let statements = format!("{}{deny}", statement("Allow", allow));
        assert_eq!(
            service_is_let_in(&statements, "lambda.amazonaws.com"),
            (expected, expected),
            "{statements}"
        );
    }
}
