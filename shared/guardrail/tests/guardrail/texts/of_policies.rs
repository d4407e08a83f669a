//! Findings about edited boundary policies, in each standing.

use crate::roles::*;
use guardrail::boundary_policy::{Edit, Reach};
use guardrail::finding::{AboutPolicy, Finding, FindingId, Standing};
use guardrail::names::PolicyArn;
use guardrail::settings::Mode;
use guardrail::trigger::{Change, EventName, PolicyChange, PolicyEffect};

fn edited(policy: &str, reach: Reach, mode: Mode, standing: Standing<'_>) -> Finding {
    let policy: PolicyArn = policy.parse().unwrap();
    let gone = reach == Reach::Nothing;
    let change = PolicyChange {
        event: EventName::from_cloudtrail(if gone { "DeletePolicy" } else { "CreatePolicyVersion" }),
        event_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        time: Some(time("2026-11-22T10:00:00Z")),
        policy: policy.clone(),
        effect: if gone { PolicyEffect::Deleted } else { PolicyEffect::NewDefault(Some("v2".to_owned())) },
        caller: trigger("", Change::Look).caller,
    };
    let about = AboutPolicy {
        policy: &policy,
        edit: &Edit { reach, fingerprint: None },
        change: &change,
        account: &"123456789012".parse().unwrap(),
        region: "us-east-1",
        mode,
        now: time("2026-11-22T10:00:05Z"),
    };
    about.edited(FindingId::of_boundary_edit(&policy, 1), standing)
}

pub(super) fn all() -> Vec<(&'static str, Finding)> {
    use Mode::{Enforce, Observe};
    let ledger_table = "ringfence-LedgerTable-1A2B3C4D5E6F7";
    let refused = Standing::Refused {
        code: "AccessDenied",
        message: "User: ringfence-on-policy-change is not authorized with an explicit deny in a service control policy",
        version: "v1",
    };
    let set_back = Standing::SetBack(time("2026-11-22T10:00:04Z"));
    vec![
        ("boundary-edited and set back", edited(OURS, Reach::Wider, Enforce, set_back)),
        ("boundary-edited and refused", edited(OURS, Reach::Unknown, Enforce, refused)),
        ("boundary-edited and observed", edited(OURS, Reach::NotWider, Observe, Standing::Observed("v1"))),
        ("boundary-edited and stands", edited(OURS, Reach::Wider, Enforce, Standing::Stands("v1"))),
        ("boundary-edited with its version gone", edited(OURS, Reach::Wider, Enforce, Standing::VersionGone)),
        ("boundary-edited to nothing", edited(OURS, Reach::Nothing, Enforce, Standing::VersionGone)),
        (
            "boundary-edited though approved",
            edited(APPROVED, Reach::Wider, Enforce, Standing::Approved { version: Some("v1"), ledger_table }),
        ),
        (
            "boundary-edited though approved with its version gone",
            edited(APPROVED, Reach::Wider, Enforce, Standing::Approved { version: None, ledger_table }),
        ),
        ("boundary-edited by an update", edited(OURS, Reach::NothingToCompare, Enforce, Standing::Deployed)),
        (
            "boundary-edited before it was seen",
            edited(APPROVED, Reach::NothingToCompare, Enforce, Standing::FirstSeen),
        ),
    ]
}
