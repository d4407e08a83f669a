//! Findings about roles, of each outcome that there is.

use crate::decisions::exemption;
use crate::findings::about;
use crate::roles::*;
use guardrail::analyzer::{self, AnalyzerMode, Answer, Ask, Note, Question, Unavailable, ValidationFinding};
use guardrail::assess::{Approval, Assessment, Surroundings};
use guardrail::exemption::Exemption;
use guardrail::finding::{
    AboutRole, AboutUndo, ActionUse, Enforcement, Finding, FindingId, Outcome, ServiceUse, StateKey,
};
use guardrail::last_accessed::LastAccessed;
use guardrail::names::{PolicyArn, RoleArn};
use guardrail::record::{Enforced, Repetition, RoleRecord, Told, Undone};
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use guardrail::trigger::{Caller, Change, EventName, Source, Tool, Trigger};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NEW: &str = "the role is new and had no permissions boundary";
const LOST: &str = "Ringfence's ledger says that this role had its boundary, and now it has none";

/// A role as SAM makes it for the function `OrdersApi` of the stack `orders`.
fn of_sam() -> Role {
    let tags = [("lambda:createdBy".to_owned(), "SAM".to_owned()), ("team".to_owned(), "orders".to_owned())];
    Role { tags: tags.into(), ..named("orders-OrdersApiRole-1K2J9XQ0TR7B") }
}

fn named(name: &str) -> Role {
    let arn: RoleArn = format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap();
    Role { arn, ..role() }
}

fn used(role: Role) -> Role {
    Role { last_used: Some(time("2026-11-20T08:00:00Z")), ..role }
}

/// With AWS's AdministratorAccess attached.
fn administrator(role: Role, boundary: Boundary) -> RoleSnapshot {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess".parse().unwrap();
    let policy = RolePolicy {
        source: PolicySource::Managed(arn),
        document: document(json!([allow(json!("*"), json!("*"))])),
    };
    RoleSnapshot { role, boundary, policies: vec![policy] }
}

fn session_of(role: &str, session: &str, tool: Tool) -> Caller {
    Caller {
        principal: Some(format!("arn:aws:sts::123456789012:assumed-role/{role}/{session}")),
        issuer: Some(format!("arn:aws:iam::123456789012:role/{role}")),
        session: Some(session.to_owned()),
        source_ip: Some("203.0.113.7".to_owned()),
        user_agent: None,
        tool,
    }
}

/// What CloudFormation calls with the rights of `role`.
fn by_stack(role: &str, event: &str, change: Change) -> Trigger {
    let service = || Some("cloudformation.amazonaws.com".to_owned());
    let session = session_of(role, "AWSCloudFormation", Tool::CloudFormation);
    Trigger {
        caller: Caller { source_ip: service(), user_agent: service(), ..session },
        ..trigger(event, change)
    }
}

fn by_terraform(event: &str) -> Trigger {
    let agent = "APN/1.0 HashiCorp/1.0 Terraform/1.14.0 (+https://www.terraform.io)".to_owned();
    let caller = session_of("terraform", "ci-4711", Tool::Terraform);
    Trigger { caller: Caller { user_agent: Some(agent), ..caller }, ..trigger(event, Change::Rights) }
}

fn put(snapshot: &RoleSnapshot, trigger: &Trigger, outcome: Enforced, reason: &str) -> Finding {
    put_again(snapshot, trigger, outcome, reason, None)
}

fn put_again(
    snapshot: &RoleSnapshot,
    trigger: &Trigger,
    outcome: Enforced,
    reason: &str,
    repetition: Option<&Repetition>,
) -> Finding {
    judged(snapshot, trigger, Mode::Enforce, |about| {
        about.enforced(&Enforcement {
            id: &FindingId::of_write(&snapshot.role.id, 1),
            outcome,
            reason,
            before: snapshot.role.boundary.as_ref(),
            contained_at: Some(time("2026-11-22T10:00:03.25Z")),
            repetition,
        })
    })
}

