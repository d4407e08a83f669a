//! Who may call a function: each way in with what closes it, what is told of it, and when.

use crate::roles::*;
use guardrail::exposure::{Behind, Claim, Exposure, ExposureRecord, ExposureState, News};
use guardrail::finding::{FindingId, Outcome};
use guardrail::function::{Entrance, Function, UrlAuth};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document};
use serde_json::{Value, json};

const ORDERS: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";

pub(crate) fn function() -> Function {
    Function::named(ORDERS.parse().unwrap())
}

/// A policy statement as AddPermission writes it.
fn permission(action: &str, principal: Value, condition: Value) -> Value {
    json!({"Sid": "it", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": ORDERS,
        "Condition": condition})
}

pub(crate) fn invoke(principal: Value, condition: Value) -> Value {
    permission("lambda:InvokeFunction", principal, condition)
}

pub(crate) fn invoke_url(principal: Value, auth: &str) -> Value {
    let condition = json!({"StringEquals": {"lambda:FunctionUrlAuthType": auth}});
    let mut statement = permission("lambda:InvokeFunctionUrl", principal, condition);
    statement["Sid"] = json!("FunctionURLAllowPublicAccess");
    statement
}

fn invoke_via_url() -> Value {
    let mut statement = invoke(everyone(), json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}));
    statement["Sid"] = json!("FunctionURLAllowInvokeAction");
    statement
}

pub(crate) fn everyone() -> Value {
    json!("*")
}

pub(crate) fn service(name: &str) -> Value {
    json!({"Service": name})
}

pub(crate) fn account_in(account: &str) -> Value {
    let mut statement = invoke(json!({"AWS": format!("arn:aws:iam::{account}:root")}), json!({}));
    statement["Sid"] = json!("partner");
    statement
}

/// The function with a policy at one entrance, as Lambda keeps it.
pub(crate) fn open_at(qualifier: Option<&str>, url: Option<UrlAuth>, mut statements: Value) -> Function {
    for statement in statements.as_array_mut().unwrap() {
        let resource = qualifier.map_or(ORDERS.to_owned(), |qualifier| format!("{ORDERS}:{qualifier}"));
        statement["Resource"] = json!(resource);
    }
    let qualifier = qualifier.map(|text| text.parse().unwrap());
    let entrance = Entrance { qualifier, url, policy: Some(document(statements)) };
    Function { entrances: vec![entrance], ..function() }
}

fn judged(statements: &[Value]) -> Behind {
    Behind::judged(snapshot(role(), Boundary::Absent, statements), &settings())
}

pub(crate) fn judged_administrator() -> Behind {
    judged(&[allow(json!("*"), json!("*"))])
}

