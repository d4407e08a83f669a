//! Resources of an account to ask about.
//!
//! They are the same for all of its roles, and making them takes longer than most questions about them. So they are
//! kept for the account that was asked about last.

use iam_policy::{AccountId, ActionName, IdentityArn, Targets};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

static LAST: Mutex<Option<Arc<AccountTargets>>> = Mutex::new(None);

/// The resources of one account, by what is asked about them.
#[derive(Debug)]
pub(crate) struct AccountTargets {
    partition: Box<str>,
    account: AccountId,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    some: HashMap<ActionName, Arc<Targets>>,
    any_name: HashMap<ActionName, Arc<Targets>>,
}

/// Which resources of the account an action is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach {
    /// Any of them will do.
    Some,
    /// One of a name that nobody can have meant.
    AnyName,
}

impl AccountTargets {
    /// Those of the role's account.
    pub(crate) fn of(role: &IdentityArn) -> Arc<Self> {
        let (partition, account) = (partition(role), role.account());
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(known) if *known.partition == *partition && known.account == account => Arc::clone(known),
            Some(_) | None => {
                let new = Self { partition: partition.into(), account, known: Mutex::default() };
                Arc::clone(last.insert(Arc::new(new)))
            }
        }
    }

    /// The targets for this question; `make` has to make the same for every role of the account.
    pub(crate) fn get(
        &self,
        reach: Reach,
        action: &ActionName,
        make: impl FnOnce() -> Targets,
    ) -> Arc<Targets> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match reach {
            Reach::Some => &mut known.some,
            Reach::AnyName => &mut known.any_name,
        };
        if let Some(targets) = known.get(action) {
            return Arc::clone(targets);
        }
        // INVARIANT: the actions asked about are those of lists in this crate and of the catalogue, so that this ends.
        Arc::clone(known.entry(action.clone()).or_insert_with(|| Arc::new(make())))
    }
}

/// The partition of the role, `aws` in most of the world.
pub(crate) fn partition(role: &IdentityArn) -> &str {
    role.as_str().split(':').nth(1).unwrap_or("aws")
}

#[cfg(test)]
mod tests {
    use super::*;
    use iam_policy::EscalationTarget;

    #[test]
    fn each_account_is_asked_about_its_own_resources_whoever_was_asked_about_before() {
        let role = |text: &str| text.parse::<IdentityArn>().unwrap();
        let roles = [
            role("arn:aws:iam::111122223333:role/one"),
            role("arn:aws:iam::444455556666:role/one"),
            role("arn:aws-cn:iam::111122223333:role/one"),
            role("arn:aws:iam::111122223333:role/other"),
        ];
        let action: ActionName = "lambda:InvokeFunction".parse().unwrap();
        for role in roles.iter().chain(&roles) {
            let make = || EscalationTarget::Account.targets(role, &action);
            let kept = AccountTargets::of(role).get(Reach::Some, &action, make);
            let pattern = format!("arn:{}:lambda:*?:{}:function:*", partition(role), role.account());
            assert!(format!("{kept:?}").contains(&pattern), "{kept:?}");
        }
    }

    #[test]
    fn the_same_action_is_kept_apart_by_what_is_asked() {
        let role = "arn:aws:iam::999900001111:role/one".parse().unwrap();
        let action: ActionName = "s3:GetObject".parse().unwrap();
        let targets = AccountTargets::of(&role);
        let of = |reach| {
            let make = || Targets::new([format!("arn:aws:s3:::{reach:?}")], iam_policy::NoResource::Excluded);
            format!("{:?}", targets.get(reach, &action, make))
        };
        assert_ne!(of(Reach::Some), of(Reach::AnyName));
        assert_eq!(of(Reach::Some), of(Reach::Some));
    }
}
