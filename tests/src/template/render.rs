//! Resolving intrinsic functions.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The account that templates are rendered for, the same as in the fixtures.
pub const ACCOUNT: &str = "123456789012";
/// The home region of the partition `aws`.
pub(super) const HOME: &str = "us-east-1";

/// A template with all its parameters, conditions and references resolved.
#[derive(Debug, Clone)]
pub struct Stack {
    resources: BTreeMap<String, Value>,
    outputs: BTreeMap<String, String>,
}

impl Stack {
    pub(super) fn render(template: &Value, region: &str, parameters: &[(&str, &str)]) -> Self {
        let renderer = Renderer { template, region, parameters };
        let mut resources = BTreeMap::new();
        for (id, resource) in entries(&template["Resources"]) {
            let wanted =
                resource.get("Condition").and_then(Value::as_str).is_none_or(|name| renderer.condition(name));
            if wanted {
                let mut rendered = renderer.value(resource).expect("a resource is not AWS::NoValue");
                if rendered["Type"] == "AWS::Serverless::Function" {
                    let globals = renderer
                        .value(&template["Globals"]["Function"])
                        .expect("Globals is not AWS::NoValue");
                    add_missing(&mut rendered["Properties"], &globals);
                }
                resources.insert(id.clone(), rendered);
            }
        }
        let wanted = |output: &Value| {
            output.get("Condition").and_then(Value::as_str).is_none_or(|name| renderer.condition(name))
        };
        let outputs = entries(&template["Outputs"])
            .filter(|(_, output)| wanted(output))
            .map(|(name, output)| (name.clone(), renderer.text(&output["Value"])))
            .collect();
        Self { resources, outputs }
    }

    /// What each rule that refuses the parameters says.
    pub(super) fn refusals(template: &Value, region: &str, parameters: &[(&str, &str)]) -> Vec<String> {
        let renderer = Renderer { template, region, parameters };
        let is_true = |condition: &Value| renderer.value(condition) == Some(json!(true));
        entries(&template["Rules"])
            .filter(|(_, rule)| rule.get("RuleCondition").is_none_or(is_true))
            .flat_map(|(_, rule)| rule["Assertions"].as_array().into_iter().flatten())
            .filter(|assertion| !is_true(&assertion["Assert"]))
            .map(|assertion| renderer.text(&assertion["AssertDescription"]))
            .collect()
    }

    /// A resource by its logical id.
    #[must_use]
    pub fn resource(&self, id: &str) -> &Value {
        self.resources.get(id).unwrap_or_else(|| panic!("template.yaml has no resource `{id}`"))
    }

    /// The properties of a resource.
    #[must_use]
    pub fn properties(&self, id: &str) -> &Value {
        &self.resource(id)["Properties"]
    }

    /// Logical ids and resources of a type.
    pub fn of_type<'a>(&'a self, resource_type: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.resources.iter().filter(move |(_, r)| r["Type"] == resource_type).map(|(id, r)| (id.as_str(), r))
    }

    /// Every resource.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.resources.iter().map(|(id, resource)| (id.as_str(), resource))
    }

    /// Outputs by name.
    #[must_use]
    pub fn outputs(&self) -> &BTreeMap<String, String> {
        &self.outputs
    }
}

