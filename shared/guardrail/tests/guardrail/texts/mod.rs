//! What people read: the text of each kind of finding in full, and what holds for all of them.

mod of_denials;
mod of_exposures;
mod of_missing_roles;
mod of_policies;
mod of_proposals;
mod of_roles;
mod of_sweeps;

pub(crate) use of_sweeps::report as report_of_a_sweep;

use crate::findings::email;
use crate::notices::of_each_kind;
use guardrail::finding::{Finding, Outcome};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One of each kind, by its name.
fn all() -> Vec<(String, Finding)> {
    let named = [
        of_roles::bounded(),
        of_roles::put_back(),
        of_roles::left_as_they_are(),
        of_roles::without_a_write(),
        of_roles::afterwards(),
        of_policies::all(),
        of_denials::all(),
        of_exposures::all(),
        of_missing_roles::all(),
        of_sweeps::all(),
        of_proposals::all(),
    ];
    let named = named.into_iter().flatten().map(|(name, finding)| (name.to_owned(), finding));
    let notices = of_each_kind().into_iter().map(|(kind, finding)| (format!("notice {kind}"), finding));
    named.chain(notices).collect()
}

#[test]
fn the_text_of_each_kind() {
    for (name, finding) in all() {
        let subject = finding.message().unwrap().subject;
        insta::assert_snapshot!(name.replace(' ', "-"), format!("Subject: {subject}\n\n{}", email(&finding)));
    }
}

#[test]
fn there_is_one_of_each_outcome() {
    let told: BTreeSet<&str> = all().iter().map(|(_, finding)| finding.outcome.as_str()).collect();
    let is_produced = |word: &&str| serde_json::from_value::<Outcome>(json!(word)).is_ok();
    assert_eq!(told, finding_schema::outcomes().filter(is_produced).collect());
}

#[test]
fn each_is_valid() {
    for (_, finding) in all() {
        finding_schema::assert_valid(&serde_json::to_value(&finding).unwrap());
    }
}

/// So that they sort and scan in a mailbox.
#[test]
fn all_subjects() {
    let mut subjects = BTreeSet::new();
    for (_, finding) in all() {
        let subject = finding.message().unwrap().subject;
        assert!(subject.len() < 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
        assert!(subject.starts_with(&format!("[{}] {}: ", finding.severity, finding.outcome)), "{subject}");
        subjects.insert(subject);
    }
    insta::assert_snapshot!(subjects.into_iter().collect::<Vec<_>>().join("\n"));
}

/// The first lines, up to the first heading.
fn beginning(text: &str) -> &str {
    let lines = text.lines();
    let is_heading =
        |line: &&str| line.len() > 2 && line.chars().all(|c| c.is_ascii_uppercase() || " '".contains(c));
    let heading = lines.clone().find(is_heading).unwrap();
    text.split_once(&format!("\n{heading}\n")).unwrap().0
}

#[test]
fn the_beginning_says_it_in_short() {
    for (name, finding) in all() {
        let text = email(&finding);
        let beginning = beginning(&text);
        let labels: Vec<&str> = ["What", "Who", "Done", "Effect", "Next", "Undo"]
            .into_iter()
            .filter(|label| beginning.lines().any(|line| line.starts_with(&format!("{label:8}"))))
            .collect();
        let is_about_a_role = finding.role.is_some();
        assert!(labels.contains(&"Effect"), "{name}: {labels:?}");
        assert!(
            !is_about_a_role || ["What", "Done", "Next"].iter().all(|label| labels.contains(label)),
            "{name}"
        );
        assert_eq!(labels.contains(&"Undo"), finding.undo.is_some(), "{name}");
        assert!(beginning.lines().count() <= 24, "{name} begins with {} lines", beginning.lines().count());
    }
}

/// Prose is wrapped. What is pasted is not: ARNs, agents, lines for a shell or a template.
#[test]
fn no_prose_is_wider_than_a_mail_client() {
    for (name, finding) in all() {
        let text = email(&finding);
        let facts = text.split("\nTHE FACTS\n").nth(1).unwrap();
        let facts = facts.split("\n\n").next().unwrap();
        for line in text.replace(facts, "").lines().filter(|line| line.chars().count() > 100) {
            let pasted = [
                "    aws ",
                "    sam deploy ",
                "    for ",
                "aws dynamodb ",
                "    iam.Perm",
                "    Permissions",
                "    permissions",
            ];
            let is_pasted = pasted.iter().any(|start| line.starts_with(start));
            let is_footer = line.starts_with("Ringfence 0");
            let is_one_word = line.split_whitespace().any(|word| word.len() > 80);
            assert!(is_pasted || is_footer || is_one_word, "{name}: {line}");
        }
    }
}

/// A ticket is keyed by `problem`, so all that concerns one role, policy or item has the same.
#[test]
fn the_problem_is_the_same_from_outcome_to_outcome() {
    let mut problems: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let all = all();
    for (_, finding) in &all {
        problems.entry(finding.problem.clone()).or_default().insert(finding.outcome.as_str());
    }
    let table: Vec<String> = problems
        .iter()
        .map(|(problem, outcomes)| {
            format!("{problem}\n  {}", outcomes.iter().copied().collect::<Vec<_>>().join(", "))
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"));
    let about_roles = all.iter().filter(|(_, f)| f.role.is_some() && !f.problem.ends_with("/exposure"));
    let about_roles: BTreeSet<&str> = about_roles.map(|(_, f)| f.problem.as_str()).collect();
    assert_eq!(about_roles, ["123456789012/AROAEXAMPLE/role-rights"].into(), "whatever the role is called");
}

/// What a resolution names are findings of the same problem.
#[test]
fn a_resolution_closes_the_ticket_that_the_finding_opened() {
    let all = all();
    let (_, resolved) = all.iter().find(|(name, _)| name == "resolved").unwrap();
    let (_, bounded) = all.iter().find(|(name, _)| name == "bounded administrator").unwrap();
    assert_eq!(resolved.resolves.as_slice(), std::slice::from_ref(&bounded.id));
    assert_eq!(resolved.problem, bounded.problem);
}

/// What other subscribers get.
#[test]
fn the_json_reads_back() {
    for (name, finding) in all() {
        let message = finding.message().unwrap();
        let bodies: Value = serde_json::from_str(&message.body).unwrap();
        let json: Value = serde_json::from_str(bodies["default"].as_str().unwrap()).unwrap();
        assert_eq!(json, serde_json::to_value(&finding).unwrap(), "{name}");
        assert_eq!(json.get("story"), None, "it is the e-mail's alone");
    }
}

/// Security Hub shows the first resource as what is affected.
#[test]
fn of_an_open_function_the_function_comes_before_its_role() {
    let now = "2026-11-22T10:00:05Z".parse().unwrap();
    for (name, finding) in of_exposures::all() {
        let asff = finding.asff("aws", now);
        let kinds: Vec<&str> = asff.resources.iter().map(|resource| resource.kind).collect();
        assert_eq!(kinds[0], "AwsLambdaFunction", "{name}");
        assert_eq!(kinds.len(), 1 + usize::from(finding.role.is_some()), "{name}: {kinds:?}");
        assert_eq!(asff.id, format!("ringfence/{}", finding.problem), "{name}");
        let is_over = finding.outcome == Outcome::Resolved;
        assert_eq!(asff.record_state.as_str(), if is_over { "ARCHIVED" } else { "ACTIVE" }, "{name}");
    }
}
