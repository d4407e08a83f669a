//! From a call in CloudTrail to the actions that it takes.
//!
//! Most records name the service by its prefix and the call by its action. The exceptions are here, each checked against the
//! catalogue by a test; they are those of the services that functions call, from the services' pages in the Service Authorization
//! Reference (<https://docs.aws.amazon.com/service-authorization/latest/reference/>) and, for S3, from
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.

use iam_policy::{ActionName, Catalogue};

/// What a call takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mapped {
    /// These actions, as the catalogue spells them.
    Actions(Vec<ActionName>),
    /// Nothing that the catalogue lists.
    Unknown,
}

/// Event sources whose first label is not the prefix of the service's actions.
const SOURCES: [(&str, &str); 16] = [
    ("appconfigdata", "appconfig"),
    ("bedrock-agent", "bedrock"),
    ("bedrock-agent-runtime", "bedrock"),
    ("bedrock-runtime", "bedrock"),
    ("email", "ses"),
    ("iotdata", "iot"),
    ("lex-runtime", "lex"),
    ("models.lex", "lex"),
    ("monitoring", "cloudwatch"),
    ("pinpoint", "mobiletargeting"),
    ("rdsdata", "rds-data"),
    ("rdsdataservice", "rds-data"),
    ("runtime.lex", "lex"),
    ("runtime.sagemaker", "sagemaker"),
    ("streams.dynamodb", "dynamodb"),
    ("tagging", "tag"),
];

