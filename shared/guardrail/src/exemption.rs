//! Exemptions: roles that somebody answers for. Items of the ledger, written by operators (design, "Exemptions").

use crate::assess::Breach;
use crate::check_id::CheckId;
use crate::names::RoleId;
use crate::operator_item::{Attribute, Attributes, InvalidAttribute};
use crate::severity::Severity;
use crate::snapshot::Role;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeSet;
use wildmatch::WildMatch;

/// A valid exemption: the role is told about and not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    pattern: RolePattern,
    owner: String,
    reason: String,
    expires_at: Timestamp,
    role_id: Option<RoleId>,
    checks: Option<BTreeSet<CheckId>>,
    max_severity: Option<Severity>,
    ticket: Option<String>,
}

/// A role's name, or with its path if the pattern starts with `/`. `*` and `?` are wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RolePattern(String);

/// Why an item of the ledger is no valid exemption.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("exemption `{pattern}` is not valid: {why}")]
pub struct InvalidExemption {
    /// Its sort key.
    pub pattern: String,
    /// What is wrong.
    pub why: InvalidBecause,
}

/// What is wrong with an exemption.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBecause {
    /// Nearly every role would be meant.
    #[error("its pattern needs at least two characters besides wildcards")]
    TooWide,
    /// An attribute is missing or makes no sense.
    #[error(transparent)]
    Attribute(#[from] InvalidAttribute),
    /// It is over.
    #[error("it expired at {0}")]
    Expired(Timestamp),
    /// Nobody can answer for that long.
    #[error("it expires at {0}, over a year ahead")]
    TooLong(Timestamp),
}

impl Exemption {
    /// Reads an item: its sort key and its other attributes.
    ///
    /// # Errors
    /// The exemption is not valid: the role is treated as if there were none.
    pub fn read(pattern: &str, attributes: &Attributes, now: Timestamp) -> Result<Self, InvalidExemption> {
        let invalid = |why| InvalidExemption { pattern: pattern.to_owned(), why };
        Self::parse(pattern, attributes, now).map_err(invalid)
    }

    fn parse(pattern: &str, attributes: &Attributes, now: Timestamp) -> Result<Self, InvalidBecause> {
        if pattern.chars().filter(|c| !matches!(c, '*' | '?')).count() < 2 {
            return Err(InvalidBecause::TooWide);
        }
        let expires_at = attributes.time("expires_at")?;
        if expires_at <= now {
            return Err(InvalidBecause::Expired(expires_at));
        }
        // A leap year's worth.
        if now.checked_add((366 * 24).hours()).is_ok_and(|latest| expires_at > latest) {
            return Err(InvalidBecause::TooLong(expires_at));
        }
        let unreadable = |name| move |_| InvalidAttribute::Unreadable(name);
        let checks = match attributes.get("checks") {
            None => None,
            Some(Attribute::List(names)) if !names.is_empty() => {
                let ids = names.iter().map(|name| name.parse()).collect::<Result<_, _>>();
                Some(ids.map_err(|_| InvalidAttribute::Unreadable("checks"))?)
            }
            Some(Attribute::List(_) | Attribute::Text(_)) => {
                return Err(InvalidAttribute::Unreadable("checks").into());
            }
        };
        let (role_id, max_severity) = (attributes.optional("role_id")?, attributes.optional("max_severity")?);
        Ok(Self {
            pattern: RolePattern(pattern.to_owned()),
            owner: attributes.required("owner")?.to_owned(),
            reason: attributes.required("reason")?.to_owned(),
            expires_at,
            role_id: role_id
                .map(str::parse)
                .transpose()
                .map_err(|_| InvalidAttribute::Unreadable("role_id"))?,
            checks,
            // A ticket is for people: one that cannot be read takes nothing away.
            ticket: attributes.optional("ticket").ok().flatten().map(str::to_owned),
            max_severity: max_severity.map(str::parse).transpose().map_err(unreadable("max_severity"))?,
        })
    }

    /// Whether it is about this role. One with a role id is about that very role and not about a namesake.
    #[must_use]
    pub fn covers(&self, role: &Role) -> bool {
        self.pattern.matches(role) && self.role_id.as_ref().is_none_or(|id| *id == role.id)
    }

    /// Whether the breach is one of those that were accepted.
    #[must_use]
    pub fn accepts(&self, breach: &Breach) -> bool {
        self.checks.as_ref().is_none_or(|checks| checks.contains(&breach.check))
            && self.max_severity.is_none_or(|most| breach.severity <= most)
    }

