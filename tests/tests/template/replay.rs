//! What a replay takes for the settings where Ringfence is not deployed is what the template's defaults deploy.

use tests::template::{ACCOUNT, Template};

/// What only a deployment knows.
const OF_A_DEPLOYMENT: [&str; 8] = [
    "RINGFENCE_LEDGER_TABLE",
    "RINGFENCE_LEDGER_TABLE_ARN",
    "RINGFENCE_FINDINGS_TOPIC_ARN",
    "RINGFENCE_REVIEW_QUEUE_URL",
    "RINGFENCE_STACK_ID",
    "RINGFENCE_FINDINGS_KEY_ARN",
    "RINGFENCE_OWN_ROLE_ARNS",
    "RINGFENCE_REPORT_BUCKET",
];

#[test]
fn without_a_deployment_a_replay_goes_by_the_templates_defaults() {
    let stack = Template::of_project().rendered(&[]);
    let deployed =
        stack.properties("OnRoleChange")["Environment"]["Variables"].as_object().expect("variables");
    let defaults = account::replay::default_environment("aws", ACCOUNT);
    for (name, value) in deployed {
        let told = defaults.get(name).map_or("", String::as_str);
        if OF_A_DEPLOYMENT.contains(&name.as_str()) {
            assert!(!told.is_empty(), "{name} has to be made up");
        } else {
            // The lists of the template join empty ones by a comma.
            assert_eq!(told, value.as_str().expect("a text").trim_matches(','), "{name}");
        }
    }
    let own = defaults["RINGFENCE_OWN_ROLE_ARNS"].split(',').count();
    let functions = stack.of_type("AWS::Serverless::Function").count();
    assert!(own >= functions, "each function has a role: {own} of {functions}");
    assert!(
        defaults.keys().all(|name| deployed.contains_key(name)),
        "nothing that the template does not set"
    );
}
