use crate::names::RoleName;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What the function is invoked with: `{"role":"name"}` or `{"all":true}`, with `"force":true` or `"dry_run":true`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
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

/// What the function takes.
const FORMS: &str = "it takes `{\"role\":\"name\"}` with or without `\"force\":true`, or `{\"all\":true}` with or without \
                     `\"dry_run\":true`";

impl TryFrom<Map<String, Value>> for Call {
    type Error = String;

    /// By way of an object: a list of the fields' values would be read as well.
    fn try_from(object: Map<String, Value>) -> Result<Self, String> {
        match serde_json::from_value(Value::Object(object)).map_err(|e| format!("{e}; {FORMS}"))? {
            Fields { role: Some(role), all: false, dry_run: false, force } => {
                Ok(Self::Role(role, if force { Force::Yes } else { Force::No }))
            }
            Fields { role: None, all: true, dry_run, force: false } => {
                Ok(Self::All(if dry_run { All::DryRun } else { All::GiveBack }))
            }
            Fields { .. } => Err(FORMS.to_owned()),
        }
    }
}
