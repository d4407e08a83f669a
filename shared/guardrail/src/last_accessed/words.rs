use super::{Unused, UnusedFor};
use crate::report::grouped;

/// More are counted, not named.
const MOST_NAMED: usize = 5;

impl Unused<'_> {
    /// What could be taken out of the role's policies, in some sentences without the last full stop; none where nothing was unused
    /// for a quarter.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let told: Vec<String> =
            [self.services_in_words(), self.actions_in_words()].into_iter().flatten().collect();
        (!told.is_empty()).then(|| {
            format!(
                "{}. What it did not use is a candidate for removal, if no error path, disaster recovery or yearly job needs it",
                told.join(". ")
            )
        })
    }

    fn services_in_words(&self) -> Option<String> {
        let long = self.services.iter().filter(|service| service.unused_for >= UnusedFor::Quarter);
        let unused: Vec<&str> = long.map(|service| service.name).collect();
        let (day, of) = (self.day(), number(self.allowed));
        match (unused.as_slice(), self.used.as_slice()) {
            ([], _) => None,
            ([one], []) if self.allowed == 1 => Some(format!(
                "In the 90 days before {day} the role did not use {one}, the one service that its policies allow"
            )),
            (unused, used) => {
                let count = number(unused.len());
                let used = if used.is_empty() { "none".to_owned() } else { some(used) };
                Some(format!(
                    "In the 90 days before {day} the role did not use {count} of the {of} services that its policies allow ({}), and \
                     used {used}",
                    some(unused)
                ))
            }
        }
    }

    fn actions_in_words(&self) -> Option<String> {
        let actions: Vec<&str> = self.actions.iter().map(|action| action.as_str()).collect();
        let what = match self.count(UnusedFor::Quarter) {
            0 => format!("In the 90 days before {} the role did not use", self.day()),
            _ => "Of services that it did use, it did not use".to_owned(),
        };
        (!actions.is_empty()).then(|| format!("{what} {}", some(&actions)))
    }

    fn day(&self) -> String {
        self.as_of.strftime("%Y-%m-%d").to_string()
    }
}

fn number(count: usize) -> String {
    grouped(u64::try_from(count).unwrap_or(u64::MAX))
}

fn some(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {} more", number(more)),
    }
}
