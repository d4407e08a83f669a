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

use guardrail::assess::severities;
use guardrail::check_id::CheckId;
use serde_json::{Map, Value, json};
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

struct Case {
    check: &'static str,
    kind: Kind,
    /// `<check>/<file>`.
    name: String,
    /// A line of the interface.
    line: Value,
    expected: Expected,
}

struct Expected {
    told: Option<Told>,
    administrator: Option<bool>,
    decision: Option<String>,
    doubts: usize,
}

/// What is told of a check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
struct Told {
    severity: String,
    capped: bool,
}

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

impl Case {
    fn read(check: &'static str, name: &str, text: &str) -> Result<Self, String> {
        let file = name.split_once('/').and_then(|(_, file)| file.strip_suffix(".json"));
        let begins = |(word, _): &&(&str, Kind)| {
            file.and_then(|file| file.strip_prefix(word)).is_some_and(|rest| rest.starts_with('-'))
        };
        let (_, kind) = KINDS.iter().find(begins).ok_or("its name does not begin with a kind")?;
        let mut case: Map<String, Value> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        case.remove("why").filter(Value::is_string).ok_or("it does not say why")?;
        let expect = case.remove("expect").ok_or("it does not say what to expect")?;
        let mut read = |key: &str| case.remove(key).unwrap_or_default();
        let expected = Expected {
            told: serde_json::from_value(expect).map_err(|e| e.to_string())?,
            administrator: serde_json::from_value(read("administrator")).map_err(|e| e.to_string())?,
            decision: serde_json::from_value(read("decision")).map_err(|e| e.to_string())?,
            doubts: serde_json::from_value::<Option<usize>>(read("doubts"))
                .map_err(|e| e.to_string())?
                .unwrap_or(0),
        };
        let line = filled(case)?;
        Ok(Self { check, kind: *kind, name: name.to_owned(), line, expected })
    }

    /// What is wrong with it.
    fn faults(&self) -> Vec<String> {
        let Self { check, kind, line, expected, .. } = self;
        let answer = assess::answer(line.to_string().as_bytes());
        let mut faults = Vec::new();
        let mut hold = |holds: bool, fault: String| {
            if !holds {
                faults.push(fault);
            }
        };
        let told = told(&answer, check);
        hold(told == expected.told, format!("expected {:?}, told {told:?}", expected.told));
        if let Some(administrator) = expected.administrator {
            hold(
                answer["administrator"] == administrator,
                format!("administrator is {}", answer["administrator"]),
            );
        }
        if let Some(decision) = &expected.decision {
            hold(answer["decision"] == decision.as_str(), format!("decided {}", answer["decision"]));
        }
        let doubts = answer["doubts"].as_array().unwrap();
        hold(doubts.len() == expected.doubts, format!("doubts {doubts:?}"));
        let is_of_the_line = |doubt: &Value| doubt.as_str().unwrap().starts_with("the line cannot be read");
        hold(!doubts.iter().any(is_of_the_line), format!("{doubts:?}"));
        let told_of = |line: &Value| self::told(&assess::answer(line.to_string().as_bytes()), check);
        let is_open = |told: &Option<Told>| told.as_ref().is_some_and(|told| !told.capped);
        match kind {
            Hit | OneOfSeveral | DenyKept | BoundaryKept | United => {
                hold(is_open(&expected.told), format!("{kind:?} is to expect something possible now"));
            }
            NearMiss | DenyCleared | ScpCleared => {
                hold(expected.told.is_none(), format!("{kind:?} is to expect nothing"));
            }
            BoundaryCleared => {
                hold(!is_open(&expected.told), "what is cleared is not possible now".to_owned());
            }
            NotUnderstood => hold(expected.doubts > 0, "what is not understood is a doubt".to_owned()),
        }
        match kind {
            United => {
                for (what, line) in without_each_policy(line) {
                    hold(told_of(&line).is_none(), format!("found without {what} as well"));
                }
            }
            OneOfSeveral => {
                let rest = without_each_policy(line);
                hold(rest.len() > 1, "it has no other policy".to_owned());
                let deciding = rest.iter().filter(|(_, line)| told_of(line).is_none()).count();
                hold(deciding == 1, format!("{deciding} policies decide"));
            }
            DenyCleared => {
                hold(is_open(&told_of(&without_denies(line))), "not found without the Denies".into())
            }
            DenyKept => hold(without_denies(line) != *line, "nothing is denied".into()),
            BoundaryCleared => {
                hold(is_open(&told_of(&without_boundary(line))), "not found without the boundary".into());
            }
            BoundaryKept => hold(without_boundary(line) != *line, "it has no boundary".into()),
            ScpCleared => hold(
                is_open(&told_of(&without(line, "scps"))),
                "not found without the service control policies".into(),
            ),
            Hit | NearMiss | NotUnderstood => {}
        }
        faults
    }
}

