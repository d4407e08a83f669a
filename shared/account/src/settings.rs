//! The settings of a function: environment variables, read once at start and nowhere else.

use guardrail::boundary_policy::Deployment;
use guardrail::names::{AccountId, RoleArn};
use guardrail::settings::ConfiguredMode;
use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

/// Everything that the environment tells a function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What decisions go by.
    pub rules: guardrail::Settings,
    /// What the template says about the mode; the ledger's kill switch may say otherwise.
    pub mode: ConfiguredMode,
    /// What the template says about existing roles that a sweep finds; `mode` and the kill switch apply besides.
    pub sweep_mode: ConfiguredMode,
    /// The DynamoDB table of the ledger.
    pub ledger_table: String,
    /// Where findings go.
    pub findings_topic: String,
    /// The organization's topic, where they go as well.
    pub central_topic: Option<String>,
    /// Whether they go to Security Hub as well.
    pub security_hub: SecurityHub,
    /// Where roles wait for another look.
    pub review_queue_url: String,
    /// The account that is guarded.
    pub account: AccountId,
    /// The Region that this function runs in.
    pub region: String,
    /// The rules of EventBridge that hand events to the functions.
    pub rule_names: Vec<String>,
    /// Where AWS's endpoints are, if not where they usually are: `AWS_ENDPOINT_URL`, as the AWS SDKs know it.
    pub endpoint_url: Option<String>,
    /// Certificates that somebody wants believed instead of the usual: `SSL_CERT_FILE`.
    pub trust_file: Option<String>,
    /// What the shipped boundaries depend on.
    pub deployment: Deployment,
    /// What Access Analyzer generates policies from; none where that is not wanted.
    pub policy_generation: Option<PolicyGeneration>,
}

/// What Access Analyzer generates policies from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyGeneration {
    /// The ARN of the trail whose log files it reads: `TrailArn`.
    pub trail_arn: String,
    /// The role that it reads them with: `PolicyGenerationRoleArn`.
    pub role: RoleArn,
}

/// Whether findings go to Security Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityHub {
    /// They do.
    On,
    /// They do not.
    Off,
}

impl FromStr for SecurityHub {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "true" => Ok(Self::On),
            "false" => Ok(Self::Off),
            _ => Err("it is neither `true` nor `false`"),
        }
    }
}

