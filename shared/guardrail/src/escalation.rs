//! Known ways to more rights: which actions together let a role gain what it was not given.
//!
//! The list is `data/privilege-escalation.json`. To add a way, add it there, in the order of the ids; the tests below
//! say what an entry has to be like. Wildcards such as `iam:*` are no entries: whoever is granted one is granted the
//! ways whose actions it covers.

use iam_policy::{ActionName, ActionNameError, EscalationSet, EscalationTarget};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static FILE: &str = include_str!("../data/privilege-escalation.json");
/// A test holds that the file can be read, so there is no case of a program in which the list is empty.
static BUNDLED: LazyLock<Escalations> = LazyLock::new(|| Escalations::read(FILE).unwrap_or_default());

/// The known ways to more rights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Escalations {
    /// INVARIANT: sorted by id.
    all: Vec<Escalation>,
    /// How many different steps they take.
    steps: usize,
}

/// A way to more rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    set: EscalationSet,
    kind: EscalationKind,
    how: Box<str>,
    reach: Reach,
    /// The number of each action's step.
    steps: Box<[usize]>,
}

/// An action of a way: ways share most of their steps, so that what is found out about one is kept under its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EscalationStep<'e> {
    /// The same for the same action on the same target; less than [`Escalations::steps`].
    pub(crate) number: usize,
    pub(crate) action: &'e ActionName,
    pub(crate) target: EscalationTarget,
}

/// Whose rights are gained, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EscalationKind {
    /// The role changes what it may do itself.
    Itself,
    /// The role hands a stronger role to a service that acts as that role on its behalf (`iam:PassRole`).
    PassRole {
        /// The services that the stronger role is handed to, one of which is enough: what `iam:PassedToService` says
        /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>). Names of
        /// the partition `aws`; in China some end in `.cn`. Never empty.
        passed_to: Box<[Box<str>]>,
    },
    /// The role makes something that exists act for it, such as a function or an instance, with the rights of the
    /// role that this already has.
    ExistingResource,
    /// The role becomes a user or another role, or changes what these may do.
    OtherPrincipal,
}

/// Whether a shorter way is possible wherever this one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Minimal,
    IncludesAShorterWay,
}

/// Why a list of ways to more rights cannot be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("cannot read the list of escalations as JSON")]
    Json(#[from] serde_json::Error),
    #[error("escalation `{id}` names something that is not an action")]
    Action { id: Box<str>, source: ActionNameError },
    #[error("escalation `{0}` must have `passed_to` if it is of kind `pass-role`, and only then")]
    PassedTo(Box<str>),
}

/// An entry of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Box<str>,
    kind: EntryKind,
    actions: Vec<Box<str>>,
    #[serde(default)]
    passed_to: Box<[Box<str>]>,
    how: Box<str>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EntryKind {
    Itself,
    PassRole,
    ExistingResource,
    OtherPrincipal,
}

impl Escalations {
    /// The list inside this crate.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    fn read(text: &str) -> Result<Self, ReadError> {
        let entries: Vec<Entry> = serde_json::from_str(text)?;
        let mut all = entries.into_iter().map(Escalation::read).collect::<Result<Vec<_>, _>>()?;
        all.sort_by(|one, other| one.id().cmp(other.id()));
        let sets: Vec<EscalationSet> = all.iter().map(|way| way.set.clone()).collect();
        for way in &mut all {
            if sets.iter().any(|other| is_shorter(other, &way.set)) {
                way.reach = Reach::IncludesAShorterWay;
            }
        }
        let mut numbers: BTreeMap<(ActionName, EscalationTarget), usize> = BTreeMap::new();
        for Escalation { set, steps, .. } in &mut all {
            let keys = set.actions.iter().map(|action| (action.clone(), set.target));
            *steps = keys
                .map(|key| {
                    let next = numbers.len();
                    *numbers.entry(key).or_insert(next)
                })
                .collect();
        }
        Ok(Self { all, steps: numbers.len() })
    }

    /// Every way, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Escalation> {
        self.all.iter()
    }

    /// The ways that do not include a shorter one. Whoever has none of these has none at all.
    pub fn minimal(&self) -> impl Iterator<Item = &Escalation> {
        self.iter().filter(|way| way.is_minimal())
    }

    /// The actions of every way, as [`iam_policy::escapes`] takes them.
    pub fn sets(&self) -> impl Iterator<Item = &EscalationSet> {
        self.iter().map(Escalation::set)
    }

    /// How many different steps the ways take.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// The way of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Escalation> {
        let place = self.all.binary_search_by(|way| way.id().cmp(id)).ok()?;
        self.all.get(place)
    }
}

/// Whether the actions of `shorter` are some of those of `longer` and possible wherever these are.
fn is_shorter(shorter: &EscalationSet, longer: &EscalationSet) -> bool {
    shorter.actions.len() < longer.actions.len()
        && shorter.actions.iter().all(|action| longer.actions.contains(action))
        // What is possible somewhere in the account need not be possible on the role itself.
        && (shorter.target == EscalationTarget::Account || longer.target == EscalationTarget::Itself)
}

