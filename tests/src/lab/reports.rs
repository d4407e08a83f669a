//! The bucket of the posture reports.

use super::{Call, Lab};
use serde_json::{Value, json};

impl Lab {
    /// Its name.
    #[must_use]
    pub fn report_bucket(&self) -> String {
        let answer = self.call_s3("list_buckets", json!({}));
        let mut names =
            answer["Buckets"].as_array().expect("a list").iter().filter_map(|one| one["Name"].as_str());
        names.find(|name| name.starts_with("ringfence-")).expect("the bucket of reports").to_owned()
    }

    /// The keys of its objects.
    #[must_use]
    pub fn report_keys(&self) -> Vec<String> {
        let answer = self.call_s3("list_objects_v2", json!({"Bucket": self.report_bucket()}));
        let objects = answer["Contents"].as_array().into_iter().flatten();
        objects.filter_map(|one| one["Key"].as_str()).map(str::to_owned).collect()
    }

    /// A JSON document among them.
    #[must_use]
    pub fn report_object(&self, key: &str) -> Value {
        let answer = self.call_s3("get_object", json!({"Bucket": self.report_bucket(), "Key": key}));
        serde_json::from_str(answer["Body"].as_str().expect("a text")).expect("JSON")
    }

    fn call_s3(&self, operation: &'static str, parameters: Value) -> Value {
        self.call_as_administrator(&[Call { service: "s3", operation, parameters }])
            .remove(0)
            .expect("an answer")
    }
}
