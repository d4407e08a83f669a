use super::{Head, MOST_ASKED, Totals, grouped, minute, named};
use crate::service_control::Standing;

/// What a reader must not conclude from this report.
pub(super) fn sentences(head: &Head, totals: &Totals) -> Vec<String> {
    let not_judged = (totals.not_judged > 0).then(|| {
        format!(
            "{} {} not judged: what IAM answered about them could not be put together. The log of ringfence-sweep-account names \
             them.",
            grouped(totals.not_judged),
            if totals.not_judged == 1 { "role was" } else { "roles were" },
        )
    });
    let not_listed = (totals.not_listed > 0).then(|| {
        format!(
            "{} {} judged and counted, and missing from the list below: this sweep took several invocations, and what one of them \
             left for the report could not be written or read.",
            grouped(totals.not_listed),
            if totals.not_listed == 1 { "role was" } else { "roles were" },
        )
    });
    let regions = (!head.refused_regions.is_empty()).then(|| {
        format!(
            "The functions of {} could not be listed: a policy of the organization refuses it. A role that only functions there \
             have is judged all the same, but shows no functions here.",
            named(&head.refused_regions)
        )
    });
    let policies = other_policies(&head.service_control);
    let use_not_known = (totals.use_not_known > 0).then(|| {
        format!(
            "Which services {} did not use is not known yet: each sweep asks IAM about {MOST_ASKED} roles, the worst first, and again \
             after a week. Roles that are not 30 days old are not asked about.",
            match totals.use_not_known {
                1 => "1 role".to_owned(),
                count => format!("{} roles", grouped(count)),
            },
        )
    });
    let unused = totals.use_known_since.map(|oldest| {
        format!(
            "A service or an action that was not used is a candidate for removal, and no more than that: error paths, disaster recovery \
             and yearly jobs run seldom. IAM counts attempts, refused ones too, some four hours late and over 400 days; what is shown \
             was reported on {} or later. It does not tell since when a right is granted, which calls on data were made, or what a role \
             does under a role of another account.",
            oldest.strftime("%Y-%m-%d")
        )
    });
    let always = [
        "Calls on data (reading an object, a message, an item) never reach Ringfence as events. So no denial seen does not mean that \
         nothing was cut.",
        "It shows what IAM answered while the sweep ran. What was changed since then is not in it.",
    ];
    let scope = "Only roles that Lambda can assume are listed. Users, and roles of other services, are not."
        .to_owned();
    let found = [not_judged, not_listed, regions, use_not_known, unused].into_iter().flatten();
    found.chain([scope]).chain(policies).chain(always.map(str::to_owned)).collect()
}

/// Of policies that do not belong to a role.
fn other_policies(service_control: &Standing) -> Vec<String> {
    let resource = "a policy on a bucket, queue or key may make more possible.";
    match service_control {
        Standing::NotGiven => vec![format!(
            "Service control policies, resource policies and session policies are not counted in. An SCP may make less possible than \
             is shown; {resource}"
        )],
        Standing::Counted { exported_at, doubts, .. } => {
            let counted = format!(
                "Service control policies are counted in as they were on {}: what only an SCP prevents is shown as not possible, and \
                 counts again when the SCP goes. Resource policies and session policies are not counted in; {resource}",
                minute(*exported_at)
            );
            let doubt = |doubt: &String| format!("Not understood, and taken to prevent nothing: {doubt}.");
            std::iter::once(counted).chain(doubts.iter().map(doubt)).collect()
        }
        Standing::NotCounted { why } => vec![format!(
            "Service control policies are not counted in, though an export of them was given or looked for: {why}. Resource policies and \
             session policies are not either. An SCP may make less possible than is shown; {resource}"
        )],
    }
}
