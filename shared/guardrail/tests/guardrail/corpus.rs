//! `tests/corpus/<check>/<kind>-<what>.json`: for each check what it has to find and what it has to leave alone, asked
//! through the machine interface (`examples/assess.rs`).
//!
//! A file is a line of that interface and beside it:
//! - `why`: in one sentence, what the case shows.
//! - `expect`: what is told of this check, `{"severity": …, "capped": …}`, or null where it does not hit.
//! - `administrator`, `decision`: held against the answer where they are given.
//! - `doubts`: how many; none where it is not given.
//!
//! Filled in where a file lacks it: the account (123456789012), of the role its ARN (`role/orders`), name, id, date and a
//! trust in Lambda, the names of inline policies, and as attached all `policies` but the boundary's.

#[expect(dead_code, reason = "its `main` is for the example alone")]
#[path = "../../examples/assess.rs"]
pub(crate) mod assess;
mod case;
mod line;

use case::Case;
use guardrail::assess::severities;
use guardrail::check_id::CheckId;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a case shows; the beginning of its file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Found.
    Hit,
    /// Close to it, and not found.
    NearMiss,
    /// Found, and gone without any one of the role's policies.
    United,
    /// Found in one policy, whatever the others say.
    OneOfSeveral,
    /// Not found, but for the Denies.
    DenyCleared,
    /// Found, although denied.
    DenyKept,
    /// Not found or told as capped, but for the boundary.
    BoundaryCleared,
    /// Found, although there is a boundary.
    BoundaryKept,
    /// Not found, but for the service control policies.
    ScpCleared,
    /// Something is not understood: it grants nothing, hides nothing and is a doubt.
    NotUnderstood,
}

use Kind::{
    BoundaryCleared, BoundaryKept, DenyCleared, DenyKept, Hit, NearMiss, NotUnderstood, OneOfSeveral,
    ScpCleared, United,
};

const KINDS: [(&str, Kind); 10] = [
    ("hit", Hit),
    ("near-miss", NearMiss),
    ("united", United),
    ("one-of-several", OneOfSeveral),
    ("deny-cleared", DenyCleared),
    ("deny-kept", DenyKept),
    ("boundary-cleared", BoundaryCleared),
    ("boundary-kept", BoundaryKept),
    ("scp-cleared", ScpCleared),
    ("not-understood", NotUnderstood),
];

/// What every check has cases of, and how many at least.
const REQUIRED: [(Kind, usize); 6] =
    [(Hit, 1), (NearMiss, 2), (United, 1), (DenyCleared, 1), (BoundaryCleared, 1), (NotUnderstood, 1)];

/// A kind of case that there cannot be for some checks, and the kind that takes its place.
struct Exception {
    checks: &'static [CheckId],
    kind: Kind,
    instead: Option<Kind>,
}

