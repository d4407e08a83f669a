//! Roles that functions name and that do not exist: each told once, and once that it is over.

use super::{Double, text};
use crate::clock;
use crate::sweep::SweptRoles;
use guardrail::exposure::{Claim, ExposureRecord};
use guardrail::finding::{FindingId, Outcome};
use guardrail::names::RoleArn;
use guardrail::sweep::MOST_TOLD;
use serde_json::{Value, json};

const GONE: &str = "arn:aws:iam::123456789012:role/gone";

impl Double {
    fn add_function(&self, name: &str, role: &str) {
        self.more_functions.lock().unwrap().push((name.to_owned(), role.to_owned()));
    }

    fn record(&self, role: &str) -> ExposureRecord {
        let items = self.items.lock().unwrap();
        let item = &items[&("exposure".to_owned(), role.to_owned())];
        serde_dynamo::from_attribute_value(item["record"].clone()).unwrap()
    }

    /// What was told of roles that do not exist, in short.
    fn told(&self) -> Vec<(String, String)> {
        let of = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
        self.exposures().iter().map(|finding| (of(finding, "outcome"), of(finding, "severity"))).collect()
    }

    fn exposures(&self) -> Vec<Value> {
        self.topic.told(|finding| finding["problem"].as_str().unwrap().ends_with("/exposure"))
    }
}

fn pair(outcome: &str, severity: &str) -> (String, String) {
    (outcome.to_owned(), severity.to_owned())
}

#[tokio::test]
async fn a_missing_role_is_told_once_with_its_functions_and_noted_in_the_ledger() {
    let double = Double::new();
    double.sweep("request-1", 900).await;
    double.sweep("request-2", 900).await;
    assert_eq!(double.told(), [pair("exposed", "MEDIUM")]);
    let finding = double.exposures().remove(0);
    finding_schema::assert_valid(&finding);
    assert_eq!(finding["problem"], json!(format!("123456789012/{GONE}/exposure")));
    assert_eq!(finding["role"], json!(null));
    assert_eq!(finding["functions"], json!(["arn:aws:lambda:us-east-1:123456789012:function:orphan"]));
    assert_eq!(finding["breaches"][0]["check"], json!("missing-role"));
    assert_eq!(finding["trigger"]["event"], json!("Sweep"));
    let record = double.record(GONE);
    assert!(record.told.is_some() && record.claim.is_none(), "{record:?}");
    assert_eq!(record.unresolved.iter().map(FindingId::as_str).collect::<Vec<_>>(), [&finding["id"]]);
}

#[tokio::test]
async fn a_role_that_exists_again_is_resolved_once_and_news_when_it_goes_again() {
    let double = Double::new();
    double.sweep("request-1", 900).await;
    double.hidden_roles.lock().unwrap().insert("gone".to_owned());
    double.sweep("request-2", 900).await;
    double.sweep("request-3", 900).await;
    assert_eq!(double.told(), [pair("exposed", "MEDIUM"), pair("resolved", "INFO")]);
    let [exposed, resolved] = &double.exposures()[..] else { panic!("two") };
    assert_eq!(resolved["resolves"], json!([exposed["id"]]));
    assert_eq!(resolved["problem"], exposed["problem"]);
    finding_schema::assert_valid(resolved);

    double.hidden_roles.lock().unwrap().clear();
    double.sweep("request-4", 900).await;
    let again = double.exposures().remove(2);
    assert_eq!(again["outcome"], json!("exposed"));
    assert_ne!(again["id"], exposed["id"]);
}

#[tokio::test]
async fn a_role_that_no_function_names_any_more_is_resolved() {
    let double = Double::new();
    double.add_function("late", "lost-1");
    double.sweep("request-1", 900).await;
    assert_eq!(double.told().len(), 2);
    double.more_functions.lock().unwrap().clear();
    double.sweep("request-2", 900).await;
    let resolved = double.exposures().remove(2);
    assert_eq!((&resolved["outcome"], &resolved["severity"]), (&json!("resolved"), &json!("INFO")));
    assert_eq!(
        resolved["functions"],
        json!(["arn:aws:lambda:us-east-1:123456789012:function:late"]),
        "those that did, for the ticket"
    );
    assert!(resolved["title"].as_str().unwrap().contains("lost-1"), "{resolved}");
}

