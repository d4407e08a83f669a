//! Lambda calls that open a function to others, or close it: which function, at which version or alias.

use guardrail::names::AccountId;
use guardrail::trigger::{CloudTrailRecord, ExposureChange, ExposureEffect, Ignored};
use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_respond_to_exposure_change()
}

/// The change that a CloudTrail record stands for.
///
/// A new version or alias has no policy and no URL, and an alias that is moved keeps its own, so `PublishVersion`, `CreateAlias` and
/// `UpdateAlias` open nothing.
///
/// # Errors
/// Why the record is none of this function's.
pub fn trigger(record: &CloudTrailRecord, account: &AccountId) -> Result<ExposureChange, Ignored> {
    let event = record.succeeded_at("lambda.amazonaws.com", account)?;
    let sid = || record.requested("statementId").map(str::to_owned);
    let url_auth = || record.answered("authType").or(record.requested("authType"))?.parse().ok();
    let effect = match event.as_str() {
        "AddPermission" => ExposureEffect::PermissionAdded(sid()),
        "RemovePermission" => ExposureEffect::PermissionRemoved(sid()),
        "PutResourcePolicy" | "DeleteResourcePolicy" => ExposureEffect::PolicyReplaced,
        "CreateFunctionUrlConfig" | "UpdateFunctionUrlConfig" => ExposureEffect::UrlSet(url_auth()),
        "DeleteFunctionUrlConfig" => ExposureEffect::UrlDeleted,
        "DeleteFunction" | "DeleteAlias" => ExposureEffect::EntranceDeleted,
        _ => return Err(record.other_event(event)),
    };
    let function = if effect == ExposureEffect::PolicyReplaced {
        record.named_resource(&event)?
    } else {
        record.named_function(&event, account)?
    };
    // Somebody of this account may be allowed to open a function of another one, which that one's Ringfence tells.
    match function.account().parse::<AccountId>() {
        Ok(owner) if owner != *account => return Err(Ignored::OtherAccount(owner)),
        Ok(_) | Err(_) => {}
    }
    let alias = || record.requested("name").filter(|_| event.as_str() == "DeleteAlias")?.parse().ok();
    Ok(ExposureChange {
        qualifier: record.named_qualifier().or_else(alias),
        function,
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
    use guardrail::function::UrlAuth;
    use serde_json::{Value, json};

    fn read(event: &str, request: Value, answer: Value) -> Result<ExposureChange, Ignored> {
        let record = CloudTrailRecord::from_detail(json!({"eventName": event,
            "eventSource": "lambda.amazonaws.com", "awsRegion": "eu-west-1", "recipientAccountId": "123456789012",
            "requestParameters": request, "responseElements": answer}));
        trigger(&record, &"123456789012".parse().unwrap())
    }

    fn at(change: &ExposureChange) -> (&str, Option<&str>) {
        (change.function.as_str(), change.qualifier.as_ref().map(|qualifier| qualifier.as_str()))
    }

    const ORDERS: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";

    #[test]
    fn the_entrance_is_read_however_it_is_written() {
        let alias = format!("{ORDERS}:live");
        for (event, request, qualifier) in [
            ("AddPermission20150331v2", json!({"functionName": "orders", "qualifier": "live"}), Some("live")),
            ("AddPermission20150331v2", json!({"functionName": "orders:live"}), Some("live")),
            ("AddPermission20150331v2", json!({"functionName": "123456789012:function:orders:7"}), Some("7")),
            ("RemovePermission20150331v2", json!({"functionName": ORDERS}), None),
            ("CreateFunctionUrlConfig", json!({"functionName": alias}), Some("live")),
            ("PutResourcePolicy20260709", json!({"resourceArn": alias}), Some("live")),
            ("DeleteResourcePolicy", json!({"resourceArn": ORDERS}), None),
            ("DeleteAlias20150331", json!({"functionName": "orders", "name": "live"}), Some("live")),
        ] {
            let change = read(event, request, Value::Null).unwrap();
            assert_eq!(at(&change), (ORDERS, qualifier), "{event}");
        }
    }

    #[test]
    fn the_type_of_a_url_is_the_answers_or_the_requests() {
        let effect =
            |request: Value, answer: Value| read("UpdateFunctionUrlConfig", request, answer).unwrap().effect;
        let name = json!({"functionName": "orders"});
        let none = json!({"functionName": "orders", "authType": "NONE"});
        assert_eq!(effect(none, Value::Null), ExposureEffect::UrlSet(Some(UrlAuth::None)));
        let signed = json!({"authType": "AWS_IAM", "functionArn": ORDERS});
        assert_eq!(effect(name.clone(), signed), ExposureEffect::UrlSet(Some(UrlAuth::AwsIam)));
        assert_eq!(effect(name, json!({"authType": "SOMETHING"})), ExposureEffect::UrlSet(None));
    }

    #[test]
    fn what_names_no_function_of_the_account_is_ignored() {
        let other = json!({"functionName": "arn:aws:lambda:eu-west-1:210987654321:function:orders"});
        let ignored = read("AddPermission20150331v2", other, Value::Null);
        assert!(matches!(ignored, Err(Ignored::OtherAccount(_))), "{ignored:?}");
        for request in [json!({}), json!({"functionName": "a b"}), Value::Null] {
            let ignored = read("AddPermission20150331v2", request.clone(), Value::Null);
            assert!(matches!(ignored, Err(Ignored::NoSubject { .. })), "{request}");
        }
        let layer = json!({"resourceArn": "arn:aws:lambda:eu-west-1:123456789012:layer:tracing:1"});
        assert!(matches!(read("PutResourcePolicy", layer, Value::Null), Err(Ignored::NoSubject { .. })));
    }
}
