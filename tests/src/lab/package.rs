//! `make package` into a bucket of the lab, and its template deployed by plain CloudFormation.

use super::{Call, Lab, python};
use crate::project_root;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Output;

/// What the packages are built for: this machine runs them.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

impl Lab {
    /// Packages what `make lab-build` built into a bucket, as an account's administrator.
    pub fn package(&self, bucket: &str) -> Output {
        let cache = std::env::var_os("RINGFENCE_CACHE").expect("RINGFENCE_CACHE names the folder of builds");
        python()
            .arg(project_root().join("operations/package.py"))
            .args(["--bucket", bucket, "--region", "us-east-1", "--architecture", ARCHITECTURE, "--built"])
            .arg(PathBuf::from(cache).join("sam-build/build"))
            .envs([
                ("AWS_ENDPOINT_URL", self.url.as_str()),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
            ])
            .output()
            .expect("Python starts")
    }

    /// Creates a stack of a template in a bucket of the lab, by nothing but CloudFormation.
    pub async fn create_stack_of(&self, name: &str, template_url: &str, parameters: &[(&str, &str)]) {
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}))
            .collect();
        let stack = json!({"StackName": name, "TemplateURL": in_the_lab(template_url), "Parameters": parameters,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"], "OnFailure": "DO_NOTHING"});
        self.cloudformation("create_stack", stack);
        let mut status = String::new();
        self.until("the stack", || {
            let described = self.cloudformation("describe_stacks", json!({"StackName": name}));
            status = described["Stacks"][0]["StackStatus"].as_str().expect("a status").to_owned();
            !status.ends_with("_IN_PROGRESS")
        })
        .await;
        let events = || self.cloudformation("describe_stack_events", json!({"StackName": name}));
        assert_eq!(status, "CREATE_COMPLETE", "{:#}", events());
    }

    fn cloudformation(&self, operation: &'static str, parameters: Value) -> Value {
        let call = Call { service: "cloudformation", operation, parameters };
        self.call_as_administrator(&[call]).remove(0).unwrap_or_else(|e| panic!("{operation}: {e}"))
    }
}

/// The lab's CloudFormation takes the bucket from the path only, as the older form of such addresses has it.
fn in_the_lab(url: &str) -> String {
    let (host, key) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')).expect("an address");
    let bucket = host.split('.').next().expect("a bucket");
    format!("https://s3.us-east-1.amazonaws.com/{bucket}/{key}")
}
