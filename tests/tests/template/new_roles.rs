//! The templates of `docs/new-roles/`: one function with a role that is right from the start, in four languages. Each is
//! judged as Ringfence judges a role, under either shipped boundary and under the service control policies.

use crate::boundaries::PROFILES;
use crate::organization::{levels, organization};
use crate::{one_or_many, stack, statements, text};
use guardrail::assess::{Approval, Assessment, Surroundings};
use guardrail::authorization_details::{ManagedPolicyDetail, RoleDetail};
use guardrail::check_id::CheckId;
use guardrail::function::Function;
use guardrail::severity::Severity;
use iam_policy::{Context, Policies, Policy, PolicyKind, Request, Verdict, evaluate};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::template::{ACCOUNT, Stack, Template};

const FOLDER: &str = "docs/new-roles";
/// Breaches of INFO that a role like this keeps, each with its reason in the page.
const REMAINS: [CheckId; 1] = [CheckId::TrustMissingSourceAccount];

/// The role of a template, as it would be deployed.
#[derive(Debug)]
struct NewRole {
    language: &'static str,
    path: String,
    /// The SSM parameter that its boundary's ARN is read from.
    boundary_parameter: String,
    trust: Value,
    /// Inline; there is nothing else.
    policy: Value,
}

fn file(name: &str) -> String {
    let path = tests::project_root().join(FOLDER).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
}

/// What is between two texts, the first time.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("`{before}` is missing"));
    rest.split_once(after).unwrap_or_else(|| panic!("`{after}` is missing")).0
}

/// `policy.json` for the function of the templates, as Terraform and CDK fill it in.
fn shared_policy() -> Value {
    let values = [("partition", "aws"), ("region", "us-east-1"), ("account", ACCOUNT), ("name", "orders")];
    let filled = values
        .iter()
        .fold(file("policy.json"), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
    serde_json::from_str(&filled).expect("policy.json is JSON")
}

/// The one role of a template of CloudFormation, and that the function has it and writes to the group that it may write to.
fn of_stack(language: &'static str, stack: &Stack) -> NewRole {
    let roles: Vec<&Value> = stack.of_type("AWS::IAM::Role").map(|(_, role)| &role["Properties"]).collect();
    let [role] = roles.as_slice() else { panic!("{language}: one role, not {}", roles.len()) };
    let others = stack.resources().filter(|(_, resource)| {
        let kind = text(resource, "/Type");
        kind.starts_with("AWS::IAM::") && kind != "AWS::IAM::Role"
    });
    assert_eq!(others.count(), 0, "{language}: policies stand in the role");
    assert!(role.get("ManagedPolicyArns").is_none(), "{language}");
    let inline = role["Policies"].as_array().expect("inline policies");
    assert_eq!(inline.len(), 1, "{language}");
    let functions = ["AWS::Serverless::Function", "AWS::Lambda::Function"]
        .map(|kind| stack.of_type(kind).map(|(_, function)| &function["Properties"]).collect::<Vec<_>>())
        .concat();
    let [function] = functions.as_slice() else { panic!("{language}: one function") };
    assert!(text(function, "/Role").contains(":role/lambda/"), "{language}");
    assert_eq!(text(function, "/LoggingConfig/LogGroup"), "/aws/lambda/orders", "{language}");
    assert!(function.get("Policies").is_none(), "{language}: SAM would make a role of its own");
    let boundary = text(role, "/PermissionsBoundary");
    let boundary_parameter = match boundary.strip_prefix("{{resolve:ssm:") {
        Some(rest) => rest.trim_end_matches('}'),
        // The value of a parameter that CloudFormation reads from SSM: here its name.
        None => boundary,
    };
    NewRole {
        language,
        path: text(role, "/Path").to_owned(),
        boundary_parameter: boundary_parameter.to_owned(),
        trust: role["AssumeRolePolicyDocument"].clone(),
        policy: inline[0]["PolicyDocument"].clone(),
    }
}

/// Read from its text, which takes trust and policy from the files beside it.
fn of_terraform() -> NewRole {
    let terraform = file("terraform.tf");
    for other in
        ["aws_iam_role_policy_attachment", "managed_policy_arns", "inline_policy", "aws_iam_policy\""]
    {
        assert!(!terraform.contains(other), "terraform.tf: {other} is not read by this test");
    }
    assert_eq!(terraform.matches("resource \"aws_iam_role\"").count(), 1);
    assert_eq!(terraform.matches("resource \"aws_iam_role_policy\"").count(), 1);
    let role = between(&terraform, "resource \"aws_iam_role\" \"function\" {\n", "\n}");
    let attribute = |name: &str| {
        let line = role.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("terraform.tf: the role has no {name}"));
        line.split_once('=').expect("name = value").1.trim().to_owned()
    };
    assert_eq!(attribute("permissions_boundary"), "data.aws_ssm_parameter.boundary.insecure_value");
    assert_eq!(attribute("assume_role_policy"), "file(\"${path.module}/trust.json\")");
    let parameter = between(&terraform, "data \"aws_ssm_parameter\" \"boundary\" {", "\n}");
    let policy = between(&terraform, "resource \"aws_iam_role_policy\" \"function\" {\n", "\n}");
    assert!(policy.contains("role = aws_iam_role.function.name"), "{policy}");
    assert!(policy.contains("policy = templatefile(\"${path.module}/policy.json\", {"), "{policy}");
    assert!(terraform.contains("role             = aws_iam_role.function.arn"));
    assert!(terraform.contains("log_group  = aws_cloudwatch_log_group.function.name"));
    NewRole {
        language: "Terraform",
        path: attribute("path").trim_matches('"').to_owned(),
        boundary_parameter: between(parameter, "name = \"", "\"").to_owned(),
        trust: serde_json::from_str(&file("trust.json")).expect("trust.json is JSON"),
        policy: shared_policy(),
    }
}

