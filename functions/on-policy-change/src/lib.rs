//! IAM calls that change a managed policy: which policy, and what became of it.

use guardrail::names::AccountId;
use guardrail::trigger::{CloudTrailRecord, Ignored, PolicyChange, PolicyEffect};
use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_respond_to_policy_change()
}

/// The policy change that a CloudTrail record stands for.
///
/// # Errors
/// Why the record is none of this function's.
pub fn trigger(record: &CloudTrailRecord, account: &AccountId) -> Result<PolicyChange, Ignored> {
    let event = record.succeeded_at("iam.amazonaws.com", account)?;
    let version = || record.policy_version().map(str::to_owned);
    let effect = match event.as_str() {
        "CreatePolicyVersion" if record.makes_default() => PolicyEffect::NewDefault(version()),
        "CreatePolicyVersion" => return Err(Ignored::NotInForce(event)),
        "SetDefaultPolicyVersion" => PolicyEffect::NewDefault(version()),
        "DeletePolicyVersion" => PolicyEffect::VersionDeleted,
        "DeletePolicy" => PolicyEffect::Deleted,
        _ => return Err(record.other_event(event)),
    };
    Ok(PolicyChange {
        policy: record.named_policy(&event)?,
        event,
        event_id: record.event_id().to_owned(),
        time: record.time(),
        effect,
        caller: record.caller(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(event: &str, request: Value, answer: Value) -> Result<PolicyChange, Ignored> {
        let record =
            CloudTrailRecord::from_detail(json!({"eventName": event, "eventSource": "iam.amazonaws.com",
            "recipientAccountId": "123456789012", "requestParameters": request, "responseElements": answer}));
        trigger(&record, &"123456789012".parse().unwrap())
    }

    #[test]
    fn a_new_version_counts_only_as_the_default() {
        let arn = "arn:aws:iam::123456789012:policy/orders";
        let answer = json!({"policyVersion": {"versionId": "v3", "isDefaultVersion": true}});
        let change =
            read("CreatePolicyVersion", json!({"policyArn": arn, "setAsDefault": true}), answer).unwrap();
        assert_eq!(change.policy.as_str(), arn);
        assert_eq!(change.effect, PolicyEffect::NewDefault(Some("v3".to_owned())));
        // An answer that an old trail leaves out takes nothing away.
        let change =
            read("CreatePolicyVersion", json!({"policyArn": arn, "setAsDefault": true}), Value::Null);
        assert_eq!(change.unwrap().effect, PolicyEffect::NewDefault(None));
        for request in [json!({"policyArn": arn, "setAsDefault": false}), json!({"policyArn": arn})] {
            let answer = json!({"policyVersion": {"versionId": "v3", "isDefaultVersion": false}});
            assert!(matches!(read("CreatePolicyVersion", request, answer), Err(Ignored::NotInForce(_))));
        }
    }

    #[test]
    fn a_policy_that_cannot_be_named_is_no_subject() {
        for request in [json!({}), json!({"policyArn": "orders"}), Value::Null] {
            let change = read("SetDefaultPolicyVersion", request, Value::Null);
            assert!(matches!(change, Err(Ignored::NoSubject { wanted: "policy", .. })));
        }
    }
}
