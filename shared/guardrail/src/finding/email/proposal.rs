//! The policy to paste, and the change that it makes.

use super::capitalised;
use super::wrap::wrapped;
use crate::finding::about_proposal::number;
use crate::finding::{Finding, LeftOutFacts, NarrowedFacts, ProposalFacts, ServiceFacts};
use crate::proposal::{Candidate, Keep, Leaves, Standing};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// More than this is for machines: the JSON of the finding has it.
const LONGEST_POLICY: usize = 20_000;
const MOST_SERVICES: usize = 12;
const MOST_ACTIONS: usize = 8;
const MOST_LISTED: usize = 10;

pub(super) fn proposal(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let Some(proposal) = &finding.proposal else { return Ok(()) };
    policy(out, proposal)?;
    stays(out, proposal)?;
    goes(out, proposal)?;
    left_out(out, proposal)?;
    resources(out, proposal)?;
    candidates(out, proposal)?;
    not_granted(out, proposal)?;
    unmapped(out, proposal)?;
    sources(out, proposal)?;
    boundary(out, proposal)
}

fn policy(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    let many = proposal.documents.len() > 1;
    writeln!(out, "\n{}", if many { "THE POLICIES" } else { "THE POLICY" })?;
    let what = "It is made of the statements that the role has now, with fewer actions. It is shown to allow nothing that the role \
                may not do now, and to open no known way to more rights.";
    writeln!(out, "{}", wrapped("", what))?;
    pasted(out, &proposal.documents)
}

/// As JSON, one value a line, so that no mail server breaks a line.
fn pasted(out: &mut String, documents: &[Value]) -> std::fmt::Result {
    let texts: Vec<String> = documents.iter().map(|document| format!("{document:#}")).collect();
    if texts.iter().map(String::len).sum::<usize>() > LONGEST_POLICY {
        return writeln!(
            out,
            "{}",
            wrapped("", "It is too long for a letter: see `proposal` in the JSON of this finding.")
        );
    }
    texts.iter().try_for_each(|text| writeln!(out, "\n{text}"))
}

fn stays(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    let mut by_reason: BTreeMap<Keep, Vec<&str>> = BTreeMap::new();
    for (why, actions) in proposal.services.iter().flat_map(|service| &service.kept) {
        by_reason.entry(*why).or_default().extend(actions.iter().map(String::as_str));
    }
    writeln!(out, "\nWHAT STAYS")?;
    by_reason.iter().try_for_each(|(why, actions)| {
        writeln!(
            out,
            "{}",
            wrapped("- ", &format!("Kept {}: {}", why.in_words(), some(actions, MOST_ACTIONS)))
        )
    })
}

fn goes(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    let going: Vec<&ServiceFacts> =
        proposal.services.iter().filter(|service| service.dropped_count > 0).collect();
    if going.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWHAT GOES")?;
    for service in going.iter().take(MOST_SERVICES) {
        let patterns: Vec<&str> = service.dropped.iter().map(String::as_str).collect();
        let (gone, of) = (number(service.dropped_count), number(service.granted));
        let line = format!("{}: {gone} of {of}: {}", service.service, some(&patterns, MOST_ACTIONS));
        writeln!(out, "{}", wrapped("- ", &line))?;
    }
    let more = going.len().saturating_sub(MOST_SERVICES) + proposal.more_services;
    if more > 0 {
        writeln!(out, "- {} more services", number(more))?;
    }
    if !proposal.never_used.is_empty() {
        let services: Vec<&str> = proposal.never_used.iter().map(String::as_str).collect();
        let line = format!(
            "Calls on data too, because IAM knows no use of the service: {}",
            some(&services, MOST_LISTED)
        );
        writeln!(out, "{}", wrapped("- ", &line))?;
    }
    let why = "What was not seen may be needed all the same. A wildcard also stands for what AWS adds one day; that goes too.";
    writeln!(out, "{}", wrapped("", why))
}

fn left_out(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    if proposal.left_out.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWHAT IS LEFT OUT THOUGH IT MAY BE NEEDED")?;
    proposal.left_out.iter().take(MOST_LISTED).try_for_each(
        |LeftOutFacts { action, because, how, .. }| {
            let used = if *because == Keep::Used { "was used, but with" } else { "would be kept, but with" };
            writeln!(
                out,
                "{}",
                wrapped("- ", &format!("{action} {used} it somebody with the role can {how}"))
            )
        },
    )
}