/// Calls that take other actions than their name, in the order of service and name.
const CALLS: [(&str, &str, &[&str]); 61] = [
    ("bedrock", "Converse", &["InvokeModel"]),
    ("bedrock", "ConverseStream", &["InvokeModelWithResponseStream"]),
    ("dynamodb", "ExecuteStatement", &["PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"]),
    (
        "dynamodb",
        "BatchExecuteStatement",
        &["PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"],
    ),
    ("dynamodb", "ExecuteTransaction", &["PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"]),
    ("dynamodb", "TransactGetItems", &["GetItem"]),
    ("dynamodb", "TransactWriteItems", &["ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"]),
    ("kms", "ReEncrypt", &["ReEncryptFrom", "ReEncryptTo"]),
    ("lambda", "GetLayerVersionByArn", &["GetLayerVersion"]),
    ("lambda", "Invoke", &["InvokeFunction"]),
    ("lambda", "InvokeWithResponseStream", &["InvokeFunction"]),
    ("s3", "CompleteMultipartUpload", &["PutObject"]),
    ("s3", "CopyObject", &["GetObject", "PutObject"]),
    ("s3", "CreateMultipartUpload", &["PutObject"]),
    ("s3", "DeleteBucketAnalyticsConfiguration", &["PutAnalyticsConfiguration"]),
    ("s3", "DeleteBucketCors", &["PutBucketCORS"]),
    ("s3", "DeleteBucketEncryption", &["PutEncryptionConfiguration"]),
    ("s3", "DeleteBucketInventoryConfiguration", &["PutInventoryConfiguration"]),
    ("s3", "DeleteBucketLifecycle", &["PutLifecycleConfiguration"]),
    ("s3", "DeleteBucketMetricsConfiguration", &["PutMetricsConfiguration"]),
    ("s3", "DeleteBucketOwnershipControls", &["PutBucketOwnershipControls"]),
    ("s3", "DeleteBucketPublicAccessBlock", &["PutBucketPublicAccessBlock"]),
    ("s3", "DeleteBucketReplication", &["PutReplicationConfiguration"]),
    ("s3", "DeleteBucketTagging", &["PutBucketTagging"]),
    ("s3", "DeleteObjects", &["DeleteObject"]),
    ("s3", "DeletePublicAccessBlock", &["PutBucketPublicAccessBlock"]),
    ("s3", "GetBucketAccelerateConfiguration", &["GetAccelerateConfiguration"]),
    ("s3", "GetBucketAnalyticsConfiguration", &["GetAnalyticsConfiguration"]),
    ("s3", "GetBucketCors", &["GetBucketCORS"]),
    ("s3", "GetBucketEncryption", &["GetEncryptionConfiguration"]),
    ("s3", "GetBucketInventoryConfiguration", &["GetInventoryConfiguration"]),
    ("s3", "GetBucketLifecycle", &["GetLifecycleConfiguration"]),
    ("s3", "GetBucketLifecycleConfiguration", &["GetLifecycleConfiguration"]),
    ("s3", "GetBucketMetricsConfiguration", &["GetMetricsConfiguration"]),
    ("s3", "GetBucketNotificationConfiguration", &["GetBucketNotification"]),
    ("s3", "GetBucketReplication", &["GetReplicationConfiguration"]),
    ("s3", "GetObjectLockConfiguration", &["GetBucketObjectLockConfiguration"]),
    ("s3", "GetPublicAccessBlock", &["GetBucketPublicAccessBlock"]),
    ("s3", "HeadBucket", &["ListBucket"]),
    ("s3", "HeadObject", &["GetObject"]),
    ("s3", "ListBuckets", &["ListAllMyBuckets"]),
    ("s3", "ListMultipartUploads", &["ListBucketMultipartUploads"]),
    ("s3", "ListObjectVersions", &["ListBucketVersions"]),
    ("s3", "ListObjects", &["ListBucket"]),
    ("s3", "ListObjectsV2", &["ListBucket"]),
    ("s3", "ListParts", &["ListMultipartUploadParts"]),
    ("s3", "PutBucketAccelerateConfiguration", &["PutAccelerateConfiguration"]),
    ("s3", "PutBucketCors", &["PutBucketCORS"]),
    ("s3", "PutBucketEncryption", &["PutEncryptionConfiguration"]),
    ("s3", "PutBucketLifecycle", &["PutLifecycleConfiguration"]),
    ("s3", "PutBucketLifecycleConfiguration", &["PutLifecycleConfiguration"]),
    ("s3", "PutBucketNotificationConfiguration", &["PutBucketNotification"]),
    ("s3", "PutBucketReplication", &["PutReplicationConfiguration"]),
    ("s3", "PutObjectLockConfiguration", &["PutBucketObjectLockConfiguration"]),
    ("s3", "PutPublicAccessBlock", &["PutBucketPublicAccessBlock"]),
    ("s3", "UploadPart", &["PutObject"]),
    ("s3", "UploadPartCopy", &["GetObject", "PutObject"]),
    ("sns", "PublishBatch", &["Publish"]),
    ("sqs", "ChangeMessageVisibilityBatch", &["ChangeMessageVisibility"]),
    ("sqs", "DeleteMessageBatch", &["DeleteMessage"]),
    ("sqs", "SendMessageBatch", &["SendMessage"]),
];

/// The actions of a call, by the record's `eventSource` and its `eventName` without the date that Lambda appends.
pub(super) fn actions_of(source: &str, event: &str) -> Mapped {
    let service = service_of(source);
    let event = without_underscored_date(event);
    let is_call = |(of, call, _): &&(&str, &str, &[&str])| *of == service && *call == event;
    let names: Vec<String> = match CALLS.iter().find(is_call) {
        Some((_, _, actions)) => actions.iter().map(|name| format!("{service}:{name}")).collect(),
        None if service == "apigateway" => vec![format!("apigateway:{}", gateway_verb(event))],
        None => vec![format!("{service}:{event}")],
    };
    let listed = |name: &String| Some(Catalogue::bundled().action(&name.parse().ok()?)?.name().clone());
    let actions: Vec<ActionName> = names.iter().filter_map(listed).collect();
    if actions.is_empty() { Mapped::Unknown } else { Mapped::Actions(actions) }
}

/// The prefix of the actions of the service that a source names: `cloudwatch` of `monitoring.amazonaws.com`.
pub(super) fn service_of(source: &str) -> String {
    let label = source.trim_end_matches(".cn").trim_end_matches(".amazonaws.com").to_ascii_lowercase();
    match SOURCES.iter().find(|(written, _)| *written == label) {
        Some((_, prefix)) => (*prefix).to_owned(),
        None => label,
    }
}

