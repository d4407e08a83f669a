//! A function's role, in `data/role.json`: two policies that AWS manages, and what the function asks for under
//! Ringfence's boundary, in `data/boundary.json`: the baseline of `template.yaml`, as it was rendered on 2026-11-22.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::read;
use crate::vectors::{Answer, TextRequest};

/// The role as `data/role.json` has it.
#[derive(Deserialize)]
pub struct Role {
    principal: String,
    account: String,
    /// The names of its policies.
    pub managed: Vec<String>,
    /// What every request carries.
    context: BTreeMap<String, String>,
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    action: String,
    resource: String,
    /// What this request carries besides.
    #[serde(default)]
    context: BTreeMap<String, String>,
    expect: Answer,
}

impl Role {
    /// The role.
    pub fn read() -> Self {
        serde_json::from_str(&read("data/role.json")).expect("data/role.json is valid")
    }

    /// What it asks for, and the answer under the boundary.
    pub fn requests(&self) -> Vec<(TextRequest, Answer)> {
        let request = |request: &Request| {
            let context = self.context.iter().chain(&request.context);
            let text = TextRequest {
                principal: self.principal.clone(),
                account: self.account.clone(),
                action: request.action.clone(),
                resource: request.resource.clone(),
                resource_account: Some(self.account.clone()),
                context: context.map(|(key, value)| (key.clone(), vec![value.clone()])).collect(),
            };
            (text, request.expect)
        };
        self.requests.iter().map(request).collect()
    }
}

/// Ringfence's boundary.
pub fn boundary() -> Value {
    serde_json::from_str(&read("data/boundary.json")).expect("data/boundary.json is valid")
}
