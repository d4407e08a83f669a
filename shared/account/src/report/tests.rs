//! The report of a sweep against doubles of bucket and topic. They prove what we ask, not what AWS answers. The sweep around it has
//! the doubles of `sweep::tests`.

use crate::sweep::Double;
use crate::sweep::SweptRoles;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::error::NoSuchKey;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use guardrail::finding::FindingId;
use guardrail::report::LATEST;
use guardrail::suggestion::OtherFunctions;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// By key, each with its content type.
type Objects = BTreeMap<String, (String, Vec<u8>)>;

/// A bucket that keeps what is put into it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket {
    objects: Arc<Mutex<Objects>>,
    calls: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<Option<&'static str>>>,
}

impl Bucket {
    /// Somebody else puts an object there.
    pub(crate) fn give(&self, key: &str, text: &str) {
        self.objects.lock().unwrap().insert(key.to_owned(), ("application/json".to_owned(), text.into()));
    }

    /// From now on calls about keys that begin so are denied.
    pub(crate) fn refuse(&self, keys: &'static str) {
        *self.refused.lock().unwrap() = Some(keys);
    }

    fn denied(&self, call: &str, key: &str) -> Option<ErrorMetadata> {
        self.calls.lock().unwrap().push(format!("{call} {key}"));
        let refused = self.refused.lock().unwrap().is_some_and(|keys| key.starts_with(keys));
        refused.then(|| ErrorMetadata::builder().code("AccessDenied").message("no").build())
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    fn json(&self, key: &str) -> Value {
        serde_json::from_slice(&self.objects.lock().unwrap()[key].1).unwrap()
    }

    fn count(&self, call: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|made| made.starts_with(call)).count()
    }

    /// The document of the report that the bucket names as the latest.
    pub(crate) fn latest(&self) -> Value {
        self.json(self.json(LATEST)["report"].as_str().unwrap())
    }

    pub(crate) fn client(&self) -> aws_sdk_s3::Client {
        let bucket = self.clone();
        let get = mock!(aws_sdk_s3::Client::get_object).then_compute_response(move |request| {
            let key = request.key().unwrap();
            if let Some(denied) = bucket.denied("get", key) {
                return MockResponse::Error(GetObjectError::generic(denied));
            }
            match bucket.objects.lock().unwrap().get(key) {
                Some((_, bytes)) => {
                    let body = ByteStream::from(bytes.clone());
                    MockResponse::Output(GetObjectOutput::builder().body(body).build())
                }
                None => MockResponse::Error(GetObjectError::NoSuchKey(NoSuchKey::builder().build())),
            }
        });
        let bucket = self.clone();
        let put = mock!(aws_sdk_s3::Client::put_object).then_compute_response(move |request| {
            let key = request.key().unwrap();
            assert_eq!(request.bucket(), Some("ringfence-reportbucket-1a2b3c4d5e6f"));
            if let Some(denied) = bucket.denied("put", key) {
                return MockResponse::Error(PutObjectError::generic(denied));
            }
            let object =
                (request.content_type().unwrap().to_owned(), request.body().bytes().unwrap().to_vec());
            bucket.objects.lock().unwrap().insert(key.to_owned(), object);
            MockResponse::Output(PutObjectOutput::builder().build())
        });
        mock_client!(aws_sdk_s3, RuleMode::MatchAny, &[&get, &put])
    }
}

/// What was published, as its JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Topic {
    published: Arc<Mutex<Vec<Value>>>,
    /// The outcome of the findings that it refuses.
    refuses: Arc<Mutex<&'static str>>,
}

impl Topic {
    /// The titles of notices.
    pub(crate) fn notices(&self) -> Vec<String> {
        let notices = self.told(|finding| finding["outcome"] == json!("notice"));
        notices.iter().map(|finding| finding["title"].as_str().unwrap().to_owned()).collect()
    }

    fn summaries(&self) -> Vec<Value> {
        self.told(|finding| finding["outcome"] == json!("summary"))
    }

    pub(crate) fn told(&self, is_meant: fn(&Value) -> bool) -> Vec<Value> {
        self.published.lock().unwrap().iter().filter(|finding| is_meant(finding)).cloned().collect()
    }

