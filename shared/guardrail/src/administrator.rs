//! Whether a role has its account, or can get it on permissions of its own.
//!
//! A way counts if every step is allowed and nothing needs to exist but what the role can make or fully control: itself,
//! a new user, group, role or policy, or an existing one that it may both rewrite and become. What depends on somebody else's rights is
//! a privilege escalation, not administration.

use crate::account_targets::partition;
use crate::snapshot::{Boundary, Cap, PolicySource};
use crate::view::View;
use iam_policy::{
    ActionName, Because, Containment, Context, Effect, IdentityArn, NoResource, Policies, Policy, Request,
    ResourceName, Targets, Verdict, evaluate, within,
};
use serde_json::json;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Whether a role is an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administrator {
    /// It may do all that service control policies leave to the account, or can get there by itself.
    Yes,
    /// It is not.
    No,
}

impl Administrator {
    /// What cannot be told counts as possible.
    pub(crate) fn of(view: &View<'_>) -> Self {
        let is_one = match (view.cap, view.arn()) {
            (Cap::Everything, _) | (_, None) => false,
            (Cap::Nothing | Cap::Policy(_), Some(role)) => {
                let ways = Ways::new(view, role);
                has_everything(view) || ways.makes_a_user() || ways.makes_a_role() || ways.rewrites_itself()
            }
        };
        if is_one { Self::Yes } else { Self::No }
    }
}

/// Whether the policies allow all that the service control policies leave, unconditionally.
fn has_everything(view: &View<'_>) -> bool {
    let identity: Vec<&Policy> = view.documents().map(|(policy, _)| policy).collect();
    // Cheaper than a comparison, and what every other role fails at.
    let is_open = |policy: &Policy| {
        policy
            .statements()
            .iter()
            .any(|statement| statement.effect() == Effect::Allow && statement.is_unconditional())
    };
    identity.iter().any(|policy| is_open(policy))
        && is_all_that_is_left(view, &identity)
        && allows_everything(view)
        && !view.is_left_nothing()
}

/// Whether the cap leaves all that the service control policies leave.
fn allows_everything(view: &View<'_>) -> bool {
    match view.cap {
        Cap::Nothing => true,
        Cap::Everything => false,
        Cap::Policy(boundary) => is_all_that_is_left(view, &[boundary]),
    }
}

static EVERYTHING: LazyLock<Option<Policy>> = LazyLock::new(|| {
    let everything = json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } });
    Policy::from_value(&everything).ok()
});

/// Whether `policies` allow everything there is, unconditionally.
pub(crate) fn allow_everything(view: &View<'_>, policies: &[&Policy]) -> bool {
    EVERYTHING.as_ref().is_some_and(|everything| is_covered(view, &[everything], policies))
}

/// Whether `policies` allow everything that every level of service control policies allows.
fn is_all_that_is_left(view: &View<'_>, policies: &[&Policy]) -> bool {
    // What all levels allow is within each of them: one that is within the policies is enough.
    let mut levels = view.service_control().iter();
    allow_everything(view, policies)
        || levels.any(|level| is_covered(view, &level.iter().collect::<Vec<_>>(), policies))
}

fn is_covered(view: &View<'_>, level: &[&Policy], policies: &[&Policy]) -> bool {
    !lacks_something(view, level, policies) && within(level, policies) == Containment::Pass
}

/// Actions that policies which allow much leave out, and one that AWS does not have yet.
const OFTEN_LEFT_OUT: [&str; 5] = [
    "iam:CreateUser",
    "organizations:LeaveOrganization",
    "account:CloseAccount",
    "s3:DeleteBucket",
    "7f3kq9-new:Action",
];

/// A request of the role for each of [`OFTEN_LEFT_OUT`].
fn often_left_out(role: &IdentityArn) -> impl Iterator<Item = Request> {
    OFTEN_LEFT_OUT.iter().filter_map(|action| action.parse().ok()).map(|action| Request {
        principal: role.clone().into(),
        action,
        resource: ResourceName::Any,
        resource_account: Some(role.account()),
        context: Context::new(),
    })
}

