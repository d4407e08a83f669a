use crate::names::{AccountId, PolicyArn};
use iam_policy::{ParseError, Policy};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the documents in the template depend on: the parameters and resources of the deployed stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `aws`, `aws-us-gov`, `aws-cn` …
    pub partition: String,
    /// The account.
    pub account: AccountId,
    /// The ARN of the stack.
    pub stack_id: String,
    /// The ARN of the ledger's table.
    pub ledger_arn: String,
    /// The ARN of the key of the findings.
    pub findings_key_arn: String,
    /// The bucket of the reports.
    pub report_bucket: String,
    /// The parameter `AllowedPassRoleArns`.
    pub allowed_pass_role: Vec<String>,
    /// The parameter `AllowedAssumeRoleArns`.
    pub allowed_assume_role: Vec<String>,
}

/// The boundary policies of the template, as CloudFormation would deploy them now.
#[derive(Debug, Clone)]
pub struct ShippedPolicies(BTreeMap<PolicyArn, Policy>);

/// The template uses something that is not known here. The build's own fault: a test renders every shipped policy.
#[derive(Debug, thiserror::Error)]
pub enum Unrenderable {
    /// A function, parameter, condition or attribute.
    #[error("the shipped boundary uses `{0}`, which Ringfence does not resolve")]
    Unknown(String),
    /// Not the form that the build writes.
    #[error("the shipped boundaries are not in the form that the build gives them")]
    Form,
    /// Not a policy once it is rendered.
    #[error("a shipped boundary is no policy")]
    NoPolicy(#[from] ParseError),
    /// Its ARN would be none.
    #[error("a shipped boundary has no ARN")]
    Name(#[from] crate::names::InvalidName),
}

impl ShippedPolicies {
    /// Renders the documents that the build took out of the template: a JSON object by logical id, each with `name`, `path`
    /// and `document`, the last with CloudFormation's functions in their long form.
    ///
    /// # Errors
    /// Where the documents use what is not resolved here.
    pub fn render(documents: &str, deployment: &Deployment) -> Result<Self, Unrenderable> {
        let documents: Map<String, Value> =
            serde_json::from_str(documents).map_err(|_| Unrenderable::Form)?;
        let mut policies = BTreeMap::new();
        for policy in documents.values() {
            let text = |field: &str| policy.get(field).and_then(Value::as_str).ok_or(Unrenderable::Form);
            let Deployment { partition, account, .. } = deployment;
            let arn = format!("arn:{partition}:iam::{account}:policy{}{}", text("path")?, text("name")?);
            let document = policy.get("document").ok_or(Unrenderable::Form)?;
            policies.insert(arn.parse()?, Policy::from_value(&deployment.value(document)?)?);
        }
        Ok(Self(policies))
    }

    /// The document of a policy that Ringfence ships; none where it is somebody else's.
    #[must_use]
    pub fn document(&self, policy: &PolicyArn) -> Option<&Policy> {
        self.0.get(policy)
    }

    /// The shipped policies.
    pub fn iter(&self) -> impl Iterator<Item = (&PolicyArn, &Policy)> {
        self.0.iter()
    }
}

/// The intrinsic functions that the boundaries use
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>).
impl Deployment {
    fn value(&self, value: &Value) -> Result<Value, Unrenderable> {
        match value {
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(entries) => match single_function(entries) {
                Some((function, argument)) => self.call(function, argument),
                None => {
                    let rendered = entries.iter().map(|(key, value)| Ok((key.clone(), self.value(value)?)));
                    rendered.collect::<Result<Map<_, _>, _>>().map(Value::Object)
                }
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Result<Value, Unrenderable> {
        let unknown = || Unrenderable::Unknown(format!("{function} {argument}"));
        match (function, argument) {
            ("Ref", Value::String(name)) => match name.as_str() {
                "AllowedPassRoleArns" => Ok(self.allowed_pass_role.clone().into()),
                "AllowedAssumeRoleArns" => Ok(self.allowed_assume_role.clone().into()),
                name => self.text(name).map(Value::from),
            },
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(resource), Value::String(attribute)] => {
                    self.text(&format!("{resource}.{attribute}")).map(Value::from)
                }
                _ => Err(unknown()),
            },
            ("Fn::Sub", Value::String(text)) => self.substituted(text).map(Value::from),
            ("Fn::If", Value::Array(branches)) => match branches.as_slice() {
                [Value::String(condition), yes, no] => {
                    let holds = match condition.as_str() {
                        "PassRoleAllowed" => !self.allowed_pass_role.is_empty(),
                        "AssumeRoleAllowed" => !self.allowed_assume_role.is_empty(),
                        _ => return Err(unknown()),
                    };
                    self.value(if holds { yes } else { no })
                }
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }

    fn substituted(&self, text: &str) -> Result<String, Unrenderable> {
        let mut rendered = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| Unrenderable::Unknown(text.to_owned()))?;
            rendered.push_str(before);
            rendered.push_str(&self.text(name)?);
            rest = after;
        }
        rendered.push_str(rest);
        Ok(rendered)
    }

    fn text(&self, name: &str) -> Result<String, Unrenderable> {
        Ok(match name {
            "AWS::Partition" => self.partition.clone(),
            "AWS::AccountId" => self.account.to_string(),
            "AWS::StackId" => self.stack_id.clone(),
            "LedgerTable.Arn" => self.ledger_arn.clone(),
            "FindingsKey.Arn" => self.findings_key_arn.clone(),
            "ReportBucket.Arn" => format!("arn:{}:s3:::{}", self.partition, self.report_bucket),
            _ => return Err(Unrenderable::Unknown(name.to_owned())),
        })
    }
}

/// `{"Fn::Name": argument}` or `{"Ref": name}`.
fn single_function(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = entries.iter().next().filter(|_| entries.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Deployment {
        Deployment {
            partition: "aws".to_owned(),
            account: "123456789012".parse().unwrap(),
            stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/ringfence/1".to_owned(),
            ledger_arn: "arn:aws:dynamodb:us-east-1:123456789012:table/ledger".to_owned(),
            findings_key_arn: "arn:aws:kms:us-east-1:123456789012:key/1".to_owned(),
            report_bucket: "ringfence-reportbucket-1".to_owned(),
            allowed_pass_role: Vec::new(),
            allowed_assume_role: Vec::new(),
        }
    }

    fn rendered(resource: &str) -> Result<String, Unrenderable> {
        let documents = format!(
            r#"{{"B":{{"name":"b-v1","path":"/ringfence/","document":{{"Version":"2012-10-17","Statement":[
                {{"Effect":"Deny","Action":"*","Resource":{resource}}}]}}}}}}"#
        );
        let policies = ShippedPolicies::render(&documents, &deployment())?;
        let (arn, policy) = policies.iter().next().unwrap();
        assert_eq!(arn.as_str(), "arn:aws:iam::123456789012:policy/ringfence/b-v1");
        let value = policy.to_value();
        Ok(value["Statement"][0]["Resource"].as_str().unwrap().to_owned())
    }

    #[test]
    fn references_and_substitutions_are_resolved() {
        let stack = deployment().stack_id;
        assert_eq!(rendered(r#"{"Ref":"AWS::StackId"}"#).unwrap(), stack);
        assert_eq!(
            rendered(r#"{"Fn::GetAtt":["FindingsKey","Arn"]}"#).unwrap(),
            deployment().findings_key_arn
        );
        assert_eq!(
            rendered(r#"{"Fn::Sub":"arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"}"#).unwrap(),
            "arn:aws:iam::123456789012:role/*"
        );
        assert_eq!(rendered(r#"{"Fn::If":["PassRoleAllowed","yes","*"]}"#).unwrap(), "*");
    }

    #[test]
    fn what_is_not_known_is_no_empty_text() {
        for resource in
            [r#"{"Ref":"Mode"}"#, r#"{"Fn::Sub":"${Nobody.Arn}"}"#, r#"{"Fn::If":["Strict","a","b"]}"#]
        {
            assert!(matches!(rendered(resource), Err(Unrenderable::Unknown(_))), "{resource}");
        }
    }
}
