use crate::check_id::CheckId;
use crate::names::{PolicyArn, RoleArn};
use crate::severity::Severity;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// How many roles the summary names.
pub const MOST_WORST: usize = 50;

/// One execution role in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleLine {
    /// The role.
    pub role: RoleArn,
    /// The worst of what it can do now; none where nothing was found.
    pub now: Option<Severity>,
    /// The worst of what it could do without its boundary.
    pub without_boundary: Option<Severity>,
    /// What was found, worst first.
    pub checks: Vec<CheckId>,
    /// Its boundary.
    pub boundary: Option<PolicyArn>,
    /// How many functions have it.
    pub functions: usize,
}

/// The worst roles of an account, worst first: at most [`MOST_WORST`], and the same in whichever order they come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorstRoles(Vec<RoleLine>);

impl WorstRoles {
    /// Takes the role in, if it is among the worst. A role in which nothing was found never is.
    pub fn offer(&mut self, line: &RoleLine) {
        if line.now.max(line.without_boundary).is_none() {
            return;
        }
        let at = self.0.partition_point(|known| rank(known) <= rank(line));
        if at < MOST_WORST {
            self.0.insert(at, line.clone());
            self.0.truncate(MOST_WORST);
        }
    }

    /// The roles, worst first.
    #[must_use]
    pub fn roles(&self) -> &[RoleLine] {
        &self.0
    }
}

/// Smaller is worse: what is possible now, then what only the boundary prevents, then how many functions are concerned.
fn rank(line: &RoleLine) -> impl Ord + '_ {
    let RoleLine { role, now, without_boundary, functions, .. } = line;
    (Reverse(*now), Reverse(*without_boundary), Reverse(*functions), role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line((n, now, without, functions): (usize, usize, usize, usize)) -> RoleLine {
        let severities = [
            None,
            Some(Severity::Info),
            Some(Severity::Medium),
            Some(Severity::High),
            Some(Severity::Critical),
        ];
        RoleLine {
            role: format!("arn:aws:iam::123456789012:role/r{n}").parse().unwrap(),
            now: severities[now],
            without_boundary: severities[without],
            checks: Vec::new(),
            boundary: None,
            functions,
        }
    }

    proptest! {
        #[test]
        fn the_worst_stay_in_whichever_order_they_come(
            drawn in prop::collection::vec((0_usize..5, 0_usize..5, 0_usize..3), 0..200)
        ) {
            let lines: Vec<RoleLine> =
                drawn.into_iter().enumerate().map(|(n, (now, without, functions))| line((n, now, without, functions))).collect();
            let (mut forth, mut back) = (WorstRoles::default(), WorstRoles::default());
            lines.iter().for_each(|line| forth.offer(line));
            lines.iter().rev().for_each(|line| back.offer(line));
            let mut expected: Vec<RoleLine> =
                lines.into_iter().filter(|line| line.now.is_some() || line.without_boundary.is_some()).collect();
            expected.sort_by(|a, b| rank(a).cmp(&rank(b)));
            expected.truncate(MOST_WORST);
            prop_assert_eq!(forth.roles(), expected);
            prop_assert_eq!(forth, back);
        }
    }
}
