//! A role as the checks look at it: as it is now, or as it would be without its boundary.

use crate::assess::{Approval, Evidence, Surroundings};
use crate::function::Function;
use crate::snapshot::{Cap, Document, RoleSnapshot};
use iam_policy::{
    Access, ActionElement, ActionName, Containment, Context, Effect, Fit, IdentityArn, Policies, Policy,
    Possible, Source, Statement, StatementRef, Targets, Verdict, Way, evaluate, merge, within,
};
use serde_json::{Value, json};
use std::cell::{OnceCell, RefCell};

/// The policies of a role that were understood, in the order of the snapshot.
pub(crate) struct Documents<'a> {
    policies: Vec<&'a Policy>,
    /// What evidence calls each of them.
    sources: Vec<String>,
}

impl<'a> Documents<'a> {
    pub(crate) fn of(role: &'a RoleSnapshot) -> Self {
        let understood = |document: &'a Document| document.understood();
        let (policies, sources) = role
            .policies
            .iter()
            .filter_map(|policy| Some((understood(&policy.document)?, policy.source.to_string())))
            .unzip();
        Self { policies, sources }
    }
}

/// A role under one cap.
pub(crate) struct View<'a> {
    /// Everything that was read of it.
    pub(crate) role: &'a RoleSnapshot,
    /// What holds it back.
    pub(crate) cap: Cap<'a>,
    documents: &'a Documents<'a>,
    around: &'a Surroundings<'a>,
    /// Read when a check first asks what no statement alone tells.
    access: OnceCell<Option<RefCell<Access<'a>>>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        role: &'a RoleSnapshot,
        cap: Cap<'a>,
        documents: &'a Documents<'a>,
        around: &'a Surroundings<'a>,
    ) -> Self {
        Self { role, cap, documents, around, access: OnceCell::new() }
    }

    /// The functions that have the role.
    pub(crate) fn functions(&self) -> &'a [Function] {
        self.around.functions
    }

    /// Whether the role's boundary is one of the accepted.
    pub(crate) fn approval(&self) -> Approval {
        self.around.approval
    }

    /// The same role without its boundary.
    pub(crate) fn without_boundary(&self) -> Self {
        Self::new(self.role, Cap::Nothing, self.documents, self.around)
    }

    /// The role's ARN in the terms of the policy language; none, if it is not one there.
    pub(crate) fn arn(&self) -> Option<IdentityArn> {
        self.role.role.arn.as_str().parse().ok()
    }

    /// Every statement of the role's own policies, with its place.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (StatementRef, &'a Statement)> {
        self.documents.policies.iter().enumerate().flat_map(|(at, policy)| {
            let place = move |statement: &Statement| StatementRef {
                source: Source::Identity(at),
                statement: statement.index(),
            };
            policy.statements().iter().map(move |statement| (place(statement), statement))
        })
    }

    /// How the role can do this on one of the targets; none, if it cannot. What cannot be told counts as possible,
    /// with the first statement that grants it for evidence.
    pub(crate) fn way(&self, action: &ActionName, targets: &Targets) -> Option<Granted> {
        let grants = || {
            let allows = self.statements().filter(|(_, statement)| statement.effect() == Effect::Allow);
            allows.filter(|(_, statement)| is_about(statement, action)).map(|(place, _)| place)
        };
        let first = grants().next()?;
        match self.possible(action, targets) {
            Some(Possible::No) => None,
            Some(Possible::Yes(way)) => Some(Granted { grant: way.grant, way: Some(way) }),
            Some(Possible::Doubtful(_)) | None => Some(Granted { grant: first, way: None }),
        }
    }

    /// The same for passing a role to one of these services: `iam:PassedToService` says to which a role may be passed.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
    pub(crate) fn way_to_pass(&self, targets: &Targets, services: &[Box<str>]) -> Option<Granted> {
        const KEY: &str = "iam:PassedToService";
        let granted = self.way(&"iam:PassRole".parse().ok()?, targets)?;
        let Some(way) = &granted.way else { return Some(granted) };
        let passes_to = |service: &str| {
            let mut request = way.request.clone();
            request.context.insert(KEY, [service]);
            evaluate(&self.policies(), &request).verdict == Verdict::Allowed
        };
        services.iter().any(|service| passes_to(service)).then_some(granted)
    }

    /// Whether the role's own denies and its cap leave anything of what the statement allows. What cannot be told is left.
    pub(crate) fn leaves_something_of(&self, allow: StatementRef) -> bool {
        let boundary = match self.cap {
            Cap::Everything => return false,
            Cap::Policy(boundary) => Some(boundary),
            Cap::Nothing => None,
        };
        let Some(alone) = self.alone(allow) else { return true };
        let left = match boundary.map(|boundary| merge(&alone, boundary)) {
            Some(Ok(merged)) if merged.fit == Fit::Exact => merged.policy,
            Some(_) => return true,
            None => alone,
        };
        within(&[&left], &[&Policy::empty()]) != Containment::Pass
    }

    /// A policy of this Allow and every Deny of the role.
    fn alone(&self, allow: StatementRef) -> Option<Policy> {
        let documents = self.documents.policies.iter().map(|policy| policy.to_value());
        let mut version = None;
        let mut statements: Vec<Value> = Vec::new();
        for (at, document) in documents.enumerate() {
            let list = match document.get("Statement")? {
                Value::Array(list) => list.clone(),
                one @ (Value::Object(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)) => {
                    vec![one.clone()]
                }
            };
            let places = (0..).map(|statement| StatementRef { source: Source::Identity(at), statement });
            for (place, statement) in places.zip(list) {
                let is_deny = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
                if is_deny || place == allow {
                    statements.push(statement);
                }
                if place == allow {
                    version = document.get("Version").cloned();
                }
            }
        }
        let version = version.unwrap_or_else(|| "2008-10-17".into());
        Policy::from_value(&json!({ "Version": version, "Statement": statements })).ok()
    }

    /// What is known to bear on the role; a cap that leaves nothing is not among it.
    fn policies(&self) -> Policies<'_> {
        let boundary = if let Cap::Policy(boundary) = self.cap { Some(boundary) } else { None };
        let (identity, service_control) = (&self.documents.policies, self.around.service_control);
        Policies { identity, boundary, service_control, ..Policies::default() }
    }

    /// The role's own policies that were understood, with what evidence calls them.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&'a Policy, &'a str)> {
        let documents = self.documents;
        documents.policies.iter().copied().zip(documents.sources.iter().map(String::as_str))
    }

    /// The service control policies by level, root first.
    pub(crate) fn service_control(&self) -> &'a [Vec<Policy>] {
        self.around.service_control
    }

    /// Whether the role can do this on one of the targets with a request of which `adjust` makes what somebody would
    /// send who wants to gain by it.
    pub(crate) fn can(&self, action: &ActionName, targets: &Targets, adjust: impl Fn(&mut Context)) -> bool {
        self.way(action, targets).is_some_and(|granted| {
            let Some(way) = granted.way else { return true };
            let mut request = way.request;
            adjust(&mut request.context);
            evaluate(&self.policies(), &request).verdict == Verdict::Allowed
        })
    }

    /// Nothing, if the policies cannot be asked.
    fn possible(&self, action: &ActionName, targets: &Targets) -> Option<Possible> {
        let boundary = match self.cap {
            Cap::Everything => return Some(Possible::No),
            Cap::Policy(boundary) => Some(boundary),
            Cap::Nothing => None,
        };
        let (identity, service_control) = (&self.documents.policies, self.around.service_control);
        let policies = Policies { identity, boundary, service_control, ..Policies::default() };
        let read = || Some(RefCell::new(Access::new(&policies, &self.arn()?).ok()?));
        let access = self.access.get_or_init(read).as_ref()?;
        Some(access.try_borrow_mut().ok()?.possible(action, targets))
    }

    /// Where the statement stands, and its deciding words.
    pub(crate) fn evidence(&self, place: StatementRef, detail: impl Into<String>) -> Evidence {
        let policy = if let Source::Identity(at) = place.source {
            self.documents.sources.get(at).cloned().unwrap_or_default()
        } else {
            "boundary".to_owned()
        };
        let statement = self.statements().find(|(seen, _)| *seen == place);
        let statement = statement.map_or_else(|| place.statement.to_string(), |(_, s)| s.id().to_string());
        Evidence { policy, statement, detail: detail.into() }
    }
}

/// Something that a role can do.
pub(crate) struct Granted {
    /// The statement that grants it.
    pub(crate) grant: StatementRef,
    /// How, where that was found.
    pub(crate) way: Option<Box<Way>>,
}

/// Whether the Action element covers the action.
pub(crate) fn is_about(statement: &Statement, action: &ActionName) -> bool {
    match statement.action() {
        ActionElement::Action(patterns) => patterns.iter().any(|pattern| pattern.matches(action)),
        ActionElement::NotAction(patterns) => !patterns.iter().any(|pattern| pattern.matches(action)),
    }
}
