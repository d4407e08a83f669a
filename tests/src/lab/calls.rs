//! Calls of any service, by the lab's boto3, as the administrator or as a role.

use super::{Lab, lab_command};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

/// One call; the operation as boto3 names it.
#[derive(Debug, Clone)]
pub struct Call {
    /// As boto3 names it.
    pub service: &'static str,
    /// As boto3 names it.
    pub operation: &'static str,
    /// As boto3 takes them.
    pub parameters: Value,
}

impl Lab {
    /// Makes the calls as the account's administrator; what each answered, or AWS's error code.
    pub fn call_as_administrator(&self, calls: &[Call]) -> Vec<Result<Value, String>> {
        self.call(calls, &[])
    }

    /// Makes the calls with the credentials of a role, which the account's administrator may assume.
    pub fn call_as(&self, role_arn: &str, calls: &[Call]) -> Vec<Result<Value, String>> {
        self.call(calls, &["--role", role_arn])
    }

    /// Makes the calls as a function with this role would: Lambda names its session after it.
    pub fn call_as_function(
        &self,
        function: &str,
        role_arn: &str,
        calls: &[Call],
    ) -> Vec<Result<Value, String>> {
        self.call(calls, &["--role", role_arn, "--session", function])
    }

    /// Makes the calls as the account's administrator in another Region.
    pub fn call_in(&self, region: &str, calls: &[Call]) -> Vec<Result<Value, String>> {
        self.call(calls, &["--region", region])
    }

    /// Makes the calls with the credentials of a role in another Region.
    pub fn call_as_in(&self, role_arn: &str, region: &str, calls: &[Call]) -> Vec<Result<Value, String>> {
        self.call(calls, &["--role", role_arn, "--region", region])
    }

    fn call(&self, calls: &[Call], arguments: &[&str]) -> Vec<Result<Value, String>> {
        let mut child = lab_command(&["call", "--url", &self.url])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the lab's Python starts");
        let mut input = child.stdin.take().expect("standard input is piped");
        for Call { service, operation, parameters } in calls {
            let line = json!({"service": service, "operation": operation, "parameters": parameters});
            writeln!(input, "{line}").expect("it reads the calls");
        }
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "`ringfence_lab call` failed, see above");
        let output = String::from_utf8(output.stdout).expect("JSON lines");
        let came_of: Vec<Value> =
            output.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        assert_eq!(came_of.len(), calls.len());
        came_of
            .into_iter()
            .map(|came| match came["error"].as_str() {
                None => Ok(came["answer"].clone()),
                Some(code) => Err(code.to_owned()),
            })
            .collect()
    }
}
