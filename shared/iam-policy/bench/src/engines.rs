//! The engines that are measured, behind one face: ours and the Rust crates that are nearest to it.
//!
//! Each reads policies and requests into its own types first, as a program would that asks more than once.

mod awsim;
mod iam_rs;
mod ours;

use std::hint::black_box;

use serde_json::Value;

use crate::vectors::{Answer, TextRequest, Vector};

pub use awsim::Awsim;
pub use iam_rs::IamRs;
pub use ours::Ours;

/// A policy engine. What it has no notion of is no answer.
pub trait Engine: 'static {
    /// What the table calls it.
    const NAME: &'static str;
    /// The caller's policies, ready to be asked.
    type Policies;
    /// A request, ready to be judged.
    type Request;

    /// Reads the documents.
    fn compile(identity: &[Value], boundary: Option<&Value>) -> Option<Self::Policies>;

    /// Reads the request, its context keys included.
    fn request(text: &TextRequest) -> Option<Self::Request>;

    /// Judges the request.
    fn judge(policies: &Self::Policies, request: &Self::Request) -> Option<Answer>;

    /// The policy alone, from its text to the form that `judge` takes, without a cache; what that costs is measured.
    fn parse(text: &str) -> bool;
}

/// A role's policies and requests, or several small ones, with the answers that are right.
pub struct Questions<E: Engine> {
    asked: Vec<Asked<E>>,
}

struct Asked<E: Engine> {
    policies: std::rc::Rc<E::Policies>,
    text: TextRequest,
    request: E::Request,
}

impl<E: Engine> Questions<E> {
    /// One question a vector. Fails if the engine answers one of them wrongly: no engine is timed on wrong answers.
    pub fn of_vectors(vectors: &[Vector]) -> Self {
        let asked = vectors.iter().map(|vector| {
            let policies = E::compile(&vector.identity, None);
            let policies = policies
                .unwrap_or_else(|| panic!("{} does not read the policies of `{}`", E::NAME, vector.name));
            Asked::checked(policies.into(), &vector.name, &vector.request, vector.expect)
        });
        Self { asked: asked.collect() }
    }

    /// All requests to one role. Fails as above.
    pub fn of_role(identity: &[Value], boundary: &Value, requests: &[(TextRequest, Answer)]) -> Self {
        let policies = E::compile(identity, Some(boundary));
        let policies = std::rc::Rc::new(
            policies.unwrap_or_else(|| panic!("{} does not read the role's policies", E::NAME)),
        );
        let asked = requests.iter().map(|(text, expect)| {
            let name = format!("{} on {}", text.action, text.resource);
            Asked::checked(policies.clone(), &name, text, *expect)
        });
        Self { asked: asked.collect() }
    }

    /// Judges each request once, as it was read before.
    pub fn judge(&self) {
        for Asked { policies, request, .. } in &self.asked {
            black_box(E::judge(black_box(policies), black_box(request)));
        }
    }

    /// Reads and judges each request once.
    pub fn read_and_judge(&self) {
        for Asked { policies, text, .. } in &self.asked {
            let request = E::request(black_box(text));
            black_box(request.and_then(|request| E::judge(black_box(policies), &request)));
        }
    }
}

impl<E: Engine> Asked<E> {
    fn checked(policies: std::rc::Rc<E::Policies>, name: &str, text: &TextRequest, expect: Answer) -> Self {
        let request =
            E::request(text).unwrap_or_else(|| panic!("{} does not read the request of `{name}`", E::NAME));
        let answer = E::judge(&policies, &request);
        assert_eq!(answer, Some(expect), "{} answers `{name}` wrongly", E::NAME);
        Self { policies, text: text.clone(), request }
    }
}

/// Whether the engine knows what the vector is about and answers it rightly.
pub fn answers<E: Engine>(vector: &Vector) -> bool {
    let answer = E::compile(&vector.identity, None)
        .zip(E::request(&vector.request))
        .and_then(|(policies, request)| E::judge(&policies, &request));
    answer == Some(vector.expect)
}
