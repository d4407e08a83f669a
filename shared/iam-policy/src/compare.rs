//! Whether one set of policies allows nothing that another does not.
//!
//! A request that the first allows and the second does not is looked for everywhere at once: per class of actions
//! that no pattern tells apart, resources are areas between patterns and condition keys are the few states that
//! their tests tell apart. Where that leaves nothing, there is no such request. What it leaves is made a request and
//! put to the evaluator.
//!
//! Where something cannot be told exactly, it is taken to be possible, so that it can hide no access.

mod access;
mod actions;
mod bits;
mod escapes;
mod impact;
mod keys;
mod language;
mod merge;
mod resources;
mod rules;
mod search;

use thiserror::Error;

use crate::document::{Effect, Policy, Statement};
use crate::evaluate::Evaluation;
use crate::request::Request;

pub use access::{Access, NoResource, Possible, Question, Targets, Terms, Way};
pub use escapes::{EscalationSet, EscalationTarget, Escape, EscapeStep, escapes};
pub use impact::{Breadth, Cut, Danger, LostAction, Removal, impact};
use keys::FixedKeys;
use language::{Budget, Exhausted};
pub use merge::{Fit, Merged, merge};
use rules::Rules;
use search::{Search, Wanted};

/// How the rights of two sets of policies lie to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containment {
    /// Whatever the inner policies allow, the outer ones allow too. Never wrong.
    Pass,
    /// The inner policies allow a request that the outer ones do not.
    Fail(Box<Counterexample>),
    /// Neither was shown. Treat it as a failure.
    Unknown(Doubt),
}

/// A request that the evaluator allows under the inner policies and not under the outer ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The request. Its caller is a role made up for the purpose.
    pub request: Request,
    /// How the inner policies allow it.
    pub inner: Evaluation,
    /// Why the outer policies do not.
    pub outer: Evaluation,
}

/// Why a comparison has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Doubt {
    /// A statement names principals: what it grants depends on who asks. Compare identity policies, boundaries,
    /// session policies and service control policies.
    #[error("a statement names principals")]
    NamesPrincipal,
    /// A statement has neither Resource nor NotResource, which IAM refuses in such policies.
    #[error("a statement has no Resource")]
    NoResource,
    /// There are more combinations than a comparison looks at.
    #[error("the policies can be combined in too many ways")]
    TooComplex,
    /// Something may be allowed by the inner policies alone, but no request was found that shows it: because of
    /// a variable, a question on which the guide is silent, or a key with several values.
    #[error("no request was found that shows what seems to be allowed")]
    Unconfirmed,
}

impl From<Exhausted> for Doubt {
    fn from(_: Exhausted) -> Self {
        Self::TooComplex
    }
}

/// What one comparison may cost, in states of pattern products and nodes of the search: some tens of milliseconds.
const BUDGET: u32 = 60_000;

/// Whether `outer` allows everything that `inner` allows. Each side is the union of its policies, as IAM unites what
/// is attached to one identity: an Allow in any of them grants, a Deny in any of them wins.
///
/// All actions count, also those that AWS adds one day: `s3:*` is not within the list of all actions of S3. The
/// condition keys of a request are taken to be independent of each other, of the action and of the resource, so that
/// a failure may be one that AWS rules out by what it sends. Where the guide is silent, a pass holds for either
/// answer; but for several values of a key under an operator for one value, it holds as [`crate::evaluate`] takes them.
///
/// Takes a bounded time, whatever the policies.
pub fn within(inner: &[&Policy], outer: &[&Policy]) -> Containment {
    if is_within_as_written(inner, outer) {
        return Containment::Pass;
    }
    let mut budget = Budget::new(BUDGET);
    let sides = [inner, outer].map(|side| side.iter().copied());
    let searched = Rules::new(sides, &FixedKeys::default(), &mut budget)
        .and_then(|rules| Search::new(rules, Wanted::difference(inner, outer)?, budget).run());
    match searched {
        Ok(None) => Containment::Pass,
        Ok(Some(counterexample)) => Containment::Fail(counterexample),
        Err(doubt) => Containment::Unknown(doubt),
    }
}

/// Whether every Allow of the inner policies is written in the outer ones too, and every Deny of those in these.
fn is_within_as_written(inner: &[&Policy], outer: &[&Policy]) -> bool {
    let same = |left: &Statement, right: &Statement| {
        left.effect() == right.effect()
            && left.principal().is_none()
            && right.principal().is_none()
            && left.action() == right.action()
            && left.resource() == right.resource()
            && left.tests().eq(right.tests())
    };
    let has = |side: &[&Policy], wanted: &Statement| {
        side.iter().flat_map(|policy| policy.statements()).any(|statement| same(statement, wanted))
    };
    let all = |of: &[&Policy], effect: Effect, side: &[&Policy]| {
        let statements = of.iter().flat_map(|policy| policy.statements());
        statements.filter(|statement| statement.effect() == effect).all(|statement| has(side, statement))
    };
    let size = |side: &[&Policy]| side.iter().map(|policy| policy.statements().len()).sum::<usize>();
    // Each with each: not for thousands of statements.
    size(inner).saturating_mul(size(outer)) < 250_000
        && all(inner, Effect::Allow, outer)
        && all(outer, Effect::Deny, inner)
}
