//! What the roles of the functions are granted: what the code calls, no more and no less.

use crate::{one_or_many, stack, statements, text};
use iam_policy::ActionPattern;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::template::{Stack, Template};
use tests::{function_folders, logical_id};

/// Granted, but called by AWS with the function's role and not by our code, so no SDK call declares them.
const CALLED_BY_AWS: [(&str, &str, &str); 12] = [
    ("on-boundary-denial", "sqs:ReceiveMessage", "Lambda polls the queue of refused calls"),
    ("on-boundary-denial", "sqs:DeleteMessage", "Lambda polls the queue of refused calls"),
    ("on-boundary-denial", "sqs:GetQueueAttributes", "Lambda polls the queue of refused calls"),
    ("on-exposure-change", "sqs:SendMessage", "Lambda sends what failed to the on-failure destination"),
    ("on-function-change", "sqs:SendMessage", "Lambda sends what failed to the on-failure destination"),
    ("on-policy-change", "sqs:SendMessage", "Lambda sends what failed to the on-failure destination"),
    ("on-role-change", "sqs:SendMessage", "Lambda sends what failed to the on-failure destination"),
    ("suggest-policy", "sqs:SendMessage", "Lambda sends what failed to the on-failure destination"),
    ("sweep-account", "sqs:SendMessage", "Lambda sends what failed to the on-failure destination"),
    ("review-role", "sqs:ReceiveMessage", "Lambda polls the review queue"),
    ("review-role", "sqs:DeleteMessage", "Lambda polls the review queue"),
    ("review-role", "sqs:GetQueueAttributes", "Lambda polls the review queue"),
];
const CALLED_BY_AWS_FOR_ALL: [(&str, &str); 4] = [
    ("logs:CreateLogStream", "Lambda writes the log"),
    ("logs:PutLogEvents", "Lambda writes the log"),
    ("kms:Decrypt", "SNS encrypts a published finding in the name of who publishes it"),
    ("kms:GenerateDataKey", "SNS encrypts a published finding in the name of who publishes it"),
];

fn declared_by_the_code(folder: &str) -> BTreeSet<&'static str> {
    match folder {
        "on-boundary-denial" => on_boundary_denial::actions(),
        "on-exposure-change" => on_exposure_change::actions(),
        "on-function-change" => on_function_change::actions(),
        "on-policy-change" => on_policy_change::actions(),
        "on-role-change" => on_role_change::actions(),
        "review-role" => review_role::actions(),
        "suggest-policy" => suggest_policy::actions(),
        "sweep-account" => sweep_account::actions(),
        "undo-remediation" => undo_remediation::actions(),
        other => panic!("add the actions of `{other}` here"),
    }
}

/// The statements of all policies of a function's role, attached ones and inline ones.
pub(crate) fn grants<'a>(stack: &'a Stack, folder: &str) -> Vec<&'a Value> {
    let role = stack.properties(&format!("{}Role", logical_id(folder)));
    let attached = one_or_many(&role["ManagedPolicyArns"]).into_iter().flat_map(|arn| {
        let (_, policy) = stack
            .of_type("AWS::IAM::ManagedPolicy")
            .find(|(id, _)| arn.ends_with(&format!("/ringfence-{id}-1A2B3C4D5E6F7")))
            .unwrap_or_else(|| panic!("{folder} has {arn}, which this template does not make"));
        statements(&policy["Properties"]["PolicyDocument"])
    });
    let inline = role["Policies"].as_array().expect("inline policies").iter();
    attached.chain(inline.flat_map(|policy| statements(&policy["PolicyDocument"]))).collect()
}

fn allowed(statements: &[&Value]) -> BTreeSet<String> {
    let allows = statements.iter().filter(|statement| statement["Effect"] == "Allow");
    allows.flat_map(|statement| one_or_many(&statement["Action"])).map(str::to_owned).collect()
}

/// Granted only where findings are to go to Security Hub.
const SECURITY_HUB: &str = "securityhub:BatchImportFindings";

/// Granted unless Access Analyzer is to be left alone.
const VALIDATION: &str = "access-analyzer:ValidatePolicy";

/// Granted only where the checks that AWS charges for are asked for.
const CHECKS: [&str; 3] = [
    "access-analyzer:CheckAccessNotGranted",
    "access-analyzer:CheckNoNewAccess",
    "access-analyzer:CheckNoPublicAccess",
];

/// Granted only where policies are to be generated.
const GENERATING: [&str; 6] = [
    "access-analyzer:CancelPolicyGeneration",
    "access-analyzer:GetGeneratedPolicy",
    "access-analyzer:ListPolicyGenerations",
    "access-analyzer:StartPolicyGeneration",
    "cloudtrail:LookupEvents",
    "iam:PassRole",
];

