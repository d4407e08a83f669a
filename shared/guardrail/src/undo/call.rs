use crate::names::RoleName;
use serde::Deserialize;

/// What the function is invoked with: `{"role":"name"}` or `{"all":true}`, with `"force":true` or `"dry_run":true`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Fields")]
pub enum Call {
    /// One role.
    Role(RoleName, Force),
    /// Every role that Ringfence wrote to.
    All(All),
}

/// Whether a role that changed since is given back what it had all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// What to do about every role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum All {
    /// List what would be done.
    DryRun,
    /// Do it.
    GiveBack,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    role: Option<RoleName>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    force: bool,
}

impl TryFrom<Fields> for Call {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        match fields {
            Fields { role: Some(role), all: false, dry_run: false, force } => {
                Ok(Self::Role(role, if force { Force::Yes } else { Force::No }))
            }
            Fields { role: None, all: true, dry_run, force: false } => {
                Ok(Self::All(if dry_run { All::DryRun } else { All::GiveBack }))
            }
            Fields { .. } => Err(
                "it takes `{\"role\":\"name\"}` with or without `\"force\":true`, or `{\"all\":true}` with or without \
                 `\"dry_run\":true`",
            ),
        }
    }
}
