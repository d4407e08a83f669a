use super::{Finding, Outcome, email};
use crate::names::{FunctionArn, PolicyArn, RoleName};
use serde_json::json;

/// A finding, ready for `sns:Publish`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Fewer than 100 ASCII characters, no line break.
    pub subject: String,
    /// A JSON object of bodies by protocol, for `MessageStructure: json`: `email` reads, everything else gets the
    /// finding's JSON.
    pub body: String,
    /// What filter policies can go by, at most five.
    pub attributes: [Attribute; 5],
}

/// A message attribute of type String.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Its value; never empty, SNS refuses that.
    pub value: String,
}

/// SNS takes subjects of fewer than 100 characters
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const SUBJECT_LIMIT: usize = 99;

impl Finding {
    /// Renders the finding for SNS.
    ///
    /// # Errors
    /// Where the finding cannot be written as JSON, which its types leave no way to.
    pub fn message(&self) -> Result<Message, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        let bodies = json!({ "default": json, "email": email::text(self) });
        let event = if self.trigger.event.is_empty() { "unknown" } else { &self.trigger.event };
        let attribute = |name, value: &str| Attribute { name, value: value.to_owned() };
        Ok(Message {
            subject: subject(self),
            body: serde_json::to_string(&bodies)?,
            attributes: [
                attribute("severity", self.severity.as_str()),
                attribute("outcome", self.outcome.as_str()),
                attribute("account", self.account.as_str()),
                attribute("trigger", event),
                attribute("mode", self.mode.as_str()),
            ],
        })
    }
}

/// `[CRITICAL] bounded: orders-api-role (123456789012)`: severity first, so that a mailbox sorts.
fn subject(finding: &Finding) -> String {
    if matches!(finding.outcome, Outcome::Notice | Outcome::Summary) {
        return notice_subject(finding);
    }
    let policy = || finding.boundary.after.as_ref().map(PolicyArn::name).filter(|name| name.is_ascii());
    let function = finding.functions.first().filter(|_| finding.is_about_a_function()).map(FunctionArn::name);
    let role = || finding.role.as_ref().map(|role| role.name.as_str());
    let missing = || finding.story.missing_role.as_ref().map(RoleName::as_str);
    let about = function.or_else(role).or_else(missing).or_else(policy).unwrap_or("Ringfence");
    let (before, after) =
        (format!("[{}] {}: ", finding.severity, finding.outcome), format!(" ({})", finding.account));
    // A long name is cut, not the account behind it. All parts are ASCII by their types.
    let room = SUBJECT_LIMIT.saturating_sub(before.len() + after.len());
    let about: String = about.chars().take(room).collect();
    format!("{before}{about}{after}")
}

/// `[CRITICAL] notice: Kill switch on, Ringfence enforces nothing (123456789012)`. A title may have a pattern in it that is not ASCII.
fn notice_subject(finding: &Finding) -> String {
    let (before, after) =
        (format!("[{}] {}: ", finding.severity, finding.outcome), format!(" ({})", finding.account));
    let room = SUBJECT_LIMIT.saturating_sub(before.len() + after.len());
    let plain = |c: char| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' };
    let title: String = finding.title.chars().take(room).map(plain).collect();
    format!("{before}{title}{after}")
}
