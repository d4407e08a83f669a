//! The organization's service control policies, as somebody put them into the report's bucket.

use crate::clock;
use crate::connect::Account;
use guardrail::service_control::{KEY, ServiceControl};
use std::time::Duration;

/// A small object of the same Region. Whoever waits longer has better things to do: the sweep goes on without it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Account {
    /// What there is, read anew by each invocation. That S3 does not answer is no reason for a sweep to fail.
    pub(super) async fn service_control(&self) -> ServiceControl {
        let read = match tokio::time::timeout(PATIENCE, self.read_object(KEY)).await {
            Ok(Ok(None)) => ServiceControl::NotGiven,
            Ok(Ok(Some(export))) => ServiceControl::read(&export, &self.settings.account, clock::now()),
            Ok(Err(failure)) => ServiceControl::Unread(failure.to_string()),
            Err(_) => ServiceControl::Unread(format!("reading `{KEY}` took too long")),
        };
        match &read {
            ServiceControl::NotGiven | ServiceControl::Counted(_) => {}
            ServiceControl::Unusable(why) | ServiceControl::Unread(why) => {
                tracing::warn!(cause = why, "service control policies are not counted in");
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Double;
    use guardrail::service_control::SCHEMA;
    use serde_json::{Value, json};

    const FULL: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    const NEXT_TO_NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"sts:GetCallerIdentity","Resource":"*"}]}"#;

    fn export() -> String {
        let file = json!({
            "schema": SCHEMA, "account": "123456789012", "exported_at": clock::now(),
            "levels": [[FULL], [FULL, NEXT_TO_NOTHING]],
        });
        file.to_string()
    }

    /// The severity now of each role, and what the report says of the policies.
    fn told(double: &Double) -> (Vec<Value>, String) {
        let report = double.bucket.latest();
        let roles = report["roles"].as_array().unwrap().iter().map(|row| row["now"].clone());
        (roles.collect(), report["service_control"]["state"].as_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn policies_that_an_operator_gave_are_counted_in() {
        let double = Double::new();
        double.sweep("request-1", 900).await;
        let (before, state) = told(&double);
        assert_eq!(state, "not-given");
        assert!(before.contains(&json!("MEDIUM")), "{before:?}");

        double.bucket.give(KEY, &export());
        double.sweep("request-2", 900).await;
        let (after, state) = told(&double);
        assert_eq!(state, "counted");
        assert!(!after.contains(&json!("MEDIUM")), "{after:?}");
        assert!(double.topic.notices().iter().all(|title| !title.contains("ervice control")));
    }

    #[tokio::test]
    async fn an_export_that_counts_for_nothing_is_told_once_and_so_is_its_end() {
        let double = Double::new();
        double.bucket.give(KEY, "{}");
        for request in ["request-1", "request-2"] {
            double.sweep(request, 900).await;
            let (roles, state) = told(&double);
            assert_eq!(state, "not-counted");
            assert!(roles.contains(&json!("MEDIUM")), "nothing is hidden: {roles:?}");
        }
        double.bucket.give(KEY, &export());
        double.sweep("request-3", 900).await;
        double.sweep("request-4", 900).await;
        let notices = double.topic.notices();
        let about: Vec<&String> = notices.iter().filter(|title| title.contains("ervice control")).collect();
        assert_eq!(
            about,
            ["Service control policies are not counted", "Service control policies are in order again"]
        );
    }

    #[tokio::test]
    async fn a_bucket_that_refuses_fails_no_sweep_and_tells_nobody() {
        let double = Double::new();
        double.bucket.refuse("organization/");
        double.sweep("request-1", 900).await;
        assert_eq!(told(&double).1, "not-counted");
        assert!(double.topic.notices().iter().all(|title| !title.contains("ervice control")));
    }
}