impl Escalation {
    fn read(entry: Entry) -> Result<Self, ReadError> {
        let Entry { id, kind, actions, passed_to, how } = entry;
        let kind = match (kind, passed_to.is_empty()) {
            (EntryKind::Itself, true) => EscalationKind::Itself,
            (EntryKind::PassRole, false) => EscalationKind::PassRole { passed_to },
            (EntryKind::ExistingResource, true) => EscalationKind::ExistingResource,
            (EntryKind::OtherPrincipal, true) => EscalationKind::OtherPrincipal,
            _ => return Err(ReadError::PassedTo(id)),
        };
        let actions = actions.iter().map(|action| action.parse::<ActionName>()).collect::<Result<_, _>>();
        let actions = actions.map_err(|source| ReadError::Action { id: id.clone(), source })?;
        let target = kind.target();
        let set = EscalationSet { id, actions, target };
        Ok(Self { set, kind, how, reach: Reach::Minimal, steps: Box::default() })
    }

    /// What it is called; it does not change between versions.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.set.id
    }

    /// The actions, all of which are needed, in alphabetical order.
    #[must_use]
    pub fn actions(&self) -> &[ActionName] {
        &self.set.actions
    }

    /// The actions with the numbers of their steps, in the same order.
    pub(crate) fn steps(&self) -> impl Iterator<Item = EscalationStep<'_>> {
        let EscalationSet { actions, target, .. } = &self.set;
        let step =
            |(action, number): (_, &usize)| EscalationStep { number: *number, action, target: *target };
        actions.iter().zip(&self.steps).map(step)
    }

    /// Whose rights are gained, and by what.
    #[must_use]
    pub fn kind(&self) -> &EscalationKind {
        &self.kind
    }

    /// What somebody does step by step to gain the rights: the words of a sentence that begins with "somebody with
    /// the role can", without full stop.
    #[must_use]
    pub fn how(&self) -> &str {
        &self.how
    }

    /// Whether no shorter way is possible wherever this one is.
    #[must_use]
    pub fn is_minimal(&self) -> bool {
        self.reach == Reach::Minimal
    }

    /// The actions and what they have to be possible on, as [`iam_policy::escapes`] takes them.
    #[must_use]
    pub fn set(&self) -> &EscalationSet {
        &self.set
    }
}