fn resources(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    let mut wide: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut narrowed = Vec::new();
    for NarrowedFacts { action, resources, stays_wide } in &proposal.narrowed {
        match stays_wide {
            Some(why) => wide.entry(why.in_words()).or_default().push(action),
            None => narrowed.push((action, resources)),
        }
    }
    if wide.is_empty() && narrowed.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWHAT WAS GRANTED ON EVERY RESOURCE")?;
    for (action, resources) in narrowed.iter().take(MOST_LISTED) {
        let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
        let line = format!("{action}: on what its calls named, {}", some(&resources, MOST_ACTIONS));
        writeln!(out, "{}", wrapped("- ", &line))?;
    }
    if !narrowed.is_empty() {
        let whose =
            "Named are the resources of calls in this Region, in the sessions of the role's functions.";
        writeln!(out, "{}", wrapped("", whose))?;
    }
    wide.iter().try_for_each(|(why, actions)| {
        writeln!(out, "{}", wrapped("- ", &format!("Stays, because {why}: {}", some(actions, MOST_ACTIONS))))
    })
}

fn candidates(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    if !proposal.candidates.is_empty() {
        writeln!(out, "\nWHAT AWS REFUSED TO THE ROLE")?;
        writeln!(
            out,
            "{}",
            wrapped("", "None of it is in the policy. If the function needs it, somebody has to add it.")
        )?;
    }
    proposal.candidates.iter().take(MOST_LISTED).try_for_each(|candidate| {
        let Candidate { action, times, resources, standing, .. } = candidate;
        let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
        let on = if resources.is_empty() { String::new() } else { format!(" on {}", some(&resources, 1)) };
        let granted = match standing {
            Standing::Kept => {
                "; its policies grant the action and this one does, so that something else refused it"
            }
            Standing::Goes => "; its policies grant the action now, this one does not",
            Standing::NotGranted => "",
        };
        let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
        writeln!(out, "{}", wrapped("- ", &format!("{action}{on}, {times}{granted}")))
    })
}

fn not_granted(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    if proposal.not_granted.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWHAT IT USED AND ITS POLICIES DO NOT ALLOW")?;
    let actions: Vec<&str> = proposal.not_granted.iter().map(String::as_str).collect();
    let why = "A policy of the resource allows it, or the role's policies have changed since. It is not in the policy.";
    writeln!(out, "{}", wrapped("- ", &some(&actions, MOST_LISTED)))?;
    writeln!(out, "{}", wrapped("", why))
}

fn unmapped(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    if proposal.unmapped.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nCALLS OF WHICH IT IS NOT KNOWN WHAT ACTION THEY TAKE")?;
    let calls: Vec<&str> = proposal.unmapped.iter().map(String::as_str).collect();
    writeln!(out, "{}", wrapped("- ", &some(&calls, MOST_LISTED)))?;
    writeln!(out, "{}", wrapped("", "So whatever the role has of these services stays."))
}

/// What stands behind all of it.
fn sources(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    writeln!(out, "\nTHE EVIDENCE")?;
    let mut sources = proposal.sources.iter();
    sources.try_for_each(|source| writeln!(out, "{}", wrapped("- ", &format!("{}.", capitalised(source)))))
}

fn boundary(out: &mut String, proposal: &ProposalFacts) -> std::fmt::Result {
    writeln!(out, "\nA BOUNDARY THAT FITS")?;
    match (&proposal.boundary, &proposal.no_boundary) {
        (Some(fitted), _) => {
            let leaves = match fitted.leaves {
                Leaves::Everything => {
                    "It leaves all that this policy allows, and allows nothing in other services."
                }
                Leaves::WhatOursLeaves => {
                    "It leaves what Ringfence's own boundary leaves of this policy, and allows nothing in other services. The rest is \
                     refused under Ringfence's boundary too."
                }
            };
            let stays = "It is within Ringfence's boundary, so that Ringfence lets it stay on the role. It also holds back what policies \
                         of resources grant to the role, as far as that was not seen to be used.";
            writeln!(out, "{}", wrapped("", &format!("{leaves} {stays}")))?;
            pasted(out, std::slice::from_ref(&fitted.document))
        }
        (None, why) => {
            let why = why.as_deref().unwrap_or("the reason is not known");
            writeln!(out, "{}", wrapped("", &format!("None was found: {why}.")))
        }
    }
}

fn some(names: &[&str], most: usize) -> String {
    let shown = names.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {} more", number(more)),
    }
}
