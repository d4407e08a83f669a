//! Requests and the policies that bear on them, read as the examples read them.

use iam_policy::{Context, Evaluation, Policies, Policy, Request, Source, Statement, StatementRef, evaluate};
use serde_json::Value;

/// What one evaluation looks at. Documents that cannot be read are left out.
#[derive(Default)]
pub struct World {
    pub identity: Vec<Policy>,
    pub boundary: Option<Policy>,
    pub session: Option<Policy>,
    pub service_control: Vec<Vec<Policy>>,
    pub resource_control: Vec<Vec<Policy>>,
    pub resource: Option<Policy>,
    pub trust: Option<Policy>,
    pub vpc_endpoint: Vec<Policy>,
}

impl World {
    pub fn read(value: &Value) -> Self {
        let one = |field: &str| value.get(field).and_then(|value| Policy::from_value(value).ok());
        let list = |value: &Value| -> Vec<Policy> {
            let entries = value.as_array().into_iter().flatten();
            entries.filter_map(|entry| Policy::from_value(entry).ok()).collect()
        };
        let several = |field: &str| value.get(field).map(list).unwrap_or_default();
        let levels = |field: &str| {
            let levels = value.get(field).and_then(Value::as_array).into_iter().flatten();
            levels.map(list).collect::<Vec<_>>()
        };
        Self {
            identity: several("identity_policies"),
            boundary: several("boundary").into_iter().next(),
            session: one("session_policy"),
            service_control: levels("scps"),
            resource_control: levels("rcps"),
            resource: one("resource_policy"),
            trust: one("trust_policy"),
            vpc_endpoint: several("vpc_endpoint_policies"),
        }
    }

    pub fn evaluate(&self, request: &Request) -> Evaluation {
        evaluate(
            &Policies {
                identity: &self.identity.iter().collect::<Vec<_>>(),
                boundary: self.boundary.as_ref(),
                session: self.session.as_ref(),
                service_control: &self.service_control,
                resource_control: &self.resource_control,
                resource: self.resource.as_ref(),
                trust: self.trust.as_ref(),
                vpc_endpoint: &self.vpc_endpoint.iter().collect::<Vec<_>>(),
            },
            request,
        )
    }

    pub fn statement(&self, place: StatementRef) -> Option<&Statement> {
        let policy = match place.source {
            Source::Identity(policy) => self.identity.get(policy),
            Source::Boundary => self.boundary.as_ref(),
            Source::Session => self.session.as_ref(),
            Source::ServiceControl { level, policy } => {
                self.service_control.get(level).and_then(|level| level.get(policy))
            }
            Source::ResourceControl { level, policy } => {
                self.resource_control.get(level).and_then(|level| level.get(policy))
            }
            Source::Resource => self.resource.as_ref(),
            Source::Trust => self.trust.as_ref(),
            Source::VpcEndpoint(policy) => self.vpc_endpoint.get(policy),
        };
        policy?.statements().get(place.statement)
    }
}

/// A request, where the value is one. Wildcards are taken out, because requests have none.
pub fn request(value: &Value) -> Option<Request> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let resource = text("resource")?;
    let mut context = Context::new();
    for (key, values) in value.get("context").and_then(Value::as_object).into_iter().flatten() {
        let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
        context.insert(key, values.iter().filter_map(Value::as_str));
    }
    Some(Request {
        principal: text("principal")?.parse().ok()?,
        action: text("action")?.replace(['*', '?'], "a").parse().ok()?,
        resource: if resource == "*" { resource.to_owned() } else { resource.replace(['*', '?'], "a") }
            .parse()
            .ok()?,
        resource_account: text("resource_account").and_then(|account| account.parse().ok()),
        context,
    })
}