/// What has policies generated.
pub(crate) const GENERATION: [(&str, &str); 2] = [
    ("TrailArn", "arn:aws:cloudtrail:us-east-1:123456789012:trail/management-events"),
    ("PolicyGenerationRoleArn", READER),
];
const READER: &str = "arn:aws:iam::123456789012:role/ringfence/ringfence-policy-generation";

/// With everything that can be asked for.
pub(crate) fn with_everything() -> Stack {
    let [trail, reader] = GENERATION;
    Template::of_project().rendered(&[
        ("SecurityHub", "true"),
        ("AccessAnalyzer", "checks"),
        ("CentralFindingsTopicArn", CENTRAL),
        trail,
        reader,
    ])
}

#[test]
fn one_role_alone_may_be_passed_on_and_to_access_analyzer_alone() {
    let stack = with_everything();
    let own = statements(&stack.properties("OwnBoundary")["PolicyDocument"]);
    let of_function = grants(&stack, "suggest-policy");
    for statements in [of_function, own] {
        let passes: Vec<&Value> =
            statements.into_iter().filter(|statement| allows_action(statement, "iam:PassRole")).collect();
        let [pass] = passes.as_slice() else { panic!("one statement: {passes:?}") };
        assert_eq!(pass["Action"], "iam:PassRole");
        assert_eq!(pass["Resource"], READER);
        let to = json!({"StringEquals": {"iam:PassedToService": "access-analyzer.amazonaws.com"}});
        assert_eq!(pass["Condition"], to);
    }
    for folder in function_folders().into_iter().filter(|folder| folder != "suggest-policy") {
        assert!(!allowed(&grants(&stack, &folder)).contains("iam:PassRole"), "{folder}");
    }
}

const CENTRAL: &str = "arn:aws:sns:us-east-1:999999999999:ringfence-central-findings";

