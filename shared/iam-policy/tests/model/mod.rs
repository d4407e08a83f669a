//! A slow, obvious evaluator, to be read beside the IAM User Guide and held against the real one.
//!
//! It works on the JSON that `examples/evaluate.rs` reads and shares nothing with the crate: no parsed types, no
//! matcher, no operators. Every rule is written down as the guide says it, with recursion where that is plainest.
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.
//!
//! `None` is "the guide does not say" throughout.

mod caller;
mod condition;
mod text;

use serde_json::Value;

use caller::{Caller, Capacity};
use text::Lookup;

/// What becomes of a statement about which the guide is silent.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Silence {
    /// The Allow applies, the Deny does not.
    Allows,
    /// The Deny applies, the Allow does not.
    Denies,
}

/// Which elements a statement has besides Effect, Action and Condition.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Identity policies, boundaries, session policies and service control policies: Resource, no Principal.
    AboutTheHolder,
    /// Policies of resources and endpoints, resource control policies: Principal and Resource.
    AboutCallers,
    /// Trust policies: Principal, no Resource.
    Trust,
}

struct Question<'a> {
    request: &'a Value,
    caller: Caller,
    has_boundary: bool,
    silence: Silence,
}

/// `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`.
pub(crate) fn verdict(case: &Value, silence: Silence) -> &'static str {
    let request = &case["request"];
    let caller = Caller::read(request);
    let is_identity = matches!(caller, Caller::Identity { .. });
    let has_boundary = is_identity && !list(&case["boundary"]).is_empty();
    let question = Question { request, caller, has_boundary, silence };

    // Which policies bear on the request.
    let is_service_linked = question.caller.is_service_linked_role(request);
    let own = |name: &str| if is_identity { list(&case[name]) } else { vec![] };
    let identity = own("identity_policies");
    let boundary = own("boundary");
    let session = own("session_policy");
    let service_control = if is_service_linked { vec![] } else { own("scps") };
    let resource_control = if is_service_linked { vec![] } else { list(&case["rcps"]) };
    let endpoint = list(&case["vpc_endpoint_policies"]);
    let resource = list(&case["resource_policy"]);
    let trust = if service(request) == "sts" { list(&case["trust_policy"]) } else { vec![] };

    // An explicit Deny in any of them decides.
    let holders = [&identity, &boundary, &session].into_iter().flatten().copied();
    let holders = holders.chain(service_control.iter().copied().flat_map(list));
    let about_callers = [&resource, &endpoint].into_iter().flatten().copied();
    let about_callers = about_callers.chain(resource_control.iter().copied().flat_map(list));
    if holders.into_iter().any(|policy| question.denied_by(policy, Kind::AboutTheHolder))
        || about_callers.into_iter().any(|policy| question.denied_by(policy, Kind::AboutCallers))
        || trust.iter().any(|policy| question.denied_by(policy, Kind::Trust))
    {
        return "ExplicitlyDenied";
    }

    // Every level of the organization has to allow the request, and the endpoint, if there is one.
    let allowed_by_one = |policies: &[&Value], kind| {
        policies.iter().any(|policy| !question.grants_of(policy, kind).is_empty())
    };
    let organization_allows =
        service_control.iter().all(|level| allowed_by_one(&list(level), Kind::AboutTheHolder))
            && resource_control.iter().all(|level| allowed_by_one(&list(level), Kind::AboutCallers));
    let endpoint_allows = endpoint.is_empty() || allowed_by_one(&endpoint, Kind::AboutCallers);
    if !organization_allows || !endpoint_allows {
        return "ImplicitlyDenied";
    }

    // What the caller's side says.
    let identity_allows = question.caller.is_root() || allowed_by_one(&identity, Kind::AboutTheHolder);
    let not_capped = [&boundary, &session]
        .into_iter()
        .all(|cap| cap.is_empty() || allowed_by_one(cap, Kind::AboutTheHolder));

    // What the resource's side says.
    let mut grants: Vec<Capacity> = Vec::new();
    grants.extend(resource.iter().flat_map(|policy| question.grants_of(policy, Kind::AboutCallers)));
    grants.extend(trust.iter().flat_map(|policy| question.grants_of(policy, Kind::Trust)));

    let allowed = match question.caller.account() {
        // Services and strangers have no policies of their own.
        None => !grants.is_empty(),
        // Across accounts both sides have to allow.
        Some(account) if account != owner(request, account) => {
            identity_allows && not_capped && !grants.is_empty()
        }
        // Within an account one side is enough, except for roles and keys, whose policy has to allow as well.
        Some(_) => {
            let has_to_grant = !trust.is_empty() || (is_key(request) && !resource.is_empty());
            grants.contains(&Capacity::Itself)
                || (grants.contains(&Capacity::Role) && not_capped)
                || (identity_allows && not_capped && !(has_to_grant && grants.is_empty()))
        }
    };
    if allowed { "Allowed" } else { "ImplicitlyDenied" }
}

