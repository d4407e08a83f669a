//! A role whose boundary, ours or an approved one, does not say what it should.

use super::{NotFound, Response, Round, Sight, Work};
use crate::failure::Failure;
use guardrail::finding::Outcome;
use guardrail::names::PolicyArn;
use jiff::SignedDuration;

/// Longer than the function of policy changes needs, a deployment of the stack and Lambda's retries included.
const UNTIL_SET_BACK: SignedDuration = SignedDuration::from_mins(8);

impl Work<'_> {
    /// The policy is told about, and once, whichever of its roles is looked at first. Ours is set back where the event of the edit
    /// arrives, so it is only looked at again after that.
    pub(super) async fn edited_boundary(
        &self,
        sight: &Sight,
        boundary: &PolicyArn,
    ) -> Result<Round, Failure> {
        if self.not_found == NotFound::LookAgainLater && self.account.is_set_back(boundary)? {
            self.account.look_again_after(sight.role.arn.name(), self.trigger, UNTIL_SET_BACK).await?;
            return Ok(Round::Over(Response::of(
                "the boundary's document is edited, another look is queued for when it is set back",
            )));
        }
        let Some(edited) = self.account.tell_found_edited(boundary, self.request).await? else {
            return Ok(Round::Overtaken);
        };
        match self.keep_record(sight).await? {
            Round::Over(_) => Ok(Round::Over(Response {
                outcome: edited.told.is_some().then_some(Outcome::BoundaryEdited),
                finding: edited.told,
                ..Response::of("the boundary's document is not as approved")
            })),
            again @ (Round::Overtaken | Round::BeingTold(_)) => Ok(again),
        }
    }
}
