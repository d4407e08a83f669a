use super::AnalyzerMode;
use crate::checks::strangers;
use crate::escalation::Escalations;
use crate::function::{Entrance, Function};
use crate::snapshot::{Boundary, Document, PolicySource, RoleSnapshot};
use crate::trust::Trust;
use iam_policy::{
    ActionName, Admitted, Containment, Grantee, Level, Policy, PolicyKind, Version, grantees, within,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What it is about.
    pub about: Place,
    /// What is asked.
    pub ask: Ask,
    /// What our engine says to the same question.
    pub ours: Ours,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// One policy of the role.
    Policy(PolicySource),
    /// All policies of the role, boundary apart.
    AllPolicies,
    /// Its trust policy.
    Trust,
    /// The resource policy of a function, version or alias, by its ARN.
    Function(String),
}

impl fmt::Display for Place {
    /// As evidence shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(source) => source.fmt(f),
            Self::AllPolicies => f.write_str("all policies of the role"),
            Self::Trust => f.write_str("trust"),
            Self::Function(arn) => f.write_str(arn),
        }
    }
}

/// What is asked. Documents are JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `ValidatePolicy`: whether the document is written right.
    Validate {
        /// The document.
        document: String,
        /// In which grammar.
        kind: DocumentKind,
    },
    /// `CheckNoNewAccess`: whether `new` allows nothing beyond `existing`.
    NoNewAccess {
        /// The document that may allow more.
        new: String,
        /// The one that it is held against.
        existing: String,
        /// Which that is.
        against: Against,
    },
    /// `CheckAccessNotGranted`: whether the document allows none of [`CRITICAL_ACTIONS`].
    CriticalNotGranted {
        /// The document.
        document: String,
    },
    /// `CheckNoPublicAccess`: whether the document lets nobody in whom it does not know.
    NoPublicAccess {
        /// The document.
        document: String,
        /// What it is attached to.
        resource: PublicResource,
    },
}

/// What a policy must allow nothing beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The boundary that the role has, or is to have.
    Boundary,
    /// The version of the same policy that was in force before.
    EarlierVersion,
}

/// Which grammar a document follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// What a role may do.
    Identity,
    /// Who may assume a role.
    Trust,
}

/// What a resource policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicResource {
    /// A role: its trust policy.
    Role,
    /// A function.
    Function,
}

/// Our own answer, found without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// Nothing is wrong.
    Pass,
    /// Something is.
    Fail,
    /// It cannot be told, or we judge something else.
    Unsure,
}

/// Documents asked about one by one: a role has up to 20 managed policies
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>), and nobody reads of more.
const MOST_DOCUMENTS: usize = 10;

/// The actions that, each by itself, let a role gain rights on its own account: the steps of IAM itself in
/// `data/privilege-escalation.json`. `CheckAccessNotGranted` takes at most 100 in one call
/// (<https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Access.html>); a test holds that these are fewer.
pub static CRITICAL_ACTIONS: LazyLock<BTreeSet<ActionName>> = LazyLock::new(|| {
    let one_step = Escalations::bundled().minimal().filter_map(|way| match way.actions() {
        [action] if action.service() == "iam" => Some(action.clone()),
        _ => None,
    });
    one_step.collect()
});

/// What there is to ask about a role once `after` is its boundary.
#[must_use]
pub fn of_role(mode: AnalyzerMode, role: &RoleSnapshot, after: &Boundary) -> Vec<Question> {
    match mode {
        AnalyzerMode::Off => Vec::new(),
        AnalyzerMode::Validate => validations(role),
        AnalyzerMode::Checks => {
            let mut questions = validations(role);
            questions.extend(united_checks(role, after));
            questions.extend(trust_check(role));
            questions
        }
    }
}

/// What there is to ask about who may call a function.
#[must_use]
pub fn of_function(mode: AnalyzerMode, function: &Function) -> Vec<Question> {
    if mode != AnalyzerMode::Checks {
        return Vec::new();
    }
    let question = |entrance: &Entrance| {
        let document = as_json(entrance.policy.as_ref()?)?;
        let ask = Ask::NoPublicAccess { document, resource: PublicResource::Function };
        let about = Place::Function(function.entrance_arn(entrance));
        Some(Question { about, ask, ours: anybody_calls(function, entrance) })
    };
    function.entrances.iter().filter_map(question).take(MOST_DOCUMENTS).collect()
}

/// Whether a new version of a policy allows more than the version before it.
#[must_use]
pub fn of_new_version(
    mode: AnalyzerMode,
    source: PolicySource,
    new: &Document,
    before: &Document,
) -> Option<Question> {
    let (new_json, existing) = (as_json(new)?, as_json(before)?);
    let ours = match (new.understood(), before.understood()) {
        (Some(new), Some(before)) => contained(&[new], before),
        _ => Ours::Unsure,
    };
    let ask = Ask::NoNewAccess { new: new_json, existing, against: Against::EarlierVersion };
    (mode == AnalyzerMode::Checks).then_some(Question { about: Place::Policy(source), ask, ours })
}

