//! Roles as `GetAccountAuthorizationDetails` answers them in JSON
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>): what
//! `aws iam get-account-authorization-details` prints, for whoever has that and no account to ask.

use crate::names::{InvalidName, PolicyArn, RoleArn};
use crate::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A `RoleDetail`. Fields that tell nothing about rights are left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleDetail {
    /// With its path.
    pub arn: RoleArn,
    /// Its unique id.
    #[serde(default)]
    pub role_id: Option<String>,
    /// When it was made.
    #[serde(default)]
    pub create_date: Option<Timestamp>,
    /// Who may assume it.
    #[serde(default)]
    pub assume_role_policy_document: Option<DocumentText>,
    /// Its inline policies.
    #[serde(default, deserialize_with = "absent_if_null")]
    pub role_policy_list: Vec<PolicyDetail>,
    /// Its managed policies.
    #[serde(default, deserialize_with = "absent_if_null")]
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// Its boundary.
    #[serde(default)]
    pub permissions_boundary: Option<AttachedBoundary>,
    /// Its tags.
    #[serde(default, deserialize_with = "absent_if_null")]
    pub tags: Vec<Tag>,
    /// When it was last used.
    #[serde(default)]
    pub role_last_used: Option<RoleLastUsed>,
}

/// A `ManagedPolicyDetail`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManagedPolicyDetail {
    /// Its ARN.
    pub arn: PolicyArn,
    /// The version in force.
    #[serde(default)]
    pub default_version_id: Option<String>,
    /// How many users, groups and roles have it attached; none if that was not told.
    #[serde(default)]
    pub attachment_count: Option<u32>,
    /// How many have it for a boundary; none if that was not told.
    #[serde(default)]
    pub permissions_boundary_usage_count: Option<u32>,
    /// Its versions, at least the one in force.
    #[serde(default, deserialize_with = "absent_if_null")]
    pub policy_version_list: Vec<PolicyVersion>,
}

/// A document as JSON, or as text: plain JSON, or URL-encoded as the API sends it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct DocumentText(Box<RawValue>);

/// As what a document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// As IAM stores it: a trust policy, or what AWS itself keeps, whatever our rules say of it.
    AsStored,
    /// As an identity policy or a boundary of the customer, which IAM would have refused if it were none.
    AsIdentity,
}

/// An inline policy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDetail {
    /// Its name.
    pub policy_name: String,
    /// What it says.
    pub policy_document: DocumentText,
}

/// A managed policy that the role has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttachedPolicy {
    /// Which.
    pub policy_arn: PolicyArn,
}

/// The boundary that the role has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttachedBoundary {
    /// Its policy.
    pub permissions_boundary_arn: PolicyArn,
}

/// A version of a managed policy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyVersion {
    /// What it says.
    pub document: DocumentText,
    /// Its id.
    #[serde(default)]
    pub version_id: Option<String>,
    /// Whether it is in force.
    #[serde(default)]
    pub is_default_version: bool,
}

/// A tag.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// When a role was last used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleLastUsed {
    /// None: never, or longer ago than IAM tracks.
    #[serde(default)]
    pub last_used_date: Option<Timestamp>,
}

impl DocumentText {
    /// The text of a document as the API sends it, URL-encoded or plain.
    ///
    /// # Errors
    /// None that a text can cause: what JSON has for a string takes every text.
    pub fn from_text(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(text).map(Self)
    }

    /// As it was sent: two texts that are the same here say the same.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        self.0.get()
    }

    /// What it says, read as `reading`.
    #[must_use]
    pub fn read_as(&self, reading: Reading) -> Document {
        match reading {
            Reading::AsStored => self.read(),
            Reading::AsIdentity => self.read_identity(),
        }
    }

    /// What it says.
    #[must_use]
    pub fn read(&self) -> Document {
        self.read_with(Document::parse)
    }

    /// What it says as an identity policy or a boundary.
    #[must_use]
    pub fn read_identity(&self) -> Document {
        self.read_with(Document::parse_identity)
    }

    fn read_with(&self, parse: fn(&str) -> Document) -> Document {
        let raw = self.0.get();
        if !raw.starts_with('"') {
            return parse(raw);
        }
        match serde_json::from_str::<String>(raw) {
            // No JSON document starts with `%`.
            Ok(text) if text.starts_with('%') => match percent_decode_str(&text).decode_utf8() {
                Ok(decoded) => parse(&decoded),
                Err(e) => Document::NotUnderstood(format!("the document is not UTF-8: {e}").into()),
            },
            Ok(text) => parse(&text),
            Err(e) => Document::NotUnderstood(e.to_string().into()),
        }
    }
}

impl ManagedPolicyDetail {
    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &PolicyArn {
        &self.arn
    }

    /// Whether anybody has it, as far as that was told.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        (self.attachment_count, self.permissions_boundary_usage_count) != (Some(0), Some(0))
    }

    /// The document of the default version; none, where the list does not hold it.
    #[must_use]
    pub fn document(&self) -> Option<Document> {
        self.document_text().map(|text| text.read_as(self.reading()))
    }

    /// The text of that document.
    #[must_use]
    pub fn document_text(&self) -> Option<&DocumentText> {
        let is_default = |version: &&PolicyVersion| {
            version.is_default_version
                || version.version_id.is_some() && version.version_id == self.default_version_id
        };
        let version = match self.policy_version_list.as_slice() {
            [only] => Some(only),
            several => several.iter().find(is_default),
        };
        version.map(|version| &version.document)
    }

    /// As what its document is read.
    #[must_use]
    pub fn reading(&self) -> Reading {
        if self.arn.is_aws_managed() { Reading::AsStored } else { Reading::AsIdentity }
    }
}

