//! The way of a call that may have opened a function, or closed it: who may call it now is read, judged and told, and nothing is
//! changed.
//!
//! A public URL takes two or three calls within a second, each with an event of its own. Of all that look at one function, one tells
//! at a time. The ledger is read before the function: whoever tells what it saw then knows that nobody told anything newer meanwhile.

mod behind;
mod entrances;
mod replay;
mod tell;
#[cfg(test)]
mod tests;

pub(crate) use entrances::ACTIONS;

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{ExposurePage, OperatorPage, Stored};
use guardrail::exposure::{Behind, Exposure, ExposureRecord, ExposureState, News};
use guardrail::finding::{FindingId, Outcome};
use guardrail::function::Function;
use guardrail::trigger::ExposureChange;
use std::sync::OnceLock;
use std::time::Duration;

/// How often a look is repeated because another invocation wrote the function's record in between.
const ROUNDS: usize = 5;

/// Between two looks at a claim of somebody else.
const PAUSE: Duration = Duration::from_millis(250);

/// Two claims of invocations that died, one after the other.
const PATIENCE: Duration = Duration::from_secs(11);

/// For so long after a call Lambda's answers may not show it
/// (<https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/lambda/permission.go> waits for the same).
const SETTLING_MS: u64 = 5_000;
const SETTLING_PAUSE: Duration = Duration::from_millis(500);

/// What a look at a function came to: its one log line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExposureResponse {
    /// What was found, in a few words.
    pub decision: &'static str,
    /// The outcome that was told, if one was.
    pub outcome: Option<Outcome>,
    /// The id of the finding that was told.
    pub finding: Option<FindingId>,
}

/// One invocation's work on one change.
struct ExposureWork<'a> {
    account: &'a Account,
    change: &'a ExposureChange,
    /// The Lambda request: the same for each retry of one invocation.
    request: &'a str,
    /// The operators' items, as they were first read.
    operator: OnceLock<OperatorPage>,
}

/// What was found, and what the ledger knew before it was looked for.
struct Look {
    page: ExposurePage,
    exposure: Exposure,
    behind: Behind,
    state: Option<ExposureState>,
}

impl Account {
    /// Looks at who may call a function and tells it where that is news.
    ///
    /// `request` is Lambda's request id.
    ///
    /// # Errors
    /// Where AWS does not answer, refuses or makes no sense. Nothing is lost: the retry looks again.
    pub async fn respond_to_exposure_change(
        &self,
        change: &ExposureChange,
        request: &str,
    ) -> Result<ExposureResponse, Failure> {
        let work = ExposureWork { account: self, change, request, operator: OnceLock::new() };
        let outcome = work.respond().await;
        if let Some(page) = work.operator.get() {
            self.tell_notices(page, request).await;
        }
        outcome
    }
}

impl ExposureWork<'_> {
    async fn respond(&self) -> Result<ExposureResponse, Failure> {
        for _ in 0..ROUNDS {
            let look = self.look().await?;
            let news = look.page.record.news(&self.change.function, look.state.as_ref());
            let told = match news {
                News::Nothing => Some(ExposureResponse::of(look.nothing_new())),
                News::Less => {
                    let less = look.page.record.after_less(look.state.clone());
                    self.write(&look, &less).await?.then(|| ExposureResponse::of("less is open, noted"))
                }
                News::Exposed(id) => self.tell(look, id, Outcome::Exposed).await?,
                News::Resolved(id) => self.tell(look, id, Outcome::Resolved).await?,
            };
            if let Some(response) = told {
                return Ok(response);
            }
        }
        let function = &self.change.function;
        Err(Failure::retryable(format!("function `{function}` is being looked at by others all the time")))
    }

    /// The ledger first, see the module.
    async fn look(&self) -> Result<Look, Failure> {
        let page = self.unclaimed_page().await?;
        let (exposure, behind) = self.exposure(&page.record).await?;
        let state = ExposureState::of(&exposure, &behind);
        Ok(Look { page, exposure, behind, state })
    }

    /// What is open now, and the role behind it.
    async fn exposure(&self, record: &ExposureRecord) -> Result<(Exposure, Behind), Failure> {
        if self.change.effect.only_closes() && !record.has_something_open() {
            let function = Function::named(self.change.function.clone());
            return Ok((Exposure::of(function), Behind::Untold));
        }
        let exposure = Exposure::of(self.settled_function(record).await?);
        let behind =
            if exposure.is_closed() { Behind::Untold } else { self.account.behind(&exposure).await? };
        Ok((exposure, behind))
    }

    /// What the ledger knows, once nobody else is telling anything of this function.
    async fn unclaimed_page(&self) -> Result<ExposurePage, Failure> {
        let mut waited = Duration::ZERO;
        loop {
            let page = self.account.ledger.read_exposure(&self.change.function).await?;
            self.operator.get_or_init(|| page.operator.clone());
            if !page.record.is_claimed_by_another(self.request, clock::now()) {
                return Ok(page);
            }
            if waited >= PATIENCE {
                let function = &self.change.function;
                return Err(Failure::retryable(format!("others tell of function `{function}` all the time")));
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
    }

    /// The function as Lambda shows it. A call that was just made may not show yet: then it is asked again until it does or
    /// [`SETTLING_MS`] is over.
    async fn settled_function(&self, record: &ExposureRecord) -> Result<Function, Failure> {
        let qualifiers = || record.qualifiers().chain(&self.change.qualifier);
        loop {
            let function = self.account.read_entrances(&self.change.function, qualifiers()).await?;
            let age = self.change.time.and_then(|called| clock::milliseconds_between(called, clock::now()));
            let is_recent = age.is_some_and(|age| age < SETTLING_MS);
            if !is_recent || self.change.shows_in(&function) {
                return Ok(function);
            }
            tokio::time::sleep(SETTLING_PAUSE).await;
        }
    }

    /// Whether nobody wrote in between.
    async fn write(&self, look: &Look, record: &ExposureRecord) -> Result<bool, Failure> {
        let stored = self
            .account
            .ledger
            .write_exposure((&self.change.function).into(), record, look.page.version)
            .await?;
        Ok(matches!(stored, Stored::Yes(_)))
    }
}

impl Look {
    fn nothing_new(&self) -> &'static str {
        if self.state.is_some() { "open, told before" } else { "nothing is open" }
    }
}

impl ExposureResponse {
    fn of(decision: &'static str) -> Self {
        Self { decision, ..Self::default() }
    }
}
