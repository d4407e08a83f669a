//! What the functions of a role add to what is known of it: who can call them, what they can log, who shares the role.

use crate::roles::*;
use guardrail::assess::{Approval, Assessment, Breach, Surroundings};
use guardrail::check_id::CheckId;
use guardrail::function::{Entrance, Environment, ExecutionRole, Function, UrlAuth};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, Role, RoleSnapshot};
use serde_json::{Value, json};

const ORDERS: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";

fn function(arn: &str) -> Function {
    Function::named(arn.parse().unwrap())
}

fn breaches_of(role: &RoleSnapshot, functions: &[Function]) -> Vec<Breach> {
    Assessment::within(role, &Surroundings { functions, ..Surroundings::default() }).breaches().to_vec()
}

fn found_in(role: &RoleSnapshot, functions: &[Function], check: CheckId) -> Option<Breach> {
    breaches_of(role, functions).into_iter().find(|breach| breach.check == check)
}

/// In a role that may do nothing.
fn found(functions: &[Function], check: CheckId) -> Option<Breach> {
    found_in(&snapshot(role(), Boundary::Absent, &[]), functions, check)
}

/// A policy statement as AddPermission writes it.
fn permission(action: &str, principal: Value, condition: Value) -> Value {
    json!({"Sid": "it", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": ORDERS,
        "Condition": condition})
}

fn invoke(principal: Value, condition: Value) -> Value {
    permission("lambda:InvokeFunction", principal, condition)
}

fn service(name: &str) -> Value {
    json!({"Service": name})
}

fn entered(url: Option<UrlAuth>, statements: Value) -> Function {
    let entrance = Entrance { qualifier: None, url, policy: Some(document(statements)) };
    Function { entrances: vec![entrance], ..function(ORDERS) }
}

mod resource_policies {
    use super::*;

    fn told(url: Option<UrlAuth>, statements: Value) -> Option<Breach> {
        found(&[entered(url, statements)], CheckId::ResourcePolicyPublic)
    }

    fn who(statements: Value) -> Option<String> {
        told(None, statements).map(|breach| breach.evidence[0].detail.clone())
    }

    #[test]
    fn strangers_are_told_by_name() {
        for (principal, told) in [
            (json!("*"), "anybody with an AWS account"),
            (json!({"AWS": "*"}), "anybody with an AWS account"),
            (service("s3.amazonaws.com"), "s3.amazonaws.com, for whichever account,"),
            (service("apigateway.amazonaws.com"), "apigateway.amazonaws.com, for whichever account,"),
            (service("cloudfront.amazonaws.com"), "cloudfront.amazonaws.com, for whichever account,"),
            (json!({"AWS": "210987654321"}), "account 210987654321"),
            (json!({"AWS": "arn:aws:iam::210987654321:root"}), "account 210987654321"),
            (json!({"AWS": "arn:aws:iam::210987654321:role/ci"}), "arn:aws:iam::210987654321:role/ci"),
        ] {
            let expected = format!("{told} may do lambda:InvokeFunction");
            assert_eq!(who(json!([invoke(principal.clone(), json!({}))])), Some(expected), "{principal}");
        }
    }

    #[test]
    fn those_of_the_account_lambda_itself_and_the_deleted_are_no_strangers() {
        for (principal, why) in [
            (json!({"AWS": "123456789012"}), "the own account"),
            (json!({"AWS": "arn:aws:iam::123456789012:root"}), "the own account, as root"),
            (json!({"AWS": "arn:aws:iam::123456789012:role/ci"}), "an own role"),
            (json!({"AWS": "AROADBQP57FF2AEXAMPLE"}), "a deleted role"),
            (service("replicator.lambda.amazonaws.com"), "Lambda@Edge"),
            (service("edgelambda.amazonaws.com"), "Lambda@Edge"),
        ] {
            assert_eq!(who(json!([invoke(principal, json!({}))])), None, "{why}");
        }
    }

