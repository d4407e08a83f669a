//! Evidence of what a role used, written down in few words.

use crate::roles::{allow, existing_role, time};
use guardrail::proposal::{Counted, Coverage, Generated, History, JobAnswer, Period, Reading, Ungenerated};
use serde_json::{Value, json};

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/service-role/orders-api-role";

pub(crate) fn period() -> Period {
    Period { since: time("2026-08-24T00:00:00Z"), until: time("2026-11-22T00:00:00Z") }
}

pub(crate) fn not_generated() -> Generated {
    Generated::Nothing(Ungenerated::NotSetUp)
}

pub(crate) fn generated(actions: &[&str]) -> Generated {
    let document =
        json!({"Version": "2012-10-17", "Statement": [allow(json!(actions), json!("*"))]}).to_string();
    let (coverage, policies) = (Coverage::Whole, &[document.as_str()]);
    Generated::read(
        &ROLE.parse().unwrap(),
        &JobAnswer { principal: ROLE, period: period(), coverage, policies },
    )
}

/// A record of the role's function, calling `source:Event`.
pub(crate) fn call(source: &str, event: &str) -> Value {
    json!({"eventVersion": "1.10", "eventType": "AwsApiCall", "eventName": event, "awsRegion": "us-east-1",
        "eventSource": format!("{source}.amazonaws.com"), "eventID": "e-1", "eventTime": "2026-11-20T10:00:00Z",
        "recipientAccountId": "123456789012",
        "userIdentity": {"type": "AssumedRole",
            "arn": "arn:aws:sts::123456789012:assumed-role/orders-api-role/orders-api",
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": ROLE}}}})
}

pub(crate) fn refused(source: &str, event: &str, message: &str) -> Value {
    let mut record = call(source, event);
    record["errorCode"] = json!("AccessDenied");
    record["errorMessage"] = json!(message);
    record
}

pub(crate) fn history(records: &[Value]) -> History {
    let mut history = History::new("us-east-1", period());
    for record in records {
        assert_eq!(history.count(&existing_role(), &record.to_string()), Counted::Call, "{record}");
    }
    history.ended(Reading::Whole)
}

pub(crate) fn not_read() -> History {
    History::new("us-east-1", period()).ended(Reading::NotRead("throttled".to_owned()))
}

pub(crate) fn on(record: Value, arn: &str) -> Value {
    let mut record = record;
    record["resources"] = json!([{"ARN": arn, "accountId": "123456789012"}]);
    record
}
