//! From every resource to those that calls named.

use super::History;
use super::history::On;
use super::keep::{Keep, creating_services};
use super::named_resources::Kind;
use super::statements::{Restricted, Statements};
use super::unseen::why_unseen;
use iam_policy::ActionName;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What became of the `*` that an action is granted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrowing {
    /// It is granted on these, each an ARN, the beginning of one with `*`, or one with `??????` for the end that AWS gives a secret's.
    To(BTreeSet<String>),
    /// It stays.
    Stays(StaysWide),
}

/// Why an action stays granted on every resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum StaysWide {
    /// The event history was not read whole: other calls may be about other resources.
    HistoryInPart,
    /// Others than functions may assume the role, and their calls were not read.
    OthersToo,
    /// Some of its uses leave no record that is read, as what Lambda does for a function.
    SeenInPart,
    /// Access Analyzer tells that it was used, the history not on what.
    NotInHistory,
    /// Some record does not name the resource, or the action takes none or several kinds.
    Unnamed,
    /// They are many, and their names have nothing in common to begin with.
    NothingInCommon,
    /// The role makes resources of the service, and the next one has another name.
    MakesResources,
    /// AWS makes their names, so that the next resource has another one.
    NamesMadeByAws,
}

impl StaysWide {
    /// In words that follow "stays on every resource because".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::HistoryInPart => "the event history was not read whole",
            Self::OthersToo => "others than functions may assume the role, and their calls were not read",
            Self::SeenInPart => "some of its uses leave no record that was read",
            Self::NotInHistory => "no record tells on what it was used",
            Self::Unnamed => "its records do not name one kind of resource",
            Self::NothingInCommon => "it was used on many resources whose names do not begin alike",
            Self::MakesResources => {
                "the role makes resources of the service, and the next one has another name"
            }
            Self::NamesMadeByAws => "AWS names its resources, and the next one has another name",
        }
    }
}

/// Whose sessions a role has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sessions {
    /// Those of functions, which the history is read by.
    OfFunctions,
    /// Others too, as far as is known.
    OfOthersToo,
}

/// Up to this many resources of a kind are named one by one; of more, the beginning of their names.
const MOST_NAMED: usize = 5;
/// A shorter beginning says nothing.
const SHORTEST_BEGINNING: usize = 3;

impl Statements {
    /// Grants what was used on `*` on the resources that its calls named, where they tell.
    pub(super) fn narrowed(
        self,
        kept: &BTreeMap<ActionName, Keep>,
        history: &History,
        sessions: Sessions,
    ) -> (Self, BTreeMap<ActionName, Narrowing>) {
        let creating = creating_services(kept);
        let mut decided = BTreeMap::new();
        let mut allows: Vec<Restricted> = Vec::new();
        for allow in self.allows {
            if !allow.is_on_everything() {
                allows.push(allow);
                continue;
            }
            let mut by_resources: BTreeMap<Option<BTreeSet<String>>, BTreeSet<ActionName>> = BTreeMap::new();
            for action in &allow.actions {
                let narrowing = (kept.get(action) == Some(&Keep::Used) && takes_resources(action))
                    .then(|| of(action, history, sessions, &creating));
                let resources = match &narrowing {
                    Some(Narrowing::To(resources)) => Some(resources.clone()),
                    Some(Narrowing::Stays(_)) | None => None,
                };
                by_resources.entry(resources).or_default().insert(action.clone());
                decided.extend(narrowing.map(|narrowing| (action.clone(), narrowing)));
            }
            allows.extend(by_resources.into_iter().map(|(resources, actions)| allow.on(resources, actions)));
        }
        (Self { allows, ..self }, decided)
    }
}

impl Restricted {
    fn is_on_everything(&self) -> bool {
        match self.rest.get("Resource") {
            Some(Value::String(one)) => one == "*",
            Some(Value::Array(several)) => several.iter().any(|one| one == "*"),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
        }
    }

    /// The same for some of the actions, on these resources or, if none are given, on those that it has.
    fn on(&self, resources: Option<BTreeSet<String>>, actions: BTreeSet<ActionName>) -> Self {
        let mut narrowed = self.clone();
        narrowed.actions = actions;
        if let Some(resources) = resources {
            let resources: Vec<String> = resources.into_iter().collect();
            narrowed.rest.insert("Resource".to_owned(), resources.into());
        }
        narrowed
    }
}

fn takes_resources(action: &ActionName) -> bool {
    iam_policy::Catalogue::bundled().action(action).is_some_and(|listed| listed.takes_resources())
}

fn of(action: &ActionName, history: &History, sessions: Sessions, creating: &BTreeSet<String>) -> Narrowing {
    let resources = match history.on(action) {
        _ if sessions == Sessions::OfOthersToo => return Narrowing::Stays(StaysWide::OthersToo),
        _ if why_unseen(action).is_some() => return Narrowing::Stays(StaysWide::SeenInPart),
        _ if !history.is_whole() => return Narrowing::Stays(StaysWide::HistoryInPart),
        None => return Narrowing::Stays(StaysWide::NotInHistory),
        Some(On::SomeUnnamed) => return Narrowing::Stays(StaysWide::Unnamed),
        Some(On::TooMany) => return Narrowing::Stays(StaysWide::NothingInCommon),
        Some(On::Resources(resources)) => resources,
    };
    // A ledger of another version may hold what this one would not have taken.
    let is_of_kind =
        Kind::of(action).is_some_and(|kind| resources.iter().all(|resource| kind.covers(resource)));
    if resources.is_empty() || !is_of_kind {
        Narrowing::Stays(StaysWide::Unnamed)
    } else if creating.contains(action.service()) {
        Narrowing::Stays(StaysWide::MakesResources)
    } else if action.service() != "kms" && resources.iter().any(|resource| is_named_by_aws(resource)) {
        Narrowing::Stays(StaysWide::NamesMadeByAws)
    } else {
        in_few(resources).map_or(Narrowing::Stays(StaysWide::NothingInCommon), |few| {
            Narrowing::To(if action.service() == "secretsmanager" { with_secret_ends(few) } else { few })
        })
    }
}