    #[test]
    fn a_source_closes_the_way_of_a_service() {
        let s3 = "arn:aws:s3:::uploads";
        let closed = [
            (
                "sns.amazonaws.com",
                json!({"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:123456789012:orders"}}),
            ),
            (
                "apigateway.amazonaws.com",
                json!({"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/*/GET/orders"}}),
            ),
            (
                "cloudfront.amazonaws.com",
                json!({"ArnLike": {"AWS:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE"}}),
            ),
            (
                "events.amazonaws.com",
                json!({"StringLike": {"aws:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/*"}}),
            ),
            ("s3.amazonaws.com", json!({"StringEquals": {"AWS:SourceAccount": "123456789012"}})),
            (
                "s3.amazonaws.com",
                json!({"ArnLike": {"AWS:SourceArn": s3}, "StringEquals": {"AWS:SourceAccount": "123456789012"}}),
            ),
            (
                "s3.amazonaws.com",
                json!({"ArnLike": {"AWS:SourceArn": s3}, "StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}),
            ),
            (
                "alexa-appkit.amazon.com",
                json!({"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.1"}}),
            ),
        ];
        for (name, condition) in closed {
            assert_eq!(who(json!([invoke(service(name), condition.clone())])), None, "{name} {condition}");
        }
        let open = [
            ("sns.amazonaws.com", json!({"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:*:orders"}})),
            ("sns.amazonaws.com", json!({"ArnLike": {"AWS:SourceArn": "*"}})),
            ("sns.amazonaws.com", json!({"StringLike": {"AWS:SourceAccount": "*"}})),
            ("sns.amazonaws.com", json!({"StringEqualsIfExists": {"AWS:SourceAccount": "123456789012"}})),
            ("sns.amazonaws.com", json!({"StringNotEquals": {"AWS:SourceAccount": "123456789012"}})),
            ("s3.amazonaws.com", json!({"Bool": {"aws:SecureTransport": "true"}})),
            ("alexa-appkit.amazon.com", json!({"StringLike": {"lambda:EventSourceToken": "*"}})),
            ("alexa-appkit.amazon.com", json!({"StringEqualsIfExists": {"lambda:EventSourceToken": "t"}})),
        ];
        for (name, condition) in open {
            assert!(who(json!([invoke(service(name), condition.clone())])).is_some(), "{name} {condition}");
        }
    }

    #[test]
    fn a_bucket_by_itself_may_become_somebody_elses() {
        let condition = json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::uploads"}});
        assert_eq!(
            who(json!([invoke(service("s3.amazonaws.com"), condition)])).unwrap(),
            "s3.amazonaws.com, for whoever has the bucket arn:aws:s3:::uploads, may do lambda:InvokeFunction"
        );
    }

    #[test]
    fn an_organization_closes_the_way_and_another_account_does_not() {
        let org = json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
        assert_eq!(who(json!([invoke(json!("*"), org.clone())])), None);
        assert_eq!(who(json!([invoke(json!({"AWS": "210987654321"}), org)])), None);
        for (key, value) in [
            ("aws:PrincipalAccount", "210987654321"),
            ("aws:PrincipalArn", "arn:aws:iam::210987654321:role/ci"),
        ] {
            let of_another = invoke(json!("*"), json!({"StringEquals": {key: value}}));
            assert_eq!(
                who(json!([of_another])).unwrap(),
                "account 210987654321 may do lambda:InvokeFunction",
                "{key}"
            );
        }
        let own = invoke(json!("*"), json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}}));
        assert_eq!(who(json!([own])), None);
    }

    #[test]
    fn what_is_worse_than_a_call_is_told_too() {
        for action in [
            "lambda:UpdateFunctionCode",
            "lambda:AddPermission",
            "lambda:CreateFunctionUrlConfig",
            "lambda:*",
        ] {
            assert!(
                who(json!([permission(action, json!({"AWS": "210987654321"}), json!({}))])).is_some(),
                "{action}"
            );
        }
        assert_eq!(
            who(json!([permission("lambda:ListTags", json!({"AWS": "210987654321"}), json!({}))])),
            None
        );
    }

    #[test]
    fn not_principal_is_everybody_and_denies_take_away() {
        let mut everybody_but = invoke(json!("*"), json!({}));
        let excepted = everybody_but
            .as_object_mut()
            .unwrap()
            .remove("Principal")
            .map(|_| json!({"AWS": "123456789012"}));
        everybody_but["NotPrincipal"] = excepted.unwrap();
        assert!(who(json!([everybody_but])).is_some());
        let deny = |condition: Value| {
            let mut deny = invoke(json!("*"), condition);
            deny["Effect"] = json!("Deny");
            json!([invoke(json!("*"), json!({})), deny])
        };
        assert_eq!(who(deny(json!({}))), None);
        assert_eq!(who(deny(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}))), None);
        assert!(who(deny(json!({"Bool": {"aws:SecureTransport": "false"}}))).is_some());
    }

    #[test]
    fn an_alias_has_a_policy_of_its_own() {
        let alias = format!("{ORDERS}:live");
        let mut statement = invoke(json!("*"), json!({}));
        statement["Resource"] = json!(alias);
        let at = |qualifier: Option<&str>| {
            let entrance = Entrance {
                qualifier: qualifier.map(|name| name.parse().unwrap()),
                url: None,
                policy: Some(document(json!([statement]))),
            };
            found(
                &[Function { entrances: vec![entrance], ..function(ORDERS) }],
                CheckId::ResourcePolicyPublic,
            )
        };
        let breach = at(Some("live")).unwrap();
        assert_eq!(breach.evidence[0].policy, alias);
        assert!(
            breach.remedy.ends_with("--function-name orders --qualifier 'live' --statement-id 'it'"),
            "{}",
            breach.remedy
        );
        assert_eq!(at(None), None, "a statement about the alias in the policy of the function");
    }

    #[test]
    fn only_what_a_shell_takes_is_given_to_one() {
        let mut hostile = invoke(json!("*"), json!({}));
        hostile["Sid"] = json!("x'; reboot; '");
        let remedy = told(None, json!([hostile])).unwrap().remedy;
        assert!(!remedy.contains("remove-permission"), "{remedy}");
        hostile.as_object_mut().unwrap().remove("Sid");
        assert!(!told(None, json!([hostile])).unwrap().remedy.contains("--statement-id"), "it has none");
    }

    #[test]
    fn it_is_high_whatever_the_role_may() {
        let breach = told(None, json!([invoke(json!("*"), json!({}))])).unwrap();
        assert_eq!((breach.severity, breach.now), (Severity::High, Some(Severity::High)));
        let administrator = snapshot(role(), Boundary::Absent, &[allow(json!("*"), json!("*"))]);
        let open = entered(None, json!([invoke(json!("*"), json!({}))]));
        let breach = found_in(&administrator, &[open], CheckId::ResourcePolicyPublic).unwrap();
        assert_eq!(breach.severity, Severity::High);
    }

    #[test]
    fn what_is_not_understood_is_a_doubt() {
        let entrance =
            Entrance { qualifier: None, url: Some(UrlAuth::None), policy: Some(Document::parse("{")) };
        let functions = [Function { entrances: vec![entrance], ..function(ORDERS) }];
        assert_eq!(found(&functions, CheckId::ResourcePolicyPublic), None);
        assert_eq!(found(&functions, CheckId::FunctionUrlPublic), None);
        let role = snapshot(role(), Boundary::Absent, &[]);
        let assessment =
            Assessment::within(&role, &Surroundings { functions: &functions, ..Surroundings::default() });
        assert_eq!(assessment.doubts().len(), 1);
        assert!(assessment.doubts()[0].starts_with(ORDERS));
    }
}

