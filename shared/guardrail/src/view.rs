//! A role as the checks look at it: as it is now, or as it would be without its boundary.

use crate::account_targets::{AccountTargets, Reach};
use crate::assess::{Approval, Evidence, Surroundings};
use crate::checks::WholeGrant;
use crate::function::Function;
use crate::snapshot::{Cap, Document, RoleSnapshot};
use iam_policy::catalogue::Action;
use iam_policy::{
    Access, ActionName, Containment, Context, Effect, Fit, IdentityArn, Policies, Policy, Possible, Request,
    Source, Statement, StatementRef, Targets, Verdict, Way, evaluate, merge, within,
};
use serde_json::{Value, json};
use std::borrow::Borrow;
use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

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
    /// The role's ARN in the terms of the policy language, and the resources of its account.
    arn: Option<(IdentityArn, Arc<AccountTargets>)>,
    around: &'a Surroundings<'a>,
    /// Read when a check first asks what no statement alone tells.
    access: OnceCell<Option<RefCell<Access<'a>>>>,
    whole_grants: OnceCell<Vec<WholeGrant>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        role: &'a RoleSnapshot,
        cap: Cap<'a>,
        documents: &'a Documents<'a>,
        around: &'a Surroundings<'a>,
    ) -> Self {
        let arn: Option<IdentityArn> = role.role.arn.as_str().parse().ok();
        let arn = arn.map(|arn| {
            let targets = AccountTargets::of(&arn);
            (arn, targets)
        });
        let (access, whole_grants) = (OnceCell::new(), OnceCell::new());
        Self { role, cap, documents, arn, around, access, whole_grants }
    }

    /// The functions that have the role.
    pub(crate) fn functions(&self) -> &'a [Function] {
        self.around.functions
    }

    /// Whether the role's boundary is one of the accepted.
    pub(crate) fn approval(&self) -> Approval {
        self.around.approval
    }

    /// Whether the role's boundary is ours, and was asked to leave an action of the way open.
    pub(crate) fn is_carved_out(&self, actions: &[ActionName]) -> bool {
        self.around.approval == Approval::Ours
            && actions.iter().any(|action| self.around.carve_outs.contains(action))
    }

    /// What Ringfence's boundary says, where it is known.
    pub(crate) fn ours(&self) -> Option<&'a Document> {
        self.around.ours
    }

    /// The same role without its boundary.
    pub(crate) fn without_boundary(&self) -> Self {
        Self::new(self.role, Cap::Nothing, self.documents, self.around)
    }

    /// The role's ARN in the terms of the policy language; none, if it is not one there.
    pub(crate) fn arn(&self) -> Option<&IdentityArn> {
        self.arn.as_ref().map(|(arn, _)| arn)
    }

    /// What `make` makes of the role's account, for this question about this action.
    pub(crate) fn targets(
        &self,
        reach: Reach,
        action: &ActionName,
        make: impl FnOnce(&IdentityArn) -> Targets,
    ) -> Option<Arc<Targets>> {
        self.arn.as_ref().map(|(arn, targets)| targets.get(reach, action, || make(arn)))
    }

    /// The grants of whole services, found by `find` where they were not yet.
    pub(crate) fn whole_grants(&self, find: impl FnOnce(&Self) -> Vec<WholeGrant>) -> &[WholeGrant] {
        self.whole_grants.get_or_init(|| find(self))
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

    /// Whether the statement's Action element covers the action.
    pub(crate) fn is_about(&self, place: StatementRef, action: &ActionName) -> bool {
        let Source::Identity(at) = place.source else { return false };
        let document = self.documents.policies.get(at);
        let about = document.into_iter().flat_map(|policy| policy.statements_about(action));
        about.into_iter().any(|statement| statement.index() == place.statement)
    }

    /// The statements that allow the action somewhere, read by themselves.
    pub(crate) fn grants(&self, action: &ActionName) -> impl Iterator<Item = (StatementRef, &'a Statement)> {
        self.documents.policies.iter().enumerate().flat_map(|(at, policy)| {
            let allows =
                policy.statements_about(action).filter(|statement| statement.effect() == Effect::Allow);
            let place = move |statement: &Statement| StatementRef {
                source: Source::Identity(at),
                statement: statement.index(),
            };
            allows.map(move |statement| (place(statement), statement))
        })
    }

    /// What the statement lists of the catalogue that changes something; nothing, if it stands for actions of any service.
    pub(crate) fn changes_listed(&self, place: StatementRef) -> Option<&'a [&'static Action]> {
        let Source::Identity(at) = place.source else { return None };
        self.documents.policies.get(at)?.changes_listed(place.statement)
    }

    /// How the role can do this on one of the targets; none, if it cannot. What cannot be told counts as possible,
    /// with the first statement that grants it for evidence.
    pub(crate) fn way(&self, action: &ActionName, targets: &Targets) -> Option<Granted> {
        self.way_on(action, || targets)
    }

    /// The same with targets that are made only where they are looked at.
    pub(crate) fn way_on<T: Borrow<Targets>>(
        &self,
        action: &ActionName,
        targets: impl FnOnce() -> T,
    ) -> Option<Granted> {
        let possible = self.possible(action, targets);
        if possible == Some(Possible::No) {
            return None;
        }
        let (first, _) = self.grants(action).next()?;
        Some(match possible {
            Some(Possible::Yes(way)) => Granted { grant: way.grant, way: Some(way) },
            Some(Possible::No | Possible::Doubtful(_)) | None => Granted { grant: first, way: None },
        })
    }

    /// Whether it takes no search to see that the role cannot do this on anything.
    pub(crate) fn is_out_of_question(&self, action: &ActionName) -> bool {
        match self.cap {
            Cap::Everything => true,
            Cap::Policy(_) | Cap::Nothing => {
                let access = self.access().and_then(|access| access.try_borrow().ok());
                access.is_some_and(|access| access.is_out_of_question(action))
            }
        }
    }

    /// Whether what passes a role can pass it to this service, which `iam:PassedToService` tells. What cannot be told
    /// counts as possible.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
    pub(crate) fn passes_to(&self, passing: &Granted, service: &str) -> bool {
        const KEY: &str = "iam:PassedToService";
        let Some(way) = &passing.way else { return true };
        let mut request = way.request.clone();
        request.context.insert(KEY, [service]);
        evaluate(&self.policies(), &request).verdict == Verdict::Allowed
    }

    /// Whether the role's own denies, its cap and service control policies leave the role anything of what the
    /// statement allows. What cannot be told is left.
    pub(crate) fn leaves_something_of(&self, allow: StatementRef) -> bool {
        let boundary = match self.cap {
            Cap::Everything => return false,
            Cap::Policy(boundary) => Some(boundary),
            Cap::Nothing => None,
        };
        if self.shows_something_of(allow) {
            return true;
        }
        let Some(mut left) = self.alone(allow) else { return true };
        let levels: Option<Vec<Policy>> =
            self.around.service_control.iter().map(|level| united(level)).collect();
        let Some(levels) = levels else { return true };
        for cap in boundary.into_iter().chain(&levels) {
            match merge(&left, cap) {
                Ok(merged) if merged.fit == Fit::Exact => left = merged.policy,
                Ok(_) | Err(_) => return true,
            }
        }
        let Some(not_for_it) = self.arn().and_then(requests_of_others) else { return true };
        within(&[&left], &[&not_for_it]) != Containment::Pass
    }

    /// Whether a usual request shows it, which is cheaper than to look at all.
    fn shows_something_of(&self, allow: StatementRef) -> bool {
        const USUAL: [(&str, &str); 4] = [
            ("s3:GetObject", "arn:aws:s3:::7f3Kq9-bucket/object"),
            ("ec2:DescribeInstances", "*"),
            ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:111122223333:table/7f3Kq9-table"),
            ("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:7f3Kq9:log-stream:stream"),
        ];
        let Source::Identity(at) = allow.source else { return false };
        let document = self.documents.policies.get(at);
        let one = document.and_then(|policy| Some(policy.alone(policy.statements().get(allow.statement)?)));
        let (Some(one), Some(role)) = (one, self.arn()) else { return false };
        let alone = Policies { identity: &[&one], ..Policies::default() };
        let all = self.policies();
        USUAL.iter().any(|(action, resource)| {
            let (Ok(action), Ok(resource)) = (action.parse(), resource.parse()) else { return false };
            let (principal, context) = (role.clone().into(), Context::new());
            let resource_account = Some(role.account());
            let request = Request { principal, action, resource, resource_account, context };
            let is_allowed =
                |policies: &Policies<'_>| evaluate(policies, &request).verdict == Verdict::Allowed;
            is_allowed(&alone) && is_allowed(&all)
        })
    }

    /// A policy of this Allow and every Deny of the role.
    fn alone(&self, allow: StatementRef) -> Option<Policy> {
        let documents = self.documents.policies.iter().map(|policy| policy.to_value());
        let mut version = None;
        let mut statements: Vec<Value> = Vec::new();
        for (at, document) in documents.enumerate() {
            let list = statements_of(&document)?;
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

    /// Whether service control policies leave nothing at all to the account.
    pub(crate) fn is_left_nothing(&self) -> bool {
        let leaves_nothing = |level: &Vec<Policy>| {
            within(&level.iter().collect::<Vec<_>>(), &[&Policy::empty()]) == Containment::Pass
        };
        self.around.service_control.iter().any(leaves_nothing)
    }

    /// Whether the role can do this on one of the targets with a request of which `adjust` makes what somebody would
    /// send who wants to gain by it.
    pub(crate) fn can(
        &self,
        action: &ActionName,
        targets: impl FnOnce() -> Targets,
        adjust: impl Fn(&mut Context),
    ) -> bool {
        self.way_on(action, targets).is_some_and(|granted| {
            let Some(way) = granted.way else { return true };
            let mut request = way.request;
            adjust(&mut request.context);
            evaluate(&self.policies(), &request).verdict == Verdict::Allowed
        })
    }

    /// Nothing, if the policies cannot be asked.
    fn possible<T: Borrow<Targets>>(
        &self,
        action: &ActionName,
        targets: impl FnOnce() -> T,
    ) -> Option<Possible> {
        match self.cap {
            Cap::Everything => Some(Possible::No),
            Cap::Policy(_) | Cap::Nothing => {
                Some(self.access()?.try_borrow_mut().ok()?.possible_on(action, targets))
            }
        }
    }

    /// The role's policies under its cap, which is not everything; nothing, if they cannot be asked.
    fn access(&self) -> Option<&RefCell<Access<'a>>> {
        let boundary = if let Cap::Policy(boundary) = self.cap { Some(boundary) } else { None };
        let (identity, service_control) = (&self.documents.policies, self.around.service_control);
        let policies = Policies { identity, boundary, service_control, ..Policies::default() };
        let read = || Some(RefCell::new(Access::new(&policies, self.arn()?).ok()?));
        self.access.get_or_init(read).as_ref()
    }

    /// Where the statement stands, and its deciding words.
    pub(crate) fn evidence(&self, place: StatementRef, detail: impl Into<String>) -> Evidence {
        let policy = if let Source::Identity(at) = place.source {
            self.documents.sources.get(at).cloned().unwrap_or_default()
        } else {
            "boundary".to_owned()
        };
        let document =
            if let Source::Identity(at) = place.source { self.documents.policies.get(at) } else { None };
        let statement = document.and_then(|policy| policy.statements().get(place.statement));
        let statement = statement.map_or_else(|| place.statement.to_string(), |s| s.id().to_string());
        Evidence { policy, statement, detail: detail.into() }
    }
}

