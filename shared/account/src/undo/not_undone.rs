use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use crate::ledger::{OperatorPage, Requested};
use crate::undo::{LeftAlone, UndoBatch};
use guardrail::notice::NoticeKind;
use guardrail::operator_item::Attributes;

/// More roles are counted, not named.
const MOST_NAMES: usize = 20;

/// An operator's request, and what it takes to tell once that it is not carried out: whoever invokes gets an answer, but the
/// security team hears of it here only.
pub(super) struct Asked<'a> {
    sk: &'a str,
    item: Attributes,
    operator: OperatorPage,
    /// Of Lambda.
    request: &'a str,
}

impl<'a> Asked<'a> {
    /// The request itself apart.
    pub(super) fn of<T>(sk: &'a str, asked: Requested<T>, request: &'a str) -> (Self, Result<T, Failure>) {
        let Requested { request: usable, item, operator } = asked;
        (Self { sk, item, operator, request }, usable)
    }
}

impl Account {
    /// Tells a request that cannot be read.
    pub(super) async fn tell_invalid<T>(
        &self,
        asked: &Asked<'_>,
        usable: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Err(failure) = &usable {
            self.tell_not_undone(asked, NoticeKind::UndoInvalid, &failure.to_string()).await;
        }
        usable
    }

    /// Tells a request that is refused. What may pass later is not.
    pub(super) async fn tell_refused<T>(
        &self,
        asked: &Asked<'_>,
        outcome: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Err(failure) = &outcome
            && failure.class() == FailureClass::Refused
        {
            self.tell_not_undone(asked, NoticeKind::UndoRefused, &failure.to_string()).await;
        }
        outcome
    }

    /// Tells the roles that an undo of all left as they are.
    pub(super) async fn tell_left_alone(&self, asked: &Asked<'_>, batch: &UndoBatch) {
        let left: &[LeftAlone] = &batch.refused;
        if left.is_empty() {
            return;
        }
        let names: Vec<&str> = left.iter().take(MOST_NAMES).map(|left| left.role.as_str()).collect();
        let more = match left.len().saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = format!("these roles were left as they are: {}{more}", names.join(", "));
        self.tell_not_undone(asked, NoticeKind::UndoRefused, &why).await;
    }

    async fn tell_not_undone(&self, asked: &Asked<'_>, kind: NoticeKind, why: &str) {
        if let Some(notice) = asked.operator.noticed.not_undone(asked.sk, &asked.item, kind, why) {
            self.tell_notice(&asked.operator, notice, asked.request).await;
        }
    }
}
