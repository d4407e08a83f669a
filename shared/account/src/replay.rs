//! An account that can be looked at and not be changed: what Ringfence would do about an event, without doing it.

mod preview;
mod simulation;

pub use preview::{Difference, Loss, Preview};
pub use simulation::{Simulation, Unanswered};

use crate::connect::Account;
use crate::failure::Failure;
use crate::reads_only::{ReadLog, reads_only};
use crate::sdk::{Roots, sdk_config};
use crate::settings::{InvalidSettings, Settings};
use aws_config::SdkConfig;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationError;
use guardrail::denial::DeniedCall;
use guardrail::finding::Finding;
use guardrail::names::{AccountId, RoleArn};
use guardrail::trigger::{ExposureChange, PolicyChange, Trigger};
use std::collections::HashMap;

/// A function of Ringfence whose environment tells how it was deployed.
const DEPLOYED: &str = "ringfence-on-role-change";

/// What would be done about an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The role, where one was found.
    pub role: Option<RoleArn>,
    /// An outcome word, or in a few words why there is none.
    pub decision: &'static str,
    /// Why, in one sentence.
    pub reason: Option<String>,
    /// What would be told.
    pub finding: Option<Box<Finding>>,
    /// What else there is to say, one sentence each.
    pub notes: Vec<String>,
}

impl Replay {
    pub(crate) fn of(decision: &'static str) -> Self {
        Self { role: None, decision, reason: None, finding: None, notes: Vec::new() }
    }

    pub(crate) fn with(self, finding: Finding) -> Self {
        Self { finding: Some(Box::new(finding)), ..self }
    }
}

/// Whether there is a ledger to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ledger {
    /// Ringfence is deployed.
    Read,
    /// It is not: as if it had just been installed.
    NotThere,
}

/// Where the settings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsFrom {
    /// The deployed functions.
    Deployment,
    /// The template's defaults: Ringfence is not deployed in this account and Region.
    Defaults,
}

/// The AWS account of the credentials in the environment, to be read only.
///
/// That nothing is written holds twice: the way of a replay has no write in it, and its clients sit behind a gate that sends
/// nothing but reads (`reads_only`).
#[derive(Debug)]
pub struct ReadOnlyAccount {
    account: Account,
    log: ReadLog,
    /// Where the settings come from.
    pub settings_from: SettingsFrom,
    /// Who reads.
    pub caller: String,
    /// The mode that the deployment has; the replay itself observes.
    pub deployed_mode: String,
}

impl ReadOnlyAccount {
    /// Finds out whose account it is, and how Ringfence is deployed in it.
    ///
    /// # Errors
    /// Where AWS does not answer or refuses, or the deployed functions have no usable settings.
    pub async fn connect() -> Result<Self, Failure> {
        let log = ReadLog::default();
        let start = Settings::observing(&default_environment("aws", "000000000000")).map_err(unusable)?;
        let config = gated(&start, &log);
        let (caller, account) = caller_of(&config).await?;
        let partition = caller.split(':').nth(1).unwrap_or("aws");
        let deployed = deployed_environment(&config).await?;
        let settings_from =
            if deployed.is_some() { SettingsFrom::Deployment } else { SettingsFrom::Defaults };
        let environment = deployed.unwrap_or_else(|| default_environment(partition, &account));
        let deployed_mode = environment.get("RINGFENCE_MODE").cloned().unwrap_or_default();
        let settings = Settings::observing(&environment).map_err(unusable)?;
        let config = gated(&settings, &log);
        Ok(Self {
            account: Account::with_config(settings, config),
            log,
            settings_from,
            caller,
            deployed_mode,
        })
    }

    /// The account.
    #[must_use]
    pub fn id(&self) -> &AccountId {
        &self.account.settings.account
    }

    /// The boundary that Ringfence puts here.
    #[must_use]
    pub fn boundary(&self) -> &str {
        self.account.settings.rules.boundary.as_str()
    }

    /// The calls that were made, in order. No other was.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.log.taken()
    }

    /// What would be done about a role.
    ///
    /// # Errors
    /// Where AWS does not answer, refuses or makes no sense.
    pub async fn replay(&self, trigger: &Trigger) -> Result<Replay, Failure> {
        self.account.replay(trigger, self.ledger()).await
    }

    /// What would be done about a policy that changed.
    ///
    /// # Errors
    /// Where AWS does not answer, refuses or makes no sense.
    pub async fn replay_policy_change(&self, change: &PolicyChange) -> Result<Replay, Failure> {
        self.account.replay_policy_change(change, self.ledger()).await
    }

    /// What would be told about a function that was opened or closed.
    ///
    /// # Errors
    /// Where AWS does not answer, refuses or makes no sense.
    pub async fn replay_exposure_change(&self, change: &ExposureChange) -> Result<Replay, Failure> {
        self.account.replay_exposure_change(change, self.ledger()).await
    }

    /// What would be told about a call that a boundary refused.
    ///
    /// # Errors
    /// Where AWS does not answer, refuses or makes no sense.
    pub async fn replay_denial(&self, call: &DeniedCall) -> Result<Replay, Failure> {
        self.account.replay_denial(call, self.ledger()).await
    }

    fn ledger(&self) -> Ledger {
        match self.settings_from {
            SettingsFrom::Deployment => Ledger::Read,
            SettingsFrom::Defaults => Ledger::NotThere,
        }
    }
}

