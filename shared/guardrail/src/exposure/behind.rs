use crate::assess::{Assessment, Breach, Surroundings};
use crate::names::RoleArn;
use crate::settings::Settings;
use crate::severity::Severity;
use crate::snapshot::RoleSnapshot;

/// The role that an open function has: what callers get at.
#[derive(Debug, Clone)]
pub enum Behind {
    /// It was read and judged.
    Judged(Box<RoleSnapshot>, Box<Assessment>),
    /// There is no such role.
    Missing(RoleArn),
    /// AWS does not let Ringfence read it.
    Unreadable {
        /// Which one.
        role: RoleArn,
        /// AWS's words.
        why: String,
    },
    /// Lambda tells none: the function went meanwhile.
    Untold,
}

impl Behind {
    /// Judges the role as it is now.
    #[must_use]
    pub fn judged(role: RoleSnapshot, settings: &Settings) -> Self {
        let around = Surroundings {
            approval: settings.approval(&role.boundary),
            carve_outs: &settings.carve_outs,
            ..Surroundings::default()
        };
        let assessment = Assessment::within(&role, &around);
        Self::Judged(Box::new(role), Box::new(assessment))
    }

    /// The one that a caller gets furthest with. A role that is not known counts for more than one that may do little.
    #[must_use]
    pub fn worst(found: Vec<Self>) -> Self {
        let weight = |behind: &Self| match behind {
            Self::Untold => (0, None),
            Self::Missing(_) => (1, None),
            Self::Judged(..) if behind.severity() < Some(Severity::Medium) => (2, behind.severity()),
            Self::Unreadable { .. } => (3, None),
            Self::Judged(..) => (4, behind.severity()),
        };
        found.into_iter().max_by_key(weight).unwrap_or(Self::Untold)
    }

    /// What the role breaches; nothing where it is not known.
    pub(super) fn breaches(&self) -> &[Breach] {
        match self {
            Self::Judged(_, assessment) => assessment.breaches(),
            Self::Missing(_) | Self::Unreadable { .. } | Self::Untold => &[],
        }
    }

    /// The worst of what the role may do now.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.breaches().iter().filter_map(|breach| breach.now).max()
    }

    /// What the role may do now and should worry whoever lets strangers call the function, worst first.
    pub fn dangers(&self) -> impl Iterator<Item = &Breach> {
        self.breaches().iter().filter(|breach| breach.now >= Some(Severity::Medium))
    }
}
