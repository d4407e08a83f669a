//! Whether what Ringfence stands on is in place: a rule that is switched off sees nothing, and says nothing about it; nor does
//! an account without a trail, or a function with other settings than those that were deployed.

mod functions;
mod trail;

pub use functions::{Deployed, OwnFunction, changed_functions};
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
    /// A function of Ringfence does not exist.
    FunctionMissing(String),
    /// A function of Ringfence never runs, because nothing is reserved for it.
    FunctionSwitchedOff(String),
    /// A function of Ringfence has the rights of another role.
    FunctionWithAnotherRole(String),
    /// A function of Ringfence runs code of a layer.
    FunctionWithLayers(String),
    /// A variable of a function differs from what was deployed, is gone, or was never deployed.
    SettingChanged {
        /// The function's name.
        function: String,
        /// The variable's name. Its value is not told: somebody else chose it.
        variable: String,
    },
    /// The schedule of the sweep does not say what was deployed.
    SettingsUnknown,
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
            Self::FunctionMissing(function) => write!(f, "function {function} does not exist"),
            Self::FunctionSwitchedOff(function) => {
                write!(f, "function {function} has a concurrency of 0, so it never runs")
            }
            Self::FunctionWithAnotherRole(function) => {
                write!(f, "function {function} has another role than the one deployed")
            }
            Self::FunctionWithLayers(function) => {
                write!(f, "function {function} has a layer, which nobody deployed")
            }
            Self::SettingChanged { function, variable } => {
                write!(f, "setting {variable} of function {function} is not as deployed")
            }
            Self::SettingsUnknown => {
                f.write_str("rule ringfence-sweep-account does not say which settings were deployed")
            }
        }
    }
}
