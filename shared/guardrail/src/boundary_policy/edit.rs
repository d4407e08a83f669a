use super::Fingerprint;
use crate::severity::Severity;
use crate::snapshot::Document;
use iam_policy::{Containment, Policy, within};
use serde::{Deserialize, Serialize};

/// How the document of a boundary policy differs from the one that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What it lets through.
    pub reach: Reach,
    /// What it says now; none where there is no document to go by.
    pub fingerprint: Option<Fingerprint>,
}

/// What an edited boundary lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Something that the document it replaced did not.
    Wider,
    /// Nobody can say: not understood, or not comparable. Taken for wider.
    Unknown,
    /// Provably nothing that the document it replaced did not.
    NotWider,
    /// Nothing at all: the policy is gone, and every role under it may do nothing any more.
    Nothing,
    /// There is no document to compare it with.
    NothingToCompare,
}

impl Edit {
    /// What became of the document `expected`; none where `found` is that document.
    #[must_use]
    pub fn of(found: &Document, expected: &Policy) -> Option<Self> {
        let Document::Understood(policy) = found else {
            let reach = if matches!(found, Document::Gone) { Reach::Nothing } else { Reach::Unknown };
            return Some(Self { reach, fingerprint: None });
        };
        let fingerprint = Fingerprint::of(policy);
        if fingerprint == Fingerprint::of(expected) {
            return None;
        }
        let reach = match within(&[policy], &[expected]) {
            Containment::Pass => Reach::NotWider,
            Containment::Fail(_) => Reach::Wider,
            Containment::Unknown(_) => Reach::Unknown,
        };
        Some(Self { reach, fingerprint: Some(fingerprint) })
    }

    /// An edit of a document that nobody had looked at before.
    #[must_use]
    pub fn of_unseen(found: &Document) -> Self {
        let reach = if matches!(found, Document::Gone) { Reach::Nothing } else { Reach::NothingToCompare };
        Self { reach, fingerprint: found.understood().map(Fingerprint::of) }
    }

    /// CRITICAL where more is possible under the boundary than before, or may be; HIGH otherwise.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.reach {
            Reach::Wider | Reach::Unknown => Severity::Critical,
            Reach::NotWider | Reach::Nothing | Reach::NothingToCompare => Severity::High,
        }
    }

    /// What tells this edit from another one of the same policy.
    #[must_use]
    pub fn key(&self) -> String {
        self.fingerprint.as_ref().map_or_else(|| format!("{:?}", self.reach), |f| f.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"AllowEverythingNotDeniedBelow","Effect":"Allow","Action":"*","Resource":"*"},
        {"Sid":"DenyPassingRoles","Effect":"Deny","Action":["iam:PassRole","iam:CreateRole"],"Resource":"*"}]}"#;

    fn edit(found: &str) -> Option<Edit> {
        Edit::of(&Document::parse(found), &Policy::parse(SHIPPED).unwrap())
    }

    #[test]
    fn white_space_and_the_order_of_elements_are_no_edit() {
        let reprinted = r#"{ "Statement": [
            {"Effect":"Allow","Sid":"AllowEverythingNotDeniedBelow","Resource":"*","Action":"*"},
            {"Sid":"DenyPassingRoles","Effect":"Deny","Resource":"*","Action":["iam:PassRole","iam:CreateRole"]}],
            "Version":"2012-10-17"}"#;
        assert_eq!(edit(SHIPPED), None);
        assert_eq!(edit(reprinted), None);
    }

    #[test]
    fn an_edit_is_critical_where_it_lets_more_through_and_high_where_it_does_not() {
        let (allow, deny) = (
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Deny","Action":["iam:PassRole","iam:CreateRole"],"Resource":"*"}"#,
        );
        for (statements, reach, severity) in [
            (allow.to_owned(), Reach::Wider, Severity::Critical),
            (
                format!(r#"{allow},{{"Effect":"Deny","Action":"iam:PassRole","Resource":"*"}}"#),
                Reach::Wider,
                Severity::Critical,
            ),
            (
                format!(r#"{allow},{deny},{{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#),
                Reach::NotWider,
                Severity::High,
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#.to_owned(),
                Reach::NotWider,
                Severity::High,
            ),
        ] {
            let found = edit(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
            assert_eq!((found.reach, found.severity()), (reach, severity), "{statements}");
        }
    }

    #[test]
    fn what_is_not_understood_counts_as_wider_and_what_is_gone_lets_nothing_through() {
        let expected = Policy::parse(SHIPPED).unwrap();
        assert_eq!(edit("no policy").unwrap().severity(), Severity::Critical);
        let gone = Edit::of(&Document::Gone, &expected).unwrap();
        assert_eq!((gone.reach, gone.severity()), (Reach::Nothing, Severity::High));
    }

    #[test]
    fn two_edits_have_two_keys() {
        let key = |action: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
            );
            edit(&text).unwrap().key()
        };
        assert_eq!(key("s3:*"), key("s3:*"));
        assert_ne!(key("s3:*"), key("sqs:*"));
    }
}
