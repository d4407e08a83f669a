//! Assesses roles: one JSON object a line on standard input, one answer a line on standard output.
//!
//! A line holds `id`, `account`, a `role` (a RoleDetail as GetAccountAuthorizationDetails returns it) and `policies`
//! (ManagedPolicyDetails); optionally `scps` (service control policies by level, root first), `functions` that have the
//! role, and `boundaries`: which one is Ringfence's (`ours`) and which are `approved`. The answer holds `id`, `breaches`,
//! `doubts`, `administrator` and `decision`: what Ringfence would do about a new role that it has never seen, in enforce mode
//! with the template's defaults. A line that cannot be read has no breaches and says why in `doubts`.

use guardrail::Settings;
use guardrail::administrator::Administrator;
use guardrail::assess::{Approval, Assessment, Surroundings};
use guardrail::authorization_details::{DocumentText, ManagedPolicyDetail, RoleDetail};
use guardrail::decide::{BoundaryDocument, Case, Decision, decide};
use guardrail::function::{Entrance, Function, UrlAuth};
use guardrail::names::{AccountId, FunctionArn, InvalidName, PolicyArn, Qualifier};
use guardrail::record::RoleRecord;
use guardrail::service_control::read_levels;
use guardrail::settings::{Mode, ReplaceWider, SharedTrust};
use guardrail::severity::Severity;
use guardrail::snapshot::RoleSnapshot;
use guardrail::trigger::{Caller, Change, EventName, Subject, Trigger};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Write};

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        writeln!(output, "{}", answer(&line))?;
        line.clear();
    }
    output.flush()
}

#[derive(Deserialize)]
struct Line {
    account: Option<AccountId>,
    role: RoleDetail,
    policies: Option<Vec<ManagedPolicyDetail>>,
    scps: Option<Vec<Vec<DocumentText>>>,
    functions: Option<Vec<Box<RawValue>>>,
    boundaries: Option<Boundaries>,
}

/// What names a line, whatever else is wrong with it.
#[derive(Deserialize)]
struct Named {
    id: Option<Value>,
}

#[derive(Deserialize)]
struct FunctionLine {
    /// With or without a qualifier.
    arn: String,
    qualifier: Option<Qualifier>,
    url_auth: Option<UrlAuthWord>,
    policy: Option<DocumentText>,
}

#[derive(Deserialize)]
enum UrlAuthWord {
    #[serde(rename = "NONE")]
    None,
    #[serde(rename = "AWS_IAM")]
    AwsIam,
}

#[derive(Deserialize)]
struct Boundaries {
    ours: Option<PolicyArn>,
    approved: Option<BTreeSet<PolicyArn>>,
}

/// The answer to one line.
pub(crate) fn answer(line: &[u8]) -> Value {
    let text = String::from_utf8_lossy(line);
    // What cannot be read is still answered under its id.
    let id = serde_json::from_str::<Named>(&text).ok().and_then(|line| line.id);
    let read = str::from_utf8(line).map_err(|e| e.to_string());
    let assessed =
        read.and_then(|text| serde_json::from_str::<Line>(text).map_err(|e| e.to_string())).and_then(assess);
    let mut answer = assessed.unwrap_or_else(|why| {
        json!({
            "breaches": [], "doubts": [format!("the line cannot be read: {why}")], "administrator": false,
            "decision": "none",
        })
    });
    if let Value::Object(fields) = &mut answer {
        fields.shift_insert(0, "id".to_owned(), id.unwrap_or_default());
    }
    answer
}

fn assess(line: Line) -> Result<Value, String> {
    let Line { account, role, policies, scps, functions, boundaries } = line;
    let policies = policies.unwrap_or_default();
    let snapshot = role.snapshot(&policies).map_err(|e| e.to_string())?;
    let account = account.unwrap_or_else(|| snapshot.role.arn.account().clone());
    if account != *snapshot.role.arn.account() {
        return Err(format!("role `{}` is not of account `{account}`", snapshot.role.arn));
    }
    let (service_control, mut doubts) = read_levels(&scps.unwrap_or_default());
    let functions = joined(functions.unwrap_or_default(), &account, &mut doubts);
    let (settings, is_known) = settings(&snapshot, boundaries)?;
    let ours = policies
        .iter()
        .find(|policy| *policy.arn() == settings.boundary)
        .and_then(ManagedPolicyDetail::document);
    // Which boundary is whose decides what is done, whether or not it is a breach that it is nobody's.
    let approval = if is_known { settings.approval(&snapshot.boundary) } else { Approval::NotJudged };
    let around = Surroundings {
        service_control: &service_control,
        functions: &functions,
        approval,
        ours: ours.as_ref(),
        carve_outs: &[],
    };
    let assessment = Assessment::within(&snapshot, &around);
    let breaches: Vec<Value> = assessment
        .breaches()
        .iter()
        .map(|breach| json!({"check": breach.check, "severity": breach.severity, "capped": breach.now.is_none()}))
        .collect();
    doubts.splice(0..0, assessment.doubts().iter().cloned());
    Ok(json!({
        "breaches": breaches,
        "doubts": doubts,
        "administrator": assessment.administrator() == Administrator::Yes,
        "decision": decision(&snapshot, &functions, &settings, &assessment),
    }))
}