impl Question<'_> {
    fn denied_by(&self, policy: &Value, kind: Kind) -> bool {
        list(&policy["Statement"]).iter().filter(|statement| statement["Effect"] == "Deny").any(|statement| {
            let (applies, _) = self.applies(policy, statement, kind);
            applies.unwrap_or(self.silence == Silence::Denies)
        })
    }

    /// The capacities in which the Allows that apply name the caller.
    fn grants_of(&self, policy: &Value, kind: Kind) -> Vec<Capacity> {
        let allows =
            list(&policy["Statement"]).into_iter().filter(|statement| statement["Effect"] == "Allow");
        allows
            .filter_map(|statement| {
                let (applies, capacity) = self.applies(policy, statement, kind);
                applies.unwrap_or(self.silence == Silence::Allows).then_some(capacity)
            })
            .collect()
    }

    /// A statement applies if all of its elements do.
    fn applies(&self, policy: &Value, statement: &Value, kind: Kind) -> (Option<bool>, Capacity) {
        let lookup = Lookup { context: &self.request["context"], version: policy["Version"].as_str() };
        let (principal, capacity) = match kind {
            Kind::AboutTheHolder => (Some(true), Capacity::Itself),
            // "Always" denies whoever has a boundary, whatever NotPrincipal lists.
            _ if self.has_boundary
                && statement["Effect"] == "Deny"
                && !statement["NotPrincipal"].is_null() =>
            {
                (Some(true), Capacity::Itself)
            }
            Kind::AboutCallers | Kind::Trust => self.caller.named_by(statement, self.request),
        };
        let resource =
            if kind == Kind::Trust { Some(true) } else { resource(statement, self.request, &lookup) };
        let condition = condition::holds(&statement["Condition"], &lookup);
        (all(&[action(statement, self.request), resource, principal, condition]), capacity)
    }
}

/// Action names and their wildcards ignore case; NotAction is everything else.
fn action(statement: &Value, request: &Value) -> Option<bool> {
    let name = request["action"].as_str().unwrap().to_lowercase();
    let matches = |pattern: &str| {
        let pattern = pattern.to_lowercase();
        if pattern == "*" {
            return Some(true);
        }
        if !text::matches(&text::pattern(&pattern), &name) {
            return Some(false);
        }
        // The guide shows wildcards after the service only.
        let (service, _) = pattern.split_once(':').unwrap();
        if service.contains(['*', '?']) { None } else { Some(true) }
    };
    match statement.get("NotAction") {
        Some(excepted) => not(any(&texts(excepted).iter().map(|text| matches(text)).collect::<Vec<_>>())),
        None => any(&texts(&statement["Action"]).iter().map(|text| matches(text)).collect::<Vec<_>>()),
    }
}

/// A pattern whose variable has no value matches nothing. What NotResource then excepts, the guide does not say.
fn resource(statement: &Value, request: &Value, lookup: &Lookup<'_>) -> Option<bool> {
    let name = request["resource"].as_str().unwrap();
    let matches = |pattern: &String| {
        let marks = lookup.pattern(pattern)?;
        Some(text::arn_of_resource_matches(&marks, name))
    };
    match statement.get("NotResource") {
        Some(excepted) => not(any(&texts(excepted).iter().map(matches).collect::<Vec<_>>())),
        None => {
            let found = texts(&statement["Resource"]);
            Some(found.iter().map(matches).any(|matched| matched == Some(true)))
        }
    }
}

/// Who owns the resource: who is said to, or the account in its ARN, or the caller's.
fn owner(request: &Value, callers: &str) -> String {
    let in_arn =
        request["resource"].as_str().unwrap().split(':').nth(4).filter(|account| !account.is_empty());
    request["resource_account"].as_str().or(in_arn).unwrap_or(callers).to_owned()
}

fn service(request: &Value) -> &str {
    request["action"].as_str().unwrap().split(':').next().unwrap()
}

/// See <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>.
fn is_key(request: &Value) -> bool {
    service(request) == "kms" && request["resource"].as_str().unwrap().contains(":key/")
}

/// A list, or a single value as a list, or nothing.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => vec![],
        Value::Array(entries) => entries.iter().collect(),
        single => vec![single],
    }
}

/// Numbers and booleans mean the same as their text.
fn texts(value: &Value) -> Vec<String> {
    list(value).into_iter().map(|entry| entry.as_str().map_or(entry.to_string(), str::to_owned)).collect()
}

/// True if all are, false if one is not, else open.
fn all(answers: &[Option<bool>]) -> Option<bool> {
    if answers.contains(&Some(false)) {
        Some(false)
    } else if answers.contains(&None) {
        None
    } else {
        Some(true)
    }
}

/// True if one is, false if none is, else open.
fn any(answers: &[Option<bool>]) -> Option<bool> {
    if answers.contains(&Some(true)) {
        Some(true)
    } else if answers.contains(&None) {
        None
    } else {
        Some(false)
    }
}

fn not(answer: Option<bool>) -> Option<bool> {
    answer.map(|answer| !answer)
}
