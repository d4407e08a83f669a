//! The service control policies (SCPs) over the account, as its organization's management account exported them: an account cannot
//! read them itself.
//!
//! They are counted in where it is told what a role can do. Nothing is decided by them: an SCP is detached without an event in the
//! account, and a role that only an SCP held back would stand open from then on.

use crate::authorization_details::DocumentText;
use crate::names::AccountId;
use crate::snapshot::Document;
use iam_policy::Policy;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The name and version of an export. `operations/export_scps.py` writes it.
pub const SCHEMA: &str = "ringfence.scps/1";

/// Where in the report's bucket the export is looked for.
pub const KEY: &str = "organization/scps.json";

/// An older export is not counted: what it closes may be open by now.
pub const OLDEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Clocks differ.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// A path in an organization has at most seven levels, each with a few policies of some kilobytes.
const LONGEST: usize = 1_000_000;

/// What is known of the SCPs over the account.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ServiceControl {
    /// Nobody gave an export.
    #[default]
    NotGiven,
    /// They are counted in.
    Counted(Box<Export>),
    /// There is an export that counts for nothing. Says why.
    Unusable(String),
    /// Whether there is an export could not be learnt this time. Says why.
    Unread(String),
}

/// The SCPs over an account at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    levels: Vec<Vec<Policy>>,
    exported_at: Timestamp,
    /// What of it was not understood. It counts as if it left everything open.
    doubts: Vec<String>,
}

/// What the report says of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody gave an export.
    NotGiven,
    /// They are counted in.
    Counted {
        /// As of when.
        exported_at: Timestamp,
        /// How many levels, the root and the account among them.
        levels: usize,
        /// What of them was not understood and closes nothing here.
        doubts: Vec<String>,
    },
    /// They are not.
    NotCounted {
        /// Why.
        why: String,
    },
}

/// The file.
#[derive(Debug, Deserialize)]
struct File {
    schema: String,
    account: AccountId,
    exported_at: Timestamp,
    levels: Vec<Vec<DocumentText>>,
}

/// Why an export counts for nothing.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it is larger than 1 MB")]
    TooLong,
    #[error("it cannot be read as {SCHEMA}: {0}")]
    Form(#[from] serde_json::Error),
    #[error("it says `{0}` and not `{SCHEMA}`")]
    Schema(String),
    #[error("it is about account {0}")]
    Account(AccountId),
    #[error("it was made on {0}, more than 30 days ago")]
    Old(Timestamp),
    #[error("it was made on {0}, which is yet to come")]
    Ahead(Timestamp),
    #[error("a level of it has no policy, and every level of an organization has one")]
    Empty,
}

impl ServiceControl {
    /// Reads an export.
    #[must_use]
    pub fn read(bytes: &[u8], account: &AccountId, now: Timestamp) -> Self {
        match read(bytes, account, now) {
            Ok(export) => Self::Counted(Box::new(export)),
            Err(why) => Self::Unusable(why.to_string()),
        }
    }

    /// The policies by level, root first; none where they are not counted.
    #[must_use]
    pub fn levels(&self) -> &[Vec<Policy>] {
        match self {
            Self::Counted(export) => &export.levels,
            Self::NotGiven | Self::Unusable(_) | Self::Unread(_) => &[],
        }
    }

    /// What the report says of them.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::NotGiven => Standing::NotGiven,
            Self::Counted(export) => Standing::Counted {
                exported_at: export.exported_at,
                levels: export.levels.len(),
                doubts: export.doubts.clone(),
            },
            Self::Unusable(why) | Self::Unread(why) => Standing::NotCounted { why: why.clone() },
        }
    }
}

fn read(bytes: &[u8], account: &AccountId, now: Timestamp) -> Result<Export, Unusable> {
    if bytes.len() > LONGEST {
        return Err(Unusable::TooLong);
    }
    let File { schema, account: exported_of, exported_at, levels } = serde_json::from_slice(bytes)?;
    if schema != SCHEMA {
        return Err(Unusable::Schema(schema));
    }
    if exported_of != *account {
        return Err(Unusable::Account(exported_of));
    }
    let age = now.duration_since(exported_at);
    if age > OLDEST {
        return Err(Unusable::Old(exported_at));
    }
    if age < -AHEAD {
        return Err(Unusable::Ahead(exported_at));
    }
    // An empty level would allow nothing at all, and hide every danger.
    if levels.is_empty() || levels.iter().any(Vec::is_empty) {
        return Err(Unusable::Empty);
    }
    let (levels, doubts) = read_levels(&levels);
    Ok(Export { levels, exported_at, doubts })
}