/// With the role's boundary compared with ours, as it is when a role is really looked at.
fn judged<T>(
    snapshot: &RoleSnapshot,
    trigger: &Trigger,
    mode: Mode,
    tell: impl FnOnce(&AboutRole<'_>) -> T,
) -> T {
    let ours = our_document();
    let approval = match snapshot.role.boundary.as_ref().map(PolicyArn::as_str) {
        None => Approval::NotJudged,
        Some(OURS) => Approval::Ours,
        Some(_) => Approval::Unapproved,
    };
    let around = Surroundings { approval, ours: Some(&ours), ..Surroundings::default() };
    let assessment = Assessment::within(snapshot, &around);
    about(snapshot, &record(), trigger, mode, |about| tell(&AboutRole { assessment: &assessment, ..*about }))
}

fn told(snapshot: &RoleSnapshot, trigger: &Trigger, outcome: Outcome, reason: &str) -> Finding {
    judged(snapshot, trigger, Mode::Enforce, |about| about.told(outcome, reason))
}

fn observed(snapshot: &RoleSnapshot, trigger: &Trigger, outcome: Outcome, reason: &str) -> Finding {
    let reason = format!("{reason}; Ringfence only observes");
    judged(snapshot, trigger, Mode::Observe, |about| about.told(outcome, &reason))
}

/// Each question answered so that every kind of note is there, another verdict than ours among them.
fn second_opinion(role: &RoleSnapshot) -> Vec<Note> {
    let link =
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html";
    let found = |kind, code, details| ValidationFinding::new(kind, code, link, details).unwrap();
    let answer = |question: &Question| match &question.ask {
        Ask::Validate { .. } => Answer::Validated(vec![
            found(
                "SECURITY_WARNING",
                "PASS_ROLE_WITH_STAR_IN_RESOURCE",
                "Using the iam:PassRole action with wildcards (*) in the resource can be overly permissive.",
            ),
            found("SUGGESTION", "EMPTY_ARRAY_ACTION", "This statement includes no actions."),
        ]),
        Ask::CriticalNotGranted { .. } => Answer::Failed("The policy document grants access.".to_owned()),
        Ask::NoNewAccess { .. } => Answer::Passed("The document allows nothing new.".to_owned()),
        Ask::NoPublicAccess { .. } => Answer::Unavailable(Unavailable::Throttled),
    };
    let questions = analyzer::of_role(AnalyzerMode::Checks, role, &boundary(OURS, our_document()));
    analyzer::notes(
        &questions.into_iter().map(|question| (question.clone(), answer(&question))).collect::<Vec<_>>(),
    )
}

pub(super) fn bounded() -> Vec<(&'static str, Finding)> {
    let created = by_stack("deployer", "CreateFunction20150331", given_to("orders-api"));
    let bare = snapshot(of_sam(), Boundary::Absent, &[]);
    let all = administrator(of_sam(), Boundary::Absent);
    let named_grants = [
        allow(json!("iam:PassRole"), json!("arn:aws:iam::123456789012:role/batch-worker")),
        allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*")),
    ];
    let named_grants = snapshot(named("orders-batch-role"), Boundary::Absent, &named_grants);
    let mut in_use = put(
        &administrator(used(named("orders-api-role")), Boundary::Absent),
        &trigger("AttachRolePolicy", Change::Rights),
        Enforced::Bounded,
        "the role's rights were changed, it had no permissions boundary, and what it can do reaches HIGH",
    );
    in_use.tell_recent_use(&uses());
    let mut unused = put(
        &administrator(used(of_sam()), Boundary::Absent),
        &created,
        Enforced::Bounded,
        "the role was given to function `orders-api`, it had no permissions boundary, and what it can do reaches HIGH",
    );
    unused.tell_recent_use(&[]);
    let mut with_second_opinion = put(&all, &created, Enforced::Bounded, NEW);
    with_second_opinion.tell_analyzer(second_opinion(&all));
    let mut without_second_opinion = put(&bare, &created, Enforced::Bounded, NEW);
    without_second_opinion.tell_analyzer(analyzer::notes(&[(
        analyzer::of_role(AnalyzerMode::Validate, &bare, &Boundary::Absent).remove(0),
        Answer::Unavailable(Unavailable::Denied),
    )]));
    vec![
        ("bounded bare", put(&bare, &created, Enforced::Bounded, NEW)),
        ("bounded with a second opinion", with_second_opinion),
        ("bounded without a second opinion", without_second_opinion),
        ("bounded administrator", put(&all, &created, Enforced::Bounded, NEW)),
        (
            "bounded with a named cut",
            put(&named_grants, &by_terraform("PutRolePolicy"), Enforced::Bounded, NEW),
        ),
        ("bounded in use", in_use),
        ("bounded in use and nothing is missed", unused),
    ]
}

fn uses() -> [ServiceUse; 1] {
    let last = Some(time("2026-11-20T08:00:00Z"));
    let attach = ActionUse { action: "iam:AttachRolePolicy".parse().unwrap(), last };
    [ServiceUse { namespace: "iam".into(), last, tracked: vec![attach] }]
}

pub(super) fn put_back() -> Vec<(&'static str, Finding)> {
    let of_cdk = Role {
        arn: "arn:aws:iam::123456789012:role/Orders-ApiServiceRole7C1F20AB-mH5qYXGnhTqr".parse().unwrap(),
        ..role()
    };
    let cdk = "cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1";
    let by_hand = trigger("DeleteRolePermissionsBoundary", Change::BoundaryDeleted);
    let by_cdk = by_stack(cdk, "DeleteRolePermissionsBoundary", Change::BoundaryDeleted);
    let again = Repetition {
        by: "arn:aws:iam::123456789012:role/terraform".to_owned(),
        times: 10,
        since: time("2026-11-22T08:00:00Z"),
    };
    let caps_nothing = boundary(THEIRS, document(allow(json!("*"), json!("*"))));
    let capped = with_boundary(named("orders-api-role"), THEIRS);
    let lost = snapshot(named("orders-api-role"), Boundary::Absent, &[]);
    vec![
        ("restored", put(&administrator(of_cdk, Boundary::Absent), &by_cdk, Enforced::Restored, LOST)),
        ("restored by hand", put(&lost, &by_hand, Enforced::Restored, LOST)),
        (
            "restored in a fight",
            put_again(
                &lost,
                &by_terraform("DeleteRolePermissionsBoundary"),
                Enforced::Restored,
                LOST,
                Some(&again),
            ),
        ),
        (
            "replaced",
            put(
                &administrator(capped, caps_nothing),
                &by_stack("deployer", "CreateRole", Change::Rights),
                Enforced::Replaced,
                "the role had a boundary that caps nothing",
            ),
        ),
    ]
}

pub(super) fn left_as_they_are() -> Vec<(&'static str, Finding)> {
    let attached = trigger("AttachRolePolicy", Change::Rights);
    let reads = [allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*"))];
    let own = boundary(THEIRS, document(allow(json!("s3:*"), json!("*"))));
    let theirs = |boundary: Boundary, statements: &[Value]| {
        snapshot(with_boundary(named("orders-api-role"), THEIRS), boundary, statements)
    };
    let ours_on =
        |statements: &[Value]| snapshot(with_boundary(named("orders-api-role"), OURS), ours(), statements);
    let exempt = |exemption: &Exemption, statements: &[Value]| {
        let snapshot = snapshot(named("orders-api-role"), Boundary::Absent, statements);
        about(&snapshot, &record(), &attached, Mode::Enforce, |about| {
            AboutRole { exemption: Some(exemption), ..*about }.told(Outcome::Exempt, &exemption.in_words())
        })
    };
    let wildcard = [allow(json!("s3:PutObject"), json!("*"))];
    let all = [allow(json!("*"), json!("*"))];
    let asked = Trigger {
        event: EventName::from_cloudtrail("Review"),
        event_id: String::new(),
        caller: Caller::default(),
        source: Some(Source {
            product: "Security Hub".to_owned(),
            id: "arn:aws:securityhub:us-east-1:123456789012:finding/1".to_owned(),
            title: "IAM roles should not allow full administrative access".to_owned(),
        }),
        ..trigger("", Change::Look)
    };
    let unknown = Trigger { caller: Caller::default(), ..attached.clone() };
    let protected = Role { arn: "arn:aws:iam::123456789012:role/break-glass".parse().unwrap(), ..role() };
    let not_understood = Document::parse("{\"Version\": \"2012-10-17\", \"Statement\": 7}");
    vec![
        (
            "kept",
            told(
                &theirs(own.clone(), &reads),
                &attached,
                Outcome::Kept,
                "the role has a boundary of its own, and all that it allows Ringfence's allows too",
            ),
        ),
        (
            "contained",
            told(
                &ours_on(&all),
                &attached,
                Outcome::Contained,
                "the role's boundary takes away what its policies would allow",
            ),
        ),
        (
            "contained with a named cut",
            told(
                &ours_on(&[
                    allow(json!("iam:PassRole"), json!("arn:aws:iam::123456789012:role/batch-worker")),
                    allow(json!("iam:*"), json!("*")),
                ]),
                &by_terraform("PutRolePolicy"),
                Outcome::Contained,
                "the role's boundary takes away what its policies would allow",
            ),
        ),
        ("exempt", exempt(&exemption(&[], None), &wildcard)),
        ("exempt and beyond", exempt(&exemption(&["resource-wildcard"], None), &all)),
        (
            "reported under another boundary",
            told(
                &theirs(boundary(THEIRS, document(allow(json!(["s3:*", "iam:*"]), json!("*")))), &all),
                &attached,
                Outcome::Reported,
                "the role has a boundary that is neither Ringfence's nor approved nor within Ringfence's, and Ringfence does \
                 not overwrite it",
            ),
        ),
        (
            "reported as protected for another tool",
            told(
                &administrator(protected, Boundary::Absent),
                &asked,
                Outcome::Reported,
                "the role is on the list of protected roles (`ProtectedRoles`)",
            ),
        ),
        (
            "reported in doubt by an unknown caller",
            told(
                &snapshot(
                    with_boundary(named("orders-api-role"), OURS),
                    boundary(OURS, not_understood),
                    &reads,
                ),
                &unknown,
                Outcome::Reported,
                "the role's boundary could not be understood",
            ),
        ),
    ]
}

pub(super) fn without_a_write() -> Vec<(&'static str, Finding)> {
    let all = administrator(of_sam(), Boundary::Absent);
    let created = by_stack("deployer", "CreateFunction20150331", given_to("orders-api"));
    let caps_nothing = boundary(THEIRS, document(allow(json!("*"), json!("*"))));
    let replace = administrator(with_boundary(named("orders-api-role"), THEIRS), caps_nothing);
    let existing = snapshot(
        Role { arn: named("billing-role").arn, ..existing_role() },
        Boundary::Absent,
        &[allow(json!("s3:*"), json!("*"))],
    );
    let failed = about(&all, &record(), &created, Mode::Enforce, |about| {
        let intended = Enforcement {
            id: &FindingId::of_write(&all.role.id, 1),
            outcome: Enforced::Bounded,
            reason: NEW,
            before: None,
            contained_at: None,
            repetition: None,
        };
        about.refused(
            &intended,
            "AccessDenied-permanent",
            "User: arn:aws:sts::123456789012:assumed-role/ringfence-on-role-change/ringfence-on-role-change is not authorized \
             to perform: iam:PutRolePermissionsBoundary on resource: role orders-OrdersApiRole-1K2J9XQ0TR7B with an explicit \
             deny in a service control policy",
        )
    });
    vec![
        ("failed", failed),
        ("would-bound", observed(&all, &created, Outcome::WouldBound, NEW)),
        (
            "would-bound of an existing role",
            told(
                &existing,
                &by_terraform("UpdateAssumeRolePolicy"),
                Outcome::WouldBound,
                "the role's rights were changed, but what the role can do does not reach EnforceExistingAt HIGH",
            ),
        ),
        ("would-bound of a role that uses little", of_little_use()),
        (
            "would-restore",
            observed(
                &administrator(named("orders-api-role"), Boundary::Absent),
                &trigger("DeleteRolePermissionsBoundary", Change::BoundaryDeleted),
                Outcome::WouldRestore,
                LOST,
            ),
        ),
        (
            "would-replace",
            observed(
                &replace,
                &trigger("CreateRole", Change::Rights),
                Outcome::WouldReplace,
                "the role had a boundary that caps nothing",
            ),
        ),
    ]
}

/// Of what its policies allow, a sweep knows what it did not use.
fn of_little_use() -> Finding {
    let wide = allow(json!(["s3:*", "sqs:*", "ec2:*", "iam:GetRole", "iam:ListRoles"]), json!("*"));
    let role = Role { arn: named("billing-role").arn, ..existing_role() };
    let role = snapshot(role, Boundary::Absent, &[wide]);
    let service = |namespace: &str, last: Option<&str>| ServiceUse {
        namespace: namespace.to_owned(),
        last: last.map(time),
        tracked: Vec::new(),
    };
    let list = ActionUse { action: "iam:ListRoles".parse().unwrap(), last: None };
    let iam = ServiceUse { tracked: vec![list], ..service("iam", Some("2026-11-20T08:00:00Z")) };
    let s3 = service("s3", Some("2026-11-20T08:00:00Z"));
    let report = [iam, s3, service("sqs", Some("2026-02-01T00:00:00Z")), service("ec2", None)];
    let as_of = time("2026-11-21T10:00:00Z");
    let known = LastAccessed::of_report(role.role.id.clone(), as_of, &report, None);
    let reason =
        "the role's rights were changed, but what the role can do does not reach EnforceExistingAt HIGH";
    judged(&role, &by_terraform("PutRolePolicy"), Mode::Enforce, |about| {
        AboutRole { last_accessed: Some(&known), ..*about }.told(Outcome::WouldBound, reason)
    })
}

pub(super) fn afterwards() -> Vec<(&'static str, Finding)> {
    let bounded = snapshot(with_boundary(named("orders-api-role"), OURS), ours(), &[]);
    let mut record: RoleRecord = record();
    let id = bounded.role.id.clone();
    record.note_told(Told {
        state: StateKey::new(&id, None, None, &BTreeSet::new(), &[]),
        finding: FindingId::of_write(&id, 1),
        outcome: Outcome::Bounded,
        severity: Severity::Critical,
        worst_breach: Some(Severity::Critical),
    });
    let detached = trigger("DetachRolePolicy", Change::Rights);
    let resolved = about(&bounded, &record, &detached, Mode::Enforce, |about| about.resolved());
    let undone = |before: Option<&str>| {
        let undone = Undone {
            finding: FindingId::of_undo(&id, 2),
            of: FindingId::of_write(&id, 1),
            by: "arn:aws:sts::123456789012:assumed-role/operators/olivia".to_owned(),
            at: time("2026-11-22T11:00:00Z"),
            hold_until: time("2026-11-29T11:00:00Z"),
            boundary_before: Some(OURS.parse().unwrap()),
            boundary_after: before.map(|arn| arn.parse().unwrap()),
        };
        let role = named("orders-api-role");
        let settings = settings();
        let about = AboutUndo {
            role: &role,
            undone: &undone,
            settings: &settings,
            mode: Mode::Enforce,
            region: "us-east-1",
        };
        about.finding()
    };
    vec![
        ("resolved", resolved),
        ("undone", undone(None)),
        ("undone to another boundary", undone(Some(THEIRS))),
    ]
}