/// What CDK made of `cdk.ts`, recorded, since tests have no CDK. The lines that decide about the role are looked for, so that
/// a change of them asks for a new recording.
fn of_cdk() -> NewRole {
    let written = file("cdk.ts");
    for line in [
        "path: \"/lambda/\"",
        "permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(this, \"Boundary\", boundary)",
        "ssm.StringParameter.valueForStringParameter(this, \"/ringfence/boundary-arn\")",
        "assumedBy: new iam.ServicePrincipal(\"lambda.amazonaws.com\")",
        "inlinePolicies: { [NAME]: policy() }",
        "readFileSync(join(__dirname, \"policy.json\"), \"utf8\")",
        "role: role.withoutPolicyUpdates()",
    ] {
        assert_eq!(written.matches(line).count(), 1, "cdk.ts: `{line}`; see tests/new-roles/README.md");
    }
    for other in
        ["managedPolicies", "addToPolicy", "addToRolePolicy", "addManagedPolicy", ".grant", "attachInline"]
    {
        assert!(!written.contains(other), "cdk.ts: `{other}` is not in the recording");
    }
    let recorded = of_stack("CDK", &Template::at("tests/new-roles/cdk-synthesized.json").rendered(&[]));
    assert_eq!(recorded.policy["Statement"], shared_policy()["Statement"], "policy.json was changed since");
    recorded
}

fn new_roles() -> [NewRole; 4] {
    let of_template =
        |language, name: &str| of_stack(language, &Template::at(&format!("{FOLDER}/{name}")).rendered(&[]));
    [
        of_template("SAM", "sam.yaml"),
        of_template("CloudFormation", "cloudformation.yaml"),
        of_terraform(),
        of_cdk(),
    ]
}

