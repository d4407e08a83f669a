//! What roles used: how often IAM is asked, about whom, and what becomes of answers that do not come.

use super::{Double, text};
use crate::clock;
use crate::sweep::SweptRoles;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iam::operation::generate_service_last_accessed_details::{
    GenerateServiceLastAccessedDetailsError as JobError, GenerateServiceLastAccessedDetailsOutput,
};
use aws_sdk_iam::operation::get_service_last_accessed_details::GetServiceLastAccessedDetailsOutput;
use aws_sdk_iam::types::{
    AccessAdvisorUsageGranularityType, ErrorDetails, JobStatusType, ServiceLastAccessed,
    TrackedActionLastAccessed,
};
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use guardrail::last_accessed::LastAccessed;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// How IAM reports what a role used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reporting {
    /// It says no to the report.
    Refused(&'static str),
    /// It names no job.
    WithoutJob,
    /// The job comes to nothing.
    Failed,
    /// The job never ends.
    Unfinished,
    /// A service has no name.
    Malformed,
    /// On two pages.
    InPages,
}

fn days_ago(days: i64) -> DateTime {
    DateTime::from_secs((clock::now() - SignedDuration::from_hours(24 * days)).as_second())
}

fn service(namespace: &str, last: Option<i64>) -> ServiceLastAccessed {
    let service = ServiceLastAccessed::builder().service_name("for people").service_namespace(namespace);
    service.set_last_authenticated(last.map(days_ago)).build().unwrap()
}

impl Double {
    fn reporting(self, role: &str, reporting: Reporting) -> Self {
        self.reporting.lock().unwrap().insert(role.to_owned(), reporting);
        self
    }

    fn reporting_of(&self, role: &str) -> Option<Reporting> {
        self.reporting.lock().unwrap().get(role).copied()
    }

    /// The job's id is the role's name.
    pub(super) fn begin_report(&self) -> Rule {
        let double = self.clone();
        mock!(aws_sdk_iam::Client::generate_service_last_accessed_details).then_compute_response(
            move |request| {
                assert_eq!(request.granularity(), Some(&AccessAdvisorUsageGranularityType::ActionLevel));
                let role = request.arn().unwrap().rsplit('/').next().unwrap().to_owned();
                double.note(&format!("report begun {role}"));
                let job = GenerateServiceLastAccessedDetailsOutput::builder();
                match double.reporting_of(&role) {
                    Some(Reporting::Refused(code)) => {
                        let meta = ErrorMetadata::builder().code(code).message("so it is").build();
                        MockResponse::Error(JobError::generic(meta))
                    }
                    Some(Reporting::WithoutJob) => MockResponse::Output(job.build()),
                    _ => MockResponse::Output(job.job_id(role).build()),
                }
            },
        )
    }

    pub(super) fn report(&self) -> Rule {
        let double = self.clone();
        mock!(aws_sdk_iam::Client::get_service_last_accessed_details).then_compute_output(move |request| {
            let role = request.job_id().unwrap();
            let page = request.marker().unwrap_or("first");
            double.note(&format!("report {role} {page}"));
            let report = GetServiceLastAccessedDetailsOutput::builder()
                .job_creation_date(days_ago(0))
                .job_completion_date(days_ago(0))
                .job_status(JobStatusType::Completed);
            let tracked = TrackedActionLastAccessed::builder().action_name("CreateBucket").build();
            let mut s3 = service("s3", Some(1));
            s3.tracked_actions_last_accessed = Some(vec![tracked]);
            let report = match (double.reporting_of(role), page) {
                (Some(Reporting::Failed), _) => {
                    let error = ErrorDetails::builder().message("it broke").code("InternalError").build();
                    report
                        .job_status(JobStatusType::Failed)
                        .error(error.unwrap())
                        .set_services_last_accessed(Some(Vec::new()))
                }
                (Some(Reporting::Unfinished), _) => {
                    report.job_status(JobStatusType::InProgress).set_services_last_accessed(Some(Vec::new()))
                }
                (Some(Reporting::Malformed), _) => {
                    let mut nameless = service("s3", None);
                    nameless.service_namespace = String::new();
                    let tracked = TrackedActionLastAccessed::builder().action_name("A").build();
                    nameless.tracked_actions_last_accessed = Some(vec![tracked]);
                    report.services_last_accessed(nameless)
                }
                (Some(Reporting::InPages), "first") => {
                    report.services_last_accessed(s3).is_truncated(true).marker("second")
                }
                (Some(Reporting::InPages), _) => report.services_last_accessed(service("logs", None)),
                _ => report.services_last_accessed(s3).services_last_accessed(service("logs", None)),
            };
            report.build().unwrap()
        })
    }

    /// Notes that IAM reported on the role so many days ago that it did not use logs.
    fn knows(self, role: &str, id: &str, days: i64) -> Self {
        let as_of = clock::now() - SignedDuration::from_hours(24 * days);
        let never =
            guardrail::finding::ServiceUse { namespace: "logs".to_owned(), last: None, tracked: Vec::new() };
        let known = LastAccessed::of_report(id.parse().unwrap(), as_of, &[never], None);
        let record = serde_dynamo::to_attribute_value(known).unwrap();
        self.put("last-accessed", role, [("record", record)]);
        self
    }

    fn begun(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter_map(|call| call.strip_prefix("report begun ")).map(str::to_owned).collect()
    }

    fn made(&self, prefix: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| call.starts_with(prefix)).count()
    }
}

/// The role's row in the latest report.
fn row(double: &Double, role: &str) -> Value {
    let report = double.bucket.latest();
    let rows = report["roles"].as_array().unwrap();
    let of_role = |row: &&Value| row["role"].as_str().unwrap().ends_with(&format!("/{role}"));
    rows.iter().find(of_role).unwrap_or_else(|| panic!("no row of {role}")).clone()
}

