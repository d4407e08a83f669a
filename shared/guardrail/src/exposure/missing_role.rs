//! What the ledger keeps of a role that functions name and that does not exist.

use super::ExposureState;
use crate::assess::missing_role_breach;
use crate::names::{FunctionArn, Region, RoleArn};
use crate::severity::Severity;
use std::collections::BTreeSet;

/// An item of the ledger has room for so many of the longest names. Of more, the first are noted.
const MOST_NOTED: usize = 4_000;

impl ExposureState {
    /// The state of a role that does not exist; none where no function names it.
    ///
    /// `told` is what was told of it: its functions in Regions that are `refused` now count as if they were still there, or they
    /// would be news each time that such a Region can be read again.
    #[must_use]
    pub fn of_missing_role<'f>(
        role: &RoleArn,
        functions: impl IntoIterator<Item = &'f FunctionArn>,
        told: Option<&Self>,
        refused: &BTreeSet<Region>,
    ) -> Option<Self> {
        let functions: Vec<FunctionArn> = functions.into_iter().cloned().collect();
        let mut openings: BTreeSet<String> = functions.iter().map(key).collect();
        openings.extend(told.into_iter().flat_map(|told| told.in_regions(refused)).cloned());
        let openings: BTreeSet<String> = openings.into_iter().take(MOST_NOTED).collect();
        if openings.is_empty() {
            return None;
        }
        let severity =
            missing_role_breach(role, &functions).map_or(Severity::Medium, |breach| breach.severity);
        Some(Self { openings, doubts: BTreeSet::new(), severity, role: None, qualifiers: BTreeSet::new() })
    }

    /// Whether functions that were told are in Regions that cannot be read now.
    #[must_use]
    pub fn has_functions_in(&self, refused: &BTreeSet<Region>) -> bool {
        self.in_regions(refused).next().is_some()
    }

    /// The functions that were told to name this missing role.
    pub fn functions_of_missing_role(&self, role: &RoleArn) -> impl Iterator<Item = FunctionArn> {
        let (partition, account) = (role.partition(), role.account());
        self.openings.iter().filter_map(move |key| {
            let (region, name) = key.split_once('/')?;
            format!("arn:{partition}:lambda:{region}:{account}:function:{name}").parse().ok()
        })
    }

    fn in_regions(&self, regions: &BTreeSet<Region>) -> impl Iterator<Item = &String> {
        let region_of = |key: &&String| key.split_once('/').map(|(region, _)| region.to_owned());
        self.openings.iter().filter(move |key| {
            region_of(key).is_some_and(|of| regions.iter().any(|region| region.as_str() == of))
        })
    }
}

/// `eu-west-1/orders`: partition and account are the role's.
fn key(function: &FunctionArn) -> String {
    format!("{}/{}", function.region(), function.name())
}