impl RoleDetail {
    /// The role with the documents of its policies, taken from the account's. A policy that is not among them is gone.
    ///
    /// # Errors
    /// Where the role's unique id is none.
    pub fn snapshot(self, account: &[ManagedPolicyDetail]) -> Result<RoleSnapshot, InvalidName> {
        let managed = |arn: &PolicyArn| {
            let policy = account.iter().find(|policy| policy.arn == *arn);
            policy.and_then(ManagedPolicyDetail::document).unwrap_or(Document::Gone)
        };
        self.snapshot_with(managed, DocumentText::read_as)
    }

    /// The managed policies that speak about the role: those attached, and its boundary.
    pub fn managed_policies(&self) -> impl Iterator<Item = &PolicyArn> {
        let attached = self.attached_managed_policies.iter().map(|policy| &policy.policy_arn);
        attached.chain(self.permissions_boundary.iter().map(|boundary| &boundary.permissions_boundary_arn))
    }

    /// The same with `managed` telling what a managed policy says, and `read` reading the role's own documents.
    ///
    /// # Errors
    /// Where the role's unique id is none.
    pub fn snapshot_with(
        self,
        managed: impl Fn(&PolicyArn) -> Document,
        mut read: impl FnMut(&DocumentText, Reading) -> Document,
    ) -> Result<RoleSnapshot, InvalidName> {
        let attached = self.attached_managed_policies.into_iter().map(|policy| RolePolicy {
            document: managed(&policy.policy_arn),
            source: PolicySource::Managed(policy.policy_arn),
        });
        let inline = self.role_policy_list.into_iter().map(|policy| RolePolicy {
            document: read(&policy.policy_document, Reading::AsIdentity),
            source: PolicySource::Inline(policy.policy_name),
        });
        let policies = attached.chain(inline).collect();
        let boundary = self.permissions_boundary.map(|boundary| boundary.permissions_boundary_arn);
        let trust = self.assume_role_policy_document;
        let role = Role {
            // One that was printed without its id is nobody else's.
            id: self.role_id.as_deref().unwrap_or("unknown").parse()?,
            arn: self.arn,
            created: self.create_date.unwrap_or(Timestamp::UNIX_EPOCH),
            last_used: self.role_last_used.and_then(|used| used.last_used_date),
            trust: trust.map_or(Document::Gone, |document| read(&document, Reading::AsStored)),
            boundary: boundary.clone(),
            tags: self.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        };
        let boundary = boundary.map_or(Boundary::Absent, |arn| {
            let document = managed(&arn);
            Boundary::Attached { arn, document }
        });
        Ok(RoleSnapshot { role, policies, boundary })
    }
}

fn absent_if_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    Option::deserialize(input).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const DOCUMENT: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

    fn document(value: &Value) -> Document {
        serde_json::from_str::<DocumentText>(&value.to_string()).unwrap().read()
    }

    #[test]
    fn a_document_is_read_in_every_form() {
        let encoded = DOCUMENT.replace('{', "%7B").replace('"', "%22").replace('}', "%7D");
        for form in [serde_json::from_str(DOCUMENT).unwrap(), json!(DOCUMENT), json!(encoded)] {
            assert!(document(&form).understood().is_some(), "{form}");
        }
        for wrong in [json!(null), json!(7), json!("%FF"), json!("{"), json!([])] {
            assert!(matches!(document(&wrong), Document::NotUnderstood(_)), "{wrong}");
        }
    }

    #[test]
    fn keys_that_stand_twice_are_seen() {
        let twice = r#"{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}"#;
        let text: DocumentText = serde_json::from_str(twice).unwrap();
        assert!(matches!(text.read(), Document::NotUnderstood(_)));
    }

    #[test]
    fn the_default_version_counts_and_a_policy_that_is_not_listed_is_gone() {
        let policy = |arn: &str| {
            json!({"Arn": arn, "DefaultVersionId": "v2", "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": false, "Document": "not a document"},
                {"VersionId": "v2", "IsDefaultVersion": true, "Document": DOCUMENT},
            ]})
        };
        let known = "arn:aws:iam::123456789012:policy/known";
        let gone = "arn:aws:iam::123456789012:policy/gone";
        let account: Vec<ManagedPolicyDetail> =
            serde_json::from_str(&json!([policy(known)]).to_string()).unwrap();
        let role: RoleDetail = serde_json::from_str(
            &json!({
                "Arn": "arn:aws:iam::123456789012:role/orders", "RoleName": "orders", "RoleId": "AROAEXAMPLE",
                "AssumeRolePolicyDocument": DOCUMENT, "RolePolicyList": null,
                "AttachedManagedPolicies": [
                    {"PolicyName": "known", "PolicyArn": known}, {"PolicyName": "gone", "PolicyArn": gone}],
                "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": gone},
            })
            .to_string(),
        )
        .unwrap();
        let snapshot = role.snapshot(&account).unwrap();
        assert!(snapshot.policies[0].document.understood().is_some());
        assert!(matches!(snapshot.policies[1].document, Document::Gone));
        assert!(matches!(snapshot.boundary, Boundary::Attached { document: Document::Gone, .. }));
    }
}
