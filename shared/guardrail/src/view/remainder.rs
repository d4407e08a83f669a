//! What Denies, the cap and service control policies leave of one Allow.

use super::View;
use crate::snapshot::Cap;
use iam_policy::{
    Containment, Context, Fit, IdentityArn, Policies, Policy, Request, Source, StatementRef, Verdict,
    evaluate, merge, within,
};
use serde_json::{Value, json};

impl View<'_> {
    /// Whether the role's own denies, its cap and service control policies leave the role anything of what the
    /// statement allows. What cannot be told is left.
    pub(crate) fn leaves_something_of(&self, allow: StatementRef) -> bool {
        let boundary = match self.cap {
            Cap::Everything => return false,
            Cap::Policy(boundary) => Some(boundary),
            Cap::Nothing => None,
        };
        if self.shows_something_of(allow) {
            return true;
        }
        let Some(mut left) = self.alone(allow) else { return true };
        let levels: Option<Vec<Policy>> =
            self.around.service_control.iter().map(|level| united(level)).collect();
        let Some(levels) = levels else { return true };
        for cap in boundary.into_iter().chain(&levels) {
            match merge(&left, cap) {
                Ok(merged) if merged.fit == Fit::Exact => left = merged.policy,
                Ok(_) | Err(_) => return true,
            }
        }
        let Some(not_for_it) = self.arn().and_then(requests_of_others) else { return true };
        within(&[&left], &[&not_for_it]) != Containment::Pass
    }

    /// Whether a usual request shows it, which is cheaper than to look at all.
    fn shows_something_of(&self, allow: StatementRef) -> bool {
        const USUAL: [(&str, &str); 4] = [
            ("s3:GetObject", "arn:aws:s3:::7f3Kq9-bucket/object"),
            ("ec2:DescribeInstances", "*"),
            ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:111122223333:table/7f3Kq9-table"),
            ("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:7f3Kq9:log-stream:stream"),
        ];
        let Source::Identity(at) = allow.source else { return false };
        let document = self.documents.policies.get(at);
        let one = document.and_then(|policy| Some(policy.alone(policy.statements().get(allow.statement)?)));
        let (Some(one), Some(role)) = (one, self.arn()) else { return false };
        let alone = Policies { identity: &[&one], ..Policies::default() };
        let all = self.policies();
        USUAL.iter().any(|(action, resource)| {
            let (Ok(action), Ok(resource)) = (action.parse(), resource.parse()) else { return false };
            let (principal, context) = (role.clone().into(), Context::new());
            let resource_account = Some(role.account());
            let request = Request { principal, action, resource, resource_account, context };
            let is_allowed =
                |policies: &Policies<'_>| evaluate(policies, &request).verdict == Verdict::Allowed;
            is_allowed(&alone) && is_allowed(&all)
        })
    }

    /// A policy of this Allow and every Deny of the role.
    fn alone(&self, allow: StatementRef) -> Option<Policy> {
        let documents = self.documents.policies.iter().map(|policy| policy.to_value());
        let mut version = None;
        let mut statements: Vec<Value> = Vec::new();
        for (at, document) in documents.enumerate() {
            let list = statements_of(&document)?;
            let places = (0..).map(|statement| StatementRef { source: Source::Identity(at), statement });
            for (place, statement) in places.zip(list) {
                let is_deny = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
                if is_deny || place == allow {
                    statements.push(statement);
                }
                if place == allow {
                    version = document.get("Version").cloned();
                }
            }
        }
        let version = version.unwrap_or_else(|| "2008-10-17".into());
        Policy::from_value(&json!({ "Version": version, "Statement": statements })).ok()
    }
}

/// One policy of the statements of several; none, if they are not of one version.
fn united(policies: &[Policy]) -> Option<Policy> {
    let Some(first) = policies.first() else { return Some(Policy::empty()) };
    if policies.iter().any(|policy| policy.version() != first.version()) {
        return None;
    }
    let mut whole = first.to_value();
    let statements: Option<Vec<Vec<Value>>> =
        policies.iter().map(|policy| statements_of(&policy.to_value())).collect();
    whole.as_object_mut()?.insert("Statement".to_owned(), statements?.concat().into());
    Policy::from_value(&whole).ok()
}

/// The statements of a document, which may stand without a list.
fn statements_of(document: &Value) -> Option<Vec<Value>> {
    Some(match document.get("Statement")? {
        Value::Array(list) => list.clone(),
        one @ (Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            vec![one.clone()]
        }
    })
}

/// Every request that another principal than the role makes.
fn requests_of_others(role: &IdentityArn) -> Option<Policy> {
    let when = |condition: Value| json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
    let others = [
        when(json!({ "StringNotEquals": { "aws:PrincipalAccount": role.account().to_string() } })),
        when(json!({ "ArnNotEquals": { "aws:PrincipalArn": role.as_str() } })),
    ];
    Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": others })).ok()
}