    /// When it ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Who answers for the roles.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Why they are left alone.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// All that it says but its pattern, for whoever has to judge it.
    #[must_use]
    pub fn terms(&self) -> String {
        let Self { owner, reason, expires_at, .. } = self;
        let mut terms = format!("until {expires_at}, `{owner}` answers for it: {reason}");
        let checks = self.checks.as_ref().map(|checks| {
            let names: Vec<&str> = checks.iter().map(|check| check.as_str()).collect();
            format!("only {}", names.join(", "))
        });
        let limits = [
            checks,
            self.max_severity.map(|most| format!("up to {most}")),
            self.role_id.as_ref().map(|id| format!("only the role with id {}", id.as_str())),
            self.ticket.as_ref().map(|ticket| format!("ticket {ticket}")),
        ];
        for limit in limits.into_iter().flatten() {
            terms.push_str("; ");
            terms.push_str(&limit);
        }
        terms
    }

    /// Who answers for it, why and until when: the words of a sentence without full stop.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!("the role is exempt until {}: {} ({})", self.expires_at, self.reason, self.owner)
    }
}

impl RolePattern {
    fn matches(&self, role: &Role) -> bool {
        let with_path = format!("{}{}", role.arn.path(), role.arn.name());
        let subject = if self.0.starts_with('/') { with_path.as_str() } else { role.arn.name().as_str() };
        WildMatch::new(&self.0).matches(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Document;
    use std::collections::BTreeMap;

    const NOW: &str = "2026-11-23T00:00:00Z";

    fn attributes(extra: &[(&str, Attribute)]) -> Attributes {
        let text = |text: &str| Attribute::Text(text.to_owned());
        let usual = [
            ("owner", text("orders team")),
            ("reason", text("migration")),
            ("expires_at", text("2026-12-31T00:00:00Z")),
        ];
        let all = usual.into_iter().chain(extra.iter().cloned());
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn read(pattern: &str, extra: &[(&str, Attribute)]) -> Result<Exemption, InvalidBecause> {
        Exemption::read(pattern, &attributes(extra), NOW.parse().unwrap()).map_err(|invalid| invalid.why)
    }

    fn role(path_and_name: &str) -> Role {
        Role {
            arn: format!("arn:aws:iam::123456789012:role{path_and_name}").parse().unwrap(),
            id: "AROAEXAMPLE".parse().unwrap(),
            created: NOW.parse().unwrap(),
            last_used: None,
            trust: Document::Gone,
            boundary: None,
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn a_pattern_is_about_names_or_paths() {
        for (pattern, role_name, expected) in [
            ("orders", "/orders", true),
            ("orders", "/service-role/orders", true),
            ("orders", "/orders-api", false),
            ("orders-*", "/orders-api", true),
            ("order?-api", "/orders-api", true),
            ("/jobs/*", "/jobs/nightly", true),
            ("/jobs/*", "/jobs/a/nightly", true),
            ("/jobs/*", "/jobs-nightly", false),
            ("jobs/*", "/jobs/nightly", false),
        ] {
            assert_eq!(
                read(pattern, &[]).unwrap().covers(&role(role_name)),
                expected,
                "{pattern} {role_name}"
            );
        }
        let id = |id: &str| read("orders", &[("role_id", Attribute::Text(id.to_owned()))]).unwrap();
        assert!(id("AROAEXAMPLE").covers(&role("/orders")));
        assert!(!id("AROAANOTHER").covers(&role("/orders")), "a namesake");
    }

    #[test]
    fn what_is_missing_or_wrong_makes_it_invalid() {
        let text = |text: &str| Attribute::Text(text.to_owned());
        let missing = |name| InvalidBecause::Attribute(InvalidAttribute::Missing(name));
        let unreadable = |name| InvalidBecause::Attribute(InvalidAttribute::Unreadable(name));
        let list = |names: &[&str]| Attribute::List(names.iter().map(|name| (*name).to_owned()).collect());
        for pattern in ["*", "??", "a*", ""] {
            assert_eq!(read(pattern, &[]), Err(InvalidBecause::TooWide), "{pattern}");
        }
        for (name, value, expected) in [
            ("owner", text(" "), missing("owner")),
            ("reason", text(""), missing("reason")),
            ("expires_at", text("soon"), unreadable("expires_at")),
            ("expires_at", text(NOW), InvalidBecause::Expired(NOW.parse().unwrap())),
            (
                "expires_at",
                text("2027-12-01T00:00:00Z"),
                InvalidBecause::TooLong("2027-12-01T00:00:00Z".parse().unwrap()),
            ),
            ("checks", list(&["no-such-check"]), unreadable("checks")),
            ("checks", list(&[]), unreadable("checks")),
            ("checks", text("admin-access"), unreadable("checks")),
            ("max_severity", text("medium"), unreadable("max_severity")),
            ("role_id", text("a b"), unreadable("role_id")),
            ("owner", list(&["a"]), unreadable("owner")),
        ] {
            assert_eq!(read("orders", &[(name, value)]), Err(expected), "{name}");
        }
        let none = Exemption::read("orders", &Attributes::default(), NOW.parse().unwrap());
        assert_eq!(
            none.unwrap_err().to_string(),
            "exemption `orders` is not valid: attribute `expires_at` is missing or empty"
        );
    }
}