    pub(crate) fn refuse_the(&self, outcome: &'static str) {
        *self.refuses.lock().unwrap() = outcome;
    }

    pub(crate) fn client(&self) -> aws_sdk_sns::Client {
        let topic = self.clone();
        let publish = mock!(aws_sdk_sns::Client::publish).then_compute_response(move |request| {
            if request.message_attributes().unwrap()["outcome"].string_value()
                == Some(*topic.refuses.lock().unwrap())
            {
                let meta = ErrorMetadata::builder().code("AuthorizationError").message("no").build();
                return MockResponse::Error(PublishError::generic(meta));
            }
            let bodies: Value = serde_json::from_str(request.message().unwrap()).unwrap();
            let finding = serde_json::from_str(bodies["default"].as_str().unwrap()).unwrap();
            topic.published.lock().unwrap().push(finding);
            MockResponse::Output(PublishOutput::builder().message_id("m").build())
        });
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, &[&publish])
    }
}

fn names(report: &Value) -> Vec<&str> {
    let roles = report["roles"].as_array().unwrap().iter().map(|row| row["role"].as_str().unwrap());
    roles.map(|arn| arn.rsplit('/').next().unwrap()).collect()
}

#[tokio::test]
async fn a_sweep_leaves_one_report_in_three_forms_and_one_summary_that_links_it() {
    let double = Double::new();
    double.sweep("request-1", 900).await;

    let keys = double.bucket.keys();
    let [csv, html, document, latest] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!(latest, LATEST);
    let folder = csv.strip_suffix("report.csv").unwrap();
    assert!(folder.starts_with("reports/") && folder.ends_with("-request1/"), "{folder}");
    assert_eq!((html, document), (&format!("{folder}report.html"), &format!("{folder}report.json")));
    let types = double.bucket.objects.lock().unwrap();
    assert_eq!(types[html].0, "text/html; charset=utf-8");
    assert_eq!(types[document].0, "application/json");
    drop(types);
    // The report before, and the export of service control policies.
    assert_eq!((double.bucket.count("put"), double.bucket.count("get")), (4, 2));

    let report = double.bucket.latest();
    assert_eq!(
        names(&report),
        ["old", "lost", "new", "fine"],
        "worst first, those with functions before others"
    );
    assert_eq!(
        (&report["schema"], &report["changes"]["since"]),
        (&json!("ringfence.report/1"), &json!("first-report"))
    );
    let [summary] = &double.topic.summaries()[..] else { panic!("one summary") };
    let link = format!(
        "https://us-east-1.console.aws.amazon.com/s3/object/ringfence-reportbucket-1a2b3c4d5e6f?region=us-east-1&prefix={html}"
    );
    assert_eq!(summary["links"]["report"], json!(link));
    assert_eq!((&summary["severity"], &summary["trigger"]["event"]), (&json!("INFO"), &json!("Sweep")));
    finding_schema::assert_valid(summary);
}

#[tokio::test]
async fn the_next_report_tells_what_changed_and_a_retry_tells_it_again_under_the_same_id() {
    let double = Double::new();
    double.sweep("request-1", 900).await;
    let first = double.bucket.json(LATEST)["report"].clone();
    double.sweep("request-2", 900).await;
    assert_eq!(double.bucket.json(LATEST)["before"], first);
    assert!(double.bucket.latest()["changes"]["since"]["sweep-of"].is_string());
    assert_eq!(double.bucket.latest()["changes"]["counts"], json!({}), "nothing changed");

    double.sweep("request-2", 900).await;
    assert_eq!(
        double.bucket.json(LATEST)["before"],
        first,
        "compared with the one before and not with itself"
    );
    let ids: Vec<Value> = double.topic.summaries().iter().map(|summary| summary["id"].clone()).collect();
    assert_eq!(ids.len(), 3);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[1], ids[2]);
}

#[tokio::test]
async fn the_rows_of_a_sweep_of_several_invocations_come_together() {
    let double = Double::new();
    let swept = double.sweep_one_page("request-1").await;
    assert!(matches!(swept, SweptRoles::Some(_)), "{swept:?}");
    assert_eq!(double.bucket.keys(), ["parts/request-1/0.jsonl"]);
    assert!(double.topic.summaries().is_empty(), "the sweep goes on");

    double.sweep("request-2", 900).await;
    let report = double.bucket.latest();
    assert_eq!((names(&report).len(), &report["totals"]["not_listed"]), (4, &json!(0)));
    assert_eq!(report["sweep"], json!("request-1"));
    assert_eq!(double.topic.summaries().len(), 1);
}

