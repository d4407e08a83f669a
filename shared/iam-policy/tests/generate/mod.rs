//! Small, mean requests with policies that nearly match them: few words, many wildcards, variables whose values are
//! wildcards, keys that are missing. A seed and a case number make the same case again.
//!
//! A case is the JSON object that `examples/evaluate.rs` reads, so a case that was printed can be asked there.

mod condition;
mod pattern;
mod principal;
mod read;
mod request;
pub(crate) mod shrink;

use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

use proptest::prelude::Rng;

pub(crate) use read::{judge, refusal};
use request::Asked;

/// The case with this number in the sequence that belongs to the seed.
pub(crate) fn case(seed: u64, number: u64) -> Value {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    Draw(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)).case()
}

/// Random choices.
struct Draw(TestRng);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0.next_u32() as usize % end
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    fn pick_owned<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Where a policy stands, as far as it makes a difference to what is in it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Grants, without saying to whom.
    Identity,
    /// Bounds what others grant: boundary, session policy, service control policy.
    Cap,
    ResourceControl,
    Endpoint,
    Resource,
    Trust,
}

impl Draw {
    fn case(&mut self) -> Value {
        let asked = self.request();
        let mut case = json!({ "request": asked.to_json() });
        let mut put = |field: &str, value: Value| case[field] = value;
        if asked.is_identity() && !asked.is_root() {
            let number = 1 + usize::from(self.percent(30));
            put("identity_policies", self.policies(Place::Identity, number, &asked));
        }
        if asked.may_have_boundary() && self.percent(30) {
            put("boundary", self.policies(Place::Cap, 1, &asked));
        }
        if asked.may_have_session_policy() && self.percent(35) {
            put("session_policy", self.policy(Place::Cap, &asked));
        }
        if asked.is_identity() && self.percent(25) {
            put("scps", self.levels(Place::Cap, &asked));
        }
        if self.percent(15) {
            put("rcps", self.levels(Place::ResourceControl, &asked));
        }
        if self.percent(12) {
            let number = 1 + usize::from(self.percent(30));
            put("vpc_endpoint_policies", self.policies(Place::Endpoint, number, &asked));
        }
        if asked.assumes_role() {
            put("trust_policy", self.policy(Place::Trust, &asked));
        } else if asked.is_about_key() || (asked.resource != "*" && self.percent(60)) {
            put("resource_policy", self.policy(Place::Resource, &asked));
        }
        case
    }

    fn levels(&mut self, place: Place, asked: &Asked) -> Value {
        let number = 1 + usize::from(self.percent(40));
        (0..number)
            .map(|_| {
                let number = 1 + usize::from(self.percent(30));
                self.policies(place, number, asked)
            })
            .collect()
    }

    fn policies(&mut self, place: Place, number: usize, asked: &Asked) -> Value {
        (0..number).map(|_| self.policy(place, asked)).collect()
    }

    fn policy(&mut self, place: Place, asked: &Asked) -> Value {
        let full_access = match place {
            // AWS attaches full access to every level and takes nothing but a Deny besides.
            Place::ResourceControl => true,
            Place::Cap | Place::Endpoint => self.percent(60),
            Place::Identity => self.percent(15),
            Place::Resource | Place::Trust => false,
        };
        let mut statements = Vec::new();
        if full_access {
            let mut statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
            if matches!(place, Place::ResourceControl | Place::Endpoint) {
                statement["Principal"] = "*".into();
            }
            statements.push(statement);
        }
        for _ in 0..self.pick_owned(&[1, 1, 2, 3]) {
            let denies = place == Place::ResourceControl || self.percent(22);
            let effect = if denies { "Deny" } else { "Allow" };
            statements.push(self.statement(place, effect, asked));
        }
        let mut policy = json!({});
        match self.below(20) {
            0 | 1 => {}
            2 | 3 => policy["Version"] = "2008-10-17".into(),
            _ => policy["Version"] = "2012-10-17".into(),
        }
        policy["Statement"] = self.one_or_many(statements);
        policy
    }

    fn statement(&mut self, place: Place, effect: &str, asked: &Asked) -> Value {
        let denies = effect == "Deny";
        let mut statement = json!({ "Effect": effect });
        match place {
            Place::Identity | Place::Cap => {}
            Place::ResourceControl => statement["Principal"] = "*".into(),
            Place::Trust => statement["Principal"] = self.principal_element(asked),
            Place::Endpoint | Place::Resource => {
                let element = if denies && self.percent(30) { "NotPrincipal" } else { "Principal" };
                statement[element] = self.principal_element(asked);
            }
        }
        let element = if self.percent(15) { "NotAction" } else { "Action" };
        let actions = (0..self.pick_owned(&[1, 1, 2])).map(|_| self.action_pattern(asked).into()).collect();
        statement[element] = self.one_or_many(actions);
        if place != Place::Trust {
            let element = if self.percent(12) { "NotResource" } else { "Resource" };
            let resources = (0..self.pick_owned(&[1, 1, 2]))
                .map(|_| self.resource_pattern(place, asked).into())
                .collect();
            statement[element] = self.one_or_many(resources);
        }
        if self.percent(if denies { 60 } else { 40 }) {
            statement["Condition"] = self.condition(asked);
        }
        statement
    }

    /// A single entry stands alone or in a list.
    fn one_or_many(&mut self, mut entries: Vec<Value>) -> Value {
        if entries.len() == 1 && self.percent(60) { entries.remove(0) } else { entries.into() }
    }
}