/// The functions with all their versions and aliases. One that cannot be read, or cannot have the role, is left out and is a
/// doubt.
fn joined(lines: Vec<Box<RawValue>>, account: &AccountId, doubts: &mut Vec<String>) -> Vec<Function> {
    let mut functions: BTreeMap<FunctionArn, Function> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        match function(line, account) {
            Ok((arn, entrance)) => {
                let function = functions.entry(arn.clone()).or_insert_with(|| Function::named(arn));
                function.entrances.push(entrance);
            }
            Err(why) => doubts.push(format!("function {at}: {why}")),
        }
    }
    functions.into_values().collect()
}

/// A function, and where callers come in.
fn function(line: &RawValue, account: &AccountId) -> Result<(FunctionArn, Entrance), String> {
    let line: FunctionLine = serde_json::from_str(line.get()).map_err(|e| e.to_string())?;
    let FunctionLine { arn: text, qualifier, url_auth, policy } = line;
    let arn: FunctionArn = text.parse().map_err(|e: InvalidName| e.to_string())?;
    if arn.account() != account.as_str() {
        return Err(format!("`{arn}` is not of account `{account}` and cannot have the role"));
    }
    let in_arn = text.strip_prefix(arn.as_str()).and_then(|rest| rest.strip_prefix(':'));
    let qualifier = match (qualifier, in_arn) {
        (None, Some(text)) => Some(text.parse().map_err(|e: InvalidName| e.to_string())?),
        (given, _) => given,
    };
    let url = url_auth.map(|auth| match auth {
        UrlAuthWord::None => UrlAuth::None,
        UrlAuthWord::AwsIam => UrlAuth::AwsIam,
    });
    let entrance = Entrance { qualifier, url, policy: policy.map(|policy| policy.read()) };
    Ok((arn, entrance))
}

/// The template's defaults, and whether it was said whose boundary is whose.
fn settings(role: &RoleSnapshot, boundaries: Option<Boundaries>) -> Result<(Settings, bool), String> {
    let arn = &role.role.arn;
    let default =
        format!("arn:{}:iam::{}:policy/ringfence/ringfence-baseline-v1", arn.partition(), arn.account());
    let is_known = boundaries.is_some();
    let (ours, approved) =
        boundaries.map_or((None, BTreeSet::new()), |given| (given.ours, given.approved.unwrap_or_default()));
    let boundary = match ours {
        Some(ours) => ours,
        None => default.parse().map_err(|e: InvalidName| e.to_string())?,
    };
    let settings = Settings {
        boundary,
        approved,
        enforce_at: Severity::Info,
        enforce_existing_at: Severity::High,
        shared_trust: SharedTrust::New,
        carve_outs: Vec::new(),
        analyzer: guardrail::analyzer::AnalyzerMode::Off,
        replace_wider: ReplaceWider::No,
        protected: BTreeSet::new(),
        own_roles: BTreeSet::new(),
        owner_tag_keys: Vec::new(),
    };
    Ok((settings, is_known))
}

fn decision(
    snapshot: &RoleSnapshot,
    functions: &[Function],
    settings: &Settings,
    assessment: &Assessment,
) -> &'static str {
    let role = &snapshot.role;
    let mut record = RoleRecord::new(role.id.clone());
    record.functions.extend(functions.iter().map(|function| function.arn.clone()));
    let trigger = Trigger {
        event: EventName::from_cloudtrail("CreateRole"),
        event_id: String::new(),
        time: None,
        subject: Subject::Role(role.arn.name().clone()),
        change: Change::Rights,
        caller: Caller::default(),
        source: None,
    };
    // Every role is newer than this.
    let installed_at = Timestamp::MIN;
    let case = Case {
        boundary_document: BoundaryDocument::AsApproved,
        role,
        record: &record,
        trigger: &trigger,
        settings,
        mode: Mode::Enforce,
        exemption: None,
        installed_at,
        now: installed_at,
    };
    match decide(&case, assessment) {
        Decision::Nothing(_) => "none",
        Decision::Compliant => "compliant",
        Decision::Report(report) => report.outcome.as_str(),
        Decision::Remediate(remediation) => remediation.outcome().outcome().as_str(),
    }
}
