//! Asks `evaluate`.

use iam_policy::{Context, Evaluation, Level, Policies, Policy, PolicyKind, Request, evaluate};
use serde_json::Value;

const FIELDS: [(&str, PolicyKind); 8] = [
    ("identity_policies", PolicyKind::Identity),
    ("boundary", PolicyKind::Boundary),
    ("session_policy", PolicyKind::Session),
    ("scps", PolicyKind::ServiceControl),
    ("rcps", PolicyKind::ResourceControl),
    ("resource_policy", PolicyKind::Resource),
    ("trust_policy", PolicyKind::Trust),
    ("vpc_endpoint_policies", PolicyKind::VpcEndpoint),
];

/// Why IAM would not store some document of the case.
pub(crate) fn refusal(case: &Value) -> Option<String> {
    FIELDS.into_iter().find_map(|(field, kind)| {
        let documents = entries(&case[field]).iter().flat_map(entries);
        documents.into_iter().find_map(|document| {
            let problems = Policy::from_value(document).unwrap().validate(kind);
            let refused = problems.into_iter().find(|problem| problem.level == Level::Refused)?;
            Some(format!("{document}: {refused}"))
        })
    })
}

/// The verdict of `evaluate`, and whether it hangs on a question that the guide leaves open.
pub(crate) fn judge(case: &Value) -> (String, bool) {
    let documents = |value: &Value| -> Vec<Policy> {
        entries(value).iter().map(|document| Policy::from_value(document).unwrap()).collect()
    };
    let levels = |levels: &Value| entries(levels).iter().map(documents).collect::<Vec<_>>();
    let identity = documents(&case["identity_policies"]);
    let endpoint = documents(&case["vpc_endpoint_policies"]);
    let Evaluation { verdict, undocumented, .. } = evaluate(
        &Policies {
            identity: &identity.iter().collect::<Vec<_>>(),
            boundary: documents(&case["boundary"]).first(),
            session: documents(&case["session_policy"]).first(),
            service_control: &levels(&case["scps"]),
            resource_control: &levels(&case["rcps"]),
            resource: documents(&case["resource_policy"]).first(),
            trust: documents(&case["trust_policy"]).first(),
            vpc_endpoint: &endpoint.iter().collect::<Vec<_>>(),
        },
        &request(&case["request"]),
    );
    (verdict.to_string(), !undocumented.is_empty())
}

/// The entries of a list, a single value, or nothing.
fn entries(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(values) => values,
        single => std::slice::from_ref(single),
    }
}

fn request(value: &Value) -> Request {
    let text = |field: &str| value[field].as_str().unwrap();
    let mut context = Context::new();
    for (key, values) in value["context"].as_object().unwrap() {
        match values.as_array() {
            Some(values) => context.insert(key, values.iter().map(|value| value.as_str().unwrap())),
            None => context.insert(key, [values.as_str().unwrap()]),
        }
    }
    Request {
        principal: text("principal").parse().unwrap(),
        action: text("action").parse().unwrap(),
        resource: text("resource").parse().unwrap(),
        resource_account: value["resource_account"].as_str().map(|account| account.parse().unwrap()),
        context,
    }
}
