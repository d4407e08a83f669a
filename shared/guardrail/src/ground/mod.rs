//! Whether what Ringfence stands on is in place: a rule that is switched off sees nothing, and says nothing about it; nor does
//! an account without a trail.

mod trail;

pub use trail::{Logging, ManagementEvents, Reach, Trail, TrailGap, no_trail};

/// Something that Ringfence stands on and that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroundFault {
    /// No trail logs the writes that Ringfence lives on, so no call reaches EventBridge. With what each trail lacks.
    NoTrail(Vec<(String, TrailGap)>),
    /// A rule of EventBridge does not exist.
    RuleMissing(String),
    /// A rule of EventBridge is switched off.
    RuleDisabled(String),
    /// A rule of EventBridge has nothing to hand its events to.
    RuleWithoutTarget(String),
}

impl std::fmt::Display for GroundFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTrail(trails) => {
                f.write_str(
                    "no trail of CloudTrail logs the writes of IAM and Lambda, so no event of them comes",
                )?;
                for (index, (trail, gap)) in trails.iter().enumerate() {
                    write!(f, "{} {trail} {gap}", if index == 0 { ":" } else { "," })?;
                }
                Ok(())
            }
            Self::RuleMissing(rule) => write!(f, "rule {rule} does not exist"),
            Self::RuleDisabled(rule) => write!(f, "rule {rule} is switched off"),
            Self::RuleWithoutTarget(rule) => write!(f, "rule {rule} has no target"),
        }
    }
}
