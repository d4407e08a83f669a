//! Findings about functions that are open to others, and about one that is closed again.

use crate::exposures::{
    account_in, everyone, function, invoke, invoke_url, judged_administrator, judged_reader, open_at, service,
};
use crate::roles::*;
use guardrail::exposure::{Behind, Exposure};
use guardrail::finding::{AboutExposure, Finding, FindingId};
use guardrail::function::{Entrance, Function, UrlAuth};
use guardrail::settings::Mode;
use guardrail::snapshot::Document;
use guardrail::trigger::{Change, EventName, ExposureChange, ExposureEffect};
use serde_json::{Value, json};

fn about(
    open: Function,
    behind: &Behind,
    event: &str,
    effect: ExposureEffect,
    tell: impl FnOnce(&AboutExposure<'_>) -> Finding,
) -> Finding {
    let change = ExposureChange {
        event: EventName::from_cloudtrail(event),
        event_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        time: Some(time("2026-11-22T10:00:00Z")),
        function: open.arn.clone(),
        qualifier: None,
        effect,
        caller: trigger("", Change::Look).caller,
    };
    tell(&AboutExposure {
        exposure: &Exposure::of(open),
        behind,
        change: &change,
        settings: &settings(),
        account: &"123456789012".parse().unwrap(),
        region: "us-east-1",
        mode: Mode::Enforce,
        now: time("2026-11-22T10:00:05Z"),
    })
}

fn id(generation: u64) -> FindingId {
    FindingId::of_exposure(&function().arn, "as in the text", generation)
}

fn exposed(open: Function, behind: &Behind, event: &str, effect: ExposureEffect) -> Finding {
    about(open, behind, event, effect, |about| about.exposed(id(1)))
}

fn service_of_anybody(name: &str) -> Value {
    let mut statement = invoke(service(&format!("{name}.amazonaws.com")), json!({}));
    statement["Sid"] = json!(name);
    statement
}

pub(super) fn all() -> Vec<(&'static str, Finding)> {
    let url = Some(UrlAuth::None);
    let public = || open_at(None, url, json!([invoke_url(everyone(), "NONE")]));
    let of_events =
        json!({"ArnLike": {"AWS:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/nightly"}});
    let mut nightly = invoke(service("events.amazonaws.com"), of_events);
    nightly["Sid"] = json!("nightly");
    let bucket = json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::incoming-orders"}});
    let mut of_bucket = invoke(service("s3.amazonaws.com"), bucket);
    of_bucket["Sid"] = json!("incoming");
    let many = json!([
        invoke(everyone(), json!({})),
        account_in("210987654321"),
        of_bucket,
        nightly,
        service_of_anybody("sns"),
        service_of_anybody("sqs"),
    ]);
    let garbled = Entrance { qualifier: None, url: None, policy: Some(Document::parse("{")) };
    let set = || ExposureEffect::UrlSet(url);
    let added = || ExposureEffect::PermissionAdded(Some("it".to_owned()));
    let role = || "arn:aws:iam::123456789012:role/service-role/orders-api-role".parse().unwrap();
    let denied = "could not read role `orders-api-role`: AccessDenied: not in this organization";
    let unreadable = Behind::Unreadable { role: role(), why: denied.to_owned() };
    let older = FindingId::of_exposure(&function().arn, "older", 0);
    vec![
        ("exposed by a url", exposed(public(), &judged_administrator(), "CreateFunctionUrlConfig", set())),
        (
            "exposed at an alias in many ways",
            exposed(open_at(Some("live"), None, many), &judged_reader(), "AddPermission", added()),
        ),
        (
            "exposed with its role unreadable",
            exposed(public(), &unreadable, "CreateFunctionUrlConfig", set()),
        ),
        (
            "exposed with its role gone",
            exposed(public(), &Behind::Missing(role()), "CreateFunctionUrlConfig", set()),
        ),
        (
            "exposed by a policy that is not understood",
            exposed(
                Function { entrances: vec![garbled], ..function() },
                &judged_reader(),
                "PutResourcePolicy",
                ExposureEffect::PolicyReplaced,
            ),
        ),
        (
            "resolved exposure",
            about(function(), &Behind::Untold, "RemovePermission", added(), |about| {
                about.closed(FindingId::of_exposure_closed(&function().arn, 2), vec![older, id(1)])
            }),
        ),
    ]
}
