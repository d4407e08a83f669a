use crate::names::{AccountId, FunctionArn, Region, RoleArn};
use std::collections::{BTreeMap, BTreeSet};

/// Which functions have which role, over all Regions in scope (the Region stands in the function's ARN).
///
/// Each role's ARN is held once. 20,000 functions take a few MB.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    by_role: BTreeMap<RoleArn, Having>,
    functions: usize,
    read: BTreeSet<Region>,
    refused: BTreeSet<Region>,
}

#[derive(Debug, Clone, Default)]
struct Having {
    functions: BTreeSet<FunctionArn>,
    was_seen: bool,
}

/// A role that functions name and that no page of the account's roles showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingRole<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The functions that cannot start.
    pub functions: &'a BTreeSet<FunctionArn>,
}

impl Inventory {
    /// Adds a function. One that is listed twice counts once.
    pub fn add(&mut self, function: FunctionArn, role: RoleArn) {
        if self.by_role.entry(role).or_default().functions.insert(function) {
            self.functions = self.functions.saturating_add(1);
        }
    }

    /// Notes that all functions of this Region were added.
    pub fn note_read(&mut self, region: Region) {
        self.read.insert(region);
    }

    /// The Regions whose functions are all here.
    #[must_use]
    pub fn read(&self) -> &BTreeSet<Region> {
        &self.read
    }

    /// Notes that the functions of this Region may not be read.
    pub fn note_refused(&mut self, region: Region) {
        self.refused.insert(region);
    }

    /// The Regions whose functions may not be read.
    #[must_use]
    pub fn refused(&self) -> &BTreeSet<Region> {
        &self.refused
    }

    /// How many functions there are.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.functions
    }

    /// The functions that have the role.
    pub fn functions_of(&self, role: &RoleArn) -> impl ExactSizeIterator<Item = &FunctionArn> {
        static NONE: BTreeSet<FunctionArn> = BTreeSet::new();
        self.by_role.get(role).map_or(&NONE, |having| &having.functions).iter()
    }

    /// Notes that the role exists. A sweep that resumes has to note those of the earlier pages too: `ListRoles` names 1,000 a call.
    pub fn note_seen(&mut self, role: &RoleArn) {
        if let Some(having) = self.by_role.get_mut(role) {
            having.was_seen = true;
        }
    }

    /// The roles of `account` that functions name and nobody noted. They count only once all pages were read; one that was made in
    /// between may be among them, so each is asked for before it is told. Roles of other accounts are not in the pages and never
    /// missing.
    pub fn missing_roles(&self, account: &AccountId) -> impl Iterator<Item = MissingRole<'_>> {
        let missing = self.by_role.iter().filter(move |(role, having)| {
            !having.was_seen && !having.functions.is_empty() && role.account() == account
        });
        missing.map(|(role, having)| MissingRole { role, functions: &having.functions })
    }

    /// The roles that several functions have.
    pub fn shared_roles(&self) -> impl Iterator<Item = &RoleArn> {
        self.by_role.iter().filter(|(_, having)| having.functions.len() > 1).map(|(role, _)| role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, region: &str) -> FunctionArn {
        format!("arn:aws:lambda:{region}:123456789012:function:{name}").parse().unwrap()
    }

    fn role(name: &str) -> RoleArn {
        format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap()
    }

    #[test]
    fn functions_of_all_regions_join_their_role() {
        let mut inventory = Inventory::default();
        for region in ["eu-west-1", "us-east-1", "us-east-1"] {
            inventory.add(function("orders", region), role("orders"));
        }
        inventory.add(function("mail", "us-east-1"), role("mail"));
        assert_eq!((inventory.functions(), inventory.functions_of(&role("orders")).len()), (3, 2));
        assert_eq!(inventory.shared_roles().collect::<Vec<_>>(), [&role("orders")]);
        assert_eq!(inventory.functions_of(&role("nobody")).len(), 0);
    }

    #[test]
    fn what_no_page_showed_is_missing_unless_it_is_another_account_s() {
        let mut inventory = Inventory::default();
        let elsewhere: RoleArn = "arn:aws:iam::210987654321:role/orders".parse().unwrap();
        for (name, role) in [("a", role("seen")), ("b", role("gone")), ("c", elsewhere)] {
            inventory.add(function(name, "us-east-1"), role);
        }
        inventory.note_seen(&role("seen"));
        inventory.note_seen(&role("without-functions"));
        let account = "123456789012".parse().unwrap();
        let missing: Vec<_> = inventory.missing_roles(&account).collect();
        assert_eq!(missing.len(), 1);
        assert_eq!((missing[0].role, missing[0].functions.len()), (&role("gone"), 1));
    }
}