fn told(answer: &Value, check: &str) -> Option<Told> {
    let mut breaches = answer["breaches"].as_array().unwrap().iter();
    let breach = breaches.find(|breach| breach["check"] == check)?;
    let (severity, capped) = (breach["severity"].as_str().unwrap(), breach["capped"].as_bool().unwrap());
    Some(Told { severity: severity.to_owned(), capped })
}

const KEYS: [&str; 7] = ["id", "account", "role", "policies", "scps", "functions", "boundaries"];

const ROLE_KEYS: [&str; 11] = [
    "Arn",
    "RoleName",
    "Path",
    "RoleId",
    "CreateDate",
    "AssumeRolePolicyDocument",
    "RolePolicyList",
    "AttachedManagedPolicies",
    "PermissionsBoundary",
    "Tags",
    "RoleLastUsed",
];

/// The line with what is the same for most of them.
fn filled(mut line: Map<String, Value>) -> Result<Value, String> {
    let unknown = |map: &Map<String, Value>, known: &[&str]| {
        map.keys()
            .find(|key| !known.contains(&key.as_str()))
            .map_or(Ok(()), |key| Err(format!("unknown `{key}`")))
    };
    unknown(&line, &KEYS)?;
    let mut role = line.remove("role").unwrap_or_else(|| json!({}));
    let fields = role.as_object_mut().ok_or("`role` is no object")?;
    unknown(fields, &ROLE_KEYS)?;
    let mut fill = |key: &str, value: Value| {
        fields.entry(key).or_insert(value);
    };
    fill("Arn", json!("arn:aws:iam::123456789012:role/orders"));
    fill("RoleName", json!("orders"));
    fill("RoleId", json!("AROAEXAMPLE"));
    fill("CreateDate", json!("2026-11-22T09:00:00Z"));
    let statement = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    fill("AssumeRolePolicyDocument", json!({"Version": "2012-10-17", "Statement": statement}));
    let boundary = fields.get("PermissionsBoundary").map(|it| it["PermissionsBoundaryArn"].clone());
    let policies = line.get("policies").and_then(Value::as_array).into_iter().flatten();
    let arns = policies.map(|policy| &policy["Arn"]).filter(|arn| Some(*arn) != boundary.as_ref());
    let attached: Vec<Value> = arns.map(|arn| json!({"PolicyArn": arn})).collect();
    fields.entry("AttachedManagedPolicies").or_insert(attached.into());
    for (at, policy) in
        fields.get_mut("RolePolicyList").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        let policy = policy.as_object_mut().ok_or("an inline policy is no object")?;
        policy.entry("PolicyName").or_insert(format!("p{at}").into());
    }
    line.insert("role".to_owned(), role);
    line.entry("account").or_insert("123456789012".into());
    Ok(Value::Object(line))
}

fn without(line: &Value, key: &str) -> Value {
    let mut line = line.clone();
    line.as_object_mut().unwrap().remove(key);
    line
}

fn without_boundary(line: &Value) -> Value {
    let mut line = line.clone();
    line["role"].as_object_mut().unwrap().remove("PermissionsBoundary");
    line
}

/// The line without one of the role's policies, for each of them.
fn without_each_policy(line: &Value) -> Vec<(String, Value)> {
    let lists = ["RolePolicyList", "AttachedManagedPolicies"];
    let count = |list: &str| line["role"][list].as_array().map_or(0, Vec::len);
    let places = lists.into_iter().flat_map(|list| (0..count(list)).map(move |at| (list, at)));
    places
        .map(|(list, at)| {
            let mut rest = line.clone();
            rest["role"][list].as_array_mut().unwrap().remove(at);
            (format!("{list} {at}"), rest)
        })
        .collect()
}

/// The line without a Deny in any document.
fn without_denies(line: &Value) -> Value {
    let mut line = line.clone();
    drop_denies(&mut line);
    line
}

fn drop_denies(value: &mut Value) {
    let is_deny = |statement: &Value| statement["Effect"] == "Deny";
    if let Some(statement) = value.get_mut("Statement") {
        if is_deny(statement) {
            *statement = json!([]);
        }
        if let Some(list) = statement.as_array_mut() {
            list.retain(|statement| !is_deny(statement));
        }
    }
    if let Some(map) = value.as_object_mut() {
        map.values_mut().for_each(drop_denies);
    }
    value.as_array_mut().into_iter().flatten().for_each(drop_denies);
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