/// A call may name a secret without the six characters that its ARN ends with
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen>), and a policy must not.
fn with_secret_ends(few: BTreeSet<String>) -> BTreeSet<String> {
    let ends: Vec<String> =
        few.iter().filter(|arn| !arn.ends_with('*')).map(|arn| format!("{arn}-??????")).collect();
    few.into_iter().chain(ends).collect()
}

/// The resources, or the beginnings of their names where they are many; none, if some have none in common.
fn in_few(resources: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in resources {
        let (place, name) = parted(resource)?;
        groups.entry(place).or_default().push(name);
    }
    let mut few = BTreeSet::new();
    for (place, names) in groups {
        if names.len() <= MOST_NAMED {
            few.extend(names.iter().map(|name| format!("{place}{name}")));
        } else {
            let beginning =
                common_beginning(&names).filter(|text| text.chars().count() >= SHORTEST_BEGINNING)?;
            few.insert(format!("{place}{beginning}*"));
        }
    }
    Some(few)
}

/// What comes before the name, with its separator, and the name: `arn:aws:sqs:us-east-1:123456789012:` and `orders`,
/// `arn:aws:dynamodb:us-east-1:123456789012:table/` and `orders`.
fn parted(arn: &str) -> Option<(&str, &str)> {
    let resource_at = arn.match_indices(':').nth(4)?.0 + 1;
    let resource = arn.get(resource_at..)?;
    let name_at = resource.find(['/', ':']).map_or(0, |at| at + 1);
    Some((arn.get(..resource_at + name_at)?, resource.get(name_at..)?))
}

/// Up to the last mark that parts words: `orders-1` and `orders-12` begin with `orders-`, not with `orders-1`.
fn common_beginning<'a>(names: &[&'a str]) -> Option<&'a str> {
    let (first, others) = names.split_first()?;
    let same = |at: &usize| {
        let beginning = first.get(..*at);
        beginning.is_some_and(|beginning| others.iter().all(|name| name.starts_with(beginning)))
    };
    let longest = (0..=first.len()).rev().find(same)?;
    let word_ends = first.get(..longest)?.rfind(['-', '_', '/', '.', ':'])?;
    first.get(..=word_ends)
}

/// Whether the last part of the name is an id such as `i-0123456789abcdef0` or `550e8400-e29b-41d4-a716-446655440000`.
fn is_named_by_aws(arn: &str) -> bool {
    let last = arn.rsplit(['/', ':']).next().unwrap_or_default();
    let id = match last.split_once('-') {
        Some((kind, id)) if kind.len() <= 8 && kind.bytes().all(|byte| byte.is_ascii_lowercase()) => id,
        _ => last,
    };
    let digits = id.bytes().filter(u8::is_ascii_hexdigit).count();
    let has_number = id.bytes().any(|byte| byte.is_ascii_digit());
    has_number && digits >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names() {
        for (arn, is_id) in [
            ("arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0", true),
            ("arn:aws:ec2:us-east-1:123456789012:subnet/subnet-0a1b2c3d", true),
            ("arn:aws:x:us-east-1:123456789012:job/550e8400-e29b-41d4-a716-446655440000", true),
            ("arn:aws:s3:::orders-123456789012", true),
            ("arn:aws:s3:::company-orders-123456789012", false),
            ("arn:aws:sqs:us-east-1:123456789012:orders", false),
            ("arn:aws:sqs:us-east-1:123456789012:decade", false),
            ("arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf", false),
        ] {
            assert_eq!(is_named_by_aws(arn), is_id, "{arn}");
        }
    }

    #[test]
    fn few_are_named_and_many_by_their_beginning_in_each_place() {
        let queue = |region: &str, name: &str| format!("arn:aws:sqs:{region}:123456789012:{name}");
        let many = |region: &str, names: &[&str]| -> BTreeSet<String> {
            names.iter().map(|name| queue(region, name)).collect()
        };
        let six = ["orders-a", "orders-b", "orders-c", "orders-d", "orders-e", "orders-f"];
        assert_eq!(in_few(&many("us-east-1", &six[..5])), Some(many("us-east-1", &six[..5])));
        assert_eq!(in_few(&many("us-east-1", &six)), Some([queue("us-east-1", "orders-*")].into()));
        let mut both = many("us-east-1", &six);
        both.insert(queue("eu-west-1", "mail"));
        assert_eq!(in_few(&both), Some([queue("us-east-1", "orders-*"), queue("eu-west-1", "mail")].into()));
        let mut apart = many("us-east-1", &six);
        apart.insert(queue("us-east-1", "o"));
        assert_eq!(in_few(&apart), None, "one letter says nothing");
    }
}
