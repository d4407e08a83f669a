//! What is shown: text with the e-mail, or JSON with the finding.

use crate::event::Taken;
use account::replay::{ReadOnlyAccount, Replay, SettingsFrom};
use serde_json::{Value, json};

/// A replay, with what it was made in.
#[derive(Debug)]
pub struct Report<'a> {
    /// The event.
    pub taken: &'a Taken,
    /// Where it was looked at.
    pub account: &'a ReadOnlyAccount,
    /// What came of it.
    pub replay: &'a Replay,
}

impl Report<'_> {
    /// All of it as one JSON object.
    ///
    /// # Errors
    /// Where the finding cannot be written as JSON, which its types leave no way to.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        let Self { taken, account, replay } = self;
        let (event, event_id) = taken.event();
        Ok(json!({
            "event": event,
            "event_id": event_id,
            "function": taken.function(),
            "account": account.id().as_str(),
            "caller": account.caller,
            "settings": match account.settings_from {
                SettingsFrom::Deployment => "deployment",
                SettingsFrom::Defaults => "defaults",
            },
            "deployed_mode": account.deployed_mode,
            "role": replay.role.as_ref().map(|role| role.as_str()),
            "decision": replay.decision,
            "reason": replay.reason,
            "notes": replay.notes,
            "calls": account.calls(),
            "finding": replay.finding.as_deref().map(serde_json::to_value).transpose()?,
        }))
    }

    /// A head of facts, then the e-mail.
    ///
    /// # Errors
    /// Where the finding cannot be written as JSON, which its types leave no way to.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let Self { taken, account, replay } = self;
        let (event, event_id) = taken.event();
        let settings = match account.settings_from {
            SettingsFrom::Deployment => {
                format!("of the deployed functions (mode there: {})", account.deployed_mode)
            }
            SettingsFrom::Defaults => {
                "the template's defaults, because Ringfence is not deployed here".to_owned()
            }
        };
        let decision = match &replay.reason {
            Some(reason) => format!("{}: {reason}", replay.decision),
            None => replay.decision.to_owned(),
        };
        let role = replay.role.as_ref().map_or("none", |role| role.as_str());
        let mut lines = vec![
            format!("Event      {event} {event_id}").trim_end().to_owned(),
            format!("Function   {}", taken.function()),
            format!("Account    {}, read as {}", account.id().as_str(), account.caller),
            format!("Settings   {settings}"),
            format!("Role       {role}"),
            format!("Decision   {decision}"),
        ];
        lines.extend(replay.notes.iter().map(|note| format!("Note       {note}")));
        lines.push(format!("Calls      {}", account.calls().join(", ")));
        lines.push(String::new());
        lines.push(match &replay.finding {
            None => "Nothing would be told.".to_owned(),
            Some(finding) => {
                let message = finding.message()?;
                let bodies: Value = serde_json::from_str(&message.body)?;
                let text = bodies.get("email").and_then(Value::as_str).unwrap_or_default();
                format!("Subject: {}\n\n{text}", message.subject)
            }
        });
        Ok(lines.join("\n"))
    }
}
