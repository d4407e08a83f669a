//! Evaluation.

use iam_policy::{Because, Effect, Evaluation, Request, Verdict};
use serde_json::{Value, json};

use super::structure;
use super::world::{World, request};

/// Every request has a verdict that rests on a statement that is there; one more Deny never permits more, one more
/// Allow never less.
pub fn evaluate(data: &[u8]) {
    let Some(input) = structure(data, |choices| choices.world()) else { return };
    let Some(request) = input.get("request").and_then(request) else { return };
    let found = verdict(&World::read(&input), &request);
    for (effect, never) in [("Deny", "widens"), ("Allow", "narrows")] {
        let more = verdict(&World::read(&with_more(input.clone(), effect)), &request);
        let (less, more) = if effect == "Deny" { (more, found) } else { (found, more) };
        assert!(permits(less) <= permits(more), "a {effect} never {never}: {input}");
    }
}

fn verdict(world: &World, request: &Request) -> Verdict {
    let Evaluation { verdict, because, undocumented } = world.evaluate(request);
    assert_eq!(verdict, because.verdict());
    let named = match because {
        Because::DeniedBy(place) => Some((place, Effect::Deny)),
        Because::AllowedBy(place) => Some((place, Effect::Allow)),
        Because::AccountRoot | Because::NotAllowedBy(_) => None,
    };
    if let Some((place, effect)) = named {
        assert_eq!(world.statement(place).map(|statement| statement.effect()), Some(effect), "{because}");
    }
    for silence in undocumented {
        assert!(world.statement(silence.statement).is_some(), "{silence}");
    }
    verdict
}

fn permits(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::ExplicitlyDenied => 0,
        Verdict::ImplicitlyDenied => 1,
        Verdict::Allowed => 2,
    }
}

/// The same policies, with the statement in `more` added to the first document of the field `to`.
fn with_more(mut input: Value, effect: &str) -> Value {
    let field = input.get("to").and_then(Value::as_str).unwrap_or("identity_policies").to_owned();
    let mut more = input.get("more").cloned().unwrap_or_else(|| json!({ "Action": "*", "Resource": "*" }));
    if !more.is_object() {
        return input;
    }
    more["Effect"] = effect.into();
    if ["rcps", "resource_policy", "trust_policy", "vpc_endpoint_policies"].contains(&field.as_str()) {
        more["Principal"] = "*".into();
    }
    let mut document = input.get_mut(&field);
    while let Some(Value::Array(_)) = document {
        document = document.and_then(|list| list.get_mut(0));
    }
    if let Some(statements) = document.and_then(|document| document.get_mut("Statement")) {
        if let Value::Array(list) = statements {
            list.push(more);
        } else {
            *statements = json!([statements.take(), more]);
        }
    }
    input
}
