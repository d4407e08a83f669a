//! Observe mode: the same path, nothing written.

use tests::lab::{ADMINISTRATOR, Lab};

#[tokio::test]
async fn observe_mode_says_what_it_would_do_and_writes_nothing() {
    let lab = Lab::start(&[("Mode", "observe")]).await;
    lab.pause_events();
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.resume_events();
    lab.silence().await;

    assert_eq!(lab.boundary_of("orders-api-role").await, None);
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 0);
    let findings = lab.findings_about("orders-api-role").await;
    let words: Vec<_> = findings.iter().map(|told| (told.text_of("outcome"), told.text_of("mode"))).collect();
    assert_eq!(words, [("would-bound", "observe")]);
    assert_eq!(findings[0].text_of("severity"), "CRITICAL");
    assert!(findings[0].finding["contained_at"].is_null());
}
