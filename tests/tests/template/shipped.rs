//! The boundaries that the functions were built with, against those that the template deploys. The two are read and
//! rendered by code of their own, so each checks the other.

use guardrail::boundary_policy::{Deployment, Edit, ShippedPolicies};
use guardrail::snapshot::Document;
use iam_policy::Policy;
use serde_json::Value;
use tests::template::Template;

const PASS: &str =
    "arn:aws:iam::123456789012:role/jobs/orders-task,arn:aws:iam::123456789012:role/jobs/run-*";
const ASSUME: &str = "arn:aws:iam::123456789012:role/data/orders-reader";

#[test]
fn what_is_compared_is_what_is_deployed_whatever_the_parameters() {
    for parameters in [
        vec![],
        vec![("AllowedPassRoleArns", PASS)],
        vec![("AllowedAssumeRoleArns", ASSUME), ("BoundaryProfile", "strict")],
        vec![("AllowedPassRoleArns", PASS), ("AllowedAssumeRoleArns", ASSUME)],
    ] {
        let stack = Template::of_project().rendered(&parameters);
        let variables = &stack.properties("OnPolicyChange")["Environment"]["Variables"];
        let shipped = ShippedPolicies::render(account::SHIPPED_BOUNDARIES, &deployment(variables))
            .expect("the build's documents are rendered");
        assert_eq!(shipped.iter().count(), 2);
        for id in ["BaselineBoundary", "StrictBoundary"] {
            let properties = stack.properties(id);
            let arn = stack.outputs()["BoundaryPolicyArn"].rsplit_once('/').expect("a path").0.to_owned();
            let arn = format!("{arn}/{}", properties["ManagedPolicyName"].as_str().expect("a name"));
            let document = shipped.document(&arn.parse().expect("an ARN")).expect("it is shipped");
            let deployed = Document::parse(&properties["PolicyDocument"].to_string());
            assert_eq!(Edit::of(&deployed, document), None, "{id} with {parameters:?}");
            assert_eq!(
                document.to_value(),
                Policy::from_value(&properties["PolicyDocument"]).expect("a policy").to_value()
            );
        }
    }
}

/// As `account::settings` reads it.
fn deployment(variables: &Value) -> Deployment {
    let text = |name: &str| variables[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
    let list = |name: &str| -> Vec<String> {
        text(name).split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    Deployment {
        partition: "aws".to_owned(),
        account: tests::template::ACCOUNT.parse().expect("an account"),
        stack_id: text("RINGFENCE_STACK_ID"),
        ledger_arn: text("RINGFENCE_LEDGER_TABLE_ARN"),
        findings_key_arn: text("RINGFENCE_FINDINGS_KEY_ARN"),
        report_bucket: text("RINGFENCE_REPORT_BUCKET"),
        allowed_pass_role: list("RINGFENCE_ALLOWED_PASS_ROLE_ARNS"),
        allowed_assume_role: list("RINGFENCE_ALLOWED_ASSUME_ROLE_ARNS"),
    }
}
