//! Whether a request is allowed.
//!
//! An explicit deny anywhere decides. Otherwise every level of service and resource control policies has to
//! allow, and then either the caller's own policies, cut to boundary and session policy, or a grant by the
//! resource. See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.
//!
//! Where the guide is silent, an Allow applies and a Deny does not, which over-states what is possible; the
//! answer names the open questions it hangs on.

pub(crate) mod conditions;
pub(crate) mod matching;
mod principals;
mod verdict;

use crate::document::{Effect, Policy, Statement};
use crate::principal::{IdentityKind, PrincipalElement};
use crate::request::{Principal, Request};
use crate::resource::ResourceName;

use matching::Match;
pub use matching::Undocumented;
use principals::Capacity;
pub use verdict::{Because, Evaluation, Layer, Silence, Source, StatementRef, Verdict};

/// The policies that bear on a request. Leave out what does not exist: no boundary is `None`, whereas a boundary
/// whose policy is gone is [`Policy::empty`], which allows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// What is attached to the caller, inline and managed.
    pub identity: &'a [&'a Policy],
    /// The caller's permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// What the session was limited to when it was made.
    pub session: Option<&'a Policy>,
    /// The service control policies of the caller's account by level, root first. Leave them out for the
    /// management account, which they do not bind.
    pub service_control: &'a [Vec<Policy>],
    /// The resource control policies of the owner's account by level, root first, with the full access that AWS
    /// attaches to each.
    pub resource_control: &'a [Vec<Policy>],
    /// The policy of the resource.
    pub resource: Option<&'a Policy>,
    /// The trust policy, where the resource is a role to be assumed.
    pub trust: Option<&'a Policy>,
    /// The policies of the VPC endpoint that the request comes through.
    pub vpc_endpoint: &'a [&'a Policy],
}

/// Decides a request.
pub fn evaluate(policies: &Policies<'_>, request: &Request) -> Evaluation {
    let (because, silences) = Evaluator::new(policies, request, Reading::Lenient).decide();
    let verdict = because.verdict();
    let hangs_on_them = !silences.is_empty() && {
        let (otherwise, _) = Evaluator::new(policies, request, Reading::Strict).decide();
        otherwise.verdict() != verdict
    };
    let undocumented = if hangs_on_them { silences } else { Vec::new() };
    Evaluation { verdict, because, undocumented }
}

impl Because {
    /// The verdict that rests on this.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::DeniedBy(_) => Verdict::ExplicitlyDenied,
            Self::AllowedBy(_) | Self::AccountRoot => Verdict::Allowed,
            Self::NotAllowedBy(_) => Verdict::ImplicitlyDenied,
        }
    }
}

/// How to take a statement about which the guide is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The Allow applies, the Deny does not.
    Lenient,
    /// The Deny applies, the Allow does not.
    Strict,
}

struct Evaluator<'a> {
    policies: &'a Policies<'a>,
    request: &'a Request,
    reading: Reading,
    silences: Vec<Silence>,
}

/// A Deny that applies, which ends the evaluation.
struct Denied(StatementRef);

type UnlessDenied<T> = Result<T, Denied>;

/// The first Allow that applies, for each capacity in which it names the caller.
#[derive(Default)]
struct Grants {
    itself: Option<StatementRef>,
    role: Option<StatementRef>,
    account: Option<StatementRef>,
}

impl Grants {
    fn any(&self) -> Option<StatementRef> {
        self.itself.or(self.role).or(self.account)
    }

    fn note(&mut self, capacity: Capacity, statement: StatementRef) {
        let place = match capacity {
            Capacity::Itself => &mut self.itself,
            Capacity::Role => &mut self.role,
            Capacity::Account => &mut self.account,
        };
        place.get_or_insert(statement);
    }
}

/// What the caller's own policies say.
struct Own {
    /// What grants the request: an identity policy, or being the root user.
    grant: Option<Because>,
    /// The first of boundary and session policy that does not allow it.
    capped_by: Option<Layer>,
}

impl Own {
    /// The grant, cut to boundary and session policy.
    fn capped(&self) -> Result<Because, Layer> {
        let grant = self.grant.ok_or(Layer::Identity)?;
        self.capped_by.map_or(Ok(grant), Err)
    }
}

