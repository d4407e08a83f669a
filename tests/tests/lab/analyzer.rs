//! A second opinion of IAM Access Analyzer. The lab's is a double that answers what a test puts there and judges nothing: what is
//! shown here is who is asked what and when, and what becomes of the answer.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Lab, OURS, Told};

const CHECKS: [&str; 3] = ["CheckAccessNotGranted", "CheckNoNewAccess", "CheckNoPublicAccess"];

/// A new role with an inline policy and every right, before the first event of it comes by; and the finding about it.
async fn new_role(lab: &Lab, name: &str) -> Told {
    lab.pause_events();
    lab.create_role(name, "/").await;
    let inline = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::orders/*"}}"#;
    let put = lab.iam.put_role_policy().role_name(name).policy_name("access").policy_document(inline);
    put.send().await.expect("PutRolePolicy");
    lab.attach(name, ADMINISTRATOR).await;
    lab.resume_events();
    lab.silence().await;
    assert_eq!(lab.boundary_of(name).await.as_deref(), Some(OURS));
    let mut findings = lab.findings_about(name).await;
    assert_eq!(findings.len(), 1, "one, whatever Access Analyzer answers");
    findings.remove(0)
}

fn notes(told: &Told) -> Vec<(String, String, String)> {
    let word = |note: &Value, field: &str| note[field].as_str().unwrap_or_default().to_owned();
    let notes = told.finding["analyzer"].as_array().expect("a list").iter();
    notes.map(|note| (word(note, "policy"), word(note, "code"), word(note, "engine"))).collect()
}

fn note(policy: &str, code: &str, engine: &str) -> (String, String, String) {
    (policy.to_owned(), code.to_owned(), engine.to_owned())
}

#[tokio::test]
async fn documents_are_validated_after_containment_and_what_is_wrong_is_told() {
    let lab = Lab::start(&[]).await;
    let found = json!({"findings": [{"findingType": "ERROR", "issueCode": "INVALID_ACTION", "locations": [],
        "findingDetails": "The action does not exist.", "learnMoreLink": "https://docs.aws.amazon.com/IAM/latest/UserGuide/x.html"}]});
    lab.post("access-analyzer", json!({"ValidatePolicy": found}));
    let told = new_role(&lab, "orders-api-role").await;
    let expected = ["inline:access", "trust"].map(|policy| note(policy, "INVALID_ACTION", "disagrees"));
    assert_eq!(notes(&told), expected, "AWS answers for AdministratorAccess");
    assert!(told.says("WHAT ACCESS ANALYZER SAYS"), "{}", told.text);
    assert!(told.says("inline:access, INVALID_ACTION: The action does not exist."), "{}", told.text);
    assert!(told.says("Ringfence's own engine says otherwise"), "{}", told.text);
    assert_eq!(lab.own_calls("ValidatePolicy"), 2);
    assert_eq!(CHECKS.map(|check| lab.own_calls(check)), [0, 0, 0], "AWS charges for them");
    let began =
        |operation: &str| lab.own_calls_since(0, operation)[0]["started_ms"].as_f64().expect("a time");
    assert!(began("PutRolePermissionsBoundary") < began("ValidatePolicy"));
}

#[tokio::test]
async fn checks_are_made_where_they_are_asked_for_and_another_verdict_is_told() {
    let lab = Lab::start(&[("AccessAnalyzer", "checks")]).await;
    let fail = json!({"result": "FAIL", "message": "the document allows it"});
    lab.post("access-analyzer", json!({"CheckAccessNotGranted": fail}));
    let told = new_role(&lab, "orders-api-role").await;
    let all = "all policies of the role";
    assert_eq!(
        notes(&told),
        [
            // The double passes what allows everything; an administrator allows more than our boundary.
            note(all, "CHECK_NO_NEW_ACCESS", "disagrees"),
            note(all, "CHECK_ACCESS_NOT_GRANTED", "agrees"),
            note("trust", "CHECK_NO_PUBLIC_ACCESS", "agrees"),
        ]
    );
    assert!(told.says("the role's policies allow nothing beyond its boundary"), "{}", told.text);
    assert_eq!(CHECKS.map(|check| lab.own_calls(check)), [1, 1, 1]);
}

#[tokio::test]
async fn switched_off_it_is_not_called() {
    let lab = Lab::start(&[("AccessAnalyzer", "off")]).await;
    let told = new_role(&lab, "orders-api-role").await;
    assert_eq!(told.finding["analyzer"], json!([]));
    assert_eq!(lab.own_calls("ValidatePolicy"), 0);
}

#[tokio::test]
async fn whatever_keeps_it_from_answering_the_finding_is_told() {
    let lab = Lab::start(&[]).await;
    for (role, answer, code) in [
        ("denied", json!({"error": "AccessDeniedException", "status": 403}), "DENIED"),
        ("throttled", json!({"error": "ThrottlingException", "status": 429}), "THROTTLED"),
        ("malformed", json!({"findings": "none"}), "MALFORMED"),
    ] {
        lab.post("access-analyzer", json!({"ValidatePolicy": answer}));
        let told = new_role(&lab, role).await;
        let [(_, found, _)] = notes(&told).try_into().expect("one note");
        assert_eq!(found, code, "{role}");
        assert!(told.says("No answer: "), "{}", told.text);
    }
    lab.post("faults", json!({"kind": "hang", "service": "access-analyzer", "times": null}));
    let told = new_role(&lab, "hanging").await;
    let [(_, found, _)] = notes(&told).try_into().expect("one note");
    assert_eq!(found, "TOO_SLOW");
    assert!(lab.struck() > 0);
}