/// `CreateDistribution` of CloudFront's `CreateDistribution2020_05_31`.
fn without_underscored_date(event: &str) -> &str {
    let at = event.len().saturating_sub("2020_05_31".len());
    let is_date = |tail: &str| {
        tail.len() == 10
            && tail
                .bytes()
                .enumerate()
                .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'_' } else { byte.is_ascii_digit() })
    };
    match (event.get(..at), event.get(at..)) {
        (Some(name), Some(tail)) if !name.is_empty() && is_date(tail) => name,
        _ => event,
    }
}

/// API Gateway's actions are the verbs of HTTP
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>).
fn gateway_verb(event: &str) -> &'static str {
    let begins = |words: &[&str]| words.iter().any(|word| event.starts_with(word));
    if begins(&["Get", "Test", "Export"]) {
        "GET"
    } else if begins(&["Update"]) {
        "PATCH"
    } else if begins(&["Delete", "Untag", "Flush", "Reset"]) {
        "DELETE"
    } else if begins(&["Put", "Tag", "Reimport"]) {
        "PUT"
    } else {
        "POST"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str, event: &str) -> Vec<String> {
        match actions_of(source, event) {
            Mapped::Actions(actions) => actions.iter().map(ToString::to_string).collect(),
            Mapped::Unknown => Vec::new(),
        }
    }

    #[test]
    fn each_exception_stands_for_actions_of_the_catalogue_and_is_one() {
        let catalogue = Catalogue::bundled();
        let own_prefix: Vec<&str> = SOURCES
            .iter()
            .filter(|(source, prefix)| {
                catalogue.service(source).is_some() || catalogue.service(prefix).is_none()
            })
            .map(|(source, _)| *source)
            .collect();
        assert_eq!(own_prefix, [""; 0]);
        for (service, event, actions) in CALLS {
            for action in actions {
                let name: ActionName = format!("{service}:{action}").parse().unwrap();
                let listed = catalogue.action(&name).unwrap_or_else(|| panic!("{name} is not listed"));
                assert_eq!(listed.name().as_str(), name.as_str());
            }
            assert_ne!(*actions, [event], "{service}:{event} is no exception");
            let twice = CALLS.iter().filter(|(of, call, _)| *of == service && *call == event).count();
            assert_eq!(twice, 1, "{service}:{event}");
        }
    }

    #[test]
    fn a_call_is_told_by_its_source_and_name() {
        for (source, event, expected) in [
            ("dynamodb.amazonaws.com", "DescribeTable", vec!["dynamodb:DescribeTable"]),
            ("monitoring.amazonaws.com", "GetMetricData", vec!["cloudwatch:GetMetricData"]),
            ("tagging.amazonaws.com", "GetResources", vec!["tag:GetResources"]),
            ("lambda.amazonaws.com", "Invoke", vec!["lambda:InvokeFunction"]),
            ("s3.amazonaws.com", "ListObjects", vec!["s3:ListBucket"]),
            ("s3.amazonaws.com", "CopyObject", vec!["s3:GetObject", "s3:PutObject"]),
            ("s3.amazonaws.com", "GetBucketPolicy", vec!["s3:GetBucketPolicy"]),
            ("kms.amazonaws.com", "ReEncrypt", vec!["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
            (
                "cloudfront.amazonaws.com",
                "CreateInvalidation2020_05_31",
                vec!["cloudfront:CreateInvalidation"],
            ),
            ("apigateway.amazonaws.com", "GetRestApis", vec!["apigateway:GET"]),
            ("apigateway.amazonaws.com", "CreateDeployment", vec!["apigateway:POST"]),
            ("apigateway.amazonaws.com", "UpdateStage", vec!["apigateway:PATCH"]),
            ("sqs.amazonaws.com.cn", "CreateQueue", vec!["sqs:CreateQueue"]),
            ("dynamodb.amazonaws.com", "DescribeTabel", vec![]),
            ("nosuch.amazonaws.com", "Do", vec![]),
            ("", "", vec![]),
            ("größe", "Größe", vec![]),
        ] {
            assert_eq!(names(source, event), expected, "{source} {event}");
        }
    }
}