fn is_known(double: &Double, role: &str) -> bool {
    let row = row(double, role);
    let state = &row["last_accessed"]["state"];
    assert!(*state == json!("known") || row["unused_services"].is_null(), "{row}");
    *state == json!("known")
}

#[tokio::test(start_paused = true)]
async fn roles_are_asked_about_once_and_the_ledger_knows_for_a_week() {
    let double = Double::new();
    double.sweep("request-1", 900).await;
    assert_eq!(double.begun(), ["old", "lost", "new", "fine"], "worst first");
    for role in ["old", "lost", "new", "fine"] {
        assert_eq!(double.count(&format!("report {role} first")), 1, "{role}");
        assert_eq!(double.count(&format!("use noted {role}")), 1, "{role}");
    }
    assert_eq!(double.count("use read"), 3, "one for each page, one before IAM is asked");
    let told = row(&double, "old");
    assert_eq!(told["unused_services"], json!(["logs"]));
    let known = &told["last_accessed"];
    assert_eq!(
        (&known["state"], &known["used"], &known["never_used"]),
        (&json!("known"), &json!(["s3"]), &json!(1))
    );
    let item = double.items.lock().unwrap()[&("last-accessed".to_owned(), "old".to_owned())].clone();
    let until: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
    assert_eq!((until - clock::now().as_second() + 60) / 86_400, 70, "days");

    double.sweep("request-2", 900).await;
    assert_eq!(double.begun().len(), 4, "nobody is asked about again");
    let told = row(&double, "old");
    assert_eq!(
        (&told["unused_services"], &told["last_accessed"]["state"]),
        (&json!(["logs"]), &json!("known"))
    );
    assert_eq!(double.bucket.latest()["totals"]["use_not_known"], json!(0));
}

#[tokio::test(start_paused = true)]
async fn what_is_a_week_old_is_asked_for_again_after_what_is_not_known() {
    let double =
        Double::new().knows("old", "AROAOLD", 8).knows("new", "AROANEW", 3).knows("lost", "AROANAMESAKE", 1);
    double.sweep("request-1", 900).await;
    assert_eq!(double.begun(), ["lost", "fine", "old"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_makes_no_sense_is_written_anew() {
    let double = Double::new();
    double.put("last-accessed", "old", [("record", text("?"))]);
    double.put("last-accessed", "new", [("version", AttributeValue::N("1".to_owned()))]);
    double.sweep("request-1", 900).await;
    assert_eq!(double.begun().len(), 4);
    assert!(is_known(&double, "old") && is_known(&double, "new"));
}

#[tokio::test(start_paused = true)]
async fn a_long_report_is_read_to_its_end() {
    let double = Double::new().reporting("old", Reporting::InPages);
    double.sweep("request-1", 900).await;
    assert_eq!((double.count("report old first"), double.count("report old second")), (1, 1));
    assert_eq!(row(&double, "old")["last_accessed"]["allowed"], json!(2));
}

#[tokio::test(start_paused = true)]
async fn whatever_iam_answers_about_one_role_the_others_are_known_and_the_sweep_ends() {
    for (reporting, looks) in [
        (Reporting::Refused("AccessDenied"), 0),
        (Reporting::Refused("NoSuchEntity"), 0),
        (Reporting::WithoutJob, 0),
        (Reporting::Failed, 1),
        (Reporting::Unfinished, 5),
        (Reporting::Malformed, 1),
    ] {
        let double = Double::new().reporting("old", reporting);
        let swept = double.sweep("request-1", 900).await;
        assert!(matches!(swept, SweptRoles::All(_)), "{reporting:?}: {swept:?}");
        assert!(!is_known(&double, "old"), "{reporting:?}");
        assert!(is_known(&double, "lost") && is_known(&double, "fine"), "{reporting:?}");
        assert_eq!((double.made("report old"), double.count("use noted old")), (looks, 0), "{reporting:?}");
        let report = double.bucket.latest();
        assert_eq!(report["totals"]["use_not_known"], json!(1), "{reporting:?}");
        let told = report["not_seen"].to_string();
        assert!(told.contains("Which services 1 role did not use is not known yet"), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_iam_that_refuses_everything_costs_the_sweep_nothing_else() {
    let mut double = Double::new();
    for role in ["old", "lost", "new", "fine"] {
        double = double.reporting(role, Reporting::Refused("AccessDenied"));
    }
    let swept = double.sweep("request-1", 900).await;
    assert!(matches!(swept, SweptRoles::All(_)), "{swept:?}");
    assert_eq!((double.begun().len(), double.made("report old"), double.made("use noted")), (4, 0, 0));
    assert_eq!(double.queued().len(), 4);
    assert_eq!(double.bucket.latest()["totals"]["with_unused_services"], json!(0), "not known is not unused");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_without_time_to_spare_asks_nothing() {
    let double = Double::new();
    let swept = double.sweep("request-1", 85).await;
    assert!(matches!(swept, SweptRoles::All(_)), "{swept:?}");
    assert_eq!(double.begun(), [""; 0]);
    assert_eq!(double.bucket.latest()["totals"]["use_not_known"], json!(4));
}

#[tokio::test(start_paused = true)]
async fn reports_that_take_too_long_are_left_and_those_that_came_are_told() {
    let double = Double::new().reporting("old", Reporting::Unfinished);
    // Seven seconds to spare: the first report takes fifteen.
    let swept = double.sweep("request-1", 97).await;
    assert!(matches!(swept, SweptRoles::All(_)), "{swept:?}");
    assert!(!is_known(&double, "old"));
    assert!(["lost", "new", "fine"].iter().all(|role| is_known(&double, role)));
    assert_eq!(double.made("use noted"), 3);
}
