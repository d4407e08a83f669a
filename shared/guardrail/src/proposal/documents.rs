//! A proposal as documents of a size that IAM takes.

use super::granted::Granted;
use super::statements::{Restricted, Statements, document};
use iam_policy::{ActionPattern, Catalogue, Containment, Level, Policy, PolicyKind, within};
use serde_json::Value;

/// IAM's limit for a managed policy, in characters without white space
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
pub(super) const LONGEST_POLICY: usize = 6_144;

/// How many managed policies a role may have, if nobody raised the quota (the same page).
const MOST_DOCUMENTS: usize = 10;

/// Why statements make no documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unwritable {
    /// They need more than [`MOST_DOCUMENTS`].
    TooLarge(usize),
    /// IAM would not take them.
    Refused(String),
}

/// The documents: one with every action by name, if it is short enough; then one with patterns that stand for those actions and for
/// nothing that the role does not have; then as few as it takes.
pub(super) fn documents(statements: &Statements, granted: &Granted<'_>) -> Result<Vec<Policy>, Unwritable> {
    let refused = |why: &dyn std::fmt::Display| Unwritable::Refused(why.to_string());
    let by_name = statements.policy().map_err(|e| refused(&e))?;
    let documents = if by_name.size() <= LONGEST_POLICY {
        vec![by_name]
    } else {
        let allows: Vec<Value> = statements.allows.iter().map(|allow| in_patterns(allow, granted)).collect();
        packed(&statements.denies, allows).map_err(|e| refused(&e))?
    };
    if documents.len() > MOST_DOCUMENTS {
        return Err(Unwritable::TooLarge(documents.len()));
    }
    for document in &documents {
        if document.size() > LONGEST_POLICY {
            return Err(refused(&"one statement alone is longer than a policy may be"));
        }
        let problems = document.validate(PolicyKind::Identity);
        if let Some(problem) = problems.iter().find(|problem| problem.level == Level::Refused) {
            return Err(refused(&problem.rule));
        }
    }
    Ok(documents)
}

/// The statement with patterns for its actions, if it is shown that they allow nothing that the role does not have.
fn in_patterns(allow: &Restricted, granted: &Granted<'_>) -> Value {
    let patterns = Catalogue::bundled().shrink(&allow.actions);
    let shorter = allow.with_actions(patterns.iter().map(ActionPattern::to_string).collect());
    let is_within = document(vec![shorter.clone()])
        .is_ok_and(|alone| within(&[&alone], &granted.policies) == Containment::Pass);
    if is_within { shorter } else { allow.to_value() }
}

/// First fit, in order. A statement that is too long for a document of its own is cut into several.
fn packed(denies: &[Value], allows: Vec<Value>) -> Result<Vec<Policy>, iam_policy::ParseError> {
    let pieces = denies.iter().cloned().chain(allows.into_iter().flat_map(cut));
    let mut open: Vec<(Vec<Value>, usize)> = Vec::new();
    for piece in pieces {
        let size = piece.to_string().chars().filter(|c| !c.is_whitespace()).count() + 1;
        match open.iter_mut().find(|(_, taken)| taken + size <= ROOM) {
            Some((statements, taken)) => {
                statements.push(piece);
                *taken += size;
            }
            None => open.push((vec![piece], size)),
        }
    }
    open.into_iter().map(|(statements, _)| document(statements)).collect()
}

/// What is left of a document for its statements: its frame is short, and a Sid may get a number.
const ROOM: usize = LONGEST_POLICY - 100;

/// Pieces of at most half a document, so that two of them share one.
fn cut(statement: Value) -> Vec<Value> {
    const LONGEST_PIECE: usize = ROOM / 2;
    let Some(Value::Array(actions)) = statement.get("Action") else { return vec![statement] };
    let of_actions: usize = actions.iter().map(|action| action.to_string().len() + 1).sum();
    let frame = statement.to_string().len().saturating_sub(of_actions);
    if frame + of_actions <= LONGEST_PIECE {
        return vec![statement];
    }
    let mut groups: Vec<(Vec<Value>, usize)> = Vec::new();
    for action in actions {
        let size = action.to_string().len() + 1;
        match groups.last_mut() {
            Some((group, taken)) if frame + *taken + size <= LONGEST_PIECE => {
                group.push(action.clone());
                *taken += size;
            }
            Some(_) | None => groups.push((vec![action.clone()], size)),
        }
    }
    let piece = |(group, _): (Vec<Value>, usize)| {
        let mut piece = statement.clone();
        if let Some(place) = piece.get_mut("Action") {
            *place = group.into();
        }
        piece
    };
    groups.into_iter().map(piece).collect()
}