/// The policies by level, and what is doubtful about them. One that is not understood is taken to leave everything, so that it
/// hides nothing.
#[must_use]
pub fn read_levels(levels: &[Vec<DocumentText>]) -> (Vec<Vec<Policy>>, Vec<String>) {
    let mut doubts = Vec::new();
    let everything = || {
        let everything = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        Policy::from_value(&everything).unwrap_or_else(|_| Policy::empty())
    };
    let mut read = |place: String, text: &DocumentText| match text.read() {
        Document::Understood(policy) => (*policy).clone(),
        Document::NotUnderstood(why) => {
            doubts.push(format!("{place}: {why}"));
            everything()
        }
        Document::Gone => everything(),
    };
    let levels = levels.iter().enumerate().map(|(level, policies)| {
        let policies = policies.iter().enumerate();
        policies
            .map(|(at, text)| read(format!("service control policy {at} of level {level}"), text))
            .collect()
    });
    (levels.collect(), doubts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const FULL: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

    fn export(change: impl FnOnce(&mut Value)) -> ServiceControl {
        let full: Value = serde_json::from_str(FULL).unwrap();
        let mut file = json!({
            "schema": SCHEMA, "account": "123456789012", "exported_at": "2026-11-20T10:00:00Z",
            "targets": ["r-ab12", "123456789012"], "levels": [[full], [full]],
        });
        change(&mut file);
        read_text(&file.to_string())
    }

    fn read_text(text: &str) -> ServiceControl {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        ServiceControl::read(text.as_bytes(), &"123456789012".parse().unwrap(), now)
    }

    fn why(read: &ServiceControl) -> &str {
        assert_eq!(read.levels(), [] as [Vec<Policy>; 0], "what counts for nothing closes nothing");
        let ServiceControl::Unusable(why) = read else { panic!("{read:?} counts") };
        why
    }

    #[test]
    fn an_export_gives_its_levels_and_says_from_when_it_is() {
        let read = export(|_| {});
        assert_eq!(read.levels().len(), 2);
        let exported_at = "2026-11-20T10:00:00Z".parse().unwrap();
        assert_eq!(read.standing(), Standing::Counted { exported_at, levels: 2, doubts: Vec::new() });
        let json = serde_json::to_value(read.standing()).unwrap();
        assert_eq!(json["state"], "counted");
        // A field of a later export is no reason to refuse it; documents may be texts, as Organizations gives them.
        let read = export(|file| {
            file["new"] = json!(1);
            file["levels"][1][0] = json!(FULL);
        });
        assert_eq!(read.levels().len(), 2);
    }

    #[test]
    fn what_is_no_export_of_this_account_and_this_month_counts_for_nothing() {
        for (export, reason) in [
            (read_text(""), "cannot be read"),
            (read_text("[]"), "cannot be read"),
            (export(|file| file["levels"] = json!("all")), "cannot be read"),
            (export(|file| file["exported_at"] = json!("yesterday")), "cannot be read"),
            (export(|file| file["schema"] = json!("ringfence.scps/2")), "`ringfence.scps/2`"),
            (export(|file| file["account"] = json!("210987654321")), "account 210987654321"),
            (export(|file| file["exported_at"] = json!("2026-10-20T10:00:00Z")), "more than 30 days ago"),
            (export(|file| file["exported_at"] = json!("2026-11-24T10:00:00Z")), "yet to come"),
            (export(|file| file["levels"] = json!([])), "no policy"),
            (export(|file| file["levels"][1] = json!([])), "no policy"),
            (read_text(&"x".repeat(LONGEST + 1)), "1 MB"),
        ] {
            assert!(why(&export).contains(reason), "{reason}: {export:?}");
            assert!(matches!(export.standing(), Standing::NotCounted { .. }));
        }
    }

    #[test]
    fn a_policy_that_is_not_understood_closes_nothing_and_is_told() {
        let read = export(|file| file["levels"][1][0] = json!({"Statement": 7}));
        let Standing::Counted { doubts, .. } = read.standing() else { panic!("{read:?}") };
        assert_eq!(doubts.len(), 1);
        assert!(doubts[0].starts_with("service control policy 0 of level 1: "), "{doubts:?}");
        let everything = read.levels()[1][0].to_value();
        assert_eq!(
            (&everything["Statement"]["Effect"], &everything["Statement"]["Action"]),
            (&json!("Allow"), &json!("*"))
        );
    }
}
