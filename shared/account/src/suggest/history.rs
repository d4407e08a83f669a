//! What functions did by CloudTrail's event history: management events of this Region and of 90 days, found by the name of the session,
//! which Lambda names after the function.

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use guardrail::names::FunctionArn;
use guardrail::proposal::{Counted, History, Period, Reading};
use guardrail::snapshot::Role;
use guardrail::suggestion::{Job, OtherFunctions};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &["cloudtrail:LookupEvents"];

/// An account may look up twice a second in a Region
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>), and people look things up there too.
const PACE: Duration = Duration::from_millis(600);

/// How long the event history goes back; a job may be looked at days after it was recorded.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Of fifty events each, for all functions of a role together: two minutes.
const MOST_PAGES: usize = 200;

/// Where reading stopped before the end, and why.
struct Cut(String);

impl Account {
    /// The calls of a role's functions. Never fails: what was not read is told as that.
    pub(super) async fn history(
        &self,
        role: &Role,
        job: &Job,
        functions: &BTreeSet<FunctionArn>,
        ends_by: Timestamp,
    ) -> History {
        let oldest = clock::now().checked_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
        let period = Period { since: job.from().max(oldest), until: job.to() };
        let mut history = History::new(&self.settings.region, period);
        if functions.is_empty() {
            return history.ended(Reading::NotRead("no function of the role is known".to_owned()));
        }
        let names: BTreeSet<&str> = functions.iter().map(FunctionArn::name).collect();
        let mut pages = 0;
        for name in names {
            match self.read_sessions(name, role, period, (&mut history, &mut pages), ends_by).await {
                Ok(()) => {}
                Err(Cut(why)) if pages == 0 => return history.ended(Reading::NotRead(why)),
                Err(Cut(why)) => return history.ended(Reading::Cut(why)),
            }
        }
        history.ended(match job.others {
            OtherFunctions::None => Reading::of_every_page(&self.settings.region, functions),
            OtherFunctions::Some(others) => {
                Reading::Cut(format!("{others} more functions have the role than Ringfence keeps by name"))
            }
            OtherFunctions::Unknown => {
                Reading::Cut("no sweep has seen yet which functions have the role".to_owned())
            }
        })
    }

    /// Every page of the sessions of one name, the newest event first.
    async fn read_sessions(
        &self,
        name: &str,
        role: &Role,
        period: Period,
        (history, pages): (&mut History, &mut usize),
        ends_by: Timestamp,
    ) -> Result<(), Cut> {
        let mut token = None;
        loop {
            if *pages > 0 {
                tokio::time::sleep(PACE).await;
            }
            if *pages >= MOST_PAGES {
                return Err(Cut(format!("there are more than {} events", MOST_PAGES * 50)));
            }
            if clock::now() >= ends_by {
                return Err(Cut("there was no time left".to_owned()));
            }
            let (events, next) = self.look_up(name, period, token).await?;
            *pages += 1;
            for event in events {
                if history.count(role, &event) == Counted::NotUnderstood {
                    tracing::warn!(session = name, "an event of the history is no record of CloudTrail");
                }
            }
            match next {
                Some(next) => token = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn look_up(
        &self,
        name: &str,
        period: Period,
        token: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), Cut> {
        let session = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::Username)
            .attribute_value(name)
            .build()
            .map_err(|e| Cut(e.to_string()))?;
        let page = self
            .cloudtrail()
            .lookup_events()
            .lookup_attributes(session)
            .start_time(DateTime::from_secs(period.since.as_second()))
            .end_time(DateTime::from_secs(period.until.as_second()))
            .set_next_token(token)
            .send()
            .await
            .map_err(|e| {
                let why = match e.code() {
                    Some("ThrottlingException") => "CloudTrail got too many requests".to_owned(),
                    _ => Failure::of_call("CloudTrail did not answer", e).to_string(),
                };
                tracing::warn!(why, "the event history is not read to its end");
                Cut(why)
            })?;
        let events = page.events.unwrap_or_default().into_iter();
        Ok((events.filter_map(|event| event.cloud_trail_event).collect(), page.next_token))
    }
}