/// SAM's merge of `Globals`: what a function does not say itself.
fn add_missing(properties: &mut Value, globals: &Value) {
    for (key, global) in entries(globals) {
        match properties.get_mut(key) {
            None => properties[key] = global.clone(),
            Some(own) if own.is_object() && global.is_object() => add_missing(own, global),
            Some(_) => {}
        }
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

struct Renderer<'a> {
    template: &'a Value,
    region: &'a str,
    parameters: &'a [(&'a str, &'a str)],
}

impl Renderer<'_> {
    /// `None` is `AWS::NoValue`: the property is not there.
    fn value(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| self.value(item)).collect()),
            Value::Object(object) => match object.iter().next() {
                Some((name, argument))
                    if object.len() == 1
                        && (name == "Ref" || name == "Condition" || name.starts_with("Fn::")) =>
                {
                    self.intrinsic(name, argument)
                }
                _ => Some(Value::Object(self.object(object))),
            },
            plain => Some(plain.clone()),
        }
    }

    fn object(&self, object: &Map<String, Value>) -> Map<String, Value> {
        object.iter().filter_map(|(key, value)| Some((key.clone(), self.value(value)?))).collect()
    }

    fn list(&self, value: &Value) -> Vec<Value> {
        match self.value(value) {
            Some(Value::Array(items)) => items,
            other => panic!("`{value}` should be a list and is {other:?}"),
        }
    }

    fn text(&self, value: &Value) -> String {
        match self.value(value) {
            Some(Value::String(text)) => text,
            other => panic!("`{value}` should be a text and is {other:?}"),
        }
    }

    fn intrinsic(&self, name: &str, argument: &Value) -> Option<Value> {
        match name {
            "Ref" => self.reference(argument.as_str().expect("`Ref` takes a name")),
            "Fn::GetAtt" => {
                let (id, attribute) =
                    (argument[0].as_str().expect("a resource"), argument[1].as_str().expect("a name"));
                Some(json!(self.attribute(id, attribute)))
            }
            "Fn::Sub" => {
                let (text, own) = match argument {
                    Value::Array(parts) => (parts[0].as_str(), parts[1].as_object()),
                    text => (text.as_str(), None),
                };
                Some(json!(self.substituted(text.expect("`Fn::Sub` takes a text"), own)))
            }
            "Fn::Join" => {
                let parts = self.value(&argument[1]).expect("`Fn::Join` takes a list");
                let parts: Vec<&str> =
                    parts.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                Some(json!(parts.join(argument[0].as_str().expect("`Fn::Join` takes a delimiter"))))
            }
            "Fn::Split" => {
                let delimiter = argument[0].as_str().expect("`Fn::Split` takes a delimiter");
                Some(self.text(&argument[1]).split(delimiter).map(|part| json!(part)).collect())
            }
            "Fn::If" => {
                let taken =
                    if self.condition(argument[0].as_str().expect("a condition's name")) { 1 } else { 2 };
                self.value(&argument[taken])
            }
            "Fn::Equals" => {
                let same =
                    self.value(&argument[0]).map(plain_text) == self.value(&argument[1]).map(plain_text);
                Some(json!(same))
            }
            "Condition" => Some(json!(self.condition(argument.as_str().expect("a condition's name")))),
            "Fn::And" => {
                let conditions = argument.as_array().expect("`Fn::And` takes a list");
                Some(json!(conditions.iter().all(|one| self.value(one) == Some(json!(true)))))
            }
            "Fn::Or" => {
                let conditions = argument.as_array().expect("`Fn::Or` takes a list");
                Some(json!(conditions.iter().any(|one| self.value(one) == Some(json!(true)))))
            }
            "Fn::Not" => Some(json!(self.value(&argument[0]) == Some(json!(false)))),
            // Those of rules alone:
            // <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html>.
            "Fn::Contains" => Some(json!(self.list(&argument[0]).contains(&self.value(&argument[1])?))),
            "Fn::EachMemberEquals" => {
                let wanted = self.value(&argument[1])?;
                Some(json!(self.list(&argument[0]).iter().all(|member| *member == wanted)))
            }
            "Fn::FindInMap" => {
                let key = |n: usize| self.text(&argument[n]);
                let found = &self.template["Mappings"][key(0)][key(1)][key(2)];
                assert!(!found.is_null(), "`Fn::FindInMap: {argument}` finds nothing");
                Some(found.clone())
            }
            _ => panic!("the test's renderer does not know `{name}`"),
        }
    }

    fn condition(&self, name: &str) -> bool {
        let condition = &self.template["Conditions"][name];
        assert!(!condition.is_null(), "template.yaml has no condition `{name}`");
        self.value(condition) == Some(json!(true))
    }

    fn reference(&self, name: &str) -> Option<Value> {
        if let Some(parameter) = self.template["Parameters"].get(name) {
            let given =
                self.parameters.iter().find(|(given, _)| *given == name).map(|(_, value)| json!(value));
            let value = given.unwrap_or_else(|| parameter["Default"].clone());
            return Some(match parameter["Type"].as_str() {
                Some("CommaDelimitedList") => plain_text(value).split(',').map(|item| json!(item)).collect(),
                _ => value,
            });
        }
        Some(json!(match name {
            "AWS::NoValue" => return None,
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => self.partition().to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::Region" => self.region.to_owned(),
            "AWS::StackName" => "ringfence".to_owned(),
            "AWS::StackId" => format!(
                "arn:aws:cloudformation:{}:{ACCOUNT}:stack/ringfence/0a1b2c3d-0000-4000-8000-0123456789ab",
                self.region
            ),
            _ => self.physical_id(name),
        }))
    }

    fn partition(&self) -> &str {
        match self.region.split_once('-') {
            Some(("cn", _)) => "aws-cn",
            Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
            Some(_) | None => "aws",
        }
    }

    fn resource(&self, id: &str) -> (&str, &Value) {
        let resource = &self.template["Resources"][id];
        (
            resource["Type"].as_str().unwrap_or_else(|| panic!("template.yaml has no resource `{id}`")),
            resource,
        )
    }

    /// The name that the template gives, or one in the form that CloudFormation generates.
    fn name(&self, id: &str, property: &str) -> String {
        let (_, resource) = self.resource(id);
        let given = resource["Properties"].get(property).map(|name| self.text(name));
        given.unwrap_or_else(|| format!("ringfence-{id}-1A2B3C4D5E6F7"))
    }

    /// What `Ref` gives, which differs by type
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>).
    fn physical_id(&self, id: &str) -> String {
        match self.resource(id).0 {
            "AWS::IAM::ManagedPolicy" | "AWS::SNS::Topic" => self.arn(id),
            "AWS::SQS::Queue" => {
                format!("https://sqs.{}.amazonaws.com/{ACCOUNT}/{}", self.region, self.name(id, "QueueName"))
            }
            "AWS::DynamoDB::Table" => self.name(id, "TableName"),
            // CloudFormation takes the names that it makes for buckets in lower case.
            "AWS::S3::Bucket" => self.name(id, "BucketName").to_lowercase(),
            "AWS::Logs::LogGroup" => self.name(id, "LogGroupName"),
            "AWS::SSM::Parameter" => self.name(id, "Name"),
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => self.name(id, "FunctionName"),
            "AWS::KMS::Key" => "0a1b2c3d-0000-4000-8000-0123456789ab".to_owned(),
            "AWS::Organizations::Policy" => "p-0a1b2c3d".to_owned(),
            "AWS::CloudFormation::StackSet" => format!("{}:0a1b2c3d", self.name(id, "StackSetName")),
            other => panic!("the test's renderer does not know what `Ref` gives for {other}"),
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> String {
        match (self.resource(id).0, attribute) {
            ("AWS::SQS::Queue", "QueueName") => self.name(id, "QueueName"),
            ("AWS::SNS::Topic", "TopicName") => self.name(id, "TopicName"),
            // The ARN of a log group, alone among them, ends so that it covers the streams.
            ("AWS::Logs::LogGroup", "Arn") => format!("{}:*", self.arn(id)),
            (_, "Arn") => self.arn(id),
            (other, _) => panic!("the test's renderer does not know `{attribute}` of {other}"),
        }
    }

    fn arn(&self, id: &str) -> String {
        let (resource_type, resource) = self.resource(id);
        let (partition, region) = (self.partition(), self.region);
        let path = || resource["Properties"].get("Path").map_or("/".to_owned(), |path| self.text(path));
        match resource_type {
            "AWS::IAM::ManagedPolicy" => {
                format!(
                    "arn:{partition}:iam::{ACCOUNT}:policy{}{}",
                    path(),
                    self.name(id, "ManagedPolicyName")
                )
            }
            "AWS::IAM::Role" => {
                format!("arn:{partition}:iam::{ACCOUNT}:role{}{}", path(), self.name(id, "RoleName"))
            }
            "AWS::SNS::Topic" => {
                format!("arn:{partition}:sns:{region}:{ACCOUNT}:{}", self.name(id, "TopicName"))
            }
            "AWS::SQS::Queue" => {
                format!("arn:{partition}:sqs:{region}:{ACCOUNT}:{}", self.name(id, "QueueName"))
            }
            "AWS::DynamoDB::Table" => {
                format!("arn:{partition}:dynamodb:{region}:{ACCOUNT}:table/{}", self.name(id, "TableName"))
            }
            "AWS::Logs::LogGroup" => {
                format!("arn:{partition}:logs:{region}:{ACCOUNT}:log-group:{}", self.physical_id(id))
            }
            "AWS::S3::Bucket" => format!("arn:{partition}:s3:::{}", self.physical_id(id)),
            "AWS::KMS::Key" => format!("arn:{partition}:kms:{region}:{ACCOUNT}:key/{}", self.physical_id(id)),
            "AWS::Events::Rule" => {
                format!("arn:{partition}:events:{region}:{ACCOUNT}:rule/{}", self.name(id, "Name"))
            }
            "AWS::CloudWatch::Alarm" => {
                format!("arn:{partition}:cloudwatch:{region}:{ACCOUNT}:alarm:{}", self.name(id, "AlarmName"))
            }
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
                format!("arn:{partition}:lambda:{region}:{ACCOUNT}:function:{}", self.physical_id(id))
            }
            other => panic!("the test's renderer does not know the ARN of {other}"),
        }
    }

    /// `own` are the variables that the function brings along.
    fn substituted(&self, text: &str, own: Option<&Map<String, Value>>) -> String {
        let mut rest = text;
        let mut result = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) = after.split_once('}').unwrap_or_else(|| panic!("`{text}` lacks a `}}`"));
            result += before;
            result += &match (own.and_then(|own| own.get(name)), name.split_once('.')) {
                (Some(value), _) => self.text(value),
                (None, Some((id, attribute))) => self.attribute(id, attribute),
                (None, None) => plain_text(self.reference(name).expect("a value to substitute")),
            };
            rest = tail;
        }
        result + rest
    }
}

/// CloudFormation compares and joins everything as text.
fn plain_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