fn validations(role: &RoleSnapshot) -> Vec<Question> {
    let policies = role.policies.iter().filter(
        // AWS answers for its own.
        |policy| !matches!(&policy.source, PolicySource::Managed(arn) if arn.is_aws_managed()),
    );
    let of_policies = policies.take(MOST_DOCUMENTS).filter_map(|policy| {
        let about = Place::Policy(policy.source.clone());
        validation(about, &policy.document, DocumentKind::Identity)
    });
    of_policies.chain(validation(Place::Trust, &role.role.trust, DocumentKind::Trust)).collect()
}

fn validation(about: Place, document: &Document, kind: DocumentKind) -> Option<Question> {
    let grammar = match kind {
        DocumentKind::Identity => PolicyKind::Identity,
        DocumentKind::Trust => PolicyKind::Trust,
    };
    let is_an_error =
        |policy: &Policy| policy.validate(grammar).iter().any(|problem| problem.level >= Level::Error);
    let ours = match document {
        Document::Understood(policy) if !is_an_error(policy) => Ours::Pass,
        Document::Understood(_) | Document::NotUnderstood(_) => Ours::Fail,
        Document::Gone => Ours::Unsure,
    };
    Some(Question { about, ask: Ask::Validate { document: as_json(document)?, kind }, ours })
}

/// The role's policies in one document: within the boundary, and without the critical actions.
fn united_checks(role: &RoleSnapshot, after: &Boundary) -> Vec<Question> {
    let policies: Vec<&Policy> =
        role.policies.iter().filter_map(|policy| policy.document.understood()).collect();
    let all_understood = policies.len() == role.policies.len();
    let Some(document) = united(&policies) else { return Vec::new() };
    // What was not understood is in no document, so a pass would say nothing of the role.
    let sure = |ours: Ours| if all_understood { ours } else { Ours::Unsure };
    let critical = CRITICAL_ACTIONS.iter().map(ToString::to_string).collect::<Vec<_>>();
    let others = json!({"Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "NotAction": critical, "Resource": "*"}});
    let none_granted =
        Policy::from_value(&others).map_or(Ours::Unsure, |others| contained(&policies, &others));
    let mut questions = vec![Question {
        about: Place::AllPolicies,
        ask: Ask::CriticalNotGranted { document: document.clone() },
        ours: sure(none_granted),
    }];
    if let Some((boundary, existing)) =
        after.document().and_then(|document| Some((document.understood()?, as_json(document)?)))
    {
        questions.push(Question {
            about: Place::AllPolicies,
            ask: Ask::NoNewAccess { new: document, existing, against: Against::Boundary },
            ours: sure(contained(&policies, boundary)),
        });
    }
    questions
}

fn trust_check(role: &RoleSnapshot) -> Option<Question> {
    let document = as_json(&role.role.trust)?;
    let ask = Ask::NoPublicAccess { document, resource: PublicResource::Role };
    Some(Question { about: Place::Trust, ask, ours: anybody_assumes(role) })
}

/// Whether anybody at all may assume the role.
fn anybody_assumes(role: &RoleSnapshot) -> Ours {
    match Trust::of(&role.role) {
        Trust::Understood { anybody, .. } if anybody.is_empty() => Ours::Pass,
        Trust::Understood { .. } => Ours::Fail,
        Trust::NotUnderstood => Ours::Unsure,
    }
}

/// Whether anybody at all may call the function there. Other strangers, such as services without a source, are not what Access
/// Analyzer is known to call public.
fn anybody_calls(function: &Function, entrance: &Entrance) -> Ours {
    let (Some(Document::Understood(policy)), Ok(invoke), Ok(arn)) =
        (&entrance.policy, "lambda:InvokeFunction".parse(), function.entrance_arn(entrance).parse())
    else {
        return Ours::Unsure;
    };
    let anybody = |grantee: &Grantee<'_>| grantee.who == Admitted::Everyone && !grantee.is_closed();
    if grantees(policy, &invoke, &arn).iter().any(anybody) {
        Ours::Fail
    } else if strangers(function, entrance).is_empty() {
        Ours::Pass
    } else {
        Ours::Unsure
    }
}

fn contained(inner: &[&Policy], outer: &Policy) -> Ours {
    match within(inner, &[outer]) {
        Containment::Pass => Ours::Pass,
        Containment::Fail(_) => Ours::Fail,
        Containment::Unknown(_) => Ours::Unsure,
    }
}

/// The document as text. What was understood is written anew, so that every question has the same form.
fn as_json(document: &Document) -> Option<String> {
    match document {
        Document::Understood(policy) => Some(policy.to_json()),
        Document::NotUnderstood(why) => why.as_it_came().map(str::to_owned),
        Document::Gone => None,
    }
}

/// One document that allows and denies what all of them do; none, where variables mean text in one and values in another, or
/// there is nothing to unite.
fn united(policies: &[&Policy]) -> Option<String> {
    if policies.is_empty() || policies.iter().any(|policy| policy.version() != Some(Version::V2012)) {
        return None;
    }
    let mut statements = Vec::new();
    for policy in policies {
        let statement = policy.to_value().get_mut("Statement").map(Value::take)?;
        if let Value::Array(several) = statement {
            statements.extend(several);
        } else {
            statements.push(statement);
        }
    }
    for statement in &mut statements {
        // Unique in one policy, but not in several.
        statement.as_object_mut()?.shift_remove("Sid");
    }
    Some(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}
