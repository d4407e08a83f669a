use crate::settings::Mode;

/// The modes in force that a sweep goes by: roles that are new follow `Mode`, those that existed before follow `SweepMode`
/// (design, "Decisions").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepModes {
    new: Mode,
    existing: Mode,
}

impl SweepModes {
    /// Both as they are in force, the kill switch included. Where `Mode` is observe nothing is written whatever `SweepMode` says:
    /// an installation that only observes must not change the older half of an account.
    #[must_use]
    pub fn in_force(mode: Mode, sweep_mode: Mode) -> Self {
        let existing = match (mode, sweep_mode) {
            (Mode::Enforce, Mode::Enforce) => Mode::Enforce,
            (Mode::Observe, _) | (_, Mode::Observe) => Mode::Observe,
        };
        Self { new: mode, existing }
    }

    /// The mode for a role that was created after the installation or never used.
    #[must_use]
    pub fn for_new(self) -> Mode {
        self.new
    }

    /// The mode for any other role.
    #[must_use]
    pub fn for_existing(self) -> Mode {
        self.existing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mode::{Enforce, Observe};

    #[test]
    fn existing_roles_are_changed_only_where_both_modes_say_so() {
        for (mode, sweep_mode, existing) in [
            (Enforce, Enforce, Enforce),
            (Enforce, Observe, Observe),
            (Observe, Enforce, Observe),
            (Observe, Observe, Observe),
        ] {
            let modes = SweepModes::in_force(mode, sweep_mode);
            assert_eq!((modes.for_new(), modes.for_existing()), (mode, existing), "{mode:?} {sweep_mode:?}");
        }
    }
}
