//! # `boundary-ineffective`: the role's boundary leaves a known way to more rights open
//!
//! ## What it finds
//! A permissions boundary under which every action of some set of `data/privilege-escalation.json` is still possible for
//! this role, whatever its own policies come to say. A step of which it cannot be shown that the boundary closes it
//! counts as possible, and the evidence says so.
//!
//! ## Why it matters
//! A boundary is there to bound what the next policy gives. With this one, a single policy more is enough for somebody
//! who holds the role to come to any right in the account, the boundary's removal included.
//!
//! ## Example
//! `PowerUserAccess` as boundary: it withholds most of IAM, but a function that exists and runs under a stronger role can
//! be given other code with `lambda:UpdateFunctionCode`.
//!
//! ## Remedy
//! Add the actions that the evidence names to a Deny of the boundary, or put Ringfence's boundary on the role.
//!
//! ## Limits
//! It says nothing about who could go the way: the role's own policies may grant none of its actions today; what they do
//! grant is told by `privilege-escalation`. The actions of a set are judged one by one, so that conditions that exclude
//! each other do not close it, and so is `iam:PassRole`, whatever service `iam:PassedToService` names. A boundary that is not
//! understood, or whose policy is gone, is told as a doubt and by `boundary-dangling`. What `AllowedPassRoleArns` and
//! `AllowedAssumeRoleArns` leave open in Ringfence's own boundary is not held against it.

use super::{Grade, Hit};
use crate::assess::Evidence;
use crate::escalation::{Escalation, Escalations};
use crate::snapshot::{Boundary, Cap, Document};
use crate::view::View;
use iam_policy::{Escape, EscapeStep, escapes};

/// More ways than this are counted, not told.
const MOST_TOLD: usize = 3;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    // It is asked under the boundary alone: not of the role as it would be without one, nor of a role that has none yet.
    let (Boundary::Attached { document: Document::Understood(_), .. }, Cap::Policy(boundary)) =
        (&view.role.boundary, view.cap)
    else {
        return None;
    };
    let judged = Escalations::bundled().minimal().filter(|way| !view.is_carved_out(way.actions()));
    let open = escapes(boundary, view.arn()?, judged.map(Escalation::set));
    let first = Escalations::bundled().get(&open.first()?.set.id)?;
    let more = match open.len() - 1 {
        0 => String::new(),
        1 => ", or go one other known way to more rights".to_owned(),
        others => format!(", or go {others} other known ways to more rights"),
    };
    Some(Hit {
        grade: Grade::Usual,
        summary: format!(
            "under its boundary, one policy more lets somebody with the role {}{more}",
            first.how()
        ),
        evidence: open.iter().take(MOST_TOLD).map(evidence).collect(),
        remedy: "deny one action of each way in the boundary, or put Ringfence's boundary on the role"
            .to_owned(),
    })
}

/// One way, step by step.
fn evidence(escape: &Escape<'_>) -> Evidence {
    let step = |(action, step): (&iam_policy::ActionName, &EscapeStep)| match step {
        EscapeStep::Allowed(request) => format!("{action} on {}", request.resource),
        EscapeStep::Doubtful(_) => format!("{action}, which may or may not be closed"),
    };
    let steps: Vec<String> = escape.set.actions.iter().zip(&escape.steps).map(step).collect();
    Evidence {
        policy: "boundary".to_owned(),
        statement: String::new(),
        detail: format!("{}: {}", escape.set.id, steps.join("; ")),
    }
}