impl<'a> Evaluator<'a> {
    fn new(policies: &'a Policies<'a>, request: &'a Request, reading: Reading) -> Self {
        Self { policies, request, reading, silences: Vec::new() }
    }

    fn decide(mut self) -> (Because, Vec<Silence>) {
        let because = self.weigh().unwrap_or_else(|Denied(statement)| Because::DeniedBy(statement));
        (because, self.silences)
    }

    /// Looks at every policy before it decides, because a Deny in the last one counts as well.
    fn weigh(&mut self) -> UnlessDenied<Because> {
        let own = self.own()?;
        let ceiling = self.ceiling()?;
        let mut grants = Grants::default();
        self.scan_one(self.policies.resource, Source::Resource, &mut grants)?;
        self.scan_one(self.trust(), Source::Trust, &mut grants)?;
        let allowed = match ceiling {
            Some(layer) => Err(layer),
            None => self.combine(&own, &grants),
        };
        Ok(allowed.unwrap_or_else(Because::NotAllowedBy))
    }

    /// The trust policy, for the calls that it decides upon: it says nothing about reading or changing the role.
    fn trust(&self) -> Option<&'a Policy> {
        self.policies.trust.filter(|_| self.request.action.service() == "sts")
    }

    /// Services, strangers and identity providers have no policies of their own.
    fn own(&mut self) -> UnlessDenied<Own> {
        let Principal::Identity(caller) = &self.request.principal else {
            return Ok(Own { grant: None, capped_by: None });
        };
        let mut grants = Grants::default();
        for (policy, document) in self.policies.identity.iter().enumerate() {
            self.scan(document, Source::Identity(policy), &mut grants)?;
        }
        let boundary = self.cap(self.policies.boundary, Source::Boundary, Layer::Boundary)?;
        let session = self.cap(self.policies.session, Source::Session, Layer::Session)?;
        let grant = match caller.kind() {
            IdentityKind::Root => Some(Because::AccountRoot),
            IdentityKind::User | IdentityKind::Role | IdentityKind::Session | IdentityKind::FederatedUser => {
                grants.any().map(Because::AllowedBy)
            }
        };
        Ok(Own { grant, capped_by: boundary.or(session) })
    }

    /// The layer, if it is there and does not allow the request.
    fn cap(&mut self, policy: Option<&Policy>, source: Source, layer: Layer) -> UnlessDenied<Option<Layer>> {
        let mut grants = Grants::default();
        self.scan_one(policy, source, &mut grants)?;
        Ok(if policy.is_some() && grants.any().is_none() { Some(layer) } else { None })
    }

    /// The first level of the organization, or else the VPC endpoint, that does not allow the request.
    ///
    /// Service-linked roles are bound by neither kind of organization policy.
    /// See <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>.
    fn ceiling(&mut self) -> UnlessDenied<Option<Layer>> {
        let mut missing = None;
        if !self.request.role().is_some_and(|role| role.is_service_linked_role()) {
            let is_identity = matches!(self.request.principal, Principal::Identity(_));
            let service_control = if is_identity { self.policies.service_control } else { &[] };
            for (level, documents) in service_control.iter().enumerate() {
                let source = |policy| Source::ServiceControl { level, policy };
                let allowed = self.union(documents, source)?;
                missing = missing.or((!allowed).then_some(Layer::ServiceControl(level)));
            }
            for (level, documents) in self.policies.resource_control.iter().enumerate() {
                let source = |policy| Source::ResourceControl { level, policy };
                let allowed = self.union(documents, source)?;
                missing = missing.or((!allowed).then_some(Layer::ResourceControl(level)));
            }
        }
        let endpoint = self.policies.vpc_endpoint;
        let allowed = self.union(endpoint.iter().copied(), Source::VpcEndpoint)?;
        Ok(missing.or((!allowed && !endpoint.is_empty()).then_some(Layer::VpcEndpoint)))
    }

    /// Whether one of the policies allows the request.
    fn union<'p>(
        &mut self,
        policies: impl IntoIterator<Item = &'p Policy>,
        source: impl Fn(usize) -> Source,
    ) -> UnlessDenied<bool> {
        let mut grants = Grants::default();
        for (position, policy) in policies.into_iter().enumerate() {
            self.scan(policy, source(position), &mut grants)?;
        }
        Ok(grants.any().is_some())
    }

    fn scan_one(&mut self, policy: Option<&Policy>, source: Source, grants: &mut Grants) -> UnlessDenied<()> {
        policy.map_or(Ok(()), |policy| self.scan(policy, source, grants))
    }

    /// Notes what the policy grants, and fails on a Deny.
    fn scan(&mut self, policy: &Policy, source: Source, grants: &mut Grants) -> UnlessDenied<()> {
        let statements = policy.candidates_for(&self.request.action);
        for statement in statements {
            if statement.effect() == Effect::Allow && grants.itself.is_some() {
                continue;
            }
            let Some(capacity) = self.applies(statement, source) else {
                continue;
            };
            let place = StatementRef { source, statement: statement.index() };
            match statement.effect() {
                Effect::Deny => return Err(Denied(place)),
                Effect::Allow => grants.note(capacity, place),
            }
        }
        Ok(())
    }

    /// In what capacity the statement concerns the caller, if it applies to the request.
    fn applies(&mut self, statement: &Statement, source: Source) -> Option<Capacity> {
        let (matched, capacity) = examine(statement, source, self.request, self.callers_boundary());
        let applies = match (matched, self.reading, statement.effect()) {
            (Match::Yes, _, _) => true,
            (Match::No, _, _) => false,
            (Match::Silent(question), reading, effect) => {
                let statement = StatementRef { source, statement: statement.index() };
                self.silences.push(Silence { statement, question });
                (reading == Reading::Lenient) == (effect == Effect::Allow)
            }
        };
        applies.then_some(capacity)
    }

    fn callers_boundary(&self) -> Option<&'a Policy> {
        self.policies.boundary.filter(|_| matches!(self.request.principal, Principal::Identity(_)))
    }

    /// Weighs the caller's side against the resource's.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>.
    fn combine(&self, own: &Own, grants: &Grants) -> Result<Because, Layer> {
        let granted = grants.any().ok_or(Layer::Resource);
        let Some(account) = self.request.principal.account() else {
            return granted.map(Because::AllowedBy);
        };
        if self.request.owner() != Some(account) {
            let allowed = own.capped()?;
            return granted.map(|_| allowed);
        }
        if let Some(grant) = grants.itself {
            return Ok(Because::AllowedBy(grant));
        }
        if let Some(grant) = grants.role
            && own.capped_by.is_none()
        {
            return Ok(Because::AllowedBy(grant));
        }
        if self.needs_grant() {
            granted?;
        }
        own.capped()
    }

    /// Whether the resource has to grant the request even within its own account: roles to be assumed and keys.
    /// See <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>.
    fn needs_grant(&self) -> bool {
        let is_key = self.request.action.service() == "kms"
            && match &self.request.resource {
                ResourceName::Arn(arn) => arn.resource().starts_with("key/"),
                ResourceName::Any => false,
            };
        self.trust().is_some() || (is_key && self.policies.resource.is_some())
    }
}

