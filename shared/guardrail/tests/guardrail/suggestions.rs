//! When which role gets a proposal: the table of next steps, what each answer of AWS does to the state, and a month of ticks.

use guardrail::finding::FindingId;
use guardrail::names::{RoleId, RoleName};
use guardrail::suggestion::{
    AGAIN_AFTER, CameTo, Candidate, Candidates, Due, Hold, HoldReason, Job, JobId, LONGEST_JOB, Lease,
    Origin, OtherFunctions, RETRY_AFTER, Stage, Step, SuggestionState, Wait, daily_quota, next_step,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const QUOTA: usize = 50;
const ME: &str = "request-1";

fn job_id(id: &str) -> JobId {
    id.to_owned().try_into().unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn candidate(name: &str) -> Candidate {
    Candidate {
        role: format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap(),
        id: format!("AROA{}", name.replace('-', "").to_uppercase()).parse().unwrap(),
        functions: Vec::new(),
        others: OtherFunctions::None,
    }
}

fn candidates(names: &[&str]) -> Candidates {
    Candidates { as_of: now(), roles: names.iter().map(|name| candidate(name)).collect() }
}

fn name(name: &str) -> RoleName {
    name.parse().unwrap()
}

fn job(name: &str, at: Timestamp) -> Job {
    Job::new(candidate(name), Origin::Sweep, at)
}

fn step(state: &SuggestionState, names: &[&str], at: Timestamp) -> Step {
    next_step(state, Some(&candidates(names)), QUOTA, ME, at)
}

fn begins(step: &Step) -> Option<(&str, Origin)> {
    match step {
        Step::Begin(Due { role, origin, .. }) => Some((role.as_str(), *origin)),
        Step::Resume(_) | Step::Collect(..) | Step::GiveUp(..) | Step::Wait(_) => None,
    }
}

/// A state in which these roles came to something.
fn after(ended: &[(&str, CameTo, Timestamp)]) -> SuggestionState {
    ended.iter().fold(SuggestionState::default(), |state, (role, came_to, at)| {
        state.recorded(job(role, *at)).ended(came_to.clone(), *at)
    })
}

fn suggested() -> CameTo {
    let role: RoleId = "AROAEXAMPLE".parse().unwrap();
    CameTo::Suggested(FindingId::of_write(&role, 1))
}

fn failed() -> CameTo {
    CameTo::Failed("no reason given".to_owned())
}

#[test]
fn the_worst_role_comes_first_and_each_takes_its_turn() {
    let fresh = SuggestionState::default();
    assert_eq!(begins(&step(&fresh, &["worst", "bad"], now())), Some(("worst", Origin::Sweep)));
    let told = after(&[("worst", suggested(), now())]);
    assert_eq!(begins(&step(&told, &["worst", "bad"], now())), Some(("bad", Origin::Sweep)));
    let again = now() + AGAIN_AFTER;
    assert_eq!(step(&told, &["worst"], now()), Step::Wait(Wait::NothingDue(again)));
    assert_eq!(step(&told, &["worst"], again - minutes(1)), Step::Wait(Wait::NothingDue(again)));
    assert_eq!(begins(&step(&told, &["worst"], again)), Some(("worst", Origin::Sweep)));
}

#[test]
fn one_that_failed_is_tried_again_sooner_than_one_of_which_nothing_came() {
    let both =
        after(&[("failed", failed(), now()), ("fine", CameTo::Nothing("it is small".to_owned()), now())]);
    assert_eq!(step(&both, &["fine", "failed"], now()), Step::Wait(Wait::NothingDue(now() + RETRY_AFTER)));
    assert_eq!(
        begins(&step(&both, &["fine", "failed"], now() + RETRY_AFTER)),
        Some(("failed", Origin::Sweep))
    );
    assert_eq!(begins(&step(&both, &["fine"], now() + AGAIN_AFTER)), Some(("fine", Origin::Sweep)));
}

#[test]
fn a_namesake_of_a_role_that_had_its_turn_is_another_role() {
    let told = after(&[("worst", suggested(), now())]);
    let mut anew = candidates(&["worst"]);
    anew.roles[0].id = "AROAANEW".parse().unwrap();
    let step = next_step(&told, Some(&anew), QUOTA, ME, now());
    assert_eq!(begins(&step), Some(("worst", Origin::Sweep)));
}

#[test]
fn without_a_sweep_or_a_bad_role_there_is_nothing_to_do() {
    let fresh = SuggestionState::default();
    assert_eq!(next_step(&fresh, None, QUOTA, ME, now()), Step::Wait(Wait::NoSweep));
    assert_eq!(step(&fresh, &[], now()), Step::Wait(Wait::NoCandidate));
}

#[test]
fn what_an_operator_asks_for_comes_first_once_and_even_if_it_had_its_turn() {
    let told = after(&[("worst", suggested(), now())]);
    let asked = told.asked_for(&name("worst")).asked_for(&name("other")).asked_for(&name("worst"));
    assert_eq!(asked.asked, [name("worst"), name("other")]);
    let Step::Begin(due) = next_step(&asked, Some(&candidates(&["worst"])), QUOTA, ME, now()) else {
        panic!("it is begun")
    };
    assert_eq!((due.role.as_str(), due.origin), ("worst", Origin::Operator));
    assert_eq!(due.candidate, Some(candidate("worst")), "with what the sweep knew");
    let begun = asked.recorded(Job::new(candidate("worst"), Origin::Operator, now()));
    assert_eq!(begun.asked, [name("other")]);
    assert_eq!(begun.clone().asked_for(&name("worst")), begun, "it is under way");
    assert_eq!(next_step(&SuggestionState::default().asked_for(&name("x")), None, QUOTA, ME, now()), {
        Step::Begin(Due { role: name("x"), origin: Origin::Operator, candidate: None })
    });
}

#[test]
fn only_so_many_wishes_wait() {
    let many =
        (0..30).fold(SuggestionState::default(), |state, n| state.asked_for(&name(&format!("role-{n}"))));
    assert_eq!(many.asked.len(), 20);
    assert!(many.is_wanted(&name("role-19")) && !many.is_wanted(&name("role-20")));
}

#[test]
fn one_job_at_a_time_from_its_record_to_its_end() {
    let recorded = SuggestionState::default().asked_for(&name("other")).recorded(job("worst", now()));
    assert_eq!(step(&recorded, &["bad"], now()), Step::Resume(job("worst", now())), "who recorded it died");
    let running = recorded.running(job_id("j-1"));
    let with_id = Job { stage: Stage::Running(job_id("j-1")), ..job("worst", now()) };
    let id = job_id("j-1");
    assert_eq!(step(&running, &["bad"], now()), Step::Collect(with_id.clone(), id.clone()));
    let late = now() + LONGEST_JOB;
    assert_eq!(step(&running, &["bad"], late), Step::GiveUp(with_id, id));
    let over = running.ended(failed(), late);
    assert_eq!(begins(&step(&over, &["bad"], late)), Some(("other", Origin::Operator)));
}

#[test]
fn the_same_record_is_the_same_request_and_another_one_is_another() {
    let one = job("worst", now());
    assert_eq!(one.client_token(), job("worst", now()).client_token());
    assert_ne!(one.client_token(), job("worst", now() + SignedDuration::from_secs(1)).client_token());
    assert_ne!(one.client_token(), job("bad", now()).client_token());
    assert!(one.to().duration_since(one.from()) < SignedDuration::from_hours(90 * 24));
    assert!(
        one.may_be(now())
            && one.may_be(now() + minutes(5))
            && one.may_be(now() - SignedDuration::from_secs(30))
    );
    assert!(!one.may_be(now() - minutes(5)), "that one was there before");
    assert!(one.may_be_asked_for(now() + minutes(20)) && !one.may_be_asked_for(now() + minutes(40)));
}

#[test]
fn while_one_invocation_works_no_other_does() {
    let until = now() + minutes(5);
    let leased = SuggestionState::default().leased(Lease { request: "other".to_owned(), until });
    assert_eq!(step(&leased, &["worst"], now()), Step::Wait(Wait::AnotherAtWork(until)));
    assert!(begins(&step(&leased, &["worst"], until)).is_some(), "it is dead by then");
    let own = leased.leased(Lease { request: ME.to_owned(), until });
    assert!(
        begins(&step(&own, &["worst"], now())).is_some(),
        "Lambda retries a request after its attempt has ended"
    );
    assert_eq!(own.released().lease, None);
}

#[test]
fn a_day_has_so_many_jobs_and_cancelled_ones_count() {
    assert_eq!((daily_quota("us-east-1"), daily_quota("af-south-1")), (50, 5));
    let begin = |state: SuggestionState, n: i64| {
        let at = now() + minutes(n);
        state.recorded(job(&format!("r{n}"), at)).ended(failed(), at)
    };
    let full = (0..5).fold(SuggestionState::default(), begin);
    let all = candidates(&["worst"]);
    let at = |when| next_step(&full, Some(&all), 5, ME, when);
    let free = now() + minutes(24 * 60);
    assert_eq!(at(now() + minutes(5)), Step::Wait(Wait::Quota(free)));
    assert_eq!(at(free - minutes(1)), Step::Wait(Wait::Quota(free)));
    assert!(begins(&at(free)).is_some());
    assert_eq!(begin(full, 2 * 24 * 60).begun.len(), 1, "what is older is forgotten");
}

#[test]
fn what_aws_refuses_waits_counts_for_no_job_and_an_operator_is_not_kept_waiting() {
    let hold = |why| Hold::new(why, "in AWS's words", now());
    for why in [HoldReason::Denied, HoldReason::Quota, HoldReason::AnotherJob, HoldReason::Throttled] {
        let refused = SuggestionState::default().recorded(job("worst", now())).not_begun(hold(why), now());
        assert_eq!((&refused.job, refused.begun.len(), refused.ended.len()), (&None, 0, 0), "{why:?}");
        let Step::Wait(Wait::Held(held)) = step(&refused, &["worst"], now()) else { panic!("{why:?} waits") };
        assert_eq!(held.until, now() + why.lasts());
        assert_eq!(
            begins(&step(&refused, &["worst"], held.until)),
            Some(("worst", Origin::Sweep)),
            "{why:?}"
        );
        let asked = refused.asked_for(&name("bad"));
        assert_eq!(begins(&step(&asked, &["worst"], now())), Some(("bad", Origin::Operator)), "{why:?}");
    }
    let asked = SuggestionState::default().recorded(Job::new(candidate("bad"), Origin::Operator, now()));
    assert_eq!(asked.not_begun(hold(HoldReason::Denied), now()).asked, [name("bad")], "the wish stays");
}

#[test]
fn a_request_that_is_not_taken_may_be_so_because_of_its_role() {
    let hold = Hold::new(HoldReason::Invalid, "in AWS's words", now());
    let refused = SuggestionState::default().recorded(job("worst", now())).not_begun(hold.clone(), now());
    assert_eq!(begins(&step(&refused, &["worst", "bad"], hold.until)), Some(("bad", Origin::Sweep)));
    assert_eq!(refused.begun, []);
}

#[test]
fn a_job_that_nobody_tells_about_waits_and_stays() {
    let hold = Hold::new(HoldReason::Throttled, "slow down", now());
    let held =
        SuggestionState::default().recorded(job("worst", now())).running(job_id("j-1")).held(hold.clone());
    assert_eq!(step(&held, &["bad"], now()), Step::Wait(Wait::Held(hold.clone())));
    assert!(matches!(step(&held, &["bad"], hold.until), Step::Collect(..)));
}

#[test]
fn an_item_of_the_ledger_is_read_as_it_was_written_and_stays_small() {
    let mut state = SuggestionState::default();
    for n in 0..2_000 {
        let role = format!("a-role-with-a-name-as-long-as-a-role-may-have-it-and-a-{n:09}");
        let at = now() + SignedDuration::from_secs(n);
        let why = "a long reason ".repeat(200);
        state = state.recorded(job(&role, at)).ended(CameTo::Failed(why), at);
    }
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<SuggestionState>(&text).unwrap(), state);
    assert!(text.len() < 350_000, "{}", text.len());
    assert_eq!(serde_json::from_str::<SuggestionState>("{}").unwrap(), SuggestionState::default());
}

proptest! {
    /// Whatever AWS answers over a month of ticks, there is one job at a time, no more than the quota a day, and no role more often
    /// than it may be.
    #[test]
    fn a_month_of_ticks(quota in 1_usize..6, answers in prop::collection::vec(0_u8..8, 1..400)) {
        let all = candidates(&["a", "b", "c"]);
        let mut state = SuggestionState::default();
        let (mut at, mut begun) = (now(), Vec::<Timestamp>::new());
        let mut had: std::collections::BTreeMap<String, (Timestamp, SignedDuration)> = Default::default();
        for answer in answers {
            at += minutes(15 * 7);
            match next_step(&state, Some(&all), quota, ME, at) {
                Step::Wait(_) => {}
                Step::Begin(due) => {
                    prop_assert!(state.job.is_none());
                    let role = due.role.as_str().to_owned();
                    if let Some((last, pause)) = had.get(&role) {
                        prop_assert!(at.duration_since(*last) >= *pause, "{role} again");
                    }
                    state = state.recorded(Job::new(due.candidate.unwrap(), due.origin, at));
                    if answer == 0 {
                        state = state.not_begun(Hold::new(HoldReason::Quota, "no", at), at);
                    } else {
                        begun.push(at);
                        let today = begun.iter().filter(|one| at.duration_since(**one) < minutes(24 * 60)).count();
                        prop_assert!(today <= quota, "{today} jobs in a day");
                        if answer > 1 {
                            state = state.running(job_id("j"));
                        }
                    }
                }
                Step::Resume(_) if answer == 0 => state = state.dropped(),
                Step::Resume(_) => state = state.running(job_id("j")),
                Step::Collect(job, _) if answer > 2 => {
                    let (came_to, pause) =
                        if answer > 4 { (suggested(), AGAIN_AFTER) } else { (failed(), RETRY_AFTER) };
                    had.insert(job.role.name().as_str().to_owned(), (at, pause));
                    state = state.ended(came_to, at);
                }
                Step::Collect(..) => {}
                Step::GiveUp(job, _) => {
                    had.insert(job.role.name().as_str().to_owned(), (at, RETRY_AFTER));
                    state = state.ended(failed(), at);
                }
            }
        }
    }
}