impl EscalationKind {
    /// What the actions have to be possible on for the way to be open.
    fn target(&self) -> EscalationTarget {
        match self {
            Self::Itself => EscalationTarget::Itself,
            Self::PassRole { .. } | Self::ExistingResource | Self::OtherPrincipal => {
                EscalationTarget::Account
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iam_policy::Catalogue;
    use std::collections::BTreeSet;

    fn read(entries: &str) -> Escalations {
        Escalations::read(entries).unwrap()
    }

    #[test]
    fn the_file_is_read_whole() {
        let entries: Vec<Entry> = serde_json::from_str(FILE).unwrap();
        assert!(entries.len() > 100, "only {} ways are left", entries.len());
        assert_eq!(Escalations::bundled().iter().count(), entries.len());
    }

    #[test]
    fn ids_are_unique_and_stand_in_order_as_do_the_actions_of_each() {
        let entries: Vec<Entry> = serde_json::from_str(FILE).unwrap();
        assert!(entries.is_sorted_by(|one, next| one.id < next.id));
        for way in Escalations::bundled().iter() {
            let actions = way.actions();
            assert!(!actions.is_empty() && actions.is_sorted_by(|one, next| one < next), "{}", way.id());
            assert!(std::ptr::eq(Escalations::bundled().get(way.id()).unwrap(), way));
        }
        assert!(Escalations::bundled().get("no-such-way").is_none());
    }

    #[test]
    fn no_two_ways_take_the_same_actions() {
        let all = Escalations::bundled();
        let distinct: BTreeSet<&[ActionName]> = all.iter().map(Escalation::actions).collect();
        assert_eq!(distinct.len(), all.iter().count());
    }

    /// Actions that the Service Authorization Reference does not have on the date of the catalogue, with the reason.
    const NOT_IN_THE_CATALOGUE: [(&str, &str); 2] = [
        ("codestar:AssociateTeamMember", "AWS closed CodeStar in July 2024; policies still name it"),
        ("codestar:CreateProject", "AWS closed CodeStar in July 2024; policies still name it"),
    ];

    #[test]
    fn every_action_is_known_and_spelled_as_aws_does() {
        let catalogue = Catalogue::bundled();
        let unknown: BTreeSet<&str> = Escalations::bundled()
            .iter()
            .flat_map(Escalation::actions)
            .filter(|action| {
                catalogue.action(action).is_none_or(|known| known.name().as_str() != action.as_str())
            })
            .map(ActionName::as_str)
            .collect();
        assert_eq!(unknown, BTreeSet::from(NOT_IN_THE_CATALOGUE.map(|(action, _)| action)));
    }

    #[test]
    fn roles_are_passed_to_services_by_pass_role_ways_and_no_others() {
        for way in Escalations::bundled().iter() {
            let passes = way.actions().iter().any(|action| action.folded() == "iam:passrole");
            match way.kind() {
                EscalationKind::PassRole { passed_to } => {
                    assert!(passes, "{}", way.id());
                    for service in passed_to {
                        let name = service.strip_suffix(".amazonaws.com");
                        let is_name =
                            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
                        assert!(name.is_some_and(|n| n.chars().all(is_name)), "{}: {service}", way.id());
                    }
                }
                EscalationKind::Itself
                | EscalationKind::ExistingResource
                | EscalationKind::OtherPrincipal => assert!(!passes, "{}", way.id()),
            }
        }
    }

    #[test]
    fn each_way_is_explained_in_a_sentence_of_its_own() {
        let all = Escalations::bundled();
        let mut seen = BTreeSet::new();
        for way in all.iter() {
            let how = way.how();
            let is_sentence = how.starts_with(|c: char| c.is_ascii_lowercase()) && !how.ends_with('.');
            assert!(is_sentence && (30..=200).contains(&how.len()) && how.is_ascii(), "{}: {how}", way.id());
            assert!(seen.insert(how), "{}: {how}", way.id());
        }
    }

    #[test]
    fn whoever_lacks_the_minimal_ways_lacks_all() {
        let all = Escalations::bundled();
        for way in all.iter() {
            let included = all.minimal().filter(|minimal| {
                minimal.actions().iter().all(|action| way.actions().contains(action))
                    && (minimal.set().target == EscalationTarget::Account
                        || way.set().target == EscalationTarget::Itself)
            });
            let included: Vec<&str> = included.map(Escalation::id).collect();
            assert_eq!(included == [way.id()], way.is_minimal(), "{}: {included:?}", way.id());
            assert!(!included.is_empty(), "{}", way.id());
        }
        assert!(all.iter().any(|way| !way.is_minimal()));
    }

    #[test]
    fn steps_have_one_number_where_action_and_target_are_one() {
        let all = Escalations::bundled();
        let mut numbers = BTreeMap::new();
        for step in all.iter().flat_map(Escalation::steps) {
            let number = *numbers.entry((step.action, step.target)).or_insert(step.number);
            assert_eq!(step.number, number, "{}", step.action);
        }
        let distinct: BTreeSet<usize> = numbers.values().copied().collect();
        assert!(distinct.into_iter().eq(0..all.steps()) && numbers.len() == all.steps());
        assert!(all.iter().all(|way| way.steps().map(|step| step.action).eq(way.actions())));
    }

    #[test]
    fn a_way_on_the_role_itself_is_not_part_of_one_on_another_principal() {
        let entry = |id: &str, kind: &str, actions: &str| {
            format!(r#"{{ "id": "{id}", "kind": "{kind}", "actions": [{actions}], "how": "-" }}"#)
        };
        let attach = r#""iam:AttachRolePolicy""#;
        let both = r#""iam:AttachRolePolicy", "iam:UpdateRole""#;
        let minimal = |longer: &str| {
            let all = read(&format!("[{}, {}]", entry("a", "itself", attach), entry("b", longer, both)));
            all.minimal().map(|way| way.id().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(minimal("itself"), ["a"]);
        assert_eq!(minimal("other-principal"), ["a", "b"]);
    }

    #[test]
    fn self_escalation_is_about_the_role_and_all_else_about_its_account() {
        let all = Escalations::bundled();
        let target = |id: &str| all.get(id).unwrap().set().target;
        assert_eq!(target("iam-put-own-role-policy"), EscalationTarget::Itself);
        assert_eq!(target("lambda-new-function-invoked"), EscalationTarget::Account);
        assert_eq!(target("lambda-replace-code"), EscalationTarget::Account);
        assert_eq!(target("sts-assume-role"), EscalationTarget::Account);
    }

    #[test]
    fn broken_lists_are_errors_that_name_the_entry() {
        let entry = |fields: &str| Escalations::read(&format!(r#"[{{ "id": "x", "how": "-", {fields} }}]"#));
        let message = |fields: &str| entry(fields).unwrap_err().to_string();
        assert!(entry(r#""kind": "itself", "actions": ["iam:PutRolePolicy"]"#).is_ok());
        assert!(message(r#""kind": "itself", "actions": ["iam:Put*"]"#).contains("`x`"));
        assert!(message(r#""kind": "pass-role", "actions": ["iam:PassRole"]"#).contains("`x`"));
        let passed =
            r#""kind": "itself", "actions": ["iam:PutRolePolicy"], "passed_to": ["ec2.amazonaws.com"]"#;
        assert!(message(passed).contains("`x`"));
        assert!(entry(r#""kind": "other", "actions": []"#).is_err());
        assert!(entry(r#""kind": "itself", "actions": [], "minimal": true"#).is_err());
        assert!(Escalations::read("{").is_err());
    }
}
