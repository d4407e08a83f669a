//! Boundary policies whose documents must stay as they are: the shipped ones, and those that were approved beside them.
//!
//! What a boundary says is as much worth as who may rewrite it: a new default version changes the rights of every role
//! under it at once (design, "Boundary edits").

mod edit;
mod record;
mod shipped;

pub use edit::{Edit, Reach};
pub use record::{Approved, EditIntent, PolicyRecord, Told};
pub use shipped::{Deployment, ShippedPolicies, Unrenderable};

use iam_policy::Policy;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The SHA-256 of a document as we print it: white space and the order of a statement's elements do not count, the order
/// of statements and of the entries of a list does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a document.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        Self(Sha256::digest(policy.to_json()).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