/// Lambda refuses to make a function with a role that is not there: the role was there in between, or the Region could not be read.
#[tokio::test]
async fn one_more_function_is_news_and_one_less_is_noted() {
    let double = Double::new();
    double.sweep("request-1", 900).await;
    double.add_function("late", "gone");
    double.sweep("request-2", 900).await;
    double.sweep("request-3", 900).await;
    let exposures = double.exposures();
    assert_eq!(exposures.len(), 2);
    assert_eq!(exposures[1]["functions"].as_array().unwrap().len(), 2);
    assert_ne!(exposures[0]["id"], exposures[1]["id"]);
    double.more_functions.lock().unwrap().clear();
    double.sweep("request-4", 900).await;
    assert_eq!(double.exposures().len(), 2, "less is no news");
    double.add_function("late", "gone");
    double.sweep("request-5", 900).await;
    assert_eq!(double.exposures().len(), 3, "it was noted, so what comes back is");
}

#[tokio::test]
async fn what_cannot_be_read_now_is_neither_news_nor_over() {
    let double = Double::new();
    double.sweep("request-1", 900).await;
    double.fail("functions");
    double.sweep("request-2", 900).await;
    double.heal();
    double.fail("role gone");
    let swept = double.sweep("request-3", 900).await;
    let SweptRoles::All(summary) = swept else { panic!("{swept:?}") };
    assert_eq!(summary.missing_roles, 0, "whether it exists is not known");
    double.heal();
    double.sweep("request-4", 900).await;
    assert_eq!(double.told(), [pair("exposed", "MEDIUM")]);
}

#[tokio::test]
async fn very_many_are_told_over_several_sweeps_and_the_summary_says_so() {
    let double = Double::new();
    for index in 0..30 {
        double.add_function(&format!("f-{index}"), &format!("lost-{index}"));
    }
    let counts = |swept: SweptRoles| match swept {
        SweptRoles::All(summary) => (summary.missing_roles, summary.missing_roles_untold),
        other @ (SweptRoles::Some(_) | SweptRoles::LeftToAnother) => panic!("{other:?}"),
    };
    assert_eq!(counts(double.sweep("request-1", 900).await), (31, 11));
    assert_eq!(double.exposures().len(), MOST_TOLD);
    let told = double.topic.told(|finding| finding["outcome"] == json!("summary")).remove(0);
    let summary = told["summary"].as_str().unwrap();
    assert!(
        summary.contains("31 roles that functions name do not exist; 11 of them have no finding"),
        "{summary}"
    );
    assert_eq!(double.bucket.latest()["totals"]["missing_roles_untold"], json!(11));
    assert_eq!(counts(double.sweep("request-2", 900).await), (31, 0));
    assert_eq!(double.exposures().len(), 31);
    let roles: std::collections::BTreeSet<String> =
        double.exposures().iter().map(|finding| finding["problem"].to_string()).collect();
    assert_eq!(roles.len(), 31, "each once");
}

#[tokio::test]
async fn a_finding_that_could_not_be_published_is_told_by_the_retry_under_its_id() {
    let double = Double::new();
    double.topic.refuse_the("exposed");
    assert!(double.try_to_sweep("request-1", 900).await.is_err());
    double.topic.refuse_the("");
    let claimed = double.record(GONE).claim.expect("a claim").finding;
    assert!(double.topic.told(|_| true).is_empty());
    double.sweep("request-1", 900).await;
    let exposures = double.exposures();
    assert_eq!(exposures.len(), 1);
    assert_eq!(exposures[0]["id"], json!(claimed.as_str()));
    assert_eq!(double.count("roles page first"), 1, "it goes on where it stopped");
}

/// Whoever died between publishing and noting may have told it.
#[tokio::test]
async fn what_a_dead_sweep_may_have_told_is_resolved_too() {
    let double = Double::new();
    let role: RoleArn = GONE.parse().unwrap();
    let id = FindingId::of_exposure(&role, "state", 0);
    let claim = Claim::new(id.clone(), Outcome::Exposed, "dead", clock::now());
    let record = serde_dynamo::to_attribute_value(ExposureRecord::default().claimed(claim)).unwrap();
    let version = aws_sdk_dynamodb::types::AttributeValue::N("1".to_owned());
    double.put("exposure", GONE, [("version", version), ("record", record)]);
    double.hidden_roles.lock().unwrap().insert("gone".to_owned());
    double.sweep("request-1", 900).await;
    assert_eq!(double.exposures()[0]["resolves"], json!([id.as_str()]));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_keeps_nothing_else_from_being_told() {
    let double = Double::new();
    let version = aws_sdk_dynamodb::types::AttributeValue::N("3".to_owned());
    double.put("exposure", GONE, [("version", version), ("record", text("garbled"))]);
    double.add_function("late", "lost-1");
    let swept = double.sweep("request-1", 900).await;
    let SweptRoles::All(summary) = swept else { panic!("{swept:?}") };
    assert_eq!((summary.missing_roles, summary.missing_roles_untold), (2, 1));
    let exposures = double.exposures();
    assert_eq!(exposures.len(), 1);
    assert!(exposures[0]["problem"].as_str().unwrap().contains("lost-1"));
}