#[tokio::test]
async fn rows_that_were_lost_on_the_way_are_told_and_nothing_is_compared() {
    let double = Double::new();
    double.sweep("request-0", 900).await;
    double.bucket.refuse("parts/");
    double.sweep_one_page("request-1").await;
    double.sweep("request-2", 900).await;
    let report = double.bucket.latest();
    assert_eq!((names(&report).len(), &report["totals"]["not_listed"]), (2, &json!(2)));
    assert_eq!(report["changes"]["since"], json!("not-comparable"), "or two roles would be gone");
    let told = report["not_seen"].to_string();
    assert!(told.contains("2 roles were judged and counted, and missing from the list"), "{told}");
}

#[tokio::test]
async fn without_the_bucket_a_sweep_does_its_work_and_its_summary_says_what_is_missing() {
    let double = Double::new();
    double.bucket.refuse("");
    let swept = double.sweep("request-1", 900).await;
    assert!(matches!(swept, SweptRoles::All(_)), "{swept:?}");
    assert_eq!(double.queued().len(), 4);
    let [summary] = &double.topic.summaries()[..] else { panic!("one summary") };
    assert!(summary["links"].get("report").is_none());
    let told = summary["summary"].as_str().unwrap();
    assert!(told.contains("There is no report this time") && told.contains("AccessDenied"), "{told}");
    assert!(told.contains("It could not be compared"), "{told}");
}

/// IAM does not say how long a marker holds. Where it is refused, all pages are read again.
#[tokio::test]
async fn after_a_refused_marker_no_role_is_counted_or_listed_twice() {
    let double = Double::new();
    double.sweep_one_page("request-1").await;
    double.wear_the_marker_out();
    let swept = double.sweep("request-2", 900).await;
    let SweptRoles::All(summary) = swept else { panic!("{swept:?}") };
    assert_eq!((summary.execution_roles, summary.queued_roles()), (4, 4));
    let report = double.bucket.latest();
    assert_eq!((names(&report).len(), &report["totals"]["not_listed"]), (4, &json!(0)));
    assert_eq!(report["sweep"], json!("request-1"), "it is one sweep");
}

#[tokio::test]
async fn a_summary_that_could_not_be_told_is_told_by_whoever_comes_next_under_its_id_with_every_role() {
    let double = Double::new();
    double.sweep_one_page("request-1").await;
    double.topic.refuse_the("summary");
    assert!(double.try_to_sweep("request-2", 900).await.is_err());
    double.topic.refuse_the("");
    assert!(double.topic.summaries().is_empty());
    let pages = double.count("roles page second");

    double.sweep("request-3", 900).await;
    let [summary] = &double.topic.summaries()[..] else { panic!("one summary") };
    assert_eq!(
        summary["id"],
        json!(FindingId::of_summary(&"123456789012".parse().unwrap(), "request-1").as_str())
    );
    let report = double.bucket.latest();
    assert_eq!((names(&report).len(), &report["totals"]["not_listed"]), (4, &json!(0)));
    assert_eq!(double.count("roles page second"), pages, "no role is read again");
}

#[tokio::test]
async fn the_worst_roles_are_left_for_proposals_where_policies_are_generated() {
    let double = Double::new();
    double.sweep("request-1", 900).await;
    assert_eq!(double.count("candidates"), 0, "nobody wants any");
    double.generate_policies();
    double.sweep("request-2", 900).await;
    assert_eq!(double.count("candidates"), 1);
    let candidates = double.candidates().roles;
    let names: Vec<&str> = candidates.iter().map(|candidate| candidate.role.name().as_str()).collect();
    assert_eq!(names, ["old", "lost", "new"], "worst first; the fourth may do nothing");
    let old = &candidates[0];
    assert_eq!((old.id.as_str(), old.others), ("AROAOLD", OtherFunctions::None));
    assert!(!old.functions.is_empty(), "its sessions are named after them");
}
