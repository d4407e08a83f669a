//! How the profiles are written: short enough, alike, and in words.

use super::{CARVE_OUTS, PROFILES, denies, document};
use crate::{stack, text};
use serde_json::Value;
use std::collections::BTreeSet;
use tests::template::Template;

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(super) const QUOTA: usize = 6144;

/// The length of a document as IAM counts it.
pub(super) fn characters(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

#[test]
fn both_profiles_deny_the_same() {
    for parameters in [&[][..], &CARVE_OUTS[..]] {
        let stack = Template::of_project().rendered(parameters);
        let [baseline, strict] = PROFILES.map(|profile| denies(&stack, profile));
        assert_eq!(baseline, strict);
    }
}

#[test]
fn profiles_and_own_boundary_fit_their_quota_with_room_for_carve_outs() {
    let template = Template::of_project();
    for policy in ["BaselineBoundary", "StrictBoundary", "OwnBoundary"] {
        let length = |parameters: &[(&str, &str)]| {
            characters(&template.rendered(parameters).properties(policy)["PolicyDocument"])
        };
        let (plain, carved) = (length(&[]), length(&CARVE_OUTS));
        println!("{policy}: {plain} characters without white space, {carved} with carve-outs of three roles");
        // Ten ARNs of 60 characters, as the parameter's description promises.
        assert!(
            plain + 600 <= QUOTA && carved <= QUOTA,
            "{policy}: {plain} and {carved} of {QUOTA} characters"
        );
    }
}

#[test]
fn sids_say_what_is_denied_and_are_unique() {
    let stack = stack();
    for policy in ["BaselineBoundary", "StrictBoundary", "OwnBoundary"] {
        let mut seen = BTreeSet::new();
        for statement in document(&stack, policy) {
            let sid = text(statement, "/Sid");
            let verb = text(statement, "/Effect");
            assert!(sid.starts_with(verb), "{policy}: {sid} is {verb}");
            assert!(sid.chars().all(|c| c.is_ascii_alphanumeric()) && seen.insert(sid), "{policy}: {sid}");
        }
    }
}

#[test]
fn profiles_have_one_name_per_major_version_and_outlive_the_stack() {
    let stack = stack();
    for (policy, name) in
        [("BaselineBoundary", "ringfence-baseline-v1"), ("StrictBoundary", "ringfence-strict-v1")]
    {
        assert_eq!(stack.properties(policy)["ManagedPolicyName"], name);
        assert_eq!(stack.properties(policy)["Path"], "/ringfence/");
        assert_eq!(stack.resource(policy)["DeletionPolicy"], "RetainExceptOnCreate");
        assert_eq!(stack.resource(policy)["UpdateReplacePolicy"], "Retain");
    }
    assert_eq!(stack.properties("OwnBoundary")["ManagedPolicyName"], "ringfence-own-v1");
}
