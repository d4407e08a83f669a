//! The oracle: `@cloud-copilot/iam-simulate` in a Node process of its own, asked over standard input and output.

pub(crate) mod deviation;
mod reading;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The running process. Answers come in the order of the questions.
pub(crate) struct Oracle {
    process: Child,
    pub(crate) questions: Option<Questions>,
    pub(crate) answers: Answers,
}

pub(crate) struct Questions(BufWriter<ChildStdin>);

pub(crate) struct Answers(BufReader<ChildStdout>);

/// Where `make differential` installs the packages.
fn installed() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache").into_os_string();
    let cache: OsString = std::env::var_os("RINGFENCE_CACHE").unwrap_or_else(default);
    PathBuf::from(cache).join("oracle")
}

impl Oracle {
    /// Starts Node, or says what is missing.
    pub(crate) fn start() -> Result<Self, String> {
        let packages = installed();
        if !packages.join(".installed").is_file() {
            return Err(format!("nothing is installed in {}", packages.display()));
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/answer.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .arg(packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("no node: {error}"))?;
        let questions = process.stdin.take().map(|pipe| Questions(BufWriter::new(pipe)));
        let answers = Answers(BufReader::new(process.stdout.take().unwrap()));
        Ok(Self { process, questions, answers })
    }

    pub(crate) fn ask(&mut self, case: &Value) -> String {
        let questions = self.questions.as_mut().unwrap();
        questions.put(case);
        questions.0.flush().unwrap();
        self.answers.next().unwrap()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.questions.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Questions {
    pub(crate) fn put(&mut self, case: &Value) {
        writeln!(self.0, "{}", as_asked(case)).unwrap();
    }
}

impl Iterator for Answers {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).unwrap();
        (length > 0).then(|| line.trim_end().to_owned())
    }
}

/// The case in the form that the oracle takes.
///
/// It tells a list of one value from a single value, and an empty list from a missing key, which a request does
/// not. It wants the owner of the resource to be told. It gives the root user no rights, so these are spelt out.
fn as_asked(case: &Value) -> Value {
    let mut asked = case.clone();
    let principal = case["request"]["principal"].as_str().unwrap();
    if principal.ends_with(":root") {
        let everything = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        asked["identity_policies"] = json!([{ "Version": "2012-10-17", "Statement": everything }]);
    }
    if case["request"]["resource_account"].is_null() {
        asked["request"]["resource_account"] =
            case["request"]["resource"].as_str().unwrap().split(':').nth(4).into();
    }
    let context = asked["request"]["context"].as_object_mut().unwrap();
    context.retain(|_, value| value.as_array().is_none_or(|values| !values.is_empty()));
    for value in context.values_mut() {
        if let Some([single]) = value.as_array().map(Vec::as_slice) {
            *value = single.clone();
        }
    }
    asked
}

/// Whether the oracle knows callers of this kind. It takes identity providers for users.
pub(crate) fn knows_caller(case: &Value) -> bool {
    let principal = case["request"]["principal"].as_str().unwrap();
    !principal.contains("-provider/") && principal != "accounts.google.com"
}