/// A setting that is missing or makes no sense. The function does not start with it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The variable is not there, or empty.
    #[error("environment variable `{0}` is not set; deploy Ringfence's template again, it sets all of them")]
    Missing(&'static str),
    /// The variable has a value that cannot be used.
    #[error(
        "environment variable `{variable}` cannot be used: {why}; correct the stack parameter it comes from"
    )]
    Invalid {
        /// Which one.
        variable: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Where IAM's events arrive in the partition `aws`: the home region of the template.
const HOME_REGION: &str = "us-east-1";

/// Reads one variable; tests give their own.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Settings {
    /// Reads the settings from the environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn from_environment() -> Result<Self, InvalidSettings> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
        Self::read(&|variable| std::env::var(variable).ok())
    }

    /// The settings of functions that find `deployed` in their environment, but for the mode: it observes. Where AWS is reached is
    /// this process's own matter, and the Region the home one unless it names another.
    pub(crate) fn observing(deployed: &HashMap<String, String>) -> Result<Self, InvalidSettings> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
        let own = |variable: &str| std::env::var(variable).ok().filter(|value| !value.is_empty());
        Self::read(&|variable| match variable {
            "RINGFENCE_MODE" | "RINGFENCE_SWEEP_MODE" => Some("observe".to_owned()),
            "AWS_REGION" => own("AWS_REGION")
                .or_else(|| own("AWS_DEFAULT_REGION"))
                .or_else(|| Some(HOME_REGION.to_owned())),
            "AWS_ENDPOINT_URL" | "SSL_CERT_FILE" => own(variable),
            _ => deployed.get(variable).cloned(),
        })
    }

    fn read(lookup: Lookup<'_>) -> Result<Self, InvalidSettings> {
        let own_roles: BTreeSet<RoleArn> = list(lookup, "RINGFENCE_OWN_ROLE_ARNS")?.into_iter().collect();
        let account = own_roles
            .first()
            .map(|role| role.account().clone())
            .ok_or(InvalidSettings::Missing("RINGFENCE_OWN_ROLE_ARNS"))?;
        let deployment = Deployment {
            partition: own_roles.first().map_or("aws", RoleArn::partition).to_owned(),
            account: account.clone(),
            stack_id: text(lookup, "RINGFENCE_STACK_ID")?,
            ledger_arn: text(lookup, "RINGFENCE_LEDGER_TABLE_ARN")?,
            findings_key_arn: text(lookup, "RINGFENCE_FINDINGS_KEY_ARN")?,
            report_bucket: text(lookup, "RINGFENCE_REPORT_BUCKET")?,
            allowed_pass_role: list(lookup, "RINGFENCE_ALLOWED_PASS_ROLE_ARNS")?,
            allowed_assume_role: list(lookup, "RINGFENCE_ALLOWED_ASSUME_ROLE_ARNS")?,
        };
        Ok(Self {
            rules: guardrail::Settings {
                boundary: parsed(lookup, "RINGFENCE_BOUNDARY_ARN")?,
                approved: list(lookup, "RINGFENCE_APPROVED_BOUNDARY_ARNS")?.into_iter().collect(),
                enforce_at: parsed(lookup, "RINGFENCE_ENFORCE_AT")?,
                enforce_existing_at: parsed(lookup, "RINGFENCE_ENFORCE_EXISTING_AT")?,
                shared_trust: parsed(lookup, "RINGFENCE_ENFORCE_SHARED_TRUST")?,
                carve_outs: list(lookup, "RINGFENCE_CARVE_OUTS")?,
                replace_wider: parsed(lookup, "RINGFENCE_REPLACE_WIDER")?,
                protected: list(lookup, "RINGFENCE_PROTECTED_ROLES")?.into_iter().collect(),
                own_roles,
                owner_tag_keys: list(lookup, "RINGFENCE_OWNER_TAG_KEYS")?,
                analyzer: parsed(lookup, "RINGFENCE_ACCESS_ANALYZER")?,
            },
            mode: parsed(lookup, "RINGFENCE_MODE")?,
            sweep_mode: parsed(lookup, "RINGFENCE_SWEEP_MODE")?,
            ledger_table: text(lookup, "RINGFENCE_LEDGER_TABLE")?,
            findings_topic: text(lookup, "RINGFENCE_FINDINGS_TOPIC_ARN")?,
            central_topic: text(lookup, "RINGFENCE_CENTRAL_TOPIC_ARN").ok(),
            security_hub: parsed(lookup, "RINGFENCE_SECURITY_HUB")?,
            review_queue_url: text(lookup, "RINGFENCE_REVIEW_QUEUE_URL")?,
            account,
            rule_names: list(lookup, "RINGFENCE_RULES")?,
            region: text(lookup, "AWS_REGION")?,
            endpoint_url: text(lookup, "AWS_ENDPOINT_URL").ok(),
            trust_file: text(lookup, "SSL_CERT_FILE").ok(),
            deployment,
            policy_generation: policy_generation(lookup)?,
        })
    }
}

/// None unless the template was given both.
fn policy_generation(lookup: Lookup<'_>) -> Result<Option<PolicyGeneration>, InvalidSettings> {
    let trail_arn = text(lookup, "RINGFENCE_TRAIL_ARN").ok();
    let mut roles = list(lookup, "RINGFENCE_POLICY_GENERATION_ROLE_ARN")?.into_iter();
    Ok(trail_arn.zip(roles.next()).map(|(trail_arn, role)| PolicyGeneration { trail_arn, role }))
}

fn text(lookup: Lookup<'_>, variable: &'static str) -> Result<String, InvalidSettings> {
    lookup(variable).filter(|value| !value.trim().is_empty()).ok_or(InvalidSettings::Missing(variable))
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    lookup: Lookup<'_>,
    variable: &'static str,
) -> Result<T, InvalidSettings> {
    parse_one(variable, text(lookup, variable)?.trim())
}