pub(crate) fn judged_reader() -> Behind {
    judged(&[allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*"))])
}

/// Severity, lines to paste and statements that stay.
fn told(open: Function, behind: &Behind) -> (Option<Severity>, Vec<String>, Vec<String>) {
    let exposure = Exposure::of(open);
    let closings = exposure.openings().iter().flat_map(|opening| &opening.closings);
    let lines = closings.filter_map(|closing| closing.line.clone()).collect();
    (exposure.severity(behind), lines, exposure.kept())
}

mod openings {
    use super::*;

    #[test]
    fn a_url_is_closed_by_asking_for_signatures() {
        let both = json!([invoke_url(everyone(), "NONE"), invoke_via_url()]);
        let (severity, lines, kept) = told(open_at(None, Some(UrlAuth::None), both), &judged_reader());
        assert_eq!(severity, Some(Severity::Medium));
        assert_eq!(
            lines,
            [
                "aws lambda update-function-url-config --region us-east-1 --function-name orders --auth-type AWS_IAM"
            ]
        );
        assert_eq!(kept, ["FunctionURLAllowPublicAccess", "FunctionURLAllowInvokeAction"]);
    }

    #[test]
    fn where_whoever_can_sign_would_still_come_in_the_statement_has_to_go_too() {
        let mut any_type = invoke_url(everyone(), "NONE");
        any_type.as_object_mut().unwrap().remove("Condition");
        let open = open_at(Some("live"), Some(UrlAuth::None), json!([any_type]));
        let exposure = Exposure::of(open);
        let [url] = exposure.openings() else { panic!("{:?}", exposure.openings()) };
        let lines: Vec<&str> = url.closings.iter().filter_map(|closing| closing.line.as_deref()).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("--qualifier 'live' --auth-type AWS_IAM"), "{lines:?}");
        assert!(
            lines[1].ends_with("--qualifier 'live' --statement-id 'FunctionURLAllowPublicAccess'"),
            "{lines:?}"
        );
        // Done as the lines say, nothing is open any more.
        assert!(Exposure::of(open_at(Some("live"), Some(UrlAuth::AwsIam), json!([]))).is_closed());
        let half_done = json!([permission("lambda:InvokeFunctionUrl", everyone(), json!({}))]);
        assert!(!Exposure::of(open_at(Some("live"), Some(UrlAuth::AwsIam), half_done)).is_closed());
    }

    /// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>: an older URL works without the second permission.
    #[test]
    fn a_url_without_the_second_permission_counts_and_says_so() {
        let detail = |statements: Value| {
            let exposure = Exposure::of(open_at(None, Some(UrlAuth::None), statements));
            exposure.openings()[0].evidence.detail.clone()
        };
        let first = || invoke_url(everyone(), "NONE");
        assert!(detail(json!([first()])).contains("since October 2025"));
        assert!(!detail(json!([first(), invoke_via_url()])).contains("October"));
        assert!(!detail(json!([first(), invoke(everyone(), json!({}))])).contains("October"));
        let without = invoke(everyone(), json!({"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}));
        assert!(detail(json!([first(), without])).contains("October"), "it serves no call to the URL");
    }

    #[test]
    fn neither_half_of_a_public_url_opens_anything() {
        let url_alone = Entrance { qualifier: None, url: Some(UrlAuth::None), policy: None };
        assert!(Exposure::of(Function { entrances: vec![url_alone], ..function() }).is_closed());
        let policy_alone = json!([invoke_url(everyone(), "NONE"), invoke_via_url()]);
        assert!(Exposure::of(open_at(None, None, policy_alone)).is_closed());
    }

    #[test]
    fn the_condition_that_is_absent_is_named() {
        let of_bucket = json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::incoming"}});
        for (statement, absent) in [
            (invoke(everyone(), json!({})), "--principal-org-id"),
            (account_in("210987654321"), "--principal-org-id"),
            (invoke(service("sns.amazonaws.com"), json!({})), "--source-account"),
            (invoke(service("s3.amazonaws.com"), of_bucket), "aws:SourceAccount"),
        ] {
            let exposure = Exposure::of(open_at(None, None, json!([statement])));
            let detail = &exposure.openings()[0].evidence.detail;
            assert!(detail.contains("does not ask for") && detail.contains(absent), "{detail}");
        }
    }

    #[test]
    fn each_entrance_is_told_with_its_own_line_and_what_stays_is_named() {
        let mut function = open_at(None, None, json!([invoke(service("events.amazonaws.com"), json!({}))]));
        let closed = json!({"StringEquals": {"AWS:SourceAccount": "123456789012"}});
        let mut of_api = invoke(service("apigateway.amazonaws.com"), closed);
        of_api["Sid"] = json!("api");
        let of_alias = open_at(Some("live"), None, json!([account_in("210987654321"), of_api]));
        function.entrances.extend(of_alias.entrances);
        let (severity, lines, kept) = told(function, &judged_administrator());
        assert_eq!(severity, Some(Severity::High), "whatever the role may");
        assert_eq!(
            lines,
            [
                "aws lambda remove-permission --region us-east-1 --function-name orders --statement-id 'it'",
                "aws lambda remove-permission --region us-east-1 --function-name orders --qualifier 'live' \
                 --statement-id 'partner'",
            ]
        );
        assert_eq!(kept, ["api"]);
    }

    #[test]
    fn what_a_shell_would_misread_is_said_in_words() {
        let mut hostile = invoke(everyone(), json!({}));
        hostile["Sid"] = json!("x'; reboot; '");
        let exposure = Exposure::of(open_at(None, None, json!([hostile])));
        let [closing] = exposure.openings()[0].closings.as_slice() else { panic!() };
        assert_eq!(closing.line, None);
        assert!(closing.what.contains(ORDERS), "{}", closing.what);
    }

    #[test]
    fn a_policy_that_is_not_understood_is_a_doubt_and_weighs() {
        let entrance = Entrance { qualifier: None, url: None, policy: Some(Document::parse("{")) };
        let exposure = Exposure::of(Function { entrances: vec![entrance], ..function() });
        assert!(exposure.openings().is_empty() && !exposure.is_closed());
        assert_eq!(exposure.severity(&judged_reader()), Some(Severity::Medium));
    }

    #[test]
    fn what_the_role_can_do_decides_what_a_url_weighs() {
        let public = || open_at(None, Some(UrlAuth::None), json!([invoke_url(everyone(), "NONE")]));
        let missing = Behind::Missing("arn:aws:iam::123456789012:role/gone".parse().unwrap());
        let capped = Behind::judged(snapshot(role(), ours(), &[allow(json!("*"), json!("*"))]), &settings());
        for (behind, severity) in [
            (judged_administrator(), Severity::Critical),
            (capped, Severity::Medium),
            (judged_reader(), Severity::Medium),
            (missing, Severity::Medium),
            (Behind::Untold, Severity::Medium),
        ] {
            assert_eq!(told(public(), &behind).0, Some(severity), "{behind:?}");
        }
    }

    #[test]
    fn of_several_roles_the_one_that_weighs_most_counts() {
        let unreadable = || Behind::Unreadable {
            role: "arn:aws:iam::123456789012:role/a".parse().unwrap(),
            why: "AccessDenied".to_owned(),
        };
        let worst = |found: Vec<Behind>| Behind::worst(found);
        assert!(matches!(worst(vec![judged_reader(), unreadable()]), Behind::Unreadable { .. }));
        let judged = worst(vec![unreadable(), judged_administrator(), judged_reader()]);
        assert_eq!(judged.severity(), Some(Severity::Critical));
        assert!(matches!(worst(Vec::new()), Behind::Untold));
    }
}

mod telling {
    use super::*;
    use proptest::prelude::*;

    /// The state of a function that lets these accounts in.
    fn open_to(accounts: &[u64], behind: &Behind) -> Option<ExposureState> {
        let statement = |account: &u64| {
            let mut statement = account_in(&account.to_string());
            statement["Sid"] = json!(format!("partner-{account}"));
            statement
        };
        let statements: Vec<Value> = accounts.iter().map(statement).collect();
        ExposureState::of(&Exposure::of(open_at(None, None, json!(statements))), behind)
    }

    const FIRST: u64 = 210_987_654_321;
    const SECOND: u64 = 310_987_654_321;

    /// Tells what is news. What was told, in a word.
    fn look(record: &mut ExposureRecord, state: Option<ExposureState>) -> Option<(Outcome, FindingId)> {
        let now = time("2026-11-23T10:00:00Z");
        let (outcome, id) = match record.news(&function().arn, state.as_ref()) {
            News::Nothing => return None,
            News::Less => {
                *record = record.after_less(state);
                return None;
            }
            News::Exposed(id) => (Outcome::Exposed, id),
            News::Resolved(id) => (Outcome::Resolved, id),
        };
        let claimed = record.claimed(Claim::new(id.clone(), outcome, "r", now));
        *record = claimed.after_telling(&id, state);
        Some((outcome, id))
    }

    #[test]
    fn a_state_is_told_once_more_is_news_less_is_not_and_the_end_is_told_once() {
        let (mut record, reader) = (ExposureRecord::default(), judged_reader());
        let mut outcome = |state: Option<ExposureState>| look(&mut record, state).map(|(outcome, _)| outcome);
        assert_eq!(outcome(None), None, "nothing was open");
        assert_eq!(outcome(open_to(&[FIRST], &reader)), Some(Outcome::Exposed));
        assert_eq!(outcome(open_to(&[FIRST], &reader)), None);
        assert_eq!(outcome(open_to(&[FIRST, SECOND], &reader)), Some(Outcome::Exposed));
        assert_eq!(outcome(open_to(&[SECOND], &reader)), None, "a part is closed");
        assert_eq!(outcome(open_to(&[FIRST, SECOND], &reader)), Some(Outcome::Exposed), "it is back");
        assert_eq!(outcome(open_to(&[FIRST, SECOND], &judged_administrator())), Some(Outcome::Exposed));
        assert_eq!(outcome(open_to(&[FIRST, SECOND], &reader)), None);
        assert_eq!(outcome(None), Some(Outcome::Resolved));
        assert_eq!(outcome(None), None);
        assert_eq!(outcome(open_to(&[FIRST], &reader)), Some(Outcome::Exposed));
    }

    #[test]
    fn what_a_dead_author_may_have_told_is_closed_with_the_rest() {
        let now = time("2026-11-23T10:00:00Z");
        let mut record = ExposureRecord::default();
        let (_, first) = look(&mut record, open_to(&[FIRST], &judged_reader())).unwrap();
        let both = open_to(&[FIRST, SECOND], &judged_reader());
        let News::Exposed(second) = record.news(&function().arn, both.as_ref()) else { panic!() };
        // It died after it had claimed this, and perhaps after it had published it.
        record = record.claimed(Claim::new(second.clone(), Outcome::Exposed, "dead", now));
        let again = record.news(&function().arn, both.as_ref());
        assert_eq!(again, News::Exposed(second.clone()), "whoever takes over tells the same");
        assert_eq!(record.unresolved(), [first, second].into());
        assert!(matches!(record.news(&function().arn, None), News::Resolved(_)));
    }

    #[test]
    fn a_claim_holds_off_others_until_its_author_must_be_dead() {
        let now = time("2026-11-23T10:00:00Z");
        let id = FindingId::of_exposure(&function().arn, "a", 0);
        let record = ExposureRecord::default().claimed(Claim::new(id, Outcome::Exposed, "one", now));
        assert!(record.is_claimed_by_another("two", now));
        assert!(!record.is_claimed_by_another("one", now), "a retry goes on");
        let later = now + jiff::SignedDuration::from_secs(5);
        assert!(!record.is_claimed_by_another("two", later));
    }

    proptest! {
        /// Whatever comes and goes: no id is used for two findings, nothing open goes untold, and what was told is closed at last.
        #[test]
        fn every_opening_is_told_and_every_finding_closed(steps in prop::collection::vec(0u8..8, 1..30)) {
            let reader = judged_reader();
            let (mut record, mut ids) = (ExposureRecord::default(), std::collections::BTreeSet::new());
            let mut told_open = std::collections::BTreeSet::new();
            for bits in steps.into_iter().chain([0]) {
                let open: Vec<u64> = (0..3).filter(|bit| bits & (1 << bit) != 0).map(|bit| FIRST + bit).collect();
                let was_told: std::collections::BTreeSet<u64> =
                    told_open.iter().copied().filter(|account| open.contains(account)).collect();
                let told = look(&mut record, open_to(&open, &reader));
                if let Some((_, id)) = &told {
                    prop_assert!(ids.insert(id.clone()), "{id:?} twice");
                }
                let is_news = open.iter().any(|account| !was_told.contains(account));
                let told_exposed = matches!(told, Some((Outcome::Exposed, _)));
                prop_assert_eq!(told_exposed, is_news);
                told_open = open.into_iter().collect();
            }
            prop_assert!(record.unresolved().is_empty());
        }
    }
}

#[test]
fn a_record_comes_back_from_the_ledger_as_it_went_and_older_ones_are_read() {
    let open = open_at(Some("live"), None, json!([invoke(everyone(), json!({}))]));
    let state = ExposureState::of(&Exposure::of(open), &judged_reader());
    let id = FindingId::of_exposure(&function().arn, "a", 0);
    let record = ExposureRecord::default().after_telling(&id, state);
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<ExposureRecord>(&text).unwrap(), record);
    assert_eq!(record.qualifiers().map(|qualifier| qualifier.as_str()).collect::<Vec<_>>(), ["live"]);
    assert_eq!(serde_json::from_str::<ExposureRecord>("{}").unwrap(), ExposureRecord::default());
}
