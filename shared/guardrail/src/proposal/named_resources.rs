use crate::trigger::CloudTrailRecord;
use iam_policy::catalogue::{Action, ResourceType};
use iam_policy::{ActionName, Catalogue, Policy, ResourceElement, ResourceName, ResourcePattern};
use serde_json::json;
use std::collections::BTreeSet;

/// Request parameters that hold the name of a resource and not its ARN, by service: the kind of resource, and its ARN in the Region
/// and account of the call.
const NAMED_BY: [(&str, &str, &str, &str); 5] = [
    ("dynamodb", "tableName", "table", "arn:{partition}:dynamodb:{region}:{account}:table/{name}"),
    ("kinesis", "streamName", "stream", "arn:{partition}:kinesis:{region}:{account}:stream/{name}"),
    ("lambda", "functionName", "function", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
    ("s3", "bucketName", "bucket", "arn:{partition}:s3:::{name}"),
    ("ssm", "name", "parameter", "arn:{partition}:ssm:{region}:{account}:parameter/{name}"),
];

/// The resources that a call names for an action; none, if the record does not tell them all, the action takes none, or it takes
/// several kinds at once, of which a record may leave some out.
pub(super) fn named_resources(record: &CloudTrailRecord, action: &ActionName) -> Option<BTreeSet<String>> {
    let kind = Kind::of(action)?;
    let is_one = |text: &&str| kind.covers(text);
    let listed: BTreeSet<String> = record.resources().filter(is_one).map(str::to_owned).collect();
    if !listed.is_empty() {
        return Some(listed);
    }
    let requested: BTreeSet<String> = record.requested_texts().filter(is_one).map(str::to_owned).collect();
    if !requested.is_empty() {
        return Some(requested);
    }
    kind.by_name(record, action).map(|arn| BTreeSet::from([arn]))
}

/// The one kind of resource that an action takes.
pub(super) struct Kind {
    name: String,
    pattern: ResourcePattern,
}

impl Kind {
    /// None, if the catalogue does not know the action, or it takes no kind of resource or several.
    pub(super) fn of(action: &ActionName) -> Option<Self> {
        let service = Catalogue::bundled().service(action.service())?;
        let listed: &Action = service.action(action)?;
        let mut kinds = service.resources_of(listed);
        let (Some((kind, _)), None) = (kinds.next(), kinds.next()) else { return None };
        let kind: &ResourceType = kind;
        Some(Self { name: kind.name().to_owned(), pattern: pattern(kind.arn())? })
    }

    /// Whether the text is the ARN of such a resource, without wildcards.
    pub(super) fn covers(&self, text: &str) -> bool {
        text.starts_with("arn:")
            && !text.contains(['*', '?', '$'])
            && text.parse::<ResourceName>().is_ok_and(|name| self.pattern.matches(&name))
    }

    fn by_name(&self, record: &CloudTrailRecord, action: &ActionName) -> Option<String> {
        let (_, parameter, _, form) = NAMED_BY
            .iter()
            .find(|(service, _, kind, _)| *service == action.service() && *kind == self.name)?;
        let name = record.requested(parameter).filter(|name| is_name(name))?;
        let (partition, account) = record.place()?;
        let arn = form
            .replace("{partition}", partition)
            .replace("{region}", record.region()?)
            .replace("{account}", account)
            .replace("{name}", name.trim_start_matches('/'));
        self.covers(&arn).then_some(arn)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// The pattern as a Resource element has it.
fn pattern(text: &str) -> Option<ResourcePattern> {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": text});
    let policy = Policy::from_value(&json!({"Statement": statement})).ok()?;
    match policy.statements().first()?.resource()? {
        ResourceElement::Resource(patterns) => patterns.first().cloned(),
        ResourceElement::NotResource(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn named(action: &str, resources: Value, parameters: Value) -> Option<Vec<String>> {
        let record = CloudTrailRecord::from_detail(json!({
            "awsRegion": "eu-west-1",
            "userIdentity": {"arn": "arn:aws:sts::123456789012:assumed-role/orders/orders"},
            "resources": resources,
            "requestParameters": parameters,
        }));
        named_resources(&record, &action.parse().unwrap()).map(|arns| arns.into_iter().collect())
    }

    #[test]
    fn each_parameter_names_a_kind_that_the_service_has() {
        for (service, _, kind, _) in NAMED_BY {
            let service = Catalogue::bundled().service(service).unwrap();
            assert!(service.resource_types().iter().any(|known| known.name() == kind), "{kind}");
        }
    }

    #[test]
    fn a_resource_is_taken_from_where_the_record_names_it() {
        const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
        let none = || json!(null);
        for (action, resources, parameters, expected) in [
            ("kms:Decrypt", json!([{"ARN": KEY}]), none(), Some(vec![KEY])),
            ("kms:Decrypt", none(), json!({"keyId": KEY}), Some(vec![KEY])),
            ("kms:Decrypt", none(), json!({"keyId": "alias/orders"}), None),
            ("kms:Decrypt", json!([{"ARN": "arn:aws:s3:::orders"}]), none(), None),
            ("kms:Decrypt", json!([{"ARN": "arn:aws:kms:eu-west-1:123456789012:key/*"}]), none(), None),
            (
                "dynamodb:DescribeTable",
                none(),
                json!({"tableName": "orders"}),
                Some(vec!["arn:aws:dynamodb:eu-west-1:123456789012:table/orders"]),
            ),
            (
                "ssm:GetParameter",
                none(),
                json!({"name": "/orders/url"}),
                Some(vec!["arn:aws:ssm:eu-west-1:123456789012:parameter/orders/url"]),
            ),
            ("dynamodb:DescribeTable", none(), json!({"tableName": "orders*"}), None),
            ("dynamodb:DescribeTable", none(), json!({"tableName": ["orders"]}), None),
            ("dynamodb:DescribeTable", json!("orders"), json!("orders"), None),
            ("ec2:DescribeInstances", json!([{"ARN": KEY}]), none(), None),
            ("nosuch:Do", json!([{"ARN": KEY}]), none(), None),
        ] {
            let read = named(action, resources, parameters.clone());
            let expected = expected.map(|arns| arns.into_iter().map(str::to_owned).collect());
            assert_eq!(read, expected, "{action} {parameters}");
        }
    }
}