/// A comma-separated list; a variable that is not set is the empty list.
fn list<T: FromStr<Err: std::fmt::Display>>(
    lookup: Lookup<'_>,
    variable: &'static str,
) -> Result<Vec<T>, InvalidSettings> {
    let value = lookup(variable).unwrap_or_default();
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| parse_one(variable, item))
        .collect()
}

fn parse_one<T: FromStr<Err: std::fmt::Display>>(
    variable: &'static str,
    value: &str,
) -> Result<T, InvalidSettings> {
    value.parse().map_err(|e: T::Err| InvalidSettings::Invalid { variable, why: e.to_string() })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use guardrail::kill_switch::KillSwitch;
    use guardrail::settings::{Mode, SharedTrust};
    use guardrail::severity::Severity;

    pub(crate) fn environment(variable: &str) -> Option<&'static str> {
        Some(match variable {
            "RINGFENCE_MODE" => "enforce",
            "RINGFENCE_ACCESS_ANALYZER" => "off",
            "RINGFENCE_SWEEP_MODE" => "observe",
            "RINGFENCE_BOUNDARY_ARN" => "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1",
            "RINGFENCE_ENFORCE_AT" => "INFO",
            "RINGFENCE_ENFORCE_EXISTING_AT" => "HIGH",
            "RINGFENCE_ENFORCE_SHARED_TRUST" => "new",
            "RINGFENCE_REPLACE_WIDER" => "false",
            "RINGFENCE_SECURITY_HUB" => "false",
            "RINGFENCE_OWN_ROLE_ARNS" => {
                "arn:aws:iam::123456789012:role/ringfence-OnRoleChangeRole-1,arn:aws:iam::123456789012:role/ringfence-OnFunctionChangeRole-1"
            }
            "RINGFENCE_OWNER_TAG_KEYS" => "owner, team",
            "RINGFENCE_LEDGER_TABLE" => "ringfence-ledger",
            "RINGFENCE_FINDINGS_TOPIC_ARN" => "arn:aws:sns:us-east-1:123456789012:ringfence-findings",
            "RINGFENCE_REVIEW_QUEUE_URL" => {
                "https://sqs.us-east-1.amazonaws.com/123456789012/ringfence-review"
            }
            "RINGFENCE_STACK_ID" => {
                "arn:aws:cloudformation:us-east-1:123456789012:stack/ringfence/6f1d2c30-c7f4-11f0-8de9-0e1f2a3b4c5d"
            }
            "RINGFENCE_LEDGER_TABLE_ARN" => "arn:aws:dynamodb:us-east-1:123456789012:table/ringfence-ledger",
            "RINGFENCE_REPORT_BUCKET" => "ringfence-reportbucket-1a2b3c4d5e6f",
            "RINGFENCE_FINDINGS_KEY_ARN" => {
                "arn:aws:kms:us-east-1:123456789012:key/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"
            }
            "AWS_REGION" => "us-east-1",
            _ => return None,
        })
    }

    pub(crate) fn settings() -> Settings {
        Settings::read(&|variable| environment(variable).map(str::to_owned)).unwrap()
    }

    #[test]
    fn a_whole_environment_is_read() {
        let settings = settings();
        assert_eq!(settings.account.as_str(), "123456789012");
        assert_eq!(settings.mode.in_force(&KillSwitch::Off), Mode::Enforce);
        assert_eq!(settings.sweep_mode.in_force(&KillSwitch::Off), Mode::Observe);
        assert_eq!(settings.rules.enforce_existing_at, Severity::High);
        assert_eq!(settings.rules.shared_trust, SharedTrust::New);
        assert_eq!(settings.rules.owner_tag_keys, ["owner", "team"]);
        assert_eq!(settings.rules.own_roles.len(), 2);
        assert!(settings.rules.approved.is_empty());
        assert_eq!(settings.central_topic, None);
    }

    #[test]
    fn the_organizations_topic_is_read_where_there_is_one() {
        let topic = "arn:aws:sns:us-east-1:999999999999:ringfence-central-findings";
        let given = |value: &'static str| {
            let lookup = move |name: &str| match name {
                "RINGFENCE_CENTRAL_TOPIC_ARN" => Some(value.to_owned()),
                _ => environment(name).map(str::to_owned),
            };
            Settings::read(&lookup).unwrap().central_topic
        };
        assert_eq!(given(topic).as_deref(), Some(topic));
        assert_eq!(given(""), None, "an empty parameter is none");
    }

    #[test]
    fn what_the_shipped_boundaries_depend_on_is_read() {
        let passing = |name: &str| match name {
            "RINGFENCE_ALLOWED_PASS_ROLE_ARNS" => Some("role-1,role-2".to_owned()),
            _ => environment(name).map(str::to_owned),
        };
        let deployment = Settings::read(&passing).unwrap().deployment;
        assert_eq!((deployment.partition.as_str(), deployment.account.as_str()), ("aws", "123456789012"));
        assert_eq!(deployment.allowed_pass_role, ["role-1", "role-2"]);
        assert!(deployment.allowed_assume_role.is_empty(), "an empty parameter is an empty list");
    }

    #[test]
    fn policies_are_generated_where_a_trail_and_a_role_to_read_it_are_given() {
        let trail = ("RINGFENCE_TRAIL_ARN", "arn:aws:cloudtrail:us-east-1:123456789012:trail/events");
        let role = ("RINGFENCE_POLICY_GENERATION_ROLE_ARN", "arn:aws:iam::123456789012:role/generation");
        let with = |given: &[(&str, &str)]| {
            let found = |name: &str| given.iter().find(|(variable, _)| *variable == name);
            let lookup = |name: &str| found(name).map(|(_, value)| *value).or_else(|| environment(name));
            Settings::read(&|name| lookup(name).map(str::to_owned)).unwrap().policy_generation
        };
        let both = PolicyGeneration { trail_arn: trail.1.to_owned(), role: role.1.parse().unwrap() };
        assert_eq!(with(&[trail, role]), Some(both));
        for one in [&[trail][..], &[role], &[trail, (role.0, "")], &[]] {
            assert_eq!(with(one), None, "{one:?}");
        }
    }

    #[test]
    fn each_wrong_or_missing_variable_is_named() {
        for (variable, value) in [
            ("RINGFENCE_MODE", "Enforce"),
            ("RINGFENCE_MODE", ""),
            ("RINGFENCE_SWEEP_MODE", "off"),
            ("RINGFENCE_SWEEP_MODE", ""),
            ("RINGFENCE_BOUNDARY_ARN", "ringfence-baseline-v1"),
            ("RINGFENCE_APPROVED_BOUNDARY_ARNS", "arn:aws:iam::123456789012:policy/a,b"),
            ("RINGFENCE_ENFORCE_AT", "info"),
            ("RINGFENCE_ENFORCE_EXISTING_AT", "5"),
            ("RINGFENCE_ENFORCE_SHARED_TRUST", "yes"),
            ("RINGFENCE_REPLACE_WIDER", "no"),
            ("RINGFENCE_SECURITY_HUB", "on"),
            ("RINGFENCE_CARVE_OUTS", "PassRole"),
            ("RINGFENCE_PROTECTED_ROLES", "arn:aws:iam::123456789012:role/*"),
            ("RINGFENCE_POLICY_GENERATION_ROLE_ARN", "generation"),
            ("RINGFENCE_OWN_ROLE_ARNS", ""),
            ("RINGFENCE_LEDGER_TABLE", " "),
            ("RINGFENCE_STACK_ID", ""),
            ("RINGFENCE_LEDGER_TABLE_ARN", ""),
            ("RINGFENCE_FINDINGS_KEY_ARN", ""),
            ("RINGFENCE_REPORT_BUCKET", ""),
            ("RINGFENCE_FINDINGS_TOPIC_ARN", ""),
            ("RINGFENCE_REVIEW_QUEUE_URL", ""),
            ("AWS_REGION", ""),
        ] {
            let broken = |name: &str| {
                if name == variable { Some(value.to_owned()) } else { environment(name).map(str::to_owned) }
            };
            let message = Settings::read(&broken).expect_err(variable).to_string();
            assert!(message.contains(variable), "{message}");
        }
    }
}
