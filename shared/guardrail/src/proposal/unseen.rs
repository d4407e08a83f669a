//! What a role may use without a trace in the management events of CloudTrail.
//!
//! Calls on data are recorded only where a trail asks for them, never in the event history, and Access Analyzer does not go by them
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html>). `iam:PassRole` and the permissions of
//! protocols other than AWS's API are no calls at all. What Lambda does on a role's behalf for the function's log, network and event
//! sources, it does in sessions that are not named after the function.

use super::Keep;
use iam_policy::{ActionName, ActionPattern, Catalogue};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// By service; the names may have wildcards. An action that CloudTrail records as a management event has no place here: a test holds
/// some of them.
const UNSEEN: &[(Keep, &str, &[&str])] = &[
    (Keep::Passing, "iam", &["PassRole"]),
    // The function's own log, traces and network: the policies that AWS manages for it name them.
    (Keep::ByLambda, "logs", &["CreateLogGroup", "CreateLogStream", "PutLogEvents"]),
    (Keep::ByLambda, "xray", &["PutTraceSegments", "PutTelemetryRecords", "GetSampling*"]),
    (
        Keep::ByLambda,
        "ec2",
        &[
            "CreateNetworkInterface",
            "DeleteNetworkInterface",
            "DescribeNetworkInterfaces",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeVpcs",
            "AssignPrivateIpAddresses",
            "UnassignPrivateIpAddresses",
        ],
    ),
    // Its event sources: the same policies, and what the pages on each source ask for where it is encrypted or has a password or
    // schemas (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>).
    (Keep::ByEventSource, "kafka", &["DescribeCluster", "DescribeClusterV2", "GetBootstrapBrokers"]),
    (Keep::ByEventSource, "mq", &["DescribeBroker"]),
    (Keep::ByEventSource, "kinesis", &["DescribeStream*", "ListShards", "ListStreams"]),
    (Keep::ByEventSource, "dynamodb", &["DescribeStream", "ListStreams"]),
    (Keep::ByEventSource, "kms", &["Decrypt", "GenerateDataKey"]),
    (Keep::ByEventSource, "secretsmanager", &["GetSecretValue"]),
    (Keep::ByEventSource, "glue", &["GetRegistry", "GetSchemaVersion"]),
    // Calls on data.
    (
        Keep::DataEvent,
        "kinesis",
        &["GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard"],
    ),
    (
        Keep::DataEvent,
        "dynamodb",
        &[
            "BatchGetItem",
            "BatchWriteItem",
            "ConditionCheckItem",
            "DeleteItem",
            "GetItem",
            "GetRecords",
            "GetShardIterator",
            "PartiQL*",
            "PutItem",
            "Query",
            "Scan",
            "UpdateItem",
        ],
    ),
    (
        Keep::DataEvent,
        "s3",
        &[
            "ListBucket",
            "ListBucketVersions",
            "ListBucketMultipartUploads",
            "ListMultipartUploadParts",
            "RestoreObject",
        ],
    ),
    (Keep::DataEvent, "s3express", &["CreateSession"]),
    (Keep::DataEvent, "s3-object-lambda", &["*Object*", "ListBucket*", "WriteGetObjectResponse"]),
    (Keep::DataEvent, "s3-outposts", &["*Object*", "ListBucket*"]),
    (Keep::DataEvent, "s3tables", &["GetTableData", "PutTableData"]),
    (Keep::DataEvent, "s3vectors", &["*Vectors"]),
    (Keep::DataEvent, "lambda", &["InvokeAsync", "InvokeFunction", "InvokeFunctionUrl"]),
    (
        Keep::DataEvent,
        "sqs",
        &[
            "ChangeMessageVisibility",
            "DeleteMessage",
            "GetQueueAttributes",
            "GetQueueUrl",
            "ListDeadLetterSourceQueues",
            "ListQueueTags",
            "ListQueues",
            "ReceiveMessage",
            "SendMessage",
        ],
    ),
    (Keep::DataEvent, "sns", &["Publish"]),
    (Keep::DataEvent, "events", &["PutEvents"]),
    (Keep::DataEvent, "firehose", &["PutRecord", "PutRecordBatch"]),
    (
        Keep::DataEvent,
        "cloudwatch",
        &["GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "ListMetrics", "PutMetricData"],
    ),
    (Keep::DataEvent, "ses", &["Send*"]),
    (Keep::DataEvent, "rds-data", &["*"]),
    (
        Keep::DataEvent,
        "appconfig",
        &["GetConfiguration", "GetLatestConfiguration", "StartConfigurationSession"],
    ),
    (
        Keep::DataEvent,
        "bedrock",
        &[
            "ApplyGuardrail",
            "GetAsyncInvoke",
            "InvokeAgent",
            "InvokeFlow",
            "InvokeInlineAgent",
            "InvokeTool",
            "RenderPrompt",
            "Rerank",
            "Retrieve*",
        ],
    ),
    (Keep::DataEvent, "bedrock-agentcore", &["*"]),
    (Keep::DataEvent, "sagemaker", &["InvokeEndpoint*", "*Record"]),
    (Keep::DataEvent, "sms-voice", &["Send*"]),
    (Keep::DataEvent, "social-messaging", &["Send*"]),
    (Keep::DataEvent, "geo-maps", &["*"]),
    (Keep::DataEvent, "geo-places", &["*"]),
    (Keep::DataEvent, "geo-routes", &["*"]),
    (Keep::DataEvent, "cloudfront-keyvaluestore", &["*"]),
    (Keep::DataEvent, "payment-cryptography", &["*Data", "*Mac"]),
    (Keep::DataEvent, "ebs", &["*Block*"]),
    (Keep::DataEvent, "iotsitewise", &["BatchGet*", "BatchPut*", "Get*Value*"]),
    (Keep::DataEvent, "codeguru-profiler", &["ConfigureAgent", "PostAgentProfile"]),
    (Keep::DataEvent, "rum", &["PutRumEvents"]),
    (Keep::DataEvent, "dataexchange", &["SendApiAsset"]),
    (Keep::DataEvent, "qbusiness", &["Chat*"]),
    (Keep::DataEvent, "polly", &["SynthesizeSpeech"]),
    (Keep::DataEvent, "servicediscovery", &["Discover*"]),
    (Keep::DataEvent, "verifiedpermissions", &["IsAuthorized*"]),
    (Keep::DataEvent, "timestream", &["Select*", "WriteRecords", "DescribeEndpoints", "CancelQuery"]),
    (Keep::DataEvent, "cognito-identity", &["GetCredentialsForIdentity", "GetId", "GetOpenIdToken*"]),
    (
        Keep::NoCall,
        "iot",
        &[
            "Connect",
            "DeleteThingShadow",
            "GetRetainedMessage",
            "GetThingShadow",
            "ListNamedShadowsForThing",
            "ListRetainedMessages",
            "Publish",
            "Receive",
            "RetainPublish",
            "Subscribe",
            "UpdateThingShadow",
        ],
    ),
    (Keep::DataEvent, "kinesisvideo", &["Get*Media*", "GetClip", "GetImages", "ListFragments", "PutMedia"]),
    (Keep::NoCall, "aoss", &["APIAccessAll", "DashboardsAccessAll"]),
    (Keep::DataEvent, "states", &["InvokeHTTPEndpoint"]),
    (Keep::DataEvent, "sdb", &["*"]),
    (Keep::DataEvent, "swf", &["*"]),
    (Keep::NoCall, "execute-api", &["*"]),
    (Keep::NoCall, "appsync", &["EventConnect", "EventPublish", "EventSubscribe", "GraphQL"]),
    (Keep::DataEvent, "cloudtrail-data", &["*"]),
    (
        Keep::DataEvent,
        "geo",
        &[
            "BatchGet*",
            "BatchUpdate*",
            "BatchEvaluate*",
            "Calculate*",
            "Search*",
            "GetDevicePosition*",
            "GetMap*",
            "GetPlace",
        ],
    ),
    (Keep::DataEvent, "personalize", &["Get*", "PutEvents"]),
    // Other protocols than AWS's API.
    (Keep::NoCall, "rds-db", &["connect"]),
    (Keep::NoCall, "dsql", &["DbConnect*"]),
    (Keep::NoCall, "neptune-db", &["*"]),
    (Keep::NoCall, "neptune-graph", &["*DataVia*", "*Query*", "GetGraphSummary"]),
    (Keep::NoCall, "kafka-cluster", &["*"]),
    (Keep::NoCall, "es", &["ESHttp*", "ESCrossCluster*"]),
    (Keep::NoCall, "elasticfilesystem", &["Client*"]),
    (Keep::NoCall, "elasticache", &["Connect"]),
    (Keep::NoCall, "memorydb", &["Connect"]),
    (Keep::NoCall, "dax", &["*Item*", "Query", "Scan"]),
    (Keep::NoCall, "cassandra", &["Modify*", "Select*"]),
    (Keep::NoCall, "ssmmessages", &["*"]),
];

/// By the prefix of the service: an administrator's role is asked about every action of AWS.
static PATTERNS: LazyLock<BTreeMap<&str, Vec<(Keep, ActionPattern)>>> = LazyLock::new(|| {
    let mut patterns: BTreeMap<&str, Vec<(Keep, ActionPattern)>> = BTreeMap::new();
    for &(why, service, names) in UNSEEN {
        let of_service = names.iter().map(|name| (why, ActionPattern::new(&format!("{service}:{name}"))));
        patterns.entry(service).or_default().extend(of_service);
    }
    patterns
});

/// Why nobody would see it if the role used the action; none, if it would be seen.
pub(super) fn why_unseen(action: &ActionName) -> Option<Keep> {
    let mut listed = PATTERNS.get(action.service()).into_iter().flatten();
    listed.find(|(_, pattern)| pattern.matches(action)).map(|(why, _)| *why).or_else(|| of_object(action))
}

/// The calls of S3 on objects: those that the catalogue lists with them.
fn of_object(action: &ActionName) -> Option<Keep> {
    let service = Catalogue::bundled().service("s3").filter(|_| action.service() == "s3")?;
    let listed = service.action(action)?;
    service.resources_of(listed).any(|(kind, _)| kind.name() == "object").then_some(Keep::DataEvent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(action: &str) -> Option<Keep> {
        why_unseen(&action.parse().unwrap())
    }

    #[test]
    fn each_pattern_stands_for_actions_of_the_catalogue() {
        let catalogue = Catalogue::bundled();
        let none =
            PATTERNS.values().flatten().filter(|(_, pattern)| catalogue.expand(pattern).listed.is_empty());
        let none: Vec<&str> = none.map(|(_, pattern)| pattern.as_str()).collect();
        assert_eq!(none, [""; 0]);
    }

    #[test]
    fn calls_on_data_and_passing_are_not_seen() {
        for (action, expected) in [
            ("s3:GetObject", Keep::DataEvent),
            ("s3:PutObjectTagging", Keep::DataEvent),
            ("s3:ListBucket", Keep::DataEvent),
            ("dynamodb:PutItem", Keep::DataEvent),
            ("dynamodb:PartiQLSelect", Keep::DataEvent),
            ("lambda:InvokeFunction", Keep::DataEvent),
            ("sqs:SendMessage", Keep::DataEvent),
            ("sns:Publish", Keep::DataEvent),
            ("iam:PassRole", Keep::Passing),
            ("logs:PutLogEvents", Keep::ByLambda),
            ("ec2:CreateNetworkInterface", Keep::ByLambda),
            ("rds-db:connect", Keep::NoCall),
            ("kms:Decrypt", Keep::ByEventSource),
            ("secretsmanager:GetSecretValue", Keep::ByEventSource),
            ("sagemaker:PutRecord", Keep::DataEvent),
            ("sms-voice:SendTextMessage", Keep::DataEvent),
            ("geo:GetDevicePosition", Keep::DataEvent),
            ("ebs:PutSnapshotBlock", Keep::DataEvent),
        ] {
            assert_eq!(why(action), Some(expected), "{action}");
        }
    }

    #[test]
    fn management_events_are_seen() {
        for action in [
            "s3:PutBucketPolicy",
            "s3:CreateBucket",
            "dynamodb:DescribeTable",
            "lambda:UpdateFunctionCode",
            "kms:Encrypt",
            "secretsmanager:DescribeSecret",
            "ssm:GetParameter",
            "sqs:CreateQueue",
            "states:StartExecution",
            "sts:AssumeRole",
            "iam:CreateUser",
            "ec2:RunInstances",
            "logs:DeleteLogGroup",
            "bedrock:InvokeModel",
        ] {
            assert_eq!(why(action), None, "{action}");
        }
    }
}
