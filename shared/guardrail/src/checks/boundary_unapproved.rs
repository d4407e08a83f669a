//! # `boundary-unapproved`: the role's boundary is neither Ringfence's nor approved
//!
//! ## What it finds
//! A permissions boundary that is neither the one that Ringfence puts nor one of `ApprovedBoundaryArns`.
//!
//! ## Why it matters
//! Nobody has said that this boundary holds what it should. It may cap everything, or nothing.
//!
//! ## Example
//! A boundary that a team wrote for itself, `arn:aws:iam::123456789012:policy/team-boundary`.
//!
//! ## Remedy
//! Have it reviewed and add its ARN to `ApprovedBoundaryArns`, or put Ringfence's boundary on the role. Where both boundaries
//! allow something in common, the finding proposes a document that is provably within both.
//!
//! ## Limits
//! It goes by the ARN. Whether the document under an approved ARN is still the one that was approved is told as
//! `boundary-edited`. It is judged only where it is known which boundaries are accepted.

use super::{Grade, Hit};
use crate::assess::{Approval, Evidence};
use crate::boundary_relation::merged_boundary;
use crate::names::PolicyArn;
use crate::snapshot::{Boundary, Cap, Document};
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let Boundary::Attached { arn, document } = &view.role.boundary else { return None };
    let is_looked_at = !matches!(view.cap, Cap::Nothing) || matches!(document, Document::NotUnderstood(_));
    (view.approval() == Approval::Unapproved && is_looked_at).then(|| Hit {
        grade: Grade::Usual,
        summary: "the role's boundary is neither Ringfence's nor approved".to_owned(),
        evidence: vec![Evidence {
            policy: "boundary".to_owned(),
            statement: String::new(),
            detail: format!("{arn} is the boundary"),
        }],
        remedy: remedy(arn, document, view.ours()),
    })
}

fn remedy(arn: &PolicyArn, theirs: &Document, ours: Option<&Document>) -> String {
    let review = format!("have the boundary reviewed and add {arn} to `ApprovedBoundaryArns`");
    match ours.and_then(|ours| merged_boundary(theirs, ours)) {
        Some(merged) => format!(
            "{review}, put Ringfence's boundary on the role, or give the boundary this document, which is within both: {merged}"
        ),
        None => format!("{review}, or put Ringfence's boundary on the role"),
    }
}
