//! What operators write into the ledger: told once per change, with what it weighs and what can be done.

use guardrail::change_budget::BudgetHour;
use guardrail::finding::{AboutNotice, Finding};
use guardrail::notice::{
    Due, Exemptions, ItemKey, Notice, NoticeKind, Noticed, NoticedItem, UndoProgress, UndoRequestSeen, View,
};
use guardrail::operator_item::{Attribute, Attributes};
use guardrail::settings::{ConfiguredMode, Mode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TEAM: &str = "arn:aws:iam::123456789012:policy/team-cap";

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn after_hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn attributes(texts: &[(&str, &str)]) -> Attributes {
    texts.iter().map(|(name, text)| ((*name).to_owned(), Attribute::Text((*text).to_owned()))).collect()
}

fn switch(expires_at: &str, reason: &str) -> Attributes {
    attributes(&[("value", "observe"), ("by", "alice"), ("reason", reason), ("expires_at", expires_at)])
}

fn exemption(expires_at: &str, owner: &str) -> Attributes {
    attributes(&[("owner", owner), ("reason", "moves to its own account"), ("expires_at", expires_at)])
}

fn view() -> View {
    View { exemptions: Exemptions::All(Vec::new()), ..View::default() }
}

fn enforce() -> ConfiguredMode {
    "enforce".parse().unwrap()
}

fn with_switch(item: Option<Attributes>) -> View {
    View { kill_switch: item, ..view() }
}

fn with_exemptions(items: &[(&str, Attributes)]) -> View {
    let items = items.iter().map(|(pattern, item)| ((*pattern).to_owned(), item.clone())).collect();
    View { exemptions: Exemptions::All(items), ..view() }
}

/// Tells all that is due at that time, and remembers it as the ledger does.
fn tell(noticed: &mut Noticed, view: &View, at: Timestamp) -> Vec<Notice> {
    tell_under(enforce(), noticed, view, at)
}

fn tell_under(configured: ConfiguredMode, noticed: &mut Noticed, view: &View, at: Timestamp) -> Vec<Notice> {
    let Due { notices, silent } = noticed.due(view, configured, at);
    let stored = serde_json::to_string(&noticed.after(&notices, &silent)).unwrap();
    *noticed = serde_json::from_str(&stored).unwrap();
    assert!(noticed.due(view, configured, at).is_nothing(), "told once");
    notices
}

fn kinds(notices: &[Notice]) -> Vec<NoticeKind> {
    notices.iter().map(|notice| notice.kind).collect()
}

#[test]
fn a_kill_switch_is_told_when_it_comes_on_is_changed_and_ends() {
    use NoticeKind::{KillSwitchInvalid as Invalid, KillSwitchOn as On, KillSwitchOver as Over};
    let until_noon = || Some(switch("2026-11-23T12:00:00Z", "incident"));
    let until_one = || Some(switch("2026-11-23T13:00:00Z", "incident"));
    let two_days = || Some(switch("2026-11-25T10:00:00Z", "incident"));
    let nobody = || Some(attributes(&[("value", "observe"), ("expires_at", "2026-11-23T12:00:00Z")]));
    for (steps, expected, why) in [
        (vec![(0, until_noon()), (1, until_noon()), (3, until_noon()), (4, None)], vec![On, Over], "expired"),
        (vec![(0, until_noon()), (1, None)], vec![On, Over], "deleted"),
        (vec![(0, until_noon()), (1, until_one()), (4, until_one())], vec![On, On, Over], "prolonged"),
        (vec![(0, two_days()), (1, None)], vec![Invalid], "too long, and withdrawn"),
        (vec![(0, two_days()), (24, two_days()), (49, two_days())], vec![Invalid, On, Over], "a day is left"),
        (vec![(3, until_noon()), (4, None)], vec![Invalid], "expired when it was first seen"),
        (vec![(0, nobody()), (3, nobody())], vec![Invalid], "nobody answers for it"),
        (vec![(0, until_noon()), (1, nobody())], vec![On, Invalid], "made invalid"),
        (vec![(0, None)], vec![], "none"),
    ] {
        let mut noticed = Noticed::default();
        let tell = |(hours, item)| kinds(&tell(&mut noticed, &with_switch(item), after_hours(hours)));
        assert_eq!(steps.into_iter().flat_map(tell).collect::<Vec<_>>(), expected, "{why}");
    }
}

#[test]
fn the_end_of_one_that_was_made_invalid_is_told_with_it() {
    let mut noticed = Noticed::default();
    tell(&mut noticed, &with_switch(Some(switch("2026-11-23T12:00:00Z", "incident"))), now());
    let told = tell(&mut noticed, &with_switch(Some(attributes(&[("value", "off")]))), after_hours(1));
    assert!(told[0].items[0].detail.contains("Ringfence enforces again"), "{told:?}");
}

#[test]
fn in_observe_mode_a_kill_switch_is_told_low_and_as_what_it_is_once_the_template_enforces() {
    let mut noticed = Noticed::default();
    let view = with_switch(Some(switch("2026-11-23T12:00:00Z", "incident")));
    let observe = "observe".parse().unwrap();
    assert_eq!(kinds(&tell_under(observe, &mut noticed, &view, now())), [NoticeKind::KillSwitchIdle]);
    assert_eq!(kinds(&tell(&mut noticed, &view, after_hours(1))), [NoticeKind::KillSwitchOn]);
}

#[test]
fn an_exemption_is_told_when_it_comes_changes_ends_or_goes() {
    use NoticeKind::{
        ExemptionChanged as Changed, ExemptionCleared as Cleared, ExemptionDeleted as Deleted,
        ExemptionEnding as Ending, ExemptionExpired as Expired, ExemptionInvalid as Invalid,
        ExemptionNew as New,
    };
    let far = || Some(exemption("2027-01-31T00:00:00Z", "orders"));
    let month = || Some(exemption("2026-12-23T10:00:00Z", "orders"));
    let other = || Some(exemption("2027-01-31T00:00:00Z", "billing"));
    let bad = || Some(exemption("2027-01-31T00:00:00Z", " "));
    let forever = || Some(exemption("2028-01-31T00:00:00Z", "orders"));
    let day = 24;
    for (steps, expected, why) in [
        (vec![(0, far()), (day, far()), (day, None)], vec![New, Deleted], "put and deleted"),
        (vec![(0, far()), (day, other())], vec![New, Changed], "changed"),
        (vec![(0, far()), (day, bad()), (day, far())], vec![New, Invalid, New], "broken and mended"),
        (vec![(0, bad()), (day, None)], vec![Invalid, Cleared], "never valid"),
        (
            vec![
                (0, month()),
                (23 * day - 1, month()),
                (23 * day, month()),
                (29 * day, month()),
                (30 * day, month()),
                (31 * day, None),
            ],
            vec![New, Ending, Expired, Cleared],
            "a week ahead and at its end",
        ),
        (vec![(24 * day, month()), (25 * day, month())], vec![New], "new within its last week"),
        (vec![(23 * day, month()), (24 * day, far())], vec![New, Changed], "prolonged in its last week"),
        (vec![(31 * day, month()), (32 * day, month())], vec![Invalid], "expired when it was first seen"),
        (
            vec![(0, forever()), (400 * day, forever())],
            vec![Invalid, New],
            "over a year ahead until it is not",
        ),
    ] {
        let mut noticed = Noticed::default();
        let tell = |(hours, item): (i64, Option<Attributes>)| {
            let items: Vec<_> = item.map(|item| ("orders-*", item)).into_iter().collect();
            kinds(&tell(&mut noticed, &with_exemptions(&items), after_hours(hours)))
        };
        assert_eq!(steps.into_iter().flat_map(tell).collect::<Vec<_>>(), expected, "{why}");
    }
}

#[test]
fn what_was_not_read_is_not_judged() {
    let mut noticed = Noticed::default();
    let full = View {
        kill_switch: Some(switch("2026-11-23T12:00:00Z", "incident")),
        approved: vec![(TEAM.parse().unwrap(), Some(attributes(&[("hash", "1")])))],
        undo_requests: vec![request("orders-api-role", Some("rf-1"))],
        ..with_exemptions(&[("orders-*", exemption("2027-01-31T00:00:00Z", "orders"))])
    };
    assert_eq!(tell(&mut noticed, &full, now()).len(), 4);
    let little = View { exemptions: Exemptions::NotRead, kill_switch: full.kill_switch.clone(), ..view() };
    assert!(
        noticed.due(&little, enforce(), now()).is_nothing(),
        "{:?}",
        noticed.due(&little, enforce(), now())
    );
}

#[test]
fn many_exemptions_at_once_are_few_notices() {
    let mut noticed = Noticed::default();
    let names: Vec<String> = (0..120).map(|index| format!("orders-{index:03}")).collect();
    let valid = exemption("2027-01-31T00:00:00Z", "orders");
    let items: Vec<_> = names.iter().map(|name| (name.as_str(), valid.clone())).collect();
    let told = tell(&mut noticed, &with_exemptions(&items), now());
    assert_eq!((kinds(&told), told[0].items.len()), (vec![NoticeKind::ExemptionNew], 120));
    let summary = finding(&told[0]).summary;
    assert!(summary.contains("orders-000") && summary.contains("and 100 more"), "{summary}");
    let told = tell(&mut noticed, &with_exemptions(&items[..117]), now());
    assert_eq!(kinds(&told), vec![NoticeKind::ExemptionDeleted; 3], "a few are told one by one");
}

#[test]
fn what_is_remembered_stays_small_and_no_change_goes_untold() {
    let mut noticed = Noticed::default();
    let names: Vec<String> = (0..2_000).map(|index| format!("/teams/orders/{index:04}-*")).collect();
    let valid = exemption("2027-01-31T00:00:00Z", "orders");
    let mut items: Vec<_> = names.iter().map(|name| (name.as_str(), valid.clone())).collect();
    let told = tell(&mut noticed, &with_exemptions(&items), now());
    assert_eq!(kinds(&told), [NoticeKind::ExemptionNew, NoticeKind::ExemptionsOverflow]);
    let size = serde_json::to_string(&noticed).unwrap().len();
    assert!(size < 64_000, "{size}");
    items[1_999].1 = exemption("2027-01-31T00:00:00Z", "mallory");
    assert_eq!(kinds(&tell(&mut noticed, &with_exemptions(&items), now())), [NoticeKind::ExemptionsOverflow]);
    items[0].1 = exemption("2027-01-31T00:00:00Z", "mallory");
    assert_eq!(kinds(&tell(&mut noticed, &with_exemptions(&items), now())), [NoticeKind::ExemptionChanged]);
    assert!(tell(&mut noticed, &with_exemptions(&items), now()).is_empty());
}

#[test]
fn an_approved_document_is_told_when_it_is_noted_deleted_and_noted_anew() {
    use NoticeKind::{ApprovedAnew, ApprovedDeleted, ApprovedNoted};
    let seen = |at: &str| Some(attributes(&[("hash", "1"), ("document", "{}"), ("seen_at", at)]));
    let (first, second) = (seen("2026-11-23T10:00:00Z"), seen("2026-11-24T10:00:00Z"));
    for (steps, expected) in [
        (vec![None, first.clone(), first.clone()], vec![ApprovedNoted]),
        (vec![first.clone(), None, None, second.clone()], vec![ApprovedNoted, ApprovedDeleted, ApprovedAnew]),
        (vec![first.clone(), second], vec![ApprovedNoted, ApprovedAnew]),
        (vec![first.clone(), None, first], vec![ApprovedNoted, ApprovedDeleted, ApprovedAnew]),
    ] {
        let mut noticed = Noticed::default();
        let tell = |item| {
            let view = View { approved: vec![(TEAM.parse().unwrap(), item)], ..view() };
            kinds(&tell(&mut noticed, &view, now()))
        };
        assert_eq!(steps.into_iter().flat_map(tell).collect::<Vec<_>>(), expected);
    }
}

fn request(sk: &str, finding: Option<&str>) -> UndoRequestSeen {
    let item = finding.map(|finding| attributes(&[("finding", finding), ("by", "alice")]));
    UndoRequestSeen { sk: sk.to_owned(), item, progress: UndoProgress::Waits }
}

#[test]
fn an_undo_request_is_told_once_while_it_waits_and_once_when_it_is_refused() {
    let mut noticed = Noticed::default();
    let seen = |request: UndoRequestSeen| View { undo_requests: vec![request], ..view() };
    let under_way =
        UndoRequestSeen { progress: UndoProgress::UnderWay, ..request("orders-api-role", Some("rf-1")) };
    assert!(tell(&mut noticed, &seen(under_way), now()).is_empty(), "its finding tells");
    let first = request("orders-api-role", Some("rf-1"));
    assert_eq!(kinds(&tell(&mut noticed, &seen(first.clone()), now())), [NoticeKind::UndoRequested]);

    let item = first.item.clone().unwrap();
    let refuse = |noticed: &mut Noticed, item: &Attributes| {
        let notice =
            noticed.not_undone("orders-api-role", item, NoticeKind::UndoRefused, "it has another boundary");
        *noticed = noticed.after(notice.as_slice(), &[]);
        notice.map(|notice| notice.kind)
    };
    assert_eq!(refuse(&mut noticed, &item), Some(NoticeKind::UndoRefused));
    assert_eq!(refuse(&mut noticed, &item), None, "once per request");
    assert!(tell(&mut noticed, &seen(first.clone()), now()).is_empty());
    let another = attributes(&[("finding", "rf-2"), ("by", "alice")]);
    assert_eq!(refuse(&mut noticed, &another), Some(NoticeKind::UndoRefused));

    assert!(tell(&mut noticed, &seen(request("orders-api-role", None)), now()).is_empty(), "withdrawn");
    assert_eq!(kinds(&tell(&mut noticed, &seen(first), now())), [NoticeKind::UndoRequested], "put again");
}

#[test]
fn an_undo_of_all_roles_is_told_once_however_far_it_came() {
    let mut noticed = Noticed::default();
    let seen = |progress: &[(&str, &str)]| {
        let item = [("by", "alice")].iter().chain(progress).copied().collect::<Vec<_>>();
        let all = UndoRequestSeen {
            sk: "*".to_owned(),
            item: Some(attributes(&item)),
            progress: UndoProgress::Waits,
        };
        View { undo_requests: vec![all], ..view() }
    };
    assert_eq!(kinds(&tell(&mut noticed, &seen(&[]), now())), [NoticeKind::UndoOfAllRequested]);
    assert!(tell(&mut noticed, &seen(&[("continue_after", "orders")]), now()).is_empty());
}

#[test]
fn one_of_many_tells_and_its_death_is_made_up_for() {
    let noticed = Noticed::default().claimed_by("request-1", now());
    let after = |seconds| now() + SignedDuration::from_secs(seconds);
    assert!(!noticed.may_be_told_by("request-2", after(9)));
    assert!(noticed.may_be_told_by("request-2", after(10)));
    assert!(noticed.may_be_told_by("request-1", after(1)), "a retry of the same request");
    assert!(noticed.after(&[], &[]).may_be_told_by("request-2", now()), "the claim ends with the telling");
}

#[test]
fn a_retry_tells_under_the_same_id_and_a_repetition_under_another() {
    let mut noticed = Noticed::default();
    let on = with_switch(Some(switch("2026-11-23T12:00:00Z", "incident")));
    let id = |noticed: &Noticed| noticed.finding_id(&noticed.due(&on, enforce(), now()).notices[0]);
    let first = id(&noticed);
    assert_eq!(id(&noticed.claimed_by("request-1", now())), first);
    tell(&mut noticed, &on, now());
    tell(&mut noticed, &with_switch(None), now());
    assert_ne!(id(&noticed), first);
}

#[test]
fn what_could_not_be_told_stays_due_and_waits_for_the_end_of_the_claim() {
    let view = View {
        kill_switch: Some(switch("2026-11-23T12:00:00Z", "incident")),
        ..with_exemptions(&[("orders-*", exemption("2027-01-31T00:00:00Z", "orders"))])
    };
    let claimed = Noticed::default().claimed_by("request-1", now());
    let due = claimed.due(&view, enforce(), now());
    let noticed = claimed.after_some(&due.notices[..1]);
    assert_eq!(kinds(&noticed.due(&view, enforce(), now()).notices), [NoticeKind::ExemptionNew]);
    assert!(!noticed.may_be_told_by("request-2", now()));
}

fn finding(notice: &Notice) -> Finding {
    let about = AboutNotice {
        notice,
        id: Noticed::default().finding_id(notice),
        account: &"123456789012".parse().unwrap(),
        region: "us-east-1",
        mode: if notice.kind == NoticeKind::KillSwitchOn { Mode::Observe } else { Mode::Enforce },
        now: now(),
        ledger_table: "ringfence-LedgerTable-1A2B3C4D5E6F7",
    };
    let finding = about.finding();
    finding_schema::assert_valid(&serde_json::to_value(&finding).unwrap());
    finding
}

fn mail(finding: &Finding) -> String {
    let message = finding.message().unwrap();
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert!(message.subject.len() < 100 && message.subject.is_ascii(), "{}", message.subject);
    format!("{}\n\n{}", message.subject, body["email"].as_str().unwrap())
}

fn only(view: &View) -> Finding {
    let due = Noticed::default().due(view, enforce(), now());
    assert_eq!(due.notices.len(), 1);
    finding(&due.notices[0])
}

#[test]
fn the_json_of_a_kill_switch() {
    insta::assert_json_snapshot!(only(&with_switch(Some(switch("2026-11-23T12:00:00Z", "incident 4711")))));
}

#[test]
fn the_email_of_a_kill_switch() {
    let on = only(&with_switch(Some(switch("2026-11-23T12:00:00Z", "incident 4711"))));
    insta::assert_snapshot!(mail(&on));
}

#[test]
fn the_email_of_a_kill_switch_that_reaches_too_far() {
    insta::assert_snapshot!(mail(&only(&with_switch(Some(switch("2026-11-25T10:00:00Z", "incident 4711"))))));
}

#[test]
fn the_email_of_a_new_exemption() {
    let mut limits = exemption("2027-01-31T00:00:00Z", "orders team");
    limits.insert("checks", Attribute::List(vec!["resource-wildcard".to_owned(), "shared-role".to_owned()]));
    limits.insert("max_severity", Attribute::Text("MEDIUM".to_owned()));
    limits.insert("ticket", Attribute::Text("SEC-12".to_owned()));
    insta::assert_snapshot!(mail(&only(&with_exemptions(&[("orders-*", limits)]))));
}

#[test]
fn the_email_of_an_exemption_that_is_not_valid() {
    let invalid = exemption("next year", "orders team");
    insta::assert_snapshot!(mail(&only(&with_exemptions(&[("orders-*", invalid)]))));
}

#[test]
fn the_email_of_many_new_exemptions() {
    let valid = exemption("2027-01-31T00:00:00Z", "orders team");
    let items = ["billing-*", "orders-*", "payments-*", "stock-*"].map(|pattern| (pattern, valid.clone()));
    insta::assert_snapshot!(mail(&only(&with_exemptions(&items))));
}

/// One of each kind, by what the README calls it.
pub(crate) fn of_each_kind() -> Vec<(&'static str, Finding)> {
    let key = |kind: NoticeKind| match kind.in_words().split(' ').next().unwrap() {
        "kill" => (ItemKey::kill_switch(), "kill switch"),
        "exemption" | "exemptions" => (ItemKey::exemption("orders-*"), "orders-*"),
        "approved" => (ItemKey::approved(&TEAM.parse().unwrap()), TEAM),
        _ if kind == NoticeKind::UndoOfAllRequested => (ItemKey::undo_request("*"), "all roles"),
        _ => (ItemKey::undo_request("orders-api-role"), "orders-api-role"),
    };
    let of_kind = |kind: NoticeKind| {
        let (key, name) = key(kind);
        let item = NoticedItem { key, name: name.to_owned(), detail: "what it says".to_owned(), next: None };
        (kind.in_words(), finding(&Notice { kind, items: vec![item], by: None }))
    };
    NoticeKind::ALL.into_iter().map(of_kind).collect()
}

#[test]
fn every_notice_says_its_weight() {
    let findings = of_each_kind();
    assert_eq!(findings.len(), NoticeKind::ALL.len());
    for (kind, (_, finding)) in NoticeKind::ALL.into_iter().zip(findings) {
        assert_eq!(finding.severity, kind.severity());
    }
    let distinct: BTreeSet<NoticeKind> = NoticeKind::ALL.into_iter().collect();
    assert_eq!(distinct.len(), NoticeKind::ALL.len());
}

#[test]
fn what_an_operator_wrote_breaks_neither_a_subject_nor_a_line_nor_a_shell() {
    let hostile = attributes(&[
        ("value", "observe"),
        ("by", "alice\r\nBcc: everybody"),
        ("reason", &"x".repeat(5_000)),
        ("expires_at", "2026-11-23T12:00:00Z"),
    ]);
    let finding = only(&with_switch(Some(hostile)));
    assert_eq!(finding.trigger.principal.as_deref(), Some("alice  Bcc: everybody"));
    assert!(finding.summary.len() < 2_000 && !finding.summary.contains('\n'), "{}", finding.summary);

    let pattern = "päy'; rm -rf ~\n*";
    let finding = only(&with_exemptions(&[(pattern, exemption("2027-01-31T00:00:00Z", "orders"))]));
    assert!(!finding.summary.contains("aws dynamodb"), "{}", finding.summary);
    let subject = finding.message().unwrap().subject;
    assert!(subject.starts_with("[MEDIUM] notice: Exemption p?y"), "{subject}");
    assert_eq!(finding.problem, json!(format!("123456789012/exemption/{pattern}/ringfence")));
}

#[test]
fn a_used_up_change_budget_is_told_once_an_hour() {
    let mut noticed = Noticed::default();
    let hour = BudgetHour::of(now());
    let notice = noticed.budget_exhausted(hour).expect("it is news");
    assert_eq!(notice.kind, NoticeKind::BudgetExhausted);
    noticed = noticed.after(&[notice], &[]);
    assert_eq!(noticed.budget_exhausted(hour), None);
    assert!(noticed.budget_exhausted(BudgetHour::of(after_hours(1))).is_some(), "the next hour is another");
    assert_eq!(tell(&mut noticed, &view(), now()), [], "it is no operator's item that could be deleted");
}