/// All exceptions. A check that has a case of a kind it is excepted from fails the test.
const EXCEPTIONS: &[Exception] = &[
    // One statement decides: no other policy adds to it, and none takes it away but by a Deny.
    Exception {
        checks: &[
            CheckId::PassRoleWildcard,
            CheckId::AssumeRoleWildcard,
            CheckId::FullAccessPolicy,
            CheckId::ServiceWildcard,
            CheckId::ResourceWildcard,
            CheckId::NotActionAllow,
            CheckId::NotResourceAllow,
            CheckId::DataExfiltration,
            CheckId::CredentialsExposure,
            CheckId::PermissionsManagement,
            CheckId::PolicyInvalid,
        ],
        kind: United,
        instead: Some(OneOfSeveral),
    },
    // How a document is written is wrong whatever is denied or left by a boundary.
    Exception { checks: &[CheckId::PolicyInvalid], kind: DenyCleared, instead: Some(DenyKept) },
    Exception { checks: &[CheckId::PolicyInvalid], kind: BoundaryCleared, instead: Some(BoundaryKept) },
    // They do not look at what the role's policies grant, or at what they lack.
    Exception {
        checks: &[
            CheckId::TrustAnyPrincipal,
            CheckId::TrustCrossAccount,
            CheckId::TrustMultipleServices,
            CheckId::TrustMissingSourceAccount,
            CheckId::BoundaryMissing,
            CheckId::BoundaryUnapproved,
            CheckId::BoundaryIneffective,
            CheckId::BoundaryDangling,
            CheckId::SharedRole,
            CheckId::LoggingCut,
            CheckId::FunctionUrlPublic,
            CheckId::ResourcePolicyPublic,
        ],
        kind: United,
        instead: None,
    },
    // No Deny changes which boundary there is.
    Exception {
        checks: &[CheckId::BoundaryMissing, CheckId::BoundaryUnapproved, CheckId::BoundaryDangling],
        kind: DenyCleared,
        instead: None,
    },
    // No Deny takes a function its role, and one that bears on logs is what cuts them.
    Exception {
        checks: &[CheckId::SharedRole, CheckId::LoggingCut],
        kind: DenyCleared,
        instead: Some(DenyKept),
    },
    // A boundary says nothing about who assumes a role, which functions have it and who calls them; the rest are about the
    // boundary itself.
    Exception {
        checks: &[
            CheckId::TrustAnyPrincipal,
            CheckId::TrustCrossAccount,
            CheckId::TrustMultipleServices,
            CheckId::TrustMissingSourceAccount,
            CheckId::BoundaryUnapproved,
            CheckId::BoundaryIneffective,
            CheckId::BoundaryDangling,
            CheckId::SharedRole,
            CheckId::LoggingCut,
            CheckId::FunctionUrlPublic,
            CheckId::ResourcePolicyPublic,
        ],
        kind: BoundaryCleared,
        instead: Some(BoundaryKept),
    },
];

/// Checks of what a line of the interface has no words for: whether a function's role exists, and what encrypts its
/// environment. `functions.rs` tests them.
const NOT_IN_THE_INTERFACE: [CheckId; 2] = [CheckId::MissingRole, CheckId::EnvironmentKey];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn checks() -> Vec<CheckId> {
    severities().map(|(check, ..)| check).collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn cases() -> Vec<Case> {
    let of_check = |check: CheckId| {
        let check = check.as_str();
        let folder = folder().join(check);
        names_in(&folder).into_iter().map(move |file| {
            let text = std::fs::read_to_string(folder.join(&file)).unwrap();
            let name = format!("{check}/{file}");
            Case::read(check, &name, &text).map_err(|why| format!("{name}: {why}")).unwrap()
        })
    };
    checks().into_iter().flat_map(of_check).collect()
}

#[test]
fn every_case_is_answered_as_expected() {
    let faults: Vec<String> = cases()
        .iter()
        .flat_map(|case| case.faults().into_iter().map(|fault| format!("{}: {fault}", case.name)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_check_has_its_cases() {
    let mut counts: BTreeMap<&str, BTreeMap<Kind, usize>> = BTreeMap::new();
    for case in cases() {
        *counts.entry(case.check).or_default().entry(case.kind).or_default() += 1;
    }
    let mut missing = Vec::new();
    for check in checks() {
        if NOT_IN_THE_INTERFACE.contains(&check) {
            continue;
        }
        let Some(counted) = counts.get(check.as_str()) else {
            missing.push(format!("{check} has no cases"));
            continue;
        };
        println!("{:30} {counted:?}", check.as_str());
        let has = |kind| counted.get(&kind).copied().unwrap_or(0);
        for (kind, least) in REQUIRED {
            let exception = EXCEPTIONS.iter().find(|it| it.kind == kind && it.checks.contains(&check));
            match exception {
                None if has(kind) < least => missing.push(format!("{check} lacks {kind:?}")),
                Some(_) if has(kind) > 0 => missing.push(format!("{check} needs no exception from {kind:?}")),
                Some(Exception { instead: Some(other), .. }) if has(*other) == 0 => {
                    missing.push(format!("{check} lacks {other:?}"));
                }
                None | Some(_) => {}
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn there_is_nothing_but_checks() {
    let known: Vec<&str> = checks().into_iter().map(CheckId::as_str).collect();
    let unknown: Vec<String> =
        names_in(&folder()).into_iter().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "no checks: {unknown:?}");
}
