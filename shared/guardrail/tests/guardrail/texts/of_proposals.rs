//! A policy that is proposed: from a trail, and from the event history alone.

use crate::evidence::{call, generated, history, not_generated, not_read, on, refused};
use crate::roles::*;
use guardrail::finding::{AboutProposal, Finding};
use guardrail::proposal::{Candidate, Evidence, Generated, History, Keep, Narrowing, Standing, propose};
use guardrail::settings::Mode;
use guardrail::snapshot::Boundary;
use serde_json::{Value, json};

fn suggested(statements: &[Value], generated: &Generated, history: &History) -> Finding {
    let role = snapshot(with_boundary(existing_role(), OURS), ours(), statements);
    let evidence = Evidence { generated, history, last_accessed: None };
    let proposal = propose(&role, &our_document(), &evidence).unwrap();
    AboutProposal {
        role: &role.role,
        functions: &["arn:aws:lambda:us-east-1:123456789012:function:orders-api".parse().unwrap()],
        proposal: &proposal,
        settings: &settings(),
        mode: Mode::Enforce,
        region: "us-east-1",
        now: time("2026-11-22T10:00:00Z"),
    }
    .finding()
}

fn from_a_trail() -> Finding {
    let tables = json!(["arn:aws:dynamodb:us-east-1:123456789012:table/orders*", "arn:aws:s3:::orders/*"]);
    let mut denied = deny(json!("dynamodb:DeleteTable"), json!("*"));
    denied["Sid"] = json!("NeverDeleteTables");
    let statements =
        [json!([allow(json!(["dynamodb:*", "s3:*"]), tables), denied]), allow(json!("logs:*"), json!("*"))];
    suggested(&statements, &generated(&["dynamodb:DescribeTable"]), &not_read())
}

fn from_the_history_alone() -> Finding {
    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf";
    let message = "User: arn:aws:sts::123456789012:assumed-role/orders-api-role/orders-api is not authorized to perform: \
                   sqs:SendMessage on resource: arn:aws:sqs:us-east-1:123456789012:orders because no identity-based policy allows \
                   the sqs:SendMessage action";
    let mut parameter = call("ssm", "GetParameter");
    parameter["requestParameters"] = json!({"name": "/orders/url"});
    let calls = [
        on(call("secretsmanager", "GetSecretValue"), SECRET),
        parameter,
        call("sns", "ListTopics"),
        call("sqs", "DoAsNobodyKnows"),
        call("lambda", "CreateFunction20150331"),
        call("ec2", "RunInstances"),
        refused("sqs", "SendMessage", message),
    ];
    let statements = [
        allow(
            json!(["secretsmanager:*", "lambda:CreateFunction", "iam:PassRole", "ec2:*", "ssm:Get*"]),
            json!("*"),
        ),
        allow(json!("logs:*"), json!("*")),
    ];
    suggested(&statements, &not_generated(), &history(&calls))
}

pub(super) fn all() -> Vec<(&'static str, Finding)> {
    vec![("suggested", from_a_trail()), ("suggested from the history alone", from_the_history_alone())]
}

#[test]
fn the_id_goes_by_the_role_and_the_time_of_the_evidence() {
    let [(_, one), (_, other)] = all().try_into().unwrap();
    assert_eq!(one.id, other.id, "the same time, whatever the evidence");
}

#[test]
fn an_administrators_proposal_is_no_longer_than_sns_takes() {
    let finding =
        suggested(&[allow(json!("*"), json!("*"))], &generated(&["ec2:Describe*", "s3:*"]), &not_read());
    let message = finding.message().unwrap();
    let facts = finding.proposal.as_ref().unwrap();
    assert!(message.body.len() < 200_000, "{} bytes", message.body.len());
    assert!(facts.granted > 15_000 && facts.allowed < 1_500, "{} -> {}", facts.granted, facts.allowed);
    assert!(facts.more_services > 100);
}

/// Whatever a proposal has in it, its finding can be told.
#[test]
fn the_longest_proposal_is_no_longer_than_sns_takes() {
    let role = snapshot(existing_role(), Boundary::Absent, &[allow(json!("s3:*"), json!("*"))]);
    let (generated, history) = (generated(&["s3:PutBucketPolicy"]), not_read());
    let evidence = Evidence { generated: &generated, history: &history, last_accessed: None };
    let mut proposal = propose(&role, &our_document(), &evidence).unwrap();
    let all = iam_policy::Catalogue::bundled().services().iter().flat_map(|service| service.actions());
    let all: Vec<_> = all.map(|action| action.name().clone()).collect();
    let long = |number: usize| format!("arn:aws:sqs:us-east-1:123456789012:{}{number}", "q".repeat(70));
    let resources: Vec<String> = (0..40).map(long).collect();
    proposal.kept.extend(all.iter().step_by(2).map(|action| (action.clone(), Keep::DataEvent)));
    proposal.dropped.extend(all.iter().cloned());
    proposal.not_granted.extend(all.iter().cloned());
    proposal.narrowed.extend(
        all.iter().map(|action| (action.clone(), Narrowing::To(resources.iter().cloned().collect()))),
    );
    proposal.candidates = all
        .iter()
        .map(|action| Candidate {
            action: action.to_string(),
            times: 1,
            last: None,
            resources: resources.clone(),
            standing: Standing::NotGranted,
        })
        .collect();
    let names: Vec<&str> = all.iter().map(|action| action.as_str()).take(170).collect();
    let document = |_| document(allow(json!(names), json!("*"))).understood().unwrap().clone();
    proposal.documents = (0..10).map(document).collect();
    let size: usize = proposal.documents.iter().map(iam_policy::Policy::size).sum();
    assert!(size > 50_000, "{size}");
    let about = AboutProposal {
        role: &role.role,
        functions: &[],
        proposal: &proposal,
        settings: &settings(),
        mode: Mode::Enforce,
        region: "us-east-1",
        now: time("2026-11-22T10:00:00Z"),
    };
    let finding = about.finding();
    assert!(finding.proposal.as_ref().unwrap().not_shown > 1_000);
    let body = finding.message().unwrap().body;
    assert!(body.len() < 200_000, "{} bytes", body.len());
}