fn unusable(error: InvalidSettings) -> Failure {
    Failure::malformed("the settings of the deployed functions cannot be used", error)
}

/// The system's roots: an operator may sit behind a proxy with certificates of its own.
fn gated(settings: &Settings, log: &ReadLog) -> SdkConfig {
    let config = sdk_config(settings, Roots::System);
    match config.http_client() {
        Some(client) => {
            let gate = reads_only(client, log.clone());
            config.into_builder().http_client(gate).build()
        }
        // INVARIANT: `sdk_config` sets one. Without any, no request can be sent at all.
        None => config,
    }
}

async fn caller_of(config: &SdkConfig) -> Result<(String, String), Failure> {
    let asked = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let answer = asked.map_err(|e| Failure::of_call("could not ask whose credentials these are", e))?;
    match (answer.arn, answer.account) {
        (Some(arn), Some(account)) => Ok((arn, account)),
        _ => Err(Failure::malformed("AWS's answer to GetCallerIdentity makes no sense", "a part is missing")),
    }
}

/// The environment of a deployed function; none where there is no such function.
async fn deployed_environment(config: &SdkConfig) -> Result<Option<HashMap<String, String>>, Failure> {
    let asked = aws_sdk_lambda::Client::new(config).get_function_configuration().function_name(DEPLOYED);
    match asked.send().await {
        Ok(answer) => Ok(Some(answer.environment.and_then(|e| e.variables).unwrap_or_default())),
        Err(e)
            if e.as_service_error()
                .is_some_and(GetFunctionConfigurationError::is_resource_not_found_exception) =>
        {
            Ok(None)
        }
        Err(e) => Err(Failure::of_call(format!("could not read the configuration of `{DEPLOYED}`"), e)),
    }
}

/// What the functions find in their environment when the template is deployed with its defaults. The ids that only a
/// deployment has are made up; nothing is read or written by them.
#[must_use]
pub fn default_environment(partition: &str, account: &str) -> HashMap<String, String> {
    let own_role = format!("arn:{partition}:iam::{account}:role/ringfence/ringfence");
    let own_roles = [
        "on-boundary-denial",
        "on-exposure-change",
        "on-function-change",
        "on-policy-change",
        "on-role-change",
        "review-role",
        "suggest-policy",
        "sweep-account",
        "undo-remediation",
    ]
    .map(|function| format!("{own_role}-{function}"));
    let made_up = |service: &str, rest: &str| format!("arn:{partition}:{service}:us-east-1:{account}:{rest}");
    [
        ("RINGFENCE_MODE", "enforce".to_owned()),
        ("RINGFENCE_SWEEP_MODE", "observe".to_owned()),
        (
            "RINGFENCE_BOUNDARY_ARN",
            format!("arn:{partition}:iam::{account}:policy/ringfence/ringfence-baseline-v1"),
        ),
        ("RINGFENCE_ENFORCE_AT", "INFO".to_owned()),
        ("RINGFENCE_ENFORCE_EXISTING_AT", "HIGH".to_owned()),
        ("RINGFENCE_ENFORCE_SHARED_TRUST", "new".to_owned()),
        ("RINGFENCE_REPLACE_WIDER", "false".to_owned()),
        ("RINGFENCE_SECURITY_HUB", "false".to_owned()),
        ("RINGFENCE_ACCESS_ANALYZER", "validate".to_owned()),
        (
            "RINGFENCE_RULES",
            "ringfence-on-boundary-denial,ringfence-on-exposure-change,ringfence-on-function-change,ringfence-on-policy-change,ringfence-on-role-change,\
             ringfence-other-tools-config-functions,\
             ringfence-other-tools-config-roles,\
             ringfence-other-tools-external-access,\
             ringfence-other-tools-security-hub,\
             ringfence-other-tools-unused-access,\
             ringfence-on-role-change-of-boundary,\
             ringfence-self-tamper-alarms,\
             ringfence-self-tamper-functions,\
             ringfence-self-tamper-key,\
             ringfence-self-tamper-ledger,\
             ringfence-self-tamper-logs,\
             ringfence-self-tamper-parameter,\
             ringfence-self-tamper-queues,\
             ringfence-self-tamper-reports,\
             ringfence-self-tamper-roles,\
             ringfence-self-tamper-rules,\
             ringfence-self-tamper-rules-of-rules,\
             ringfence-self-tamper-stack,\
             ringfence-self-tamper-topics,\
             ringfence-self-tamper-trail"
                .to_owned(),
        ),
        ("RINGFENCE_OWNER_TAG_KEYS", "owner,team".to_owned()),
        ("RINGFENCE_OWN_ROLE_ARNS", own_roles.join(",")),
        ("RINGFENCE_LEDGER_TABLE", "not-deployed".to_owned()),
        ("RINGFENCE_LEDGER_TABLE_ARN", made_up("dynamodb", "table/not-deployed")),
        ("RINGFENCE_FINDINGS_TOPIC_ARN", made_up("sns", "not-deployed")),
        ("RINGFENCE_REVIEW_QUEUE_URL", "https://not-deployed.invalid".to_owned()),
        (
            "RINGFENCE_STACK_ID",
            made_up("cloudformation", "stack/ringfence/00000000-0000-0000-0000-000000000000"),
        ),
        ("RINGFENCE_REPORT_BUCKET", "not-deployed".to_owned()),
        ("RINGFENCE_FINDINGS_KEY_ARN", made_up("kms", "key/00000000-0000-0000-0000-000000000000")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
