use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId,
};
use serde_json::Value;

use super::Engine;
use crate::vectors::{Answer, TextRequest};

/// `iam-rs`. It has no boundaries.
pub struct IamRs;

impl Engine for IamRs {
    const NAME: &'static str = "iam-rs";
    type Policies = PolicyEvaluator;
    type Request = IAMRequest;

    fn compile(identity: &[Value], boundary: Option<&Value>) -> Option<PolicyEvaluator> {
        let read = |value: &Value| serde_json::from_value::<IAMPolicy>(value.clone()).ok();
        let documents = identity.iter().map(read).collect::<Option<_>>()?;
        boundary.is_none().then(|| PolicyEvaluator::with_policies(documents))
    }

    fn request(text: &TextRequest) -> Option<IAMRequest> {
        let value = |values: &[String]| match values {
            [value] => ContextValue::String(value.clone()),
            _ => ContextValue::StringList(values.to_vec()),
        };
        let context = text.context.iter().map(|(key, values)| (key.clone(), value(values))).collect();
        Some(IAMRequest::new_with_context(
            Principal::Aws(PrincipalId::String(text.principal.clone())),
            text.action.as_str(),
            Arn::parse(&text.resource).ok()?,
            Context::with_data(context),
        ))
    }

    fn judge(policies: &PolicyEvaluator, request: &IAMRequest) -> Option<Answer> {
        Some(match policies.evaluate(request).ok()?.decision {
            Decision::Allow => Answer::Allowed,
            Decision::Deny => Answer::ExplicitlyDenied,
            Decision::NotApplicable => Answer::ImplicitlyDenied,
        })
    }

    fn parse(text: &str) -> bool {
        serde_json::from_str::<IAMPolicy>(text).is_ok()
    }
}
