use crate::authorization_details::{DocumentText, ManagedPolicyDetail, Reading, RoleDetail};
use crate::names::{InvalidName, PolicyArn};
use crate::snapshot::{Document, RoleSnapshot};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// How many of the roles' own documents are kept for the next role that has the same. Trust policies and what a template writes
/// come again and again; a bound keeps an account in which all differ from filling the memory.
const MOST_KEPT: usize = 256;

/// The documents of the account's policies: a managed one is parsed once and shared by all roles that have it, and so are inline
/// ones and trust policies that say the same.
#[derive(Debug, Default)]
pub struct PolicyStore {
    managed: HashMap<PolicyArn, ManagedPolicy>,
    kept: HashMap<(Reading, [u8; 32]), Document>,
}

#[derive(Debug)]
struct ManagedPolicy {
    version: Option<String>,
    document: Document,
}

/// Why a role cannot be judged yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAssembled {
    /// The pages of policies did not hold it: it is newer than they are, AWS's own, or gone. Whoever knows says so by
    /// [`PolicyStore::note`]. It is never taken to be gone because a page lacks it.
    #[error("policy `{0}` was not read")]
    PolicyNotRead(PolicyArn),
    /// The role's unique id is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl PolicyStore {
    /// Adds a policy of a page. One that nobody has is left out, and so is one whose version in force is not among those listed: it
    /// has to be read by itself.
    pub fn add(&mut self, policy: &ManagedPolicyDetail) {
        let version = &policy.default_version_id;
        let is_known = self
            .managed
            .get(&policy.arn)
            .is_some_and(|known| known.version.is_some() && known.version == *version);
        if is_known || !policy.is_in_use() {
            return;
        }
        if let Some(text) = policy.document_text() {
            let document = self.read(text, policy.reading());
            let known = ManagedPolicy { version: version.clone(), document };
            self.managed.insert(policy.arn.clone(), known);
        }
    }

    /// Notes what a policy says that was asked for by itself; [`Document::Gone`] where it does not exist.
    pub fn note(&mut self, policy: PolicyArn, document: Document) {
        self.managed.insert(policy, ManagedPolicy { version: None, document });
    }

    /// What a managed policy says; none where it was not read.
    #[must_use]
    pub fn document(&self, policy: &PolicyArn) -> Option<&Document> {
        self.managed.get(policy).map(|known| &known.document)
    }

    /// The managed policies of the role that have to be read before it can be put together.
    pub fn unread<'a>(&'a self, role: &'a RoleDetail) -> impl Iterator<Item = &'a PolicyArn> {
        role.managed_policies().filter(|policy| !self.managed.contains_key(*policy))
    }

    /// The role with all its documents.
    ///
    /// # Errors
    /// Where a policy was not read, or the role has no id.
    pub fn snapshot(&mut self, role: RoleDetail) -> Result<RoleSnapshot, NotAssembled> {
        if let Some(policy) = self.unread(&role).next() {
            return Err(NotAssembled::PolicyNotRead(policy.clone()));
        }
        let Self { managed, kept } = self;
        // INVARIANT: none is unread.
        let document =
            |arn: &PolicyArn| managed.get(arn).map_or(Document::Gone, |known| known.document.clone());
        Ok(role.snapshot_with(document, |text, reading| read(kept, text, reading))?)
    }

    fn read(&mut self, text: &DocumentText, reading: Reading) -> Document {
        read(&mut self.kept, text, reading)
    }
}

fn read(
    kept: &mut HashMap<(Reading, [u8; 32]), Document>,
    text: &DocumentText,
    reading: Reading,
) -> Document {
    let key = (reading, Sha256::digest(text.as_sent()).into());
    if let Some(document) = kept.get(&key) {
        return document.clone();
    }
    let document = text.read_as(reading);
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    kept.insert(key, document.clone());
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Boundary;
    use serde_json::{Value, json};
    use std::sync::Arc;

    const TEAM: &str = "arn:aws:iam::123456789012:policy/team";

    fn policy(action: &str) -> Value {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
    }

    fn managed(version: &str, action: &str, uses: u32) -> ManagedPolicyDetail {
        let detail = json!({"Arn": TEAM, "DefaultVersionId": version, "AttachmentCount": uses,
            "PermissionsBoundaryUsageCount": 0,
            "PolicyVersionList": [{"VersionId": version, "IsDefaultVersion": true, "Document": policy(action)}]});
        serde_json::from_str(&detail.to_string()).unwrap()
    }

    fn role(name: &str, inline: &str) -> RoleDetail {
        let detail = json!({
            "Arn": format!("arn:aws:iam::123456789012:role/{name}"), "RoleId": "AROAEXAMPLE",
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy(inline)}],
            "AttachedManagedPolicies": [{"PolicyArn": TEAM}],
            "PermissionsBoundary": {"PermissionsBoundaryArn": TEAM},
        });
        serde_json::from_str(&detail.to_string()).unwrap()
    }

    fn same(one: &Document, other: &Document) -> bool {
        matches!((one, other), (Document::Understood(a), Document::Understood(b)) if Arc::ptr_eq(a, b))
    }

    #[test]
    fn documents_that_say_the_same_are_one() {
        let mut store = PolicyStore::default();
        store.add(&managed("v1", "s3:*", 1));
        let [one, other] = ["one", "other"].map(|name| store.snapshot(role(name, "sqs:*")).unwrap());
        assert!(same(&one.policies[0].document, &other.policies[0].document), "managed");
        assert!(same(&one.policies[1].document, &other.policies[1].document), "inline");
        let Boundary::Attached { document, .. } = &one.boundary else { panic!("it has a boundary") };
        assert!(same(document, &one.policies[0].document), "boundary");
    }

    #[test]
    fn a_new_version_counts() {
        let mut store = PolicyStore::default();
        store.add(&managed("v1", "s3:*", 1));
        store.add(&managed("v2", "iam:*", 1));
        let expected = Document::parse(&policy("iam:*").to_string());
        assert_eq!(store.document(&TEAM.parse().unwrap()), Some(&expected));
    }

    #[test]
    fn a_policy_that_no_page_held_is_asked_for_and_not_taken_to_be_gone() {
        let mut store = PolicyStore::default();
        store.add(&managed("v1", "s3:*", 0));
        let expected = NotAssembled::PolicyNotRead(TEAM.parse().unwrap());
        assert_eq!(store.snapshot(role("orders", "sqs:*")).unwrap_err(), expected);
        store.note(TEAM.parse().unwrap(), Document::Gone);
        let snapshot = store.snapshot(role("orders", "sqs:*")).unwrap();
        assert_eq!(snapshot.boundary.document(), Some(&Document::Gone));
    }

    #[test]
    fn roles_that_all_differ_do_not_fill_the_store() {
        let mut store = PolicyStore::default();
        store.add(&managed("v1", "s3:*", 1));
        for n in 0..3 * MOST_KEPT {
            store.snapshot(role("orders", &format!("s3:Get{n}"))).unwrap();
            assert!(store.kept.len() <= MOST_KEPT);
        }
    }
}
