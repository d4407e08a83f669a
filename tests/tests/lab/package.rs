//! What `make package` uploads, deployed by plain CloudFormation as a StackSet would: no SAM, no transform, code from the bucket.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS};

fn s3(lab: &Lab, operation: &'static str, parameters: Value) -> Value {
    lab.call_as_administrator(&[Call { service: "s3", operation, parameters }]).remove(0).expect("an answer")
}

fn keys(lab: &Lab) -> BTreeSet<String> {
    let answer = s3(lab, "list_objects_v2", json!({"Bucket": "artifacts-123456789012"}));
    let objects = answer["Contents"].as_array().into_iter().flatten();
    objects.map(|object| object["Key"].as_str().expect("a key").to_owned()).collect()
}

#[tokio::test]
async fn the_packaged_template_needs_no_transform_and_bounds_a_role() {
    let lab = Lab::empty().await;
    let refused = lab.package("artifacts-123456789012");
    assert_eq!(refused.status.code(), Some(1), "there is no such bucket");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`artifacts-123456789012` cannot be used"));
    s3(&lab, "create_bucket", json!({"Bucket": "artifacts-123456789012"}));
    let packaged = lab.package("artifacts-123456789012");
    assert!(packaged.status.success(), "{}", String::from_utf8_lossy(&packaged.stderr));
    let printed = String::from_utf8(packaged.stdout).expect("text");
    let [template, forwarder] = printed.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines: {printed}")
    };
    let template = template.strip_prefix("TemplateUrl=").expect("the template's URL");
    assert!(template.starts_with("https://artifacts-123456789012.s3.us-east-1.amazonaws.com/ringfence/"));
    assert!(forwarder.starts_with("ForwarderTemplateUrl=https://") && forwarder.ends_with("/forwarder.yaml"));
    let uploaded = keys(&lab);
    let again = lab.package("artifacts-123456789012");
    assert_eq!(String::from_utf8(again.stdout).expect("text"), printed, "the same content, the same names");
    assert!(!String::from_utf8_lossy(&again.stderr).contains("uploaded"), "nothing is uploaded twice");
    assert_eq!(keys(&lab), uploaded);

    lab.create_stack_of("ringfence", template, &[]).await;
    lab.subscribe_to_everything().await;
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(findings[0].text_of("outcome"), "bounded");
    assert!(lab.dead_letters().await.is_empty());
}