mod urls {
    use super::*;

    fn invoke_url(principal: Value, auth: &str) -> Value {
        permission(
            "lambda:InvokeFunctionUrl",
            principal,
            json!({"StringEquals": {"lambda:FunctionUrlAuthType": auth}}),
        )
    }

    fn invoke_via_url(principal: Value) -> Value {
        invoke(principal, json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}))
    }

    /// The checks that hit of the two about who can call.
    fn told(url: Option<UrlAuth>, statements: Value) -> Vec<&'static str> {
        let role = snapshot(role(), Boundary::Absent, &[]);
        let both = [CheckId::FunctionUrlPublic, CheckId::ResourcePolicyPublic];
        breaches_of(&role, &[entered(url, statements)])
            .iter()
            .filter(|breach| both.contains(&breach.check))
            .map(|breach| breach.check.as_str())
            .collect()
    }

    #[test]
    fn a_public_url_is_told_once() {
        let everyone = || json!("*");
        let older = json!([invoke_url(everyone(), "NONE")]);
        let newer = json!([invoke_url(everyone(), "NONE"), invoke_via_url(everyone())]);
        for statements in
            [older, newer, json!([permission("lambda:InvokeFunctionUrl", everyone(), json!({}))])]
        {
            assert_eq!(
                told(Some(UrlAuth::None), statements.clone()),
                ["function-url-public"],
                "{statements}"
            );
            assert_eq!(told(None, statements.clone()), [""; 0], "no URL: {statements}");
        }
        let any_call = json!([invoke_url(everyone(), "NONE"), invoke(everyone(), json!({}))]);
        assert_eq!(told(Some(UrlAuth::None), any_call), ["resource-policy-public", "function-url-public"]);
    }

    #[test]
    fn no_url_is_public_without_both_the_type_and_the_policy() {
        let everyone = || json!("*");
        for (url, statements, why) in [
            (UrlAuth::None, json!([]), "nobody may"),
            (
                UrlAuth::None,
                json!([invoke_via_url(everyone())]),
                "lambda:InvokeFunctionUrl is needed as well",
            ),
            (UrlAuth::None, json!([invoke_url(everyone(), "AWS_IAM")]), "a statement for the other type"),
            (UrlAuth::None, json!([invoke_url(json!({"AWS": "123456789012"}), "NONE")]), "the own account"),
            (
                UrlAuth::None,
                json!([permission(
                    "lambda:InvokeFunctionUrl",
                    everyone(),
                    json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})
                )]),
                "an organization",
            ),
            (
                UrlAuth::None,
                json!([permission(
                    "lambda:InvokeFunctionUrl",
                    everyone(),
                    json!({"StringNotEquals": {"lambda:FunctionUrlAuthType": "NONE"}})
                )]),
                "all types but this",
            ),
            (
                UrlAuth::AwsIam,
                json!([invoke_url(everyone(), "NONE"), invoke_via_url(everyone())]),
                "left from before",
            ),
            (
                UrlAuth::AwsIam,
                json!([invoke_url(json!({"AWS": "123456789012"}), "AWS_IAM")]),
                "the own account signs",
            ),
        ] {
            assert_eq!(told(Some(url), statements), [""; 0], "{why}");
        }
    }

    #[test]
    fn whoever_can_sign_is_anybody() {
        let url = Some(UrlAuth::AwsIam);
        for statement in [
            invoke_url(json!("*"), "AWS_IAM"),
            invoke_url(json!({"AWS": "210987654321"}), "AWS_IAM"),
            invoke_url(service("cloudfront.amazonaws.com"), "AWS_IAM"),
            permission(
                "lambda:InvokeFunctionUrl",
                json!("*"),
                json!({"StringNotEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
            ),
        ] {
            assert_eq!(told(url, json!([statement])), ["resource-policy-public"], "{statement}");
        }
        let mut of_distribution = invoke_url(service("cloudfront.amazonaws.com"), "AWS_IAM");
        of_distribution["Condition"] =
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE"}});
        assert_eq!(told(url, json!([of_distribution])), [""; 0], "an origin access control");
    }

    #[test]
    fn calls_without_a_url_that_pass_as_well_are_told() {
        for condition in [
            json!({"BoolIfExists": {"lambda:InvokedViaFunctionUrl": "true"}}),
            json!({"Bool": {"lambda:InvokedViaFunctionUrl": ["true", "false"]}}),
            json!({"Null": {"lambda:InvokedViaFunctionUrl": "true"}}),
        ] {
            assert_eq!(
                told(None, json!([invoke(json!("*"), condition.clone())])),
                ["resource-policy-public"],
                "{condition}"
            );
        }
    }

    #[test]
    fn an_alias_with_a_url_is_told_with_its_qualifier() {
        let mut statement = invoke_url(json!("*"), "NONE");
        statement["Resource"] = json!(format!("{ORDERS}:live"));
        let entrance = Entrance {
            qualifier: Some("live".parse().unwrap()),
            url: Some(UrlAuth::None),
            policy: Some(document(json!([statement]))),
        };
        let functions = [Function { entrances: vec![entrance], ..function(ORDERS) }];
        let breach = found(&functions, CheckId::FunctionUrlPublic).unwrap();
        assert_eq!(
            breach.remedy,
            "aws lambda update-function-url-config --region us-east-1 --function-name orders --qualifier 'live' \
             --auth-type AWS_IAM"
        );
    }

    /// Public, and what the role can do: judged as it is now, and as it would be without its boundary.
    #[test]
    fn what_the_role_can_do_behind_it_decides_what_it_weighs() {
        let public = || [entered(Some(UrlAuth::None), json!([invoke_url(json!("*"), "NONE")]))];
        let weighed = |role: &RoleSnapshot| {
            let breach = found_in(role, &public(), CheckId::FunctionUrlPublic).unwrap();
            (breach.severity, breach.now, breach.without_boundary)
        };
        use Severity::{Critical, Medium};
        let everything = [allow(json!("*"), json!("*"))];
        let harmless = [allow(json!("sqs:SendMessage"), json!("arn:aws:sqs:us-east-1:123456789012:orders"))];
        let medium = [allow(json!("s3:GetObject"), json!("*"))];
        let pass_role = [allow(json!("iam:PassRole"), json!("*"))];
        let bare = |statements: &[Value]| snapshot(role(), Boundary::Absent, statements);
        let bounded = |statements: &[Value]| snapshot(with_boundary(role(), OURS), ours(), statements);
        for (role, expected, why) in [
            (bare(&harmless), (Medium, Some(Medium), Some(Medium)), "nothing dangerous"),
            (bare(&medium), (Medium, Some(Medium), Some(Medium)), "less than HIGH"),
            (bare(&pass_role), (Critical, Some(Critical), Some(Critical)), "HIGH"),
            (bare(&everything), (Critical, Some(Critical), Some(Critical)), "CRITICAL"),
            (bounded(&everything), (Medium, Some(Medium), Some(Critical)), "the boundary closes it"),
            (bounded(&harmless), (Medium, Some(Medium), Some(Medium)), "nothing to close"),
        ] {
            assert_eq!(weighed(&role), expected, "{why}");
        }
    }

    #[test]
    fn nothing_else_weighs_more_for_what_the_role_can_do() {
        let everything = snapshot(role(), Boundary::Absent, &[allow(json!("*"), json!("*"))]);
        let missing = Function {
            role: ExecutionRole::Missing("arn:aws:iam::123456789012:role/gone".parse().unwrap()),
            environment: Environment::AwsKey,
            ..entered(None, json!([invoke(json!("*"), json!({}))]))
        };
        let severity = |check| found_in(&everything, std::slice::from_ref(&missing), check).unwrap().severity;
        assert_eq!(severity(CheckId::MissingRole), Severity::Medium);
        assert_eq!(severity(CheckId::EnvironmentKey), Severity::Info);
        assert_eq!(severity(CheckId::ResourcePolicyPublic), Severity::High);
    }
}

mod logs {
    use super::*;

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/orders";
    const BOTH: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

    fn cut(role: &RoleSnapshot) -> Option<Breach> {
        found_in(role, &[function(ORDERS)], CheckId::LoggingCut)
    }

    fn with(statements: &[Value]) -> Option<Breach> {
        cut(&snapshot(role(), Boundary::Absent, statements))
    }

    #[test]
    fn every_way_to_name_the_streams_of_the_group_will_do() {
        for resource in [
            "*".to_owned(),
            "arn:aws:logs:*:*:*".to_owned(),
            "arn:aws:logs:us-east-1:123456789012:*".to_owned(),
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/*".to_owned(),
            "arn:aws:logs:*:*:log-group:*:*".to_owned(),
            format!("{GROUP}*"),
            format!("{GROUP}:*"),
            format!("{GROUP}:log-stream:*"),
        ] {
            assert_eq!(with(&[allow(json!(BOTH), json!(resource))]), None, "{resource}");
        }
        let apart = [
            allow(json!(BOTH[0]), json!(format!("{GROUP}:*"))),
            allow(json!(BOTH[1]), json!(format!("{GROUP}:log-stream:*"))),
        ];
        assert_eq!(with(&apart), None, "each action by its own policy");
    }

    #[test]
    fn what_does_not_reach_the_streams_is_cut() {
        for (statements, missing) in [
            (vec![], "logs:CreateLogStream and logs:PutLogEvents"),
            (vec![allow(json!(BOTH[1]), json!("*"))], "logs:CreateLogStream"),
            (vec![allow(json!(BOTH[0]), json!("*"))], "logs:PutLogEvents"),
            (vec![allow(json!(BOTH), json!(GROUP))], "logs:CreateLogStream and logs:PutLogEvents"),
            (
                vec![allow(
                    json!(BOTH),
                    json!("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/other:*"),
                )],
                "logs:CreateLogStream and logs:PutLogEvents",
            ),
            (
                vec![allow(json!(BOTH), json!("arn:aws:logs:eu-west-1:*:*"))],
                "logs:CreateLogStream and logs:PutLogEvents",
            ),
            (
                vec![allow(json!("logs:*"), json!("*")), deny(json!("logs:PutLogEvents"), json!("*"))],
                "logs:PutLogEvents",
            ),
        ] {
            let breach = with(&statements).unwrap();
            assert_eq!(breach.evidence[0].detail, format!("{missing} on {GROUP}"), "{statements:?}");
            assert_eq!((breach.severity, breach.now), (Severity::Low, Some(Severity::Low)));
            assert_eq!(breach.summary, "the role may not write the logs of orders");
        }
    }

    #[test]
    fn a_boundary_that_cuts_them_is_named() {
        let logs = [allow(json!("logs:*"), json!("*"))];
        let s3_alone = boundary(THEIRS, document(allow(json!("s3:*"), json!("*"))));
        let breach = cut(&snapshot(with_boundary(role(), THEIRS), s3_alone.clone(), &logs)).unwrap();
        assert_eq!(
            (breach.severity, breach.now, breach.without_boundary),
            (Severity::Low, Some(Severity::Low), None)
        );
        assert_eq!(breach.evidence[0].policy, "boundary");
        assert_eq!(
            breach.remedy,
            format!("allow logs:CreateLogStream and logs:PutLogEvents on {GROUP}:* in the boundary")
        );
        let gone = boundary(THEIRS, Document::Gone);
        assert_eq!(
            cut(&snapshot(with_boundary(role(), THEIRS), gone, &logs)).unwrap().evidence[0].policy,
            "boundary"
        );
        let neither = cut(&snapshot(with_boundary(role(), THEIRS), s3_alone, &[])).unwrap();
        assert_eq!(neither.evidence[0].policy, role().arn.as_str(), "the role could not without it either");
        assert_eq!(cut(&snapshot(with_boundary(role(), OURS), ours(), &logs)), None);
    }

    #[test]
    fn the_partition_of_the_role_is_that_of_its_logs() {
        let role = Role { arn: "arn:aws-us-gov:iam::123456789012:role/orders".parse().unwrap(), ..role() };
        let function = function("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:orders");
        let group = "arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:/aws/lambda/orders";
        let told = |resource: &str| {
            let role = snapshot(role.clone(), Boundary::Absent, &[allow(json!(BOTH), json!(resource))]);
            found_in(&role, std::slice::from_ref(&function), CheckId::LoggingCut)
        };
        assert_eq!(told(&format!("{group}:*")), None);
        let breach = told(&format!("{GROUP}:*")).unwrap();
        assert!(breach.evidence[0].detail.ends_with(group), "{breach:?}");
        assert!(breach.remedy.contains("arn:aws-us-gov:iam::aws:policy/service-role/"), "{}", breach.remedy);
    }

    #[test]
    fn a_log_group_of_its_own_is_asked_for() {
        let shared = Function { log_group: Some("/shared".to_owned()), ..function(ORDERS) };
        let told = |group: &str| {
            let resource = format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}:*");
            let role = snapshot(role(), Boundary::Absent, &[allow(json!(BOTH), json!(resource))]);
            found_in(&role, std::slice::from_ref(&shared), CheckId::LoggingCut).is_some()
        };
        assert!(told("/aws/lambda/orders"));
        assert!(!told("/shared"));
    }

    #[test]
    fn without_a_function_there_are_no_logs() {
        assert_eq!(found(&[], CheckId::LoggingCut), None);
    }
}

#[test]
fn a_role_is_shared_by_functions_and_not_by_versions() {
    let shared = |functions: &[&str]| {
        let functions: Vec<Function> = functions.iter().map(|arn| function(arn)).collect();
        found(&functions, CheckId::SharedRole)
    };
    let report = "arn:aws:lambda:us-east-1:123456789012:function:report";
    let elsewhere = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
    assert_eq!(shared(&[]), None);
    assert_eq!(shared(&[ORDERS]), None);
    assert_eq!(shared(&[&format!("{ORDERS}:1"), &format!("{ORDERS}:live")]), None, "versions of one");
    for two in [[ORDERS, report], [ORDERS, elsewhere]] {
        let breach = shared(&two).unwrap();
        assert_eq!((breach.severity, breach.now), (Severity::Low, Some(Severity::Low)));
        assert_eq!(breach.evidence.len(), 2);
    }
    let remedy = shared(&[ORDERS, report]).unwrap().remedy;
    let json = remedy.get(remedy.find('{').unwrap()..=remedy.rfind('}').unwrap()).unwrap();
    let condition: Value = serde_json::from_str(json).unwrap();
    assert_eq!(condition["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"], ORDERS);
}

#[test]
fn a_role_that_does_not_exist_is_told_with_its_function() {
    let gone = |role: ExecutionRole| {
        found(
            &[Function { role, ..function(ORDERS) }, function(&format!("{ORDERS}-report"))],
            CheckId::MissingRole,
        )
    };
    assert_eq!(gone(ExecutionRole::Exists), None);
    let breach =
        gone(ExecutionRole::Missing("arn:aws:iam::123456789012:role/gone".parse().unwrap())).unwrap();
    assert_eq!((breach.severity, breach.now), (Severity::Medium, Some(Severity::Medium)));
    assert_eq!(breach.evidence[0].policy, ORDERS);
    assert_eq!(
        breach.evidence[0].detail,
        "function orders in us-east-1 names arn:aws:iam::123456789012:role/gone"
    );
}

#[test]
fn only_variables_under_the_key_of_aws_are_told() {
    let told = |environment| found(&[Function { environment, ..function(ORDERS) }], CheckId::EnvironmentKey);
    assert_eq!(told(Environment::Nothing), None);
    assert_eq!(told(Environment::CustomerKey), None);
    let breach = told(Environment::AwsKey).unwrap();
    assert_eq!((breach.severity, breach.now), (Severity::Info, Some(Severity::Info)));
    assert_eq!(breach.evidence[0].policy, ORDERS);
}

#[test]
fn a_boundary_is_unapproved_only_if_it_is_said_which_are_approved() {
    let everything = || document(allow(json!("*"), json!("*")));
    let told = |boundary: Boundary, approval: Approval| {
        let role = snapshot(with_boundary(role(), THEIRS), boundary, &[]);
        let assessment = Assessment::within(&role, &Surroundings { approval, ..Surroundings::default() });
        assessment.breaches().iter().find(|breach| breach.check == CheckId::BoundaryUnapproved).cloned()
    };
    let theirs = || boundary(THEIRS, everything());
    assert_eq!(told(theirs(), Approval::NotJudged), None);
    assert_eq!(told(theirs(), Approval::Ours), None);
    assert_eq!(told(Boundary::Absent, Approval::Unapproved), None);
    for (document, why) in
        [(everything(), "understood"), (Document::Gone, "gone"), (Document::parse("{}"), "not understood")]
    {
        let breach = told(boundary(THEIRS, document), Approval::Unapproved).expect(why);
        assert_eq!(
            (breach.severity, breach.now, breach.without_boundary),
            (Severity::Low, Some(Severity::Low), None),
            "{why}"
        );
    }
    for (attached, expected) in
        [(OURS, Approval::Ours), (APPROVED, Approval::Approved), (THEIRS, Approval::Unapproved)]
    {
        assert_eq!(settings().approval(&boundary(attached, everything())), expected, "{attached}");
    }
    assert_eq!(settings().approval(&Boundary::Absent), Approval::NotJudged);
}

/// What a shell would take for a redirection, a variable, another command or an open quote.
#[test]
fn commands_can_be_pasted_into_a_shell() {
    let everyone = json!([
        permission("lambda:InvokeFunctionUrl", json!("*"), json!({})),
        invoke(service("s3.amazonaws.com"), json!({})),
    ]);
    let open = Function {
        role: ExecutionRole::Missing("arn:aws:iam::123456789012:role/gone".parse().unwrap()),
        environment: Environment::AwsKey,
        ..entered(Some(UrlAuth::None), everyone)
    };
    let found = breaches_of(&snapshot(role(), Boundary::Absent, &[]), &[open]);
    let commands: Vec<&str> = found
        .iter()
        .filter_map(|breach| {
            breach
                .remedy
                .find("aws lambda ")
                .or(breach.remedy.find("aws iam "))
                .map(|at| breach.remedy.get(at..).unwrap())
        })
        .collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    for command in commands {
        let outside: String = command.split('\'').step_by(2).collect();
        assert_eq!(command.matches('\'').count() % 2, 0, "{command}");
        assert!(!outside.contains(['<', '>', '$', '`', '"', ';', '&', '|', '*', '(', '#']), "{command}");
    }
}