/// Judged as the role would be deployed, with the boundary given.
fn assessed(role: &NewRole, profile: &str, service_control: &[Vec<Policy>]) -> Assessment {
    let stack = Template::of_project().rendered(&[]);
    let boundary = stack.properties(profile);
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/ringfence/{}", text(boundary, "/ManagedPolicyName"));
    let detail: RoleDetail = serde_json::from_value(json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role{}orders", role.path),
        "RoleId": "AROAEXAMPLEEXAMPLE123",
        "CreateDate": "2026-11-23T12:00:00Z",
        "AssumeRolePolicyDocument": role.trust.to_string(),
        "RolePolicyList": [{"PolicyName": "orders", "PolicyDocument": role.policy.to_string()}],
        "PermissionsBoundary": {"PermissionsBoundaryArn": &arn},
    }))
    .expect("a role");
    let policy: ManagedPolicyDetail = serde_json::from_value(json!({
        "Arn": &arn,
        "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "Document": boundary["PolicyDocument"].to_string()}
        ],
    }))
    .expect("a policy");
    let snapshot = detail.snapshot(&[policy]).expect("a role that can be read");
    let function = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders");
    let functions = [Function::named(function.parse().expect("a function"))];
    let around = Surroundings {
        service_control,
        functions: &functions,
        approval: Approval::Ours,
        ..Surroundings::default()
    };
    Assessment::within(&snapshot, &around)
}

#[test]
fn roles_of_the_templates_have_no_breach() {
    let service_control = levels(&organization());
    for role in new_roles() {
        for profile in PROFILES {
            for service_control in [&[][..], &service_control] {
                let assessment = assessed(&role, profile, service_control);
                let told = format!("{}, {profile}: {:?}", role.language, assessment.breaches());
                assert_eq!(assessment.doubts(), [""; 0], "{told}");
                assert!(assessment.severity() <= Some(Severity::Info), "{told}");
                let checks: Vec<CheckId> = assessment.breaches().iter().map(|breach| breach.check).collect();
                assert_eq!(checks, REMAINS, "{told}");
            }
        }
    }
}

/// Each of its actions on each of its resources, a stream of the log group among them.
#[test]
fn boundaries_and_service_control_policies_take_nothing_from_them() {
    let stack = Template::of_project().rendered(&[]);
    let service_control = levels(&organization());
    for role in new_roles() {
        let policy = Policy::from_value(&role.policy).expect("a policy");
        assert_eq!(policy.validate(PolicyKind::Identity), [], "{}", role.language);
        for statement in statements(&role.policy) {
            for action in one_or_many(&statement["Action"]) {
                let resource = text(statement, "/Resource").replace('*', "log-stream:a");
                for profile in PROFILES {
                    let boundary = Policy::from_value(&stack.properties(profile)["PolicyDocument"]);
                    let boundary = boundary.expect("a policy");
                    let policies = Policies {
                        identity: &[&policy],
                        boundary: Some(&boundary),
                        service_control: &service_control,
                        ..Policies::default()
                    };
                    let arn = format!("arn:aws:iam::{ACCOUNT}:role{}orders", role.path);
                    let request = Request {
                        principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/orders/orders")
                            .parse()
                            .expect("a session"),
                        action: action.parse().expect("an action"),
                        resource: resource.parse().expect("an ARN"),
                        resource_account: None,
                        context: Context::new().with("aws:PrincipalArn", &arn),
                    };
                    let verdict = evaluate(&policies, &request).verdict;
                    assert_eq!(verdict, Verdict::Allowed, "{}, {profile}: {request:?}", role.language);
                }
            }
        }
    }
}

#[test]
fn all_four_say_the_same() {
    let roles = new_roles();
    // The order of keys and the names of statements say nothing.
    let meaning = |document: &Value| {
        let mut statements = document["Statement"].as_array().expect("statements").clone();
        for statement in &mut statements {
            statement.as_object_mut().map(|statement| statement.remove("Sid"));
            statement.as_object_mut().expect("a statement").sort_keys();
        }
        Value::from(statements).to_string()
    };
    let trusts: BTreeSet<String> = roles.iter().map(|role| meaning(&role.trust)).collect();
    let policies: BTreeSet<String> = roles.iter().map(|role| meaning(&role.policy)).collect();
    assert_eq!((trusts.len(), policies.len()), (1, 1), "{roles:#?}");
    for role in &roles {
        let path = Template::of_organization().section("Parameters")["LambdaRolePath"]["Default"].clone();
        assert_eq!(role.path, path, "{}", role.language);
        assert_eq!(role.boundary_parameter, text(stack().properties("BoundaryArnParameter"), "/Name"));
    }
}
