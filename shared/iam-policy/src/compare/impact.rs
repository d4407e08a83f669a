//! What a boundary takes away from a role, in words that can be read.
//!
//! The same search as the comparison, but for every class of actions, every resource pattern and every reason apart:
//! each finds one request that the role can make without the boundary and not with it. Classes that are lost for
//! the same reason are then written as few patterns.

mod area;
mod report;
mod survey;
mod wording;

use std::collections::BTreeSet;

use super::escapes::EscalationSet;
use super::keys::FixedKeys;
use super::language::Budget;
use super::rules::Rules;
use super::search::{Search, Wanted};
use super::{BUDGET, Doubt, is_within_as_written};
use crate::action::{ActionName, ActionPattern};
use crate::condition::{KeyTest, Operator};
use crate::document::{Effect, Policy, ResourceElement, Statement};
use crate::evaluate::StatementRef;
use crate::evaluate::matching::{self, Match};
use crate::request::Request;
use crate::resource::ResourcePattern;
use area::Forms;
use report::Report;
use survey::Survey;

/// What a role loses to a boundary of one grant and for one reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Removal {
    /// The actions that it loses.
    pub actions: Vec<LostAction>,
    /// The resources on which it loses them.
    pub resources: Vec<ResourcePattern>,
    /// Resources of these that are left to it.
    pub but_resources: Vec<ResourcePattern>,
    /// What has to hold for the role to have it, and for the boundary to take it.
    pub conditions: Vec<(Operator, KeyTest)>,
    /// The statement that grants it.
    pub grant: StatementRef,
    /// Why it is lost.
    pub cut: Cut,
}

/// Actions that a role loses.
#[derive(Debug, Clone, PartialEq)]
pub struct LostAction {
    /// The actions. Among them may be some that are lost for another reason as well.
    pub action: ActionPattern,
    /// Actions of these that are left to the role.
    pub but: Vec<ActionPattern>,
    /// Whether one of them is part of a way to more rights that the role has without the boundary.
    pub danger: Danger,
    /// How much was meant by who granted it.
    pub breadth: Breadth,
    /// A request that the role can make without the boundary and not with it, because of the grant and for the reason
    /// that are told; none, if there may be no such request because of a variable, because the guide is silent or
    /// because it takes too long to find.
    pub example: Option<Request>,
}

/// Why a boundary takes something away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// The statement of the boundary at this position denies it.
    Denied(usize),
    /// No statement of the boundary allows it.
    NotAllowed,
    /// The statements of the boundary at these positions allow some of it, for other resources or under conditions.
    AllowedInPart(Vec<usize>),
}

/// Whether what is lost could have been used to gain rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Danger {
    /// Part of a privilege escalation.
    Dangerous,
    /// Of none that was asked for.
    Harmless,
}

/// How a grant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Breadth {
    /// One action on resources that are named: somebody wanted that.
    Narrow,
    /// With a wildcard.
    Broad,
}

/// What `boundary` takes away from a role with these identity policies: every action on every resource that they
/// allow together and the boundary does not. Nothing, if the policies are [`super::within`] the boundary.
///
/// What is lost for several reasons is listed under the first that takes all of it, explicit denies before what is
/// merely not allowed. Actions are looked at on resources of the forms that the catalogue gives them, as long as there
/// is something to list. `sets` are the privilege escalations to look out for: an action counts as dangerous if the
/// identity policies grant every action of a set that it belongs to.
///
/// # Errors
/// The policies cannot be compared, see [`super::within`].
pub fn impact<'s>(
    identity: &[&Policy],
    boundary: &Policy,
    sets: impl IntoIterator<Item = &'s EscalationSet>,
) -> Result<Vec<Removal>, Doubt> {
    let outer = [boundary];
    if is_within_as_written(identity, &outer) {
        return Ok(Vec::new());
    }
    let sides = [identity, &outer].map(|side| side.iter().copied());
    let rules = Rules::new(sides, &FixedKeys::default(), &mut Budget::new(BUDGET))?;
    let mut search = Search::new(rules, Wanted::difference(identity, &outer)?, Budget::new(BUDGET));
    // The same question as `within`; what was found out on the way is of use to the others.
    if search.run() == Ok(None) {
        return Ok(Vec::new());
    }
    let dangers = dangers(identity, sets);
    let report = Report::new(identity, boundary, &dangers);
    let forms = Forms::of_services(identity.iter().chain(&outer).copied());
    let mut survey = Survey::new(search, report.statements(), forms)?;
    let known = report.removals(&mut survey)?;
    if !known.is_empty() {
        return Ok(known);
    }
    report.removals(&mut Survey::new(survey.search, report.statements(), Forms::none())?)
}

/// The actions of the sets of which every action is granted somewhere and not denied everywhere.
fn dangers<'s>(
    identity: &[&Policy],
    sets: impl IntoIterator<Item = &'s EscalationSet>,
) -> BTreeSet<&'s ActionName> {
    let statements = || identity.iter().flat_map(|policy| policy.statements());
    let is_about = |statement: &Statement, action: &ActionName| {
        matching::action(statement.action(), action) != Match::No
    };
    let covers_all = |statement: &Statement| {
        statement.is_unconditional()
            && matches!(statement.resource(), Some(ResourceElement::Resource(patterns))
                if patterns.iter().any(ResourcePattern::covers_everything))
    };
    let is_granted = |action: &&ActionName| {
        statements().any(|statement| statement.effect() == Effect::Allow && is_about(statement, action))
            && !statements().any(|statement| {
                statement.effect() == Effect::Deny && covers_all(statement) && is_about(statement, action)
            })
    };
    let sets = sets.into_iter().filter(|set| set.actions.iter().all(|action| is_granted(&action)));
    sets.flat_map(|set| &set.actions).collect()
}
