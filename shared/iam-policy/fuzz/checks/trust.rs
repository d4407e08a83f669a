//! Trust policies.

use iam_policy::{
    Admitted, AssumeRole, Context, Effect, Policies, Policy, Principal, Request, StatementId, Verdict,
    admits, evaluate,
};
use serde_json::json;

use super::structure;

/// Every admission rests on an Allow, and whom the evaluator lets in is among those admitted.
pub fn trust(data: &[u8]) {
    let Some(document) = structure(data, |choices| choices.trust()) else { return };
    let Ok(trust) = Policy::from_value(&document) else { return };
    let admissions = admits(&trust);
    for admission in &admissions {
        let allows = trust.statements().iter().filter(|statement| statement.effect() == Effect::Allow);
        assert!(allows.clone().any(|allow| allow.id() == admission.statement), "{:?}", admission.statement);
        if let StatementId::Index(index) = admission.statement {
            assert!(index < trust.statements().len());
        }
        assert!(!(admission.is_closed() && admission.conditions.is_empty()));
    }
    for name in admissions.services() {
        let by_plain_call = |by| by == AssumeRole::AssumeRole;
        let listed = admissions
            .iter()
            .any(|admission| admission.who == Admitted::Service(name) && by_plain_call(admission.by));
        assert!(!listed || admissions.admits_service(name), "{name}");
    }
    let everything =
        Policy::from_value(&json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } }));
    let everything = everything.into_iter().collect::<Vec<_>>();
    for caller in [
        "lambda.amazonaws.com",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:sts::444455556666:assumed-role/r/s",
    ] {
        let Some(request) = assume_role(caller) else { continue };
        let policies = Policies {
            identity: &everything.iter().collect::<Vec<_>>(),
            trust: Some(&trust),
            ..Policies::default()
        };
        let found = evaluate(&policies, &request);
        if found.verdict != Verdict::Allowed || !found.undocumented.is_empty() {
            continue;
        }
        let is_admitted = match &request.principal {
            Principal::Service(name) => admissions.admits_service(name),
            Principal::Identity(identity) => admissions.iter().any(|admission| {
                admission.by == AssumeRole::AssumeRole
                    && match &admission.who {
                        Admitted::Everyone => true,
                        Admitted::Account(account) => *account == identity.account(),
                        Admitted::Identity(listed) => listed.account() == identity.account(),
                        Admitted::Service(_) | Admitted::Deleted(_) | Admitted::Federated(_) => false,
                    }
            }),
            Principal::Federated(_) | Principal::Anonymous => true,
        };
        assert!(is_admitted, "{caller} is let in by {document}");
    }
}

fn assume_role(caller: &str) -> Option<Request> {
    Some(Request {
        principal: caller.parse().ok()?,
        action: AssumeRole::AssumeRole.action().parse().ok()?,
        resource: "arn:aws:iam::111122223333:role/worker".parse().ok()?,
        resource_account: None,
        context: Context::new().with("aws:SourceAccount", "111122223333").with("sts:ExternalId", "a"),
    })
}
