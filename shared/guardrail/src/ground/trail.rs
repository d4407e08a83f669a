//! Trails: without one that logs management events no API call reaches EventBridge
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>).

use super::GroundFault;
use crate::names::Region;

/// A trail, as far as it matters to Ringfence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Where it was made; none where CloudTrail does not tell.
    pub home: Option<Region>,
    /// Which Regions it logs.
    pub reach: Reach,
    /// Whether it is switched on.
    pub logging: Logging,
    /// Which management events it logs; none where Ringfence may not ask, as about the organization's in a member account.
    pub management_events: Option<ManagementEvents>,
}

/// Which Regions a trail logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All of them, and IAM, which has none.
    EveryRegion,
    /// Its home, and IAM where that is where IAM's events come.
    HomeAndIam,
    /// Its home, without IAM.
    HomeWithoutIam,
}

/// Whether a trail is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logging {
    /// It logs.
    On,
    /// It was stopped.
    Off,
}

/// The management events that a trail logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagementEvents {
    /// Writes, and perhaps reads.
    Writes,
    /// None, or reads alone.
    NoWrites,
}

impl ManagementEvents {
    /// As several selectors together have it: one that logs writes is enough.
    #[must_use]
    pub fn of_selectors(selectors: impl IntoIterator<Item = Self>) -> Self {
        if selectors.into_iter().any(|one| one == Self::Writes) { Self::Writes } else { Self::NoWrites }
    }

    /// As an advanced selector has it: `fields` are the names of its fields with what each has to equal. Fields that leave
    /// something else out, such as the calls of KMS, do not matter here
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>).
    #[must_use]
    pub fn of_advanced<'a>(fields: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Self {
        let (mut is_management, mut is_reads_only) = (false, false);
        for (field, equals) in fields {
            match field {
                "eventCategory" => is_management = equals.iter().any(|value| value == "Management"),
                "readOnly" => {
                    is_reads_only = !equals.is_empty() && equals.iter().all(|value| value == "true")
                }
                _ => {}
            }
        }
        if is_management && !is_reads_only { Self::Writes } else { Self::NoWrites }
    }
}

/// Why a trail does not serve Ringfence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrailGap {
    /// It was stopped.
    Off,
    /// It logs another Region.
    Elsewhere,
    /// It leaves out the events of IAM.
    WithoutIam,
    /// It logs no management events, or reads alone.
    NoWrites,
}

impl std::fmt::Display for TrailGap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "is stopped",
            Self::Elsewhere => "logs another Region",
            Self::WithoutIam => "leaves out global services",
            Self::NoWrites => "logs no management events that write",
        })
    }
}

impl Trail {
    /// Why it does not bring the writes of IAM and Lambda to EventBridge in `region`; none where it does, or may.
    #[must_use]
    pub fn gap(&self, region: &Region) -> Option<TrailGap> {
        if self.logging == Logging::Off {
            return Some(TrailGap::Off);
        }
        let is_elsewhere = self.home.as_ref() != Some(region);
        match self.reach {
            Reach::EveryRegion => {}
            Reach::HomeAndIam | Reach::HomeWithoutIam if is_elsewhere => return Some(TrailGap::Elsewhere),
            Reach::HomeWithoutIam => return Some(TrailGap::WithoutIam),
            Reach::HomeAndIam => {}
        }
        (self.management_events == Some(ManagementEvents::NoWrites)).then_some(TrailGap::NoWrites)
    }
}

/// The fault, where none of the trails serves `region`.
#[must_use]
pub fn no_trail(trails: &[Trail], region: &Region) -> Option<GroundFault> {
    let gaps = trails.iter().map(|trail| Some((trail.name.clone(), trail.gap(region)?)));
    gaps.collect::<Option<Vec<_>>>().map(GroundFault::NoTrail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    fn trail() -> Trail {
        Trail {
            name: "main".to_owned(),
            home: Some(region("us-east-1")),
            reach: Reach::HomeAndIam,
            logging: Logging::On,
            management_events: Some(ManagementEvents::Writes),
        }
    }

    #[test]
    fn one_trail_that_serves_is_enough() {
        let here = region("us-east-1");
        let stopped = Trail { logging: Logging::Off, ..trail() };
        assert_eq!(no_trail(&[stopped.clone(), trail()], &here), None);
        assert_eq!(
            no_trail(&[stopped], &here).unwrap().to_string(),
            "no trail of CloudTrail logs the writes of IAM and Lambda, so no event of them comes: main is stopped"
        );
        assert_eq!(
            no_trail(&[], &here).unwrap().to_string(),
            "no trail of CloudTrail logs the writes of IAM and Lambda, so no event of them comes"
        );
    }

    #[test]
    fn each_gap_is_seen() {
        let (here, there) = (region("us-east-1"), region("eu-west-1"));
        let everywhere = Trail { reach: Reach::EveryRegion, home: Some(there.clone()), ..trail() };
        for (trail, gap) in [
            (trail(), None),
            (everywhere.clone(), None),
            (Trail { home: None, ..everywhere }, None),
            (Trail { management_events: None, ..trail() }, None),
            (Trail { home: Some(there.clone()), ..trail() }, Some(TrailGap::Elsewhere)),
            (Trail { home: None, ..trail() }, Some(TrailGap::Elsewhere)),
            (Trail { reach: Reach::HomeWithoutIam, ..trail() }, Some(TrailGap::WithoutIam)),
            (
                Trail { management_events: Some(ManagementEvents::NoWrites), ..trail() },
                Some(TrailGap::NoWrites),
            ),
        ] {
            assert_eq!(trail.gap(&here), gap, "{trail:?}");
        }
    }

    #[test]
    fn an_advanced_selector_logs_writes_where_it_is_about_management_events_and_not_about_reads_alone() {
        let list = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
        let (management, data) = (list(&["Management"]), list(&["Data"]));
        let (yes, no, none) = (list(&["true"]), list(&["false"]), list(&[]));
        for (fields, expected) in [
            (vec![("eventCategory", &management)], ManagementEvents::Writes),
            (vec![("eventCategory", &management), ("readOnly", &no)], ManagementEvents::Writes),
            (vec![("eventCategory", &management), ("eventSource", &none)], ManagementEvents::Writes),
            (vec![("eventCategory", &management), ("readOnly", &yes)], ManagementEvents::NoWrites),
            (vec![("eventCategory", &data)], ManagementEvents::NoWrites),
            (vec![], ManagementEvents::NoWrites),
        ] {
            let fields_given = fields.iter().map(|(field, values)| (*field, values.as_slice()));
            assert_eq!(ManagementEvents::of_advanced(fields_given), expected, "{fields:?}");
        }
        let both = [ManagementEvents::NoWrites, ManagementEvents::Writes];
        assert_eq!(ManagementEvents::of_selectors(both), ManagementEvents::Writes);
        assert_eq!(ManagementEvents::of_selectors([]), ManagementEvents::NoWrites);
    }
}
