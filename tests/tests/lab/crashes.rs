//! A function's process that dies before or after any one of its AWS calls: the role or policy ends up right, and the
//! finding is told. The lab kills the process; the product knows nothing of it.

use crate::denials::{bounded_administrator, create_user, denials, refused};
use crate::notices::{A_MONTH, exempt, in_hours};
use crate::policy::{EVERYTHING, READS, default_version, new_default, set_default};
use crate::undo::{invoke_undo, paste};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;
use tests::lab::{ADMINISTRATOR, Lab, OURS, Told};

/// No path makes more calls than this; the loop ends where a kill no longer fires.
const MOST_CALLS: u32 = 40;

#[derive(Clone, Copy)]
enum When {
    Before,
    After,
}

/// The death of one process around one of its calls. It is armed in the midst of a scene, once all is prepared.
struct Kill<'l> {
    lab: &'l Lab,
    function: &'static str,
    when: When,
    call: u32,
}

impl Kill<'_> {
    fn arm(&self) {
        let when = match self.when {
            When::Before => "before",
            When::After => "after",
        };
        let fault = json!({"kind": "kill", "function": self.function, "when": when, "call": self.call});
        self.lab.post("faults", fault);
    }

    /// The call around which the process died; none if it did not make that many.
    fn fired_at(&self) -> Option<String> {
        let faults = self.lab.get("faults");
        let [fault] = faults.as_array().map(Vec::as_slice).expect("a list") else {
            panic!("one fault: {faults}")
        };
        assert_eq!(fault["unattributed"], json!(0), "the lab did not know whose call it was: {faults}");
        fault["at"].as_str().map(str::to_owned)
    }
}

impl fmt::Display for Kill<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.when {
            When::Before => "before",
            When::After => "after",
        };
        write!(f, "{} killed {when} call {} ({:?})", self.function, self.call, self.fired_at())
    }
}

