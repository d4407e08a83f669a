//! Which of the services that are granted too widely the role did not use: how to narrow the grant. Neither id nor severity depend
//! on it.

use super::{AboutRole, BreachFacts};
use crate::check_id::CheckId;
use crate::last_accessed::Grants;

impl AboutRole<'_> {
    /// Adds it to what is to be done about the worst breach that is about whole services.
    pub(super) fn tell_unused(&self, breaches: &mut [BreachFacts]) {
        if let Some(too_wide) = breaches.iter_mut().find(|breach| is_about_services(breach.check))
            && let Some(unused) = self.unused_in_words()
        {
            too_wide.remedy = format!("{}. {unused}", too_wide.remedy);
        }
    }

    fn unused_in_words(&self) -> Option<String> {
        let role = &self.snapshot.role;
        let known = self.last_accessed.filter(|known| known.counts_for(&role.id, self.now))?;
        known.unused(role.created, Some(Grants::of(self.snapshot))).in_words()
    }
}

fn is_about_services(check: CheckId) -> bool {
    matches!(
        check,
        CheckId::AdminAccess | CheckId::FullAccessPolicy | CheckId::ServiceWildcard | CheckId::NotActionAllow
    )
}
