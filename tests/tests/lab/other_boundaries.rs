//! Boundaries that are not Ringfence's: which stay, which give way, and who takes the place of ours.

use serde_json::json;
use tests::lab::{ADMINISTRATOR, Lab, OURS, Told};

const TRUSTS_BOTH: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#;
const WITHIN: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ses:SendEmail","Resource":"*"}}"#;
const APART: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ses:SendEmail","iam:CreateUser"],"Resource":"*"}}"#;

async fn put(lab: &Lab, role: &str, boundary: &str) {
    let put = lab.iam.put_role_permissions_boundary().role_name(role).permissions_boundary(boundary);
    put.send().await.expect("PutRolePermissionsBoundary");
}

async fn outcomes(lab: &Lab, role: &str) -> Vec<String> {
    lab.findings_about(role).await.iter().map(|told| told.text_of("outcome").to_owned()).collect()
}

/// A role that had its boundary before Ringfence saw it.
async fn role_with(lab: &Lab, role: &str, boundary: &str) {
    lab.pause_events();
    lab.create_role(role, "/").await;
    put(lab, role, boundary).await;
    lab.resume_events();
    lab.silence().await;
}

#[tokio::test]
async fn a_teams_boundary_stays_unless_it_caps_nothing() {
    let lab = Lab::start(&[]).await;
    let (within, apart) =
        (lab.create_policy("within", WITHIN).await, lab.create_policy("apart", APART).await);
    let ours = OURS.to_owned();
    role_with(&lab, "careful", &within).await;
    assert_eq!(outcomes(&lab, "careful").await, ["kept"]);
    assert_eq!(lab.boundary_of("careful").await, Some(within));

    role_with(&lab, "different", &apart).await;
    let told = lab.findings_about("different").await;
    assert_eq!(told.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), ["reported"]);
    assert_eq!(told[0].finding["boundary"], json!({"before": apart, "after": apart}));
    let proposed = told[0].finding["breaches"].to_string();
    assert!(
        proposed.contains("DenyCreatingIdentities") && !proposed.contains("DenyTamperingWithAudit"),
        "{proposed}"
    );
    assert_eq!(lab.boundary_of("different").await, Some(apart));

    role_with(&lab, "careless", ADMINISTRATOR).await;
    let told = lab.findings_about("careless").await;
    let outcomes: Vec<_> = told.iter().map(|told| told.text_of("outcome")).collect();
    assert_eq!(outcomes, ["replaced", "resolved"], "the second event finds nothing left to object to");
    assert_eq!(told[0].finding["boundary"], json!({"before": ADMINISTRATOR, "after": ours}));
    assert_eq!(lab.boundary_of("careless").await, Some(ours));
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 1);
}

#[tokio::test]
async fn whatever_takes_the_place_of_ours_is_put_away_again() {
    let lab = Lab::start(&[]).await;
    let apart = lab.create_policy("apart", APART).await;
    let ours = OURS.to_owned();
    lab.create_role("orders", "/").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders").await.as_deref(), Some(ours.as_str()));

    for (number, swapped) in [ADMINISTRATOR, apart.as_str()].into_iter().enumerate() {
        put(&lab, "orders", swapped).await;
        lab.silence().await;
        assert_eq!(lab.boundary_of("orders").await.as_deref(), Some(ours.as_str()), "{swapped}");
        let told = lab.messages_about("orders").await;
        let restored = told.iter().filter(|told| told.text_of("outcome") == "restored").count();
        assert_eq!(restored, number + 1, "{swapped}");
    }

    let update = lab.iam.update_assume_role_policy().role_name("orders").policy_document(TRUSTS_BOTH);
    update.send().await.expect("UpdateAssumeRolePolicy");
    lab.silence().await;
    lab.iam.delete_role_permissions_boundary().role_name("orders").send().await.expect("delete");
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders").await.as_deref(), Some(ours.as_str()), "trust was widened first");

    put(&lab, "orders", &apart).await;
    lab.pause_events();
    lab.iam.delete_role_permissions_boundary().role_name("orders").send().await.expect("delete");
    lab.resume_events();
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders").await.as_deref(), Some(ours.as_str()), "swapped, then deleted");
}

/// A boundary that stands edited is one finding about the policy, however many roles have it.
#[tokio::test]
async fn an_approved_boundary_that_was_edited_unseen_is_told_once_and_not_role_by_role() {
    let approved = "arn:aws:iam::123456789012:policy/platform-cap";
    let lab = Lab::start(&[("ApprovedBoundaryArns", approved)]).await;
    let document = |service: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": service, "Resource": "*"}})
            .to_string()
    };
    lab.create_policy("platform-cap", &document("s3:Get*")).await;
    role_with(&lab, "first-role", approved).await;

    // The event of the edit is lost.
    lab.pause_events();
    let version = lab.iam.create_policy_version().policy_arn(approved).policy_document(document("s3:*"));
    version.set_as_default(true).send().await.expect("CreatePolicyVersion");
    lab.forget_events();
    lab.resume_events();
    lab.attach("first-role", ADMINISTRATOR).await;
    lab.silence().await;
    role_with(&lab, "second-role", approved).await;

    let of_policies = |told: &Told| told.finding["role"].is_null() && told.text_of("outcome") != "notice";
    let edits: Vec<_> = lab.messages().await.into_iter().filter(of_policies).collect();
    let words: Vec<_> =
        edits.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect();
    assert_eq!(words, [("boundary-edited", "CRITICAL")]);
    assert!(edits[0].text.contains("set-default-policy-version"), "how to restore it: {}", edits[0].text);
    for role in ["first-role", "second-role"] {
        assert_eq!(outcomes(&lab, role).await, [""; 0], "{role}");
    }
}