/// Plays the scene once for each call that the function's process makes in it, and kills the process around that call.
/// The calls, in order.
async fn killed_around_every_call(
    lab: &Lab,
    function: &'static str,
    when: When,
    scene: impl AsyncFn(&Kill<'_>),
) -> Vec<String> {
    let mut killed_at = Vec::new();
    for call in 1..=MOST_CALLS {
        let kill = Kill { lab, function, when, call };
        scene(&kill).await;
        let fired = kill.fired_at();
        lab.delete("faults");
        let Some(at) = fired else {
            println!("{function} was killed around each of: {killed_at:?}");
            assert!(lab.dead_letters().await.is_empty(), "every retry came through");
            return killed_at;
        };
        killed_at.push(at);
    }
    panic!("{function} makes more calls than anybody expects: {killed_at:?}")
}

fn needed(killed_at: &[String], operations: &[&str]) {
    for needed in operations {
        assert!(
            killed_at.iter().any(|at| at == needed),
            "no process was killed around {needed}: {killed_at:?}"
        );
    }
}

fn words(findings: &[Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

/// A role that becomes an administrator: bounded, told once.
async fn a_role_is_given_everything(when: When) {
    let lab = Lab::start(&[]).await;
    // The first process makes the calls of the init phase, which are not those of an event.
    lab.create_role("first-role", "/").await;
    lab.silence().await;
    let killed_at = killed_around_every_call(&lab, "ringfence-on-role-change", when, async |kill| {
        let role = format!("role-{}", kill.call);
        lab.pause_events();
        lab.create_role(&role, "/").await;
        lab.forget_events();
        kill.arm();
        lab.resume_events();
        lab.attach(&role, ADMINISTRATOR).await;
        lab.silence().await;
        assert_eq!(lab.boundary_of(&role).await.as_deref(), Some(OURS), "{kill}");
        assert_eq!(words(&lab.findings_about(&role).await), [("bounded", "CRITICAL")], "{kill}");
    })
    .await;
    // The first two calls are made side by side, so either may come first, twice.
    needed(&killed_at[..2], &["iam:GetRole"]);
    needed(
        &killed_at,
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:PutItem",
            "iam:PutRolePermissionsBoundary",
            "iam:GetPolicy",
            "sns:Publish",
        ],
    );
    let last = killed_at.last().map(String::as_str);
    assert_eq!(last, Some("dynamodb:PutItem"), "closing the intent is the last call: {killed_at:?}");
}

#[tokio::test]
async fn before_each_call_about_a_role() {
    a_role_is_given_everything(When::Before).await;
}

#[tokio::test]
async fn after_each_call_about_a_role() {
    a_role_is_given_everything(When::After).await;
}

/// Our boundary is widened: set back, told once.
async fn our_boundary_is_widened(when: When) {
    let lab = Lab::start(&[]).await;
    new_default(&lab, OURS, EVERYTHING).await;
    lab.silence().await;
    assert_eq!(default_version(&lab, OURS).await, "v1", "set back");
    let killed_at = killed_around_every_call(&lab, "ringfence-on-policy-change", when, async |kill| {
        // Events tell whole seconds, see `account::policy_change::versions`.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let before = lab.findings_about_no_role().await.len();
        kill.arm();
        set_default(&lab, OURS, "v2").await;
        lab.silence().await;
        assert_eq!(default_version(&lab, OURS).await, "v1", "{kill}");
        let findings = lab.findings_about_no_role().await;
        assert_eq!(words(&findings[before..]), [("boundary-edited", "CRITICAL")], "{kill}");
    })
    .await;
    needed(
        &killed_at,
        &[
            "dynamodb:BatchGetItem",
            "iam:GetPolicy",
            "dynamodb:PutItem",
            "iam:SetDefaultPolicyVersion",
            "sns:Publish",
        ],
    );
}

#[tokio::test]
async fn before_each_call_about_our_boundary() {
    our_boundary_is_widened(When::Before).await;
}

#[tokio::test]
async fn after_each_call_about_our_boundary() {
    our_boundary_is_widened(When::After).await;
}

/// A function is opened to everybody: told once, under one id.
async fn a_function_is_opened(when: When) {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-role", "/").await;
    lab.create_function("first", "arn:aws:iam::123456789012:role/orders-role").await;
    open_to_everybody(&lab, "first").await;
    lab.silence().await;
    let killed_at = killed_around_every_call(&lab, "ringfence-on-exposure-change", when, async |kill| {
        let function = format!("orders-{}", kill.call);
        lab.create_function(&function, "arn:aws:iam::123456789012:role/orders-role").await;
        lab.silence().await;
        kill.arm();
        open_to_everybody(&lab, &function).await;
        lab.silence().await;
        let mut findings = lab.findings().await;
        findings.retain(|told| told.text_of("problem").ends_with(&format!(":{function}/exposure")));
        assert_eq!(words(&findings), [("exposed", "HIGH")], "{kill}");
    })
    .await;
    needed(
        &killed_at,
        &[
            "dynamodb:BatchGetItem",
            "lambda:ListFunctionUrlConfigs",
            "lambda:GetPolicy",
            "lambda:GetFunctionConfiguration",
            "iam:GetRole",
            "dynamodb:PutItem",
            "sns:Publish",
        ],
    );
    assert_eq!(killed_at.last().map(String::as_str), Some("dynamodb:PutItem"), "{killed_at:?}");
}

async fn open_to_everybody(lab: &Lab, function: &str) {
    let add = lab.lambda.add_permission().function_name(function).statement_id("public").principal("*");
    add.action("lambda:InvokeFunction").send().await.unwrap_or_else(|e| panic!("AddPermission: {e:?}"));
}

#[tokio::test]
async fn before_each_call_about_an_open_function() {
    a_function_is_opened(When::Before).await;
}

#[tokio::test]
async fn after_each_call_about_an_open_function() {
    a_function_is_opened(When::After).await;
}

/// A boundary refuses a call: told once, under one id, whoever dies over it.
async fn a_call_is_refused(when: When) {
    let lab = Lab::start(&[]).await;
    bounded_administrator(&lab, "first-role").await;
    refused(&lab, "first-role", &[create_user()]).await;
    let killed_at = killed_around_every_call(&lab, "ringfence-on-boundary-denial", when, async |kill| {
        let role = format!("role-{}", kill.call);
        bounded_administrator(&lab, &role).await;
        kill.arm();
        refused(&lab, &role, &[create_user()]).await;
        // The queue hides the message for six minutes.
        lab.settle().await;
        let mut told = denials(&lab).await;
        told.retain(|told| told.finding["role"]["name"] == json!(role));
        assert_eq!(words(&told), [("denied", "LOW")], "{kill}");
    })
    .await;
    needed(
        &killed_at,
        &["iam:GetRole", "dynamodb:BatchGetItem", "dynamodb:PutItem", "iam:GetPolicy", "sns:Publish"],
    );
}

#[tokio::test]
async fn before_each_call_about_a_refused_call() {
    a_call_is_refused(When::Before).await;
}

#[tokio::test]
async fn after_each_call_about_a_refused_call() {
    a_call_is_refused(When::After).await;
}

/// More than SQS takes in one call.
const USERS_OF_A_POLICY: u32 = 11;

/// A policy of a team is widened: each role that uses it is looked at, bounded, told once.
async fn a_teams_policy_is_widened(when: When) {
    let lab = Lab::start(&[]).await;
    new_default(&lab, OURS, EVERYTHING).await;
    lab.silence().await;
    let killed_at = killed_around_every_call(&lab, "ringfence-on-policy-change", when, async |kill| {
        let roles: Vec<String> =
            (1..=USERS_OF_A_POLICY).map(|user| format!("orders-{}-{user}", kill.call)).collect();
        lab.pause_events();
        let policy = lab.create_policy(&format!("orders-{}", kill.call), READS).await;
        for role in &roles {
            lab.create_role(role, "/").await;
            lab.attach(role, &policy).await;
        }
        lab.forget_events();
        lab.resume_events();
        kill.arm();
        new_default(&lab, &policy, EVERYTHING).await;
        lab.silence().await;

        let mut findings = lab.findings().await;
        findings.retain(|told| told.finding["role"] != Value::Null);
        for role in &roles {
            assert_eq!(lab.boundary_of(role).await.as_deref(), Some(OURS), "{role}: {kill}");
            let about_it: Vec<Told> =
                findings.iter().filter(|told| told.finding["role"]["name"] == json!(role)).cloned().collect();
            assert_eq!(words(&about_it), [("bounded", "CRITICAL")], "{role}: {kill}");
        }
    })
    .await;
    needed(&killed_at, &["iam:ListEntitiesForPolicy"]);
    let batches = killed_at.iter().filter(|at| *at == "sqs:SendMessageBatch").count();
    assert_eq!(batches, 2, "between the two batches as well: {killed_at:?}");
}

#[tokio::test]
async fn before_each_call_about_a_teams_policy() {
    a_teams_policy_is_widened(When::Before).await;
}

#[tokio::test]
async fn after_each_call_about_a_teams_policy() {
    a_teams_policy_is_widened(When::After).await;
}

/// An operator takes a write back. Nobody invokes again for him: the invocation fails, and he pastes the line once more.
async fn a_write_is_taken_back(when: When) {
    const UNDO: &str = "ringfence-undo-remediation";
    let lab = Lab::start(&[]).await;
    lab.create_role("first-role", "/").await;
    lab.silence().await;
    let refused = invoke_undo(&lab, UNDO, r#"{"role":"first-role"}"#).await;
    assert!(refused.is_err(), "its first process starts, and there is no request: {refused:?}");
    let killed_at = killed_around_every_call(&lab, UNDO, when, async |kill| {
        let role = format!("role-{}", kill.call);
        lab.create_role(&role, "/").await;
        lab.silence().await;
        let line = lab.findings_about(&role).await.remove(0).text_of("undo").to_owned();
        kill.arm();
        let first = paste(&lab, &line).await;
        assert_eq!(first.is_err(), kill.fired_at().is_some(), "{kill}: {first:?}");
        if first.is_err() {
            match paste(&lab, &line).await {
                Ok(answer) => assert_eq!(answer["role"], json!(role), "{kill}"),
                // It died after the very last of its calls.
                Err(refused) => assert!(refused.contains("nothing to take back"), "{kill}: {refused}"),
            }
            let again = paste(&lab, &line).await.expect_err("it is taken back, and the ledger knows");
            assert!(again.contains("nothing to take back"), "{kill}: {again}");
        }
        lab.silence().await;
        assert_eq!(lab.boundary_of(&role).await, None, "{kill}");
        let outcomes = lab.findings_about(&role).await;
        let outcomes: Vec<&str> = outcomes.iter().map(|told| told.text_of("outcome")).collect();
        assert_eq!(outcomes, ["bounded", "undone"], "{kill}");
    })
    .await;
    needed(
        &killed_at,
        &["dynamodb:PutItem", "iam:DeleteRolePermissionsBoundary", "sns:Publish", "dynamodb:DeleteItem"],
    );
}

#[tokio::test]
async fn before_each_call_of_an_undo() {
    a_write_is_taken_back(When::Before).await;
}

#[tokio::test]
async fn after_each_call_of_an_undo() {
    a_write_is_taken_back(When::After).await;
}

/// An operator exempts some roles: that is told once, and what the event is about is told whatever becomes of that. No boundary is put
/// meanwhile: the event of that would have another process tell the notice.
async fn an_exemption_is_put(when: When) {
    let lab = Lab::start(&[]).await;
    lab.create_role("first-role", "/").await;
    lab.silence().await;
    let killed_at = killed_around_every_call(&lab, "ringfence-on-role-change", when, async |kill| {
        let (role, pattern) = (format!("role-{}", kill.call), format!("migration-{}-*", kill.call));
        lab.create_role(&role, "/").await;
        lab.silence().await;
        exempt(&lab, &pattern, "orders", &in_hours(A_MONTH)).await;
        kill.arm();
        lab.attach(&role, ADMINISTRATOR).await;
        lab.silence().await;
        let told = [("bounded", "LOW"), ("contained", "MEDIUM")];
        assert_eq!(words(&lab.findings_about(&role).await), told, "{kill}");
        let notices = async || {
            let mut notices = lab.findings_about_no_role().await;
            notices.retain(|told| told.text_of("title").contains(&pattern));
            notices
        };
        if notices().await.is_empty() {
            // Whoever claimed to tell it died. On AWS the retry comes later than the claim ends; here it comes at once.
            tokio::time::sleep(Duration::from_secs(10)).await;
            lab.create_role(&format!("later-{}", kill.call), "/").await;
            lab.silence().await;
        }
        assert_eq!(words(&notices().await), [("notice", "MEDIUM")], "{kill}");
    })
    .await;
    let published = killed_at.iter().filter(|at| *at == "sns:Publish").count();
    assert!(published >= 2, "of the finding about the role and of the notice: {killed_at:?}");
}

#[tokio::test]
async fn before_each_call_about_an_exemption() {
    an_exemption_is_put(When::Before).await;
}

#[tokio::test]
async fn after_each_call_about_an_exemption() {
    an_exemption_is_put(When::After).await;
}