/// Whether a request shows that `policies` do not allow all of `level`, which is cheaper than to compare them.
fn lacks_something(view: &View<'_>, level: &[&Policy], policies: &[&Policy]) -> bool {
    let Some(role) = view.arn() else { return false };
    let is_allowed = |identity: &[&Policy], request: &Request| {
        evaluate(&Policies { identity, ..Policies::default() }, request).verdict == Verdict::Allowed
    };
    often_left_out(role).any(|request| !is_allowed(policies, &request) && is_allowed(level, &request))
}

/// Whether a request shows that the Allows of `policies` are together not about everything, which is cheaper than to
/// read them without the Denies.
pub(crate) fn is_silent_on_something(view: &View<'_>, policies: &[&Policy]) -> bool {
    let is_unsaid = |request: Request| {
        let because = evaluate(&Policies { identity: policies, ..Policies::default() }, &request).because;
        // A Deny that applies says nothing about the Allows.
        matches!(because, Because::NotAllowedBy(_))
    };
    view.arn().is_some_and(|role| often_left_out(role).any(is_unsaid))
}

/// So many other users or roles are looked at.
const MOST_OTHERS: usize = 20;

/// The ways to everything on permissions of one's own.
struct Ways<'v, 'a> {
    view: &'v View<'a>,
    role: &'v IdentityArn,
    partition: &'v str,
    /// Customer's policies of which the role decides what they say; looked for where one may help.
    written: OnceCell<Vec<String>>,
}

impl<'v, 'a> Ways<'v, 'a> {
    fn new(view: &'v View<'a>, role: &'v IdentityArn) -> Self {
        Self { view, role, partition: partition(role), written: OnceCell::new() }
    }

    /// Whether one of the actions may be possible, for all that is clear without a search.
    fn may(&self, actions: [&str; 2]) -> bool {
        let may = |action: ActionName| !self.view.is_out_of_question(&action);
        actions.into_iter().any(|action| action.parse().is_ok_and(may))
    }

    fn can(&self, action: &str, resource: &str, adjust: impl Fn(&mut Context)) -> bool {
        let targets = || Targets::new([resource], NoResource::Excluded);
        action.parse::<ActionName>().is_ok_and(|action| self.view.can(&action, targets, adjust))
    }

    /// A user or role under a name that no policy will have meant, and one for each pattern that the policies grant
    /// something on; never the role itself.
    fn others(&self, kind: &str) -> BTreeSet<String> {
        let prefix = format!("arn:{}:iam::{}:{kind}/", self.partition, self.role.account());
        let grants = self.view.statements().filter(|(_, statement)| statement.effect() == Effect::Allow);
        let patterns =
            grants.filter_map(|(_, statement)| statement.resource()).flat_map(|element| element.patterns());
        let part = format!(":{kind}/");
        let named = patterns
            .filter_map(|pattern| Some(pattern.as_str().split_once(&part)?.1.replace(['*', '?'], "x")));
        let named = named.map(|name| format!("{prefix}{name}")).filter(|arn| arn != self.role.as_str());
        named.take(MOST_OTHERS).chain([format!("{prefix}7f3Kq9-any-at-all-Zx1")]).collect()
    }

    /// Policies that give everything once the role has written them: those that it makes or rewrites.
    fn written(&self) -> &[String] {
        self.written.get_or_init(|| {
            let is_written =
                |policy: &String| self.can("iam:CreatePolicy", policy, |_| {}) || self.rewrites(policy);
            if self.may(["iam:CreatePolicy", "iam:CreatePolicyVersion"]) {
                self.others("policy").into_iter().filter(is_written).collect()
            } else {
                Vec::new()
            }
        })
    }

