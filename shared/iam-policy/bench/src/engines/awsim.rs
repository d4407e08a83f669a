use std::collections::HashMap;

use awsim_iam_policy::{
    AuthzRequest, ContextValue, Decision, EvalContext, PolicyDocument, evaluate, parse_value,
};
use serde_json::Value;

use super::Engine;
use crate::vectors::{Answer, TextRequest};

/// `awsim-iam-policy`, the policy engine of an AWS simulator.
pub struct Awsim;

/// The documents in the form in which it takes them.
pub struct Compiled {
    identity: Vec<PolicyDocument>,
    boundary: Option<PolicyDocument>,
}

/// What its request borrows from.
pub struct Request {
    principal: String,
    account: String,
    action: String,
    resource: String,
    context: HashMap<String, ContextValue>,
}

impl Engine for Awsim {
    const NAME: &'static str = "awsim-iam-policy";
    type Policies = Compiled;
    type Request = Request;

    fn compile(identity: &[Value], boundary: Option<&Value>) -> Option<Compiled> {
        let identity = identity.iter().map(parse_value).collect::<Result<_, _>>().ok()?;
        Some(Compiled { identity, boundary: boundary.map(parse_value).transpose().ok()? })
    }

    fn request(text: &TextRequest) -> Option<Request> {
        let value = |values: &[String]| match values {
            [value] => ContextValue::String(value.clone()),
            _ => ContextValue::StringList(values.to_vec()),
        };
        Some(Request {
            principal: text.principal.clone(),
            account: text.account.clone(),
            action: text.action.clone(),
            resource: text.resource.clone(),
            context: text.context.iter().map(|(key, values)| (key.clone(), value(values))).collect(),
        })
    }

    fn judge(policies: &Compiled, request: &Request) -> Option<Answer> {
        let request = AuthzRequest {
            principal_arn: &request.principal,
            principal_account: &request.account,
            action: &request.action,
            resource_arn: &request.resource,
            context: &request.context,
        };
        let policies = EvalContext {
            identity_policies: &policies.identity,
            permissions_boundary: policies.boundary.as_ref(),
            ..EvalContext::default()
        };
        Some(match evaluate(&request, &policies) {
            Decision::Allow => Answer::Allowed,
            Decision::ExplicitDeny => Answer::ExplicitlyDenied,
            Decision::ImplicitDeny => Answer::ImplicitlyDenied,
        })
    }

    fn parse(text: &str) -> bool {
        // Its own `parse` looks the text up in a cache first.
        serde_json::from_str::<Value>(text).is_ok_and(|value| parse_value(&value).is_ok())
    }
}
