//! Another boundary profile: what becomes of roles that have the first one's boundary, as `docs/operations.md` tells it.

use tests::lab::{ADMINISTRATOR, Lab, OURS};

const STRICT: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-strict-v1";
const MORE: &str = "arn:aws:iam::aws:policy/AWSLambda_FullAccess";

async fn last_outcome(lab: &Lab) -> (String, String) {
    let told = lab.findings_about("orders-api-role").await.pop().expect("a finding");
    (told.text_of("outcome").to_owned(), told.text_of("reason").to_owned())
}

#[tokio::test]
async fn roles_keep_the_first_profiles_boundary_until_replace_wider_and_new_ones_get_the_other() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));

    // Approved: nothing changes for the role, and nothing is told of its boundary.
    lab.deploy(&[("BoundaryProfile", "strict"), ("ApprovedBoundaryArns", OURS)]);
    lab.create_role("new-role", "/").await;
    lab.attach("orders-api-role", MORE).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("new-role").await.as_deref(), Some(STRICT));
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    assert_eq!(last_outcome(&lab).await.0, "contained");

    // Not approved: told when its rights come to something else, not touched.
    lab.deploy(&[("ApprovedBoundaryArns", "")]);
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let (outcome, reason) = last_outcome(&lab).await;
    assert_eq!(outcome, "reported");
    assert!(reason.contains("wider than Ringfence's and not approved"), "{reason}");

    // ReplaceWider: the next event that concerns the role moves it.
    lab.deploy(&[("ReplaceWider", "true")]);
    let detach = lab.iam.detach_role_policy().role_name("orders-api-role").policy_arn(MORE);
    detach.send().await.expect("DetachRolePolicy");
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(STRICT));
    assert_eq!(last_outcome(&lab).await.0, "replaced");
}
