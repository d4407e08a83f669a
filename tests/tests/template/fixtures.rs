//! The fixtures as the code reads them: what gets past the rule, and what the function itself refuses.

use guardrail::names::AccountId;
use guardrail::review::ReviewRequest;
use guardrail::trigger::{Caller, CloudTrailRecord, EventName, Ignored};
use guardrail::undo::Call;
use tests::fixtures::{Fixture, handled, ignored};

/// What every function reads out of its events, whatever else it needs.
struct Understood {
    event: EventName,
    event_id: String,
    caller: Caller,
}

type Read = fn(&CloudTrailRecord, &AccountId) -> Result<Understood, Ignored>;

const READERS: [(&str, Read); 5] = [
    ("on-boundary-denial", |record, account| {
        let call = on_boundary_denial::trigger(record, account)?;
        Ok(Understood { event: call.event, event_id: call.event_id, caller: call.caller })
    }),
    ("on-exposure-change", |record, account| {
        let change = on_exposure_change::trigger(record, account)?;
        Ok(Understood { event: change.event, event_id: change.event_id, caller: change.caller })
    }),
    ("on-function-change", |record, account| {
        let trigger = on_function_change::trigger(record, account)?;
        Ok(Understood { event: trigger.event, event_id: trigger.event_id, caller: trigger.caller })
    }),
    ("on-policy-change", |record, account| {
        let change = on_policy_change::trigger(record, account)?;
        Ok(Understood { event: change.event, event_id: change.event_id, caller: change.caller })
    }),
    ("on-role-change", |record, account| {
        let trigger = on_role_change::trigger(record, account)?;
        Ok(Understood { event: trigger.event, event_id: trigger.event_id, caller: trigger.caller })
    }),
];

fn read(reader: Read, fixture: &Fixture) -> Result<Understood, Ignored> {
    let account = tests::template::ACCOUNT.parse().expect("an account");
    reader(&CloudTrailRecord::from_detail(fixture.event["detail"].clone()), &account)
}

#[test]
fn every_fixture_is_understood_under_the_plain_name_of_its_call() {
    for (function, reader) in READERS {
        for fixture in handled(function) {
            let trigger = read(reader, &fixture)
                .unwrap_or_else(|reason| panic!("{function} ignores {}: {reason}", fixture.name));
            let call = fixture.name.split("--").next().expect("a name");
            assert_eq!(trigger.event.as_str(), call, "{function}/{}", fixture.name);
            assert_eq!(trigger.event_id, fixture.event["detail"]["eventID"], "{function}/{}", fixture.name);
        }
    }
}

#[test]
fn what_the_rule_leaves_alone_the_function_would_refuse_as_well() {
    // Its record is in order; only the envelope shows that somebody else sent it, and that is the rule's to see.
    const TOLD_BY_THE_ENVELOPE_ONLY: &str = "AttachRolePolicy--of-another-service";
    for (function, reader) in READERS {
        for fixture in ignored(function) {
            let refused = read(reader, &fixture).is_err();
            assert!(
                refused || fixture.name == TOLD_BY_THE_ENVELOPE_ONLY,
                "{function} takes {}",
                fixture.name
            );
        }
    }
}

fn messages(fixture: &Fixture) -> Vec<bool> {
    let records = fixture.event["Records"].as_array().expect("records");
    let bodies = records.iter().map(|record| record["body"].as_str().expect("a body"));
    bodies.map(|body| serde_json::from_str::<ReviewRequest>(body).is_ok()).collect()
}

#[test]
fn queued_messages_are_understood_and_bad_ones_refused() {
    for fixture in handled("review-role") {
        let bad = messages(&fixture).iter().filter(|understood| !**understood).count();
        assert_eq!(bad, usize::from(fixture.name == "batch-with-one-bad-message"), "{}", fixture.name);
    }
    for fixture in ignored("review-role") {
        assert!(messages(&fixture).iter().all(|understood| !understood), "{} is understood", fixture.name);
    }
}

#[test]
fn calls_of_an_operator_are_understood_and_bad_ones_refused() {
    let is_understood = |fixture: &Fixture| serde_json::from_value::<Call>(fixture.event.clone()).is_ok();
    for fixture in handled("undo-remediation") {
        assert!(is_understood(&fixture), "{} is not understood", fixture.name);
    }
    for fixture in ignored("undo-remediation") {
        assert!(!is_understood(&fixture), "{} is understood", fixture.name);
    }
}

#[test]
fn every_fixture_shows_who_called() {
    for (function, reader) in READERS {
        for fixture in handled(function) {
            let trigger = read(reader, &fixture).expect("understood, see above");
            assert!(trigger.caller.principal.is_some(), "{function}/{}: {:?}", fixture.name, trigger.caller);
        }
    }
}
