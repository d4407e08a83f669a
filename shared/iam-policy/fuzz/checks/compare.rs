//! Comparison, and what is built on it.

use iam_policy::{
    Containment, Context, Doubt, Fit, IdentityKind, KeyTest, Merged, Policies, Policy, Principal, Request,
    Verdict, evaluate, impact, merge, within,
};
use serde_json::Value;

use super::structure;
use super::world::request;

/// No request contradicts a pass, every failure shows a request, and a policy is never found to allow more than itself.
pub fn compare(data: &[u8]) {
    let Some(input) = structure(data, |choices| choices.pair()) else { return };
    let read = |field: &str| input.get(field).and_then(|document| Policy::from_value(document).ok());
    let (Some(first), Some(second)) = (read("p1"), read("p2")) else { return };
    let given = input.get("requests").and_then(Value::as_array).into_iter().flatten().filter_map(request);
    // The root user needs no identity policy, so that nothing can be said of what it may do.
    let given = given.filter(|request| !is_root(&request.principal));
    let requests: Vec<Request> = given.chain(witnesses(&[&first, &second])).collect();
    let (one, other, both) = (&[&first], &[&second], &[&first, &second]);
    contained(one, other, &requests);
    contained(other, one, &requests);
    contained(both, one, &requests);
    contained(one, both, &requests);
    merged(&first, &second, &requests);
    lost(&first, &second);
    for policy in [&first, &second] {
        match within(&[policy], &[policy]) {
            Containment::Pass | Containment::Unknown(Doubt::NamesPrincipal) => {}
            Containment::Fail(_) | Containment::Unknown(_) => panic!("not within itself: {policy}"),
        }
    }
}

fn contained(inner: &[&Policy], outer: &[&Policy], requests: &[Request]) {
    match within(inner, outer) {
        Containment::Pass => {
            for request in requests {
                let (inside, outside) = (judge(inner, request), judge(outer, request));
                assert!(
                    inside.lenient <= outside.lenient,
                    "{request:?} is allowed by the inner policies alone"
                );
                // With several values for one, a pass holds as the evaluator reads them, not for either answer.
                let is_single = request.context.iter().all(|(_, values)| values.len() <= 1);
                assert!(
                    !is_single || inside.strict <= outside.strict,
                    "{request:?} is allowed by the inner policies alone, read strictly"
                );
            }
        }
        Containment::Fail(found) => {
            let judged = |policies: &[&Policy]| {
                evaluate(&Policies { identity: policies, ..Policies::default() }, &found.request)
            };
            assert_eq!((&judged(inner), &judged(outer)), (&found.inner, &found.outer));
            assert_eq!(found.inner.verdict, Verdict::Allowed, "{:?}", found.request);
            assert_ne!(found.outer.verdict, Verdict::Allowed, "{:?}", found.request);
        }
        Containment::Unknown(doubt) => assert!(!doubt.to_string().is_empty()),
    }
}

/// What is merged allows no more than either, and just as much where it says so.
fn merged(one: &Policy, other: &Policy, requests: &[Request]) {
    let Ok(Merged { policy, fit }) = merge(one, other) else { return };
    assert_eq!(Policy::parse(&policy.to_json()).as_ref(), Ok(&policy));
    for request in requests {
        let [left, right, both] = [one, other, &policy].map(|policy| judge(&[policy], request));
        assert!(both.lenient <= (left.lenient && right.lenient), "{request:?} is allowed by {policy} alone");
        // Where the guide is silent, or a key has several values, either answer will do.
        let is_settled = left.is_settled() && right.is_settled() && both.is_settled();
        assert!(
            fit != Fit::Exact || !is_settled || both.lenient == (left.lenient && right.lenient),
            "{request:?} is allowed by both, but not by {policy}"
        );
    }
}

/// What is said to be lost is lost.
fn lost(identity: &Policy, boundary: &Policy) {
    let Ok(removals) = impact(&[identity], boundary, &[]) else { return };
    for lost in removals.iter().flat_map(|removal| &removal.actions) {
        let Some(request) = &lost.example else { continue };
        assert!(lost.action.matches(&request.action), "{lost:?}");
        assert!(judge(&[identity], request).lenient && !judge(&[boundary], request).lenient, "{lost:?}");
    }
    let is_within = within(&[identity], &[boundary]);
    assert!(is_within != Containment::Pass || removals.is_empty(), "{removals:?} is lost to {boundary}");
    assert!(
        !matches!(is_within, Containment::Fail(_)) || !removals.is_empty(),
        "nothing is told of {identity}"
    );
}

fn is_root(principal: &Principal) -> bool {
    matches!(principal, Principal::Identity(identity) if *identity.kind() == IdentityKind::Root)
}

/// Whether a request is allowed, as the guide's silence is read.
struct Allowed {
    lenient: bool,
    strict: bool,
}

impl Allowed {
    fn is_settled(&self) -> bool {
        self.lenient == self.strict
    }
}

fn judge(policies: &[&Policy], request: &Request) -> Allowed {
    let found = evaluate(&Policies { identity: policies, ..Policies::default() }, request);
    let lenient = found.verdict == Verdict::Allowed;
    Allowed { lenient, strict: lenient && found.undocumented.is_empty() }
}

/// Requests made of what the policies themselves say, which meet them far more often than others do.
fn witnesses(policies: &[&Policy]) -> impl Iterator<Item = Request> {
    const REQUESTS: usize = 48;
    let statements: Vec<_> = policies.iter().flat_map(|policy| policy.statements()).collect();
    let mut actions: Vec<&str> = vec!["new:Thing"];
    let mut resources: Vec<&str> = vec!["*", "arn:aws:s3:::b/a"];
    let mut tests: Vec<&KeyTest> = Vec::new();
    for statement in &statements {
        actions.extend(statement.action().patterns().iter().map(|pattern| pattern.as_str()));
        let patterns = statement.resource().into_iter().flat_map(|element| element.patterns());
        resources.extend(patterns.map(|pattern| pattern.as_str()));
        tests.extend(statement.tests().map(|(_, test)| test));
    }
    let mut turn = Turn(0);
    let requests: Vec<_> = (0..REQUESTS)
        .filter_map(|_| {
            let filling = turn.one(&["", "a", "b", "x:y"])?;
            let concrete = |pattern: &str| pattern.replace('*', filling).replace('?', "a");
            let mut context = Context::new();
            for test in &tests {
                let values: Vec<String> = test.values().iter().map(|value| value.text()).collect();
                if let Some(value) = turn.one(&values) {
                    match turn.one(&[0, 1, 2, 3, 4])? {
                        0 => {}
                        1 => context.insert(test.key(), [concrete(value), "a".to_owned()]),
                        _ => context.insert(test.key(), [concrete(value)]),
                    }
                }
            }
            let resource = *turn.one(&resources)?;
            let resource = if resource == "*" { resource.to_owned() } else { concrete(resource) };
            Some(Request {
                principal: "arn:aws:iam::111122223333:role/r".parse().ok()?,
                action: concrete(turn.one(&actions)?).parse().ok()?,
                resource: resource.replace("${aws:username}", filling).parse().ok()?,
                resource_account: None,
                context,
            })
        })
        .collect();
    requests.into_iter()
}

/// Choices in an order that depends on nothing but their number, so that an input always means the same.
struct Turn(u32);

impl Turn {
    fn one<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        of.get((self.0 >> 16) as usize % of.len().max(1))
    }
}