/// One policy of the statements of several; none, if they are not of one version.
fn united(policies: &[Policy]) -> Option<Policy> {
    let Some(first) = policies.first() else { return Some(Policy::empty()) };
    if policies.iter().any(|policy| policy.version() != first.version()) {
        return None;
    }
    let mut whole = first.to_value();
    let statements: Option<Vec<Vec<Value>>> =
        policies.iter().map(|policy| statements_of(&policy.to_value())).collect();
    whole.as_object_mut()?.insert("Statement".to_owned(), statements?.concat().into());
    Policy::from_value(&whole).ok()
}

/// The statements of a document, which may stand without a list.
fn statements_of(document: &Value) -> Option<Vec<Value>> {
    Some(match document.get("Statement")? {
        Value::Array(list) => list.clone(),
        one @ (Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            vec![one.clone()]
        }
    })
}

/// Every request that another principal than the role makes.
fn requests_of_others(role: &IdentityArn) -> Option<Policy> {
    let when = |condition: Value| json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
    let others = [
        when(json!({ "StringNotEquals": { "aws:PrincipalAccount": role.account().to_string() } })),
        when(json!({ "ArnNotEquals": { "aws:PrincipalArn": role.as_str() } })),
    ];
    Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": others })).ok()
}

/// Something that a role can do.
#[derive(Clone)]
pub(crate) struct Granted {
    /// The statement that grants it.
    pub(crate) grant: StatementRef,
    /// How, where that was found.
    pub(crate) way: Option<Box<Way>>,
}
