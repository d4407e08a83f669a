//! Whose role it is, where the role's own tags do not tell.

use super::Finding;
use super::deployed_with::InStack;
use crate::names::{FunctionArn, RoleName};
use std::collections::BTreeMap;

/// More functions are not asked: each answer costs a call, and functions of one role have one owner as a rule.
const MOST_ASKED: usize = 3;

/// The value of the first of these keys that the tags have; a key in another case counts where none is as asked for.
#[must_use]
pub fn owner_in<'a>(tags: &'a BTreeMap<String, String>, keys: &[String]) -> Option<&'a str> {
    let is_told = |value: &&str| !value.trim().is_empty();
    let exact = || keys.iter().filter_map(|key| tags.get(key)).map(String::as_str).find(is_told);
    let in_any_case = || {
        let found = |key: &String| {
            let mut named = tags.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
            named.find_map(|(_, value)| Some(value.as_str()).filter(is_told))
        };
        keys.iter().find_map(found)
    };
    exact().or_else(in_any_case)
}

/// Who may know the owner of a role that does not say it itself, in the order to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerSources {
    /// Functions with the role.
    pub functions: Vec<FunctionArn>,
    /// The role, where its tags or its name look like a stack made it. Functions say their stack in their tags.
    pub role: Option<RoleName>,
}

impl Finding {
    /// Who has to be asked; none where the role tells its owner, or there is no role.
    #[must_use]
    pub fn owner_sources(&self) -> Option<OwnerSources> {
        let role = self.role.as_ref().filter(|role| role.owner.is_none())?;
        let functions: Vec<FunctionArn> = self.functions.iter().take(MOST_ASKED).cloned().collect();
        // A name that looks so proves nothing: CloudFormation is asked whether it holds the role.
        let role = InStack::of(role).map(|_| role.name.clone());
        (!functions.is_empty() || role.is_some()).then_some(OwnerSources { functions, role })
    }

    /// Says whose role it is. Neither id nor severity depend on it.
    pub fn tell_owner(&mut self, owner: &str) {
        if let Some(role) = &mut self.role {
            role.owner = Some(owner.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_wins_and_case_matters_only_between_equals() {
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let keys = ["owner".to_owned(), "team".to_owned()];
        for (pairs, expected) in [
            (vec![("owner", "orders"), ("team", "shop")], Some("orders")),
            (vec![("team", "shop")], Some("shop")),
            (vec![("Owner", "Orders"), ("team", "shop")], Some("shop")),
            (vec![("Owner", "Orders")], Some("Orders")),
            (vec![("owner", "  ")], None),
            (vec![("owner", ""), ("team", "shop")], Some("shop")),
            (vec![("cost-center", "4711")], None),
        ] {
            assert_eq!(owner_in(&tags(&pairs), &keys), expected, "{pairs:?}");
        }
    }
}
