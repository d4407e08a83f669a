use iam_policy::{Context, Policies, Policy, Request, Verdict, evaluate};
use serde_json::Value;

use super::Engine;
use crate::vectors::{Answer, TextRequest};

/// `iam-policy`, of this project.
pub struct Ours;

/// Documents that live as long as the bench, because a list of references cannot lie beside what it refers to.
pub struct Compiled {
    identity: Vec<&'static Policy>,
    boundary: Option<&'static Policy>,
}

impl Engine for Ours {
    const NAME: &'static str = "iam-policy";
    type Policies = Compiled;
    type Request = Request;

    fn compile(identity: &[Value], boundary: Option<&Value>) -> Option<Compiled> {
        let document = |value: &Value| Some(&*Box::leak(Box::new(Policy::from_value(value).ok()?)));
        let boundary = boundary.map(document).map_or(Some(None), |read| read.map(Some))?;
        Some(Compiled { identity: identity.iter().map(document).collect::<Option<_>>()?, boundary })
    }

    fn request(text: &TextRequest) -> Option<Request> {
        let mut context = Context::new();
        for (key, values) in &text.context {
            context.insert(key, values.iter().map(String::as_str));
        }
        let resource_account = text.resource_account.as_deref().map(str::parse).transpose().ok()?;
        Some(Request {
            principal: text.principal.parse().ok()?,
            action: text.action.parse().ok()?,
            resource: text.resource.parse().ok()?,
            resource_account,
            context,
        })
    }

    fn judge(policies: &Compiled, request: &Request) -> Option<Answer> {
        let policies =
            Policies { identity: &policies.identity, boundary: policies.boundary, ..Policies::default() };
        Some(match evaluate(&policies, request).verdict {
            Verdict::Allowed => Answer::Allowed,
            Verdict::ExplicitlyDenied => Answer::ExplicitlyDenied,
            Verdict::ImplicitlyDenied => Answer::ImplicitlyDenied,
        })
    }

    fn parse(text: &str) -> bool {
        Policy::parse(text).is_ok()
    }
}
