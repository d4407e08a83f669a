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
    arn: RoleArn,
    #[serde(default)]
    role_id: Option<String>,
    #[serde(default)]
    create_date: Option<Timestamp>,
    #[serde(default)]
    assume_role_policy_document: Option<DocumentText>,
    #[serde(default, deserialize_with = "absent_if_null")]
    role_policy_list: Vec<PolicyDetail>,
    #[serde(default, deserialize_with = "absent_if_null")]
    attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(default)]
    permissions_boundary: Option<AttachedBoundary>,
    #[serde(default, deserialize_with = "absent_if_null")]
    tags: Vec<Tag>,
    #[serde(default)]
    role_last_used: Option<RoleLastUsed>,
}

/// A `ManagedPolicyDetail`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManagedPolicyDetail {
    arn: PolicyArn,
    #[serde(default)]
    default_version_id: Option<String>,
    #[serde(default, deserialize_with = "absent_if_null")]
    policy_version_list: Vec<PolicyVersion>,
}

/// A document as JSON, or as text: plain JSON, or URL-encoded as the API sends it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct DocumentText(Box<RawValue>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDetail {
    policy_name: String,
    policy_document: DocumentText,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttachedPolicy {
    policy_arn: PolicyArn,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttachedBoundary {
    permissions_boundary_arn: PolicyArn,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyVersion {
    document: DocumentText,
    #[serde(default)]
    version_id: Option<String>,
    #[serde(default)]
    is_default_version: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleLastUsed {
    #[serde(default)]
    last_used_date: Option<Timestamp>,
}

impl DocumentText {
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
                Err(e) => Document::NotUnderstood(format!("the document is not UTF-8: {e}")),
            },
            Ok(text) => parse(&text),
            Err(e) => Document::NotUnderstood(e.to_string()),
        }
    }
}

impl ManagedPolicyDetail {
    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &PolicyArn {
        &self.arn
    }

    /// The document of the default version; none, where the list does not hold it.
    #[must_use]
    pub fn document(&self) -> Option<Document> {
        let is_default = |version: &&PolicyVersion| {
            version.is_default_version
                || version.version_id.is_some() && version.version_id == self.default_version_id
        };
        let version = match self.policy_version_list.as_slice() {
            [only] => Some(only),
            several => several.iter().find(is_default),
        };
        // What AWS itself keeps is stored, whatever our rules say of it.
        let read = if self.arn.is_aws_managed() { DocumentText::read } else { DocumentText::read_identity };
        version.map(|version| read(&version.document))
    }
}

impl RoleDetail {
    /// The role with the documents of its policies, taken from the account's. A policy that is not among them is gone.
    ///
    /// # Errors
    /// Where the role's unique id is none.
    pub fn snapshot(self, account: &[ManagedPolicyDetail]) -> Result<RoleSnapshot, InvalidName> {
        let document = |arn: &PolicyArn| {
            let policy = account.iter().find(|policy| policy.arn == *arn);
            policy.and_then(ManagedPolicyDetail::document).unwrap_or(Document::Gone)
        };
        let attached = self.attached_managed_policies.into_iter().map(|policy| RolePolicy {
            document: document(&policy.policy_arn),
            source: PolicySource::Managed(policy.policy_arn),
        });
        let inline = self.role_policy_list.into_iter().map(|policy| RolePolicy {
            document: policy.policy_document.read_identity(),
            source: PolicySource::Inline(policy.policy_name),
        });
        let policies = attached.chain(inline).collect();
        let boundary = self.permissions_boundary.map(|boundary| boundary.permissions_boundary_arn);
        let role = Role {
            // One that was printed without its id is nobody else's.
            id: self.role_id.as_deref().unwrap_or("unknown").parse()?,
            arn: self.arn,
            created: self.create_date.unwrap_or(Timestamp::UNIX_EPOCH),
            last_used: self.role_last_used.and_then(|used| used.last_used_date),
            trust: self.assume_role_policy_document.map_or(Document::Gone, |document| document.read()),
            boundary: boundary.clone(),
            tags: self.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        };
        let boundary = boundary.map_or(Boundary::Absent, |arn| {
            let document = document(&arn);
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