/// Whether a statement of an identity policy applies to a request; where the guide is silent, an Allow does and a Deny
/// does not.
pub(crate) fn applies(statement: &Statement, request: &Request) -> bool {
    match examine(statement, Source::Identity(0), request, None).0 {
        Match::Yes => true,
        Match::No => false,
        Match::Silent(_) => statement.effect() == Effect::Allow,
    }
}

/// What the elements of a statement together say about a request.
fn examine(
    statement: &Statement,
    source: Source,
    request: &Request,
    boundary: Option<&Policy>,
) -> (Match, Capacity) {
    let mut capacity = Capacity::Itself;
    let matched = matching::action(statement.action(), &request.action)
        .and(|| match statement.resource() {
            Some(element) => matching::resource(element, request),
            None => (source == Source::Trust).into(),
        })
        .and(|| match (source, statement.principal()) {
            (Source::Identity(_) | Source::Boundary | Source::Session | Source::ServiceControl { .. }, _) => {
                Match::Yes
            }
            // Whoever has a boundary is denied, listed or not.
            // See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
            (_, Some(PrincipalElement::NotPrincipal(_)))
                if boundary.is_some() && statement.effect() == Effect::Deny =>
            {
                Match::Yes
            }
            (_, Some(element)) => {
                let (matched, as_whom) = principals::concerns(element, request);
                capacity = as_whom;
                matched
            }
            (_, None) => Match::No,
        })
        .and(|| conditions::hold(statement, &request.context));
    (matched, capacity)
}