    /// Attaches what gives everything to this user, group or role, which has no boundary.
    fn strengthens(&self, kind: &str, resource: &str) -> bool {
        let everything = format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition);
        let attaches = |policy: &str| {
            self.can(&format!("iam:Attach{kind}Policy"), resource, |context| {
                context.remove("iam:PermissionsBoundary");
                context.insert("iam:PolicyARN", [policy]);
            })
        };
        attaches(&everything)
            || self.can(&format!("iam:Put{kind}Policy"), resource, |context| {
                context.remove("iam:PermissionsBoundary")
            })
            || self.written().iter().any(|policy| attaches(policy))
    }

    /// A user that the role makes or rewrites, itself or by a group, and whose credentials it takes.
    fn makes_a_user(&self) -> bool {
        let rewrites = self.may(["iam:AttachUserPolicy", "iam:PutUserPolicy"]);
        let fills_a_group = self.fills_a_group();
        (rewrites || fills_a_group)
            && self.others("user").iter().any(|user| {
                let takes = |action| self.can(action, user, |_| {});
                (fills_a_group || self.strengthens("User", user))
                    && (takes("iam:CreateAccessKey")
                        || takes("iam:CreateLoginProfile")
                        || takes("iam:UpdateLoginProfile"))
            })
    }

    /// A group that the role makes or rewrites, and puts users into.
    fn fills_a_group(&self) -> bool {
        self.may(["iam:AttachGroupPolicy", "iam:PutGroupPolicy"])
            && self.others("group").iter().any(|group| {
                self.can("iam:AddUserToGroup", group, |_| {}) && self.strengthens("Group", group)
            })
    }

    /// A role that the role makes, or rewrites and lets itself assume. A trust policy that names the role is all that
    /// it takes to assume one of the same account.
    fn makes_a_role(&self) -> bool {
        self.may(["iam:AttachRolePolicy", "iam:PutRolePolicy"])
            && self.others("role").iter().any(|role| {
                let makes = || {
                    self.can("iam:CreateRole", role, |context| context.remove("iam:PermissionsBoundary"))
                        || self.can("iam:CreateRole", role, |_| {})
                            && self.can("iam:DeleteRolePermissionsBoundary", role, |_| {})
                };
                self.strengthens("Role", role)
                    && (makes() || self.can("iam:UpdateAssumeRolePolicy", role, |_| {}))
            })
    }

    /// Its own policies, where no boundary and no Deny is left in the way.
    fn rewrites_itself(&self) -> bool {
        let itself = self.role.as_str();
        let gains = self.strengthens("Role", itself) || self.attached().any(|policy| self.rewrites(policy));
        gains
            && (allows_everything(self.view) || self.lifts_its_boundary(itself))
            && self.lifts_its_denies(itself)
    }

    /// The customer's policies that are attached to it.
    fn attached(&self) -> impl Iterator<Item = &'a str> {
        self.view.role.policies.iter().filter_map(|policy| match &policy.source {
            PolicySource::Managed(arn) if !arn.is_aws_managed() => Some(arn.as_str()),
            PolicySource::Managed(_) | PolicySource::Inline(_) => None,
        })
    }

    fn rewrites(&self, policy: &str) -> bool {
        self.can("iam:CreatePolicyVersion", policy, |_| {})
    }

    fn lifts_its_boundary(&self, itself: &str) -> bool {
        let everything = format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition);
        let rewrites = match &self.view.role.boundary {
            Boundary::Attached { arn, .. } => !arn.is_aws_managed() && self.rewrites(arn.as_str()),
            Boundary::Absent => false,
        };
        rewrites
            || self.can("iam:DeleteRolePermissionsBoundary", itself, |_| {})
            || self.can("iam:PutRolePermissionsBoundary", itself, |context| {
                context.insert("iam:PermissionsBoundary", [everything.as_str()]);
            })
    }

    fn lifts_its_denies(&self, itself: &str) -> bool {
        let denies =
            |policy: &Policy| policy.statements().iter().any(|statement| statement.effect() == Effect::Deny);
        self.view.role.policies.iter().all(|policy| {
            !policy.document.understood().is_some_and(denies)
                || match &policy.source {
                    PolicySource::Inline(_) => {
                        self.can("iam:DeleteRolePolicy", itself, |_| {})
                            || self.can("iam:PutRolePolicy", itself, |_| {})
                    }
                    PolicySource::Managed(arn) => {
                        self.can("iam:DetachRolePolicy", itself, |context| {
                            context.insert("iam:PolicyARN", [arn.as_str()])
                        }) || (!arn.is_aws_managed() && self.rewrites(arn.as_str()))
                    }
                }
        })
    }
}