/// With the key that SNS uses in the publisher's name, whichever it is: the organization's account says who may.
#[test]
fn findings_are_published_to_the_given_topic_of_the_organization_and_no_other() {
    let about_central = |stack: &Stack, folder: &str| -> Vec<Value> {
        let found = grants(stack, folder).into_iter().filter(|statement| {
            statement["Resource"] == CENTRAL || statement["Resource"] == "arn:aws:kms:us-east-1:*:key/*"
        });
        found.cloned().collect()
    };
    let (given, none) = (with_everything(), stack());
    assert!(none.resources().all(|(id, _)| id != "CentralFindingsPolicy"));
    for folder in function_folders() {
        assert!(about_central(&none, &folder).is_empty(), "{folder}");
        let [publish, encrypt] = &about_central(&given, &folder)[..] else {
            panic!("{folder}: two statements")
        };
        assert_eq!((&publish["Action"], &publish["Resource"]), (&json!("sns:Publish"), &json!(CENTRAL)));
        let by_sns = json!({"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}});
        assert_eq!(encrypt["Condition"], by_sns, "{folder}: for nothing but publishing");
    }
    let own = |stack: &Stack| stack.properties("OwnBoundary")["PolicyDocument"].to_string();
    assert!(own(&given).contains(CENTRAL) && !own(&none).contains("TheOrganization"));
}

#[test]
fn every_role_is_granted_what_its_code_calls_and_nothing_else() {
    let bare = Template::of_project().rendered(&[("AccessAnalyzer", "off")]);
    let cases: [(Stack, BTreeSet<&str>); 3] = [
        (bare, [SECURITY_HUB, VALIDATION].into_iter().chain(CHECKS).chain(GENERATING).collect()),
        (stack(), [SECURITY_HUB].into_iter().chain(CHECKS).chain(GENERATING).collect()),
        (with_everything(), BTreeSet::new()),
    ];
    for (stack, left_out) in cases {
        for folder in function_folders() {
            let by_aws = CALLED_BY_AWS
                .iter()
                .filter(|(function, ..)| *function == folder)
                .map(|(_, action, _)| *action);
            let by_the_code =
                declared_by_the_code(&folder).into_iter().filter(|action| !left_out.contains(action));
            let by_aws = by_aws.chain(CALLED_BY_AWS_FOR_ALL.map(|(action, _)| action));
            let expected: BTreeSet<String> = by_the_code.chain(by_aws).map(str::to_owned).collect();
            let granted = allowed(&grants(&stack, &folder));
            let missing: Vec<_> = expected.difference(&granted).collect();
            let unused: Vec<_> = granted.difference(&expected).collect();
            assert!(
                missing.is_empty() && unused.is_empty(),
                "{folder}: not granted {missing:?}, never called {unused:?}"
            );
        }
    }
}

#[test]
fn findings_are_imported_into_security_hub_as_those_of_our_own_account_only() {
    let stack = with_everything();
    let own = statements(&stack.properties("OwnBoundary")["PolicyDocument"]);
    let roles = function_folders();
    let of_roles = roles.iter().map(|folder| grants(&stack, folder));
    for statements in of_roles.chain([own]) {
        let imports: Vec<&Value> =
            statements.into_iter().filter(|statement| allows_action(statement, SECURITY_HUB)).collect();
        let [import] = imports.as_slice() else { panic!("one statement: {imports:?}") };
        assert_eq!(
            import["Resource"],
            "arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default"
        );
        assert_eq!(import["Action"], SECURITY_HUB, "nothing else beside it");
    }
}

/// IAM takes no resource with these: a report is read by the id of its job, and the others list a whole account
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>).
const NOT_NARROWABLE: [&str; 14] = [
    "access-analyzer:CancelPolicyGeneration",
    "access-analyzer:CheckAccessNotGranted",
    "access-analyzer:CheckNoNewAccess",
    "access-analyzer:CheckNoPublicAccess",
    "access-analyzer:GetGeneratedPolicy",
    "access-analyzer:ListPolicyGenerations",
    "access-analyzer:StartPolicyGeneration",
    "access-analyzer:ValidatePolicy",
    "cloudtrail:DescribeTrails",
    "cloudtrail:LookupEvents",
    "iam:GetServiceLastAccessedDetails",
    "iam:GetAccountAuthorizationDetails",
    "iam:ListRoles",
    "lambda:ListFunctions",
];

#[test]
fn every_statement_says_in_words_what_it_is_for_and_names_its_actions() {
    let stack = with_everything();
    for folder in function_folders() {
        for statement in grants(&stack, &folder) {
            let sid = text(statement, "/Sid");
            assert!(
                sid.len() > 8 && sid.chars().skip(1).any(char::is_uppercase),
                "{folder}: `{sid}` says nothing"
            );
            for action in one_or_many(&statement["Action"]) {
                assert!(!action.contains('*'), "{folder}/{sid}: {action}");
            }
            let is_narrowable =
                one_or_many(&statement["Action"]).iter().any(|one| !NOT_NARROWABLE.contains(one));
            assert!(!is_narrowable || statement["Resource"] != "*", "{folder}/{sid} is about everything");
        }
    }
}

#[test]
fn our_own_boundary_lets_every_grant_through() {
    let stack = with_everything();
    let boundary = statements(&stack.properties("OwnBoundary")["PolicyDocument"]);
    for folder in function_folders() {
        for action in allowed(&grants(&stack, &folder)) {
            let name = action.parse().expect("grants name their actions");
            let open = boundary
                .iter()
                .filter(|statement| statement["Effect"] == "Allow")
                .flat_map(|statement| one_or_many(&statement["Action"]))
                .any(|pattern| ActionPattern::new(pattern).matches(&name));
            assert!(open, "{folder} is granted {action} and OwnBoundary takes it away");
        }
    }
}

#[test]
fn our_own_boundary_is_no_wider_than_the_grants() {
    let stack = with_everything();
    let granted: BTreeSet<String> =
        function_folders().iter().flat_map(|folder| allowed(&grants(&stack, folder))).collect();
    assert_eq!(allowed(&statements(&stack.properties("OwnBoundary")["PolicyDocument"])), granted);
}

/// The only role that may put other boundaries than ours, and delete ours: it gives roles back what they had.
const UNDO: &str = "arn:aws:iam::123456789012:role/ringfence/ringfence-undo-remediation";

fn allows_action(statement: &Value, action: &str) -> bool {
    let action = action.parse().expect("an action");
    statement["Effect"] == "Allow"
        && one_or_many(&statement["Action"])
            .into_iter()
            .any(|pattern| ActionPattern::new(pattern).matches(&action))
}

/// Also called by the contract test, for each way of choosing the boundary.
pub(crate) fn assert_only_our_boundary_can_be_put(stack: &Stack, ours: &str) {
    let own_boundary = statements(&stack.properties("OwnBoundary")["PolicyDocument"]);
    let folders = function_folders().into_iter().filter(|folder| folder != "undo-remediation");
    let all = folders.flat_map(|folder| grants(stack, &folder)).chain(own_boundary);
    let mut seen = 0;
    for statement in all.filter(|statement| allows_action(statement, "iam:PutRolePermissionsBoundary")) {
        let ours = json!({"StringEquals": {"iam:PermissionsBoundary": ours}});
        let undo = json!({"ArnEquals": {"aws:PrincipalArn": UNDO}});
        let condition = &statement["Condition"];
        assert!(*condition == ours || *condition == undo, "{}: {condition}", text(statement, "/Sid"));
        seen += usize::from(*condition == ours);
    }
    assert!(seen > 1, "no function may put a boundary");
}

#[test]
fn a_boundary_is_deleted_by_undo_alone_and_only_if_it_is_ours() {
    let own = "arn:aws:iam::123456789012:policy/platform/our-cap";
    let stack = tests::template::Template::of_project().rendered(&[("BoundaryArn", own)]);
    let shipped = |name: &str| format!("arn:aws:iam::123456789012:policy/ringfence/ringfence-{name}-v1");
    let ours = json!({"iam:PermissionsBoundary": [shipped("baseline"), shipped("strict"), own]});
    let delete = "iam:DeleteRolePermissionsBoundary";
    for folder in function_folders() {
        let grants = grants(&stack, &folder);
        let deletes: Vec<&Value> =
            grants.into_iter().filter(|statement| allows_action(statement, delete)).collect();
        assert_eq!(deletes.len(), usize::from(folder == "undo-remediation"), "{folder}");
        for statement in deletes {
            assert_eq!(statement["Condition"], json!({"StringEquals": ours}), "{folder}");
        }
    }
    let boundary = statements(&stack.properties("OwnBoundary")["PolicyDocument"]);
    let deletes: Vec<&Value> =
        boundary.into_iter().filter(|statement| allows_action(statement, delete)).collect();
    assert_eq!(deletes.len(), 1);
    let condition = json!({"ArnEquals": {"aws:PrincipalArn": UNDO}, "StringEquals": ours});
    assert_eq!(deletes[0]["Condition"], condition);
}

#[test]
fn no_function_may_touch_our_own_roles_or_those_of_aws() {
    let stack = stack();
    let own = function_folders().into_iter().map(|folder| format!("role/ringfence/ringfence-{folder}"));
    let expected: BTreeSet<String> = own
        .chain(["role/aws-service-role/*".to_owned(), "role/aws-reserved/*".to_owned()])
        .map(|role| format!("arn:aws:iam::123456789012:{role}"))
        .collect();
    for folder in function_folders() {
        let grants = grants(&stack, &folder);
        for action in ["iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"] {
            if grants.iter().any(|statement| allows_action(statement, action)) {
                assert_eq!(denied(&grants, action), expected, "{folder}: {action}");
            }
        }
    }
}

/// The resources that an action is denied on, whatever the circumstances.
fn denied(statements: &[&Value], action: &str) -> BTreeSet<String> {
    statements
        .iter()
        .filter(|statement| statement["Effect"] == "Deny" && statement.get("Condition").is_none())
        .filter(|statement| one_or_many(&statement["Action"]).contains(&action))
        .flat_map(|statement| one_or_many(&statement["Resource"]))
        .map(str::to_owned)
        .collect()
}

#[test]
fn failed_events_may_be_sent_to_the_dead_letter_queue_by_those_that_events_invoke() {
    let stack = stack();
    for folder in function_folders() {
        let may_send = grants(&stack, &folder).into_iter().any(|statement| {
            statement["Action"] == "sqs:SendMessage"
                && statement["Resource"] == "arn:aws:sqs:us-east-1:123456789012:ringfence-dead-letters"
        });
        let invoked_by_events = stack.properties(&logical_id(&folder)).get("EventInvokeConfig").is_some();
        assert_eq!(may_send, invoked_by_events, "{folder}");
    }
}

#[test]
fn one_function_alone_may_set_a_policy_back_and_only_our_boundaries() {
    let stack = stack();
    let set = "iam:SetDefaultPolicyVersion";
    let boundaries = json!(
        ["baseline", "strict"]
            .map(|profile| { format!("arn:aws:iam::123456789012:policy/ringfence/ringfence-{profile}-v1") })
    );
    let mut may = Vec::new();
    for folder in function_folders() {
        for statement in grants(&stack, &folder) {
            if one_or_many(&statement["Action"]).contains(&set) {
                assert_eq!(statement["Resource"], boundaries, "{folder}");
                assert_eq!(statement["Action"], set, "{folder}: nothing else beside it");
                may.push(folder.clone());
            }
        }
    }
    assert_eq!(may, ["on-policy-change"]);
    let own = statements(&stack.properties("OwnBoundary")["PolicyDocument"]);
    let cap = own.into_iter().find(|statement| statement["Action"] == set).expect("OwnBoundary allows it");
    assert_eq!(cap["Resource"], boundaries);
}

/// Who may call a function is told and never changed, and neither is anything else of it.
#[test]
fn no_function_may_change_a_function() {
    let stack = stack();
    for folder in function_folders() {
        for action in allowed(&grants(&stack, &folder)) {
            let is_read = |name: &str| name.starts_with("Get") || name.starts_with("List");
            let of_lambda = action.strip_prefix("lambda:");
            assert!(of_lambda.is_none_or(is_read), "{folder} is granted {action}");
        }
    }
}
