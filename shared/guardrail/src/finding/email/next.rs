//! What to do, with the lines to paste.

use super::wrap::wrapped;
use crate::finding::deployed_with::{DeployedWith, InStack};
use crate::finding::{Finding, FixLines, Outcome, RoleFacts};
use crate::undo::HoldDays;
use std::fmt::Write as _;

/// The role and its lines, where there is a boundary that its template should name.
fn to_keep(finding: &Finding) -> Option<(DeployedWith, &FixLines)> {
    let concerned = matches!(
        finding.outcome,
        Outcome::Bounded
            | Outcome::Restored
            | Outcome::Replaced
            | Outcome::WouldBound
            | Outcome::WouldRestore
            | Outcome::WouldReplace
    );
    let role = finding.role.as_ref().filter(|_| concerned)?;
    Some((DeployedWith::of(role, &finding.trigger), finding.fix.as_ref()?))
}

/// One sentence of it.
pub(super) fn keep_in_short(finding: &Finding) -> String {
    let Some((deployed_with, _)) = to_keep(finding) else { return String::new() };
    let place = match deployed_with {
        DeployedWith::Sam(place) => format!("the SAM template{}", of_stack(place.as_ref())),
        DeployedWith::CloudFormation(place) => {
            format!("the CloudFormation template{}", of_stack(place.as_ref()))
        }
        DeployedWith::Cdk(place) => format!("the CDK code{}", of_stack(place.as_ref())),
        DeployedWith::Terraform => "the Terraform code".to_owned(),
        DeployedWith::Unknown => "the template or code that deploys the role".to_owned(),
    };
    format!("Add the line below to {place}.")
}

fn of_stack(place: Option<&InStack>) -> String {
    place.map(|place| format!(" of stack {}", place.stack)).unwrap_or_default()
}

/// The line for the role's template, with its place.
pub(super) fn keep(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let Some((deployed_with, fix)) = to_keep(finding) else { return Ok(()) };
    let Some(role) = &finding.role else { return Ok(()) };
    writeln!(out, "\nMAKE THE BOUNDARY PART OF THE ROLE")?;
    writeln!(out, "{}", wrapped("", &place_in_words(&deployed_with, role)))?;
    match deployed_with.line(fix) {
        Some(line) => writeln!(out, "\n    {line}"),
        None => {
            for (place, line) in [
                ("SAM: under Properties of the AWS::Serverless::Function", &fix.sam),
                ("CloudFormation: under Properties of the AWS::IAM::Role", &fix.cloudformation),
                ("CDK: after the construct, here called role, a Role or a Function", &fix.cdk),
                ("Terraform: in the aws_iam_role", &fix.terraform),
            ] {
                writeln!(out, "\n  {place}\n    {line}")?;
            }
            Ok(())
        }
    }
}

fn place_in_words(deployed_with: &DeployedWith, role: &RoleFacts) -> String {
    let name = &role.name;
    let resource = |place: &InStack| format!("resource {} of stack {}", place.logical_id, place.stack);
    let then = "A later deployment then leaves it alone, and a new role has it from the start.";
    match deployed_with {
        DeployedWith::Sam(Some(place)) => {
            let function = place.function().map_or_else(
                || "the function".to_owned(),
                |function| format!("the function {function} (AWS::Serverless::Function)"),
            );
            format!("In the SAM template of stack {}, under Properties of {function}. {then}", place.stack)
        }
        DeployedWith::Sam(None) => {
            format!("In the SAM template, under Properties of the AWS::Serverless::Function. {then}")
        }
        DeployedWith::CloudFormation(Some(place)) => format!(
            "In the CloudFormation template, under Properties of {} (AWS::IAM::Role). {then}",
            resource(place)
        ),
        DeployedWith::CloudFormation(None) => {
            format!("In the CloudFormation template, under Properties of the AWS::IAM::Role. {then}")
        }
        DeployedWith::Cdk(place) => {
            let resource = place.as_ref().map(|place| format!(" ({})", resource(place))).unwrap_or_default();
            format!(
                "In the CDK code, after the construct{resource}. Here it is called role; it may be the Role or the Function. {then}"
            )
        }
        DeployedWith::Terraform => format!(
            "In the Terraform code, as an argument of the aws_iam_role {name}. Without it each apply takes the boundary off again."
        ),
        DeployedWith::Unknown => format!("In what deploys the role, one of these. {then}"),
    }
}

/// The steps that have lines of their own.
pub(super) fn steps(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let lines = finding.story.next.iter().filter_map(|step| Some((&step.what, step.line.as_ref()?)));
    if lines.clone().next().is_some() {
        writeln!(out, "\nTO PASTE INTO A SHELL")?;
    }
    lines.enumerate().try_for_each(|(at, (what, line))| {
        let gap = if at == 0 { "" } else { "\n" };
        writeln!(out, "{gap}{}\n\n    {line}", wrapped("", &format!("{what}:")))
    })
}

/// How to take it back.
pub(super) fn undo(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let (Some(role), Some(line)) = (&finding.role, &finding.undo) else { return Ok(()) };
    let who = format!(
        "An operator, somebody named in the stack parameter OperatorPrincipals, pastes this line into a shell with AWS CLI 2. \
         The role then has what it had before, and Ringfence leaves it alone for {} days.",
        HoldDays::USUAL
    );
    let for_good = format!(
        "To keep Ringfence from it for good, add the role to the stack parameter ProtectedRoles: {}",
        role.arn
    );
    writeln!(out, "\nTO UNDO\n{}\n\n{line}\n\n{}", wrapped("", &who), wrapped("", &for_good))
}
