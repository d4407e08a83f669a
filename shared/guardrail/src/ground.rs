//! Whether what Ringfence stands on is in place: a rule that is switched off sees nothing, and says nothing about it.

/// Something of Ringfence's own that is not as the template makes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroundFault {
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
            Self::RuleMissing(rule) => write!(f, "rule {rule} does not exist"),
            Self::RuleDisabled(rule) => write!(f, "rule {rule} is switched off"),
            Self::RuleWithoutTarget(rule) => write!(f, "rule {rule} has no target"),
        }
    }
}
