//! A role as the checks look at it: as it is now, or as it would be without its boundary.

mod remainder;

use crate::account_targets::{AccountTargets, Reach};
use crate::assess::{Approval, Evidence, Surroundings};
use crate::checks::WholeGrant;
use crate::function::Function;
use crate::snapshot::{Cap, Document, RoleSnapshot};
use iam_policy::catalogue::Action;
use iam_policy::{
    Access, ActionName, Containment, Context, Effect, IdentityArn, Policies, Policy, Possible, Source,
    Statement, StatementRef, Targets, Verdict, Way, evaluate, within,
};
use std::borrow::Borrow;
use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

/// The policies of a role that were understood, in the order of the snapshot.
pub(crate) struct Documents<'a> {
    policies: Vec<&'a Policy>,
    /// What evidence calls each of them.
    sources: Vec<String>,
    /// Found when a check first asks, and the same under every cap.
    written_whole_grants: OnceCell<Vec<WholeGrant>>,
}

impl<'a> Documents<'a> {
    pub(crate) fn of(role: &'a RoleSnapshot) -> Self {
        let understood = |document: &'a Document| document.understood();
        let (policies, sources) = role
            .policies
            .iter()
            .filter_map(|policy| Some((understood(&policy.document)?, policy.source.to_string())))
            .unzip();
        Self { policies, sources, written_whole_grants: OnceCell::new() }
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

    /// The grants of whole services that the role's own policies write, found by `find` where they were not yet under
    /// any cap.
    pub(crate) fn written_whole_grants(&self, find: impl FnOnce(&Self) -> Vec<WholeGrant>) -> &[WholeGrant] {
        self.documents.written_whole_grants.get_or_init(|| find(self))
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

    /// The statement of the role's own policies that stands there.
    pub(crate) fn statement(&self, place: StatementRef) -> Option<&'a Statement> {
        let Source::Identity(at) = place.source else { return None };
        self.documents.policies.get(at)?.statements().get(place.statement)
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
        let question = self.question(action)?;
        self.answer(&question, targets)
    }

    /// What bears on the action; none, if it takes no search to see that the role cannot do it on anything.
    pub(crate) fn question<'n>(&self, action: &'n ActionName) -> Option<Question<'a, 'n>> {
        if let Cap::Everything = self.cap {
            return None;
        }
        match self.access().and_then(|access| access.try_borrow().ok()) {
            Some(access) => access.question(action).map(|asked| Question { action, asked: Some(asked) }),
            None => Some(Question { action, asked: None }),
        }
    }

    /// The same as [`Self::way_on`] for what the question is about.
    pub(crate) fn answer<T: Borrow<Targets>>(
        &self,
        question: &Question<'a, '_>,
        targets: impl FnOnce() -> T,
    ) -> Option<Granted> {
        let action = question.action;
        match self.possible(question, targets) {
            Some(Possible::No) => None,
            Some(Possible::Yes(way)) => {
                self.grants_of(question).next()?;
                Some(Granted { grant: way.grant, way: Some(way) })
            }
            Some(Possible::Doubtful(_)) | None => {
                let (grant, _) = self.grants(action).next()?;
                Some(Granted { grant, way: None })
            }
        }
    }

    /// The statements that allow what the question is about somewhere, read by themselves.
    pub(crate) fn grants_of<'q>(
        &'q self,
        question: &'q Question<'a, '_>,
    ) -> impl Iterator<Item = &'a Statement> + 'q {
        let asked = question.asked.iter().flat_map(iam_policy::Question::grants);
        let unasked = question.asked.is_none().then(|| self.grants(question.action).map(|(_, grant)| grant));
        asked.chain(unasked.into_iter().flatten())
    }

    /// Whether it takes no search to see that the role cannot do this on anything.
    pub(crate) fn is_out_of_question(&self, action: &ActionName) -> bool {
        self.question(action).is_none()
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
        question: &Question<'a, '_>,
        targets: impl FnOnce() -> T,
    ) -> Option<Possible> {
        let asked = question.asked.as_ref()?;
        Some(self.access()?.try_borrow_mut().ok()?.answer(asked, targets().borrow()))
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
        let statement =
            self.statement(place).map_or_else(|| place.statement.to_string(), |s| s.id().to_string());
        Evidence { policy, statement, detail: detail.into() }
    }
}

/// What bears on an action under the view that was asked.
pub(crate) struct Question<'a, 'n> {
    action: &'n ActionName,
    /// None, if the policies cannot be asked.
    asked: Option<iam_policy::Question<'a, 'n>>,
}

impl<'n> Question<'_, 'n> {
    pub(crate) fn action(&self) -> &'n ActionName {
        self.action
    }
}

/// Something that a role can do.
#[derive(Clone)]
pub(crate) struct Granted {
    /// The statement that grants it.
    pub(crate) grant: StatementRef,
    /// How, where that was found.
    pub(crate) way: Option<Box<Way>>,
}
