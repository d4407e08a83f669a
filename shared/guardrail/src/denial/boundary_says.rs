use super::refusal::RefusalKind;
use super::shipped_denial::ShippedDenial;
use crate::snapshot::Document;
use iam_policy::{ActionName, Effect, Policy, ResourceElement, Statement};

/// What the boundary's document says of a refused action. The resource and the conditions of the call are not known: CloudTrail
/// leaves out what a refused call asked for, and the error's message is no evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundarySays {
    /// Statements deny it.
    Denies {
        /// Their Sids, or their positions where they have none; at least one. What is about Ringfence's own parts comes last.
        statements: Vec<String>,
        /// Whether they deny it whatever the call is about.
        certainty: Certainty,
    },
    /// No statement allows it on anything.
    AllowsNowhere,
    /// Statements allow it, but only on some resources or under conditions.
    AllowsElsewhere,
    /// It allows it on everything and denies it nowhere: it was another document, or another boundary, when the call was refused.
    AllowsByNow,
    /// Its policy was deleted, and so it refuses everything.
    Gone,
    /// Its document was not understood.
    NotUnderstood,
}

/// Whether statements decide by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// They deny the action on everything, or are the only ones that may have.
    Certain,
    /// One of them did; which one depends on the resource or on conditions.
    OneOfThem,
}

impl BoundarySays {
    /// Looks the action up in the document that is the boundary now.
    #[must_use]
    pub fn of(document: &Document, action: &ActionName, kind: RefusalKind) -> Self {
        let policy = match document {
            Document::Understood(policy) => policy,
            Document::Gone => return Self::Gone,
            Document::NotUnderstood(_) => return Self::NotUnderstood,
        };
        let (certain, possible) = denying(policy, action);
        let allowing: Vec<&Statement> = about(policy, action, Effect::Allow).collect();
        let allows_everywhere = allowing.iter().any(|statement| is_on_everything(statement));
        match (certain.is_empty(), kind) {
            (false, _) => Self::denied_by(&certain, Certainty::Certain),
            // Whatever may deny it, AWS says that nothing did.
            (true, RefusalKind::ImplicitDeny) if allowing.is_empty() => Self::AllowsNowhere,
            (true, RefusalKind::ImplicitDeny) if !allows_everywhere => Self::AllowsElsewhere,
            (true, RefusalKind::ImplicitDeny) => Self::AllowsByNow,
            (true, RefusalKind::ExplicitDeny) => match possible.as_slice() {
                [] => Self::AllowsByNow,
                [_] => Self::denied_by(&possible, Certainty::Certain),
                _ => Self::denied_by(&possible, Certainty::OneOfThem),
            },
        }
    }

    /// What the first denying statement keeps away, where it is one of a shipped boundary.
    #[must_use]
    pub fn shipped_denial(&self) -> Option<ShippedDenial> {
        match self {
            Self::Denies { statements, .. } => ShippedDenial::of_sid(statements.first()?),
            Self::AllowsNowhere
            | Self::AllowsElsewhere
            | Self::AllowsByNow
            | Self::Gone
            | Self::NotUnderstood => None,
        }
    }

    fn denied_by(statements: &[&Statement], certainty: Certainty) -> Self {
        let mut statements: Vec<String> =
            statements.iter().map(|statement| statement.id().to_string()).collect();
        statements
            .sort_by_key(|sid| ShippedDenial::of_sid(sid).is_some_and(ShippedDenial::is_about_ringfence));
        Self::Denies { statements, certainty }
    }
}

/// The statements that deny the action: on everything, and on some resources or under conditions.
fn denying<'p>(policy: &'p Policy, action: &ActionName) -> (Vec<&'p Statement>, Vec<&'p Statement>) {
    about(policy, action, Effect::Deny).partition(|statement| is_on_everything(statement))
}

fn about<'p>(policy: &'p Policy, action: &ActionName, effect: Effect) -> impl Iterator<Item = &'p Statement> {
    let about: Vec<&Statement> = policy.statements_about(action).collect();
    about.into_iter().filter(move |statement| statement.effect() == effect)
}

fn is_on_everything(statement: &Statement) -> bool {
    let on_everything = match statement.resource() {
        Some(ResourceElement::Resource(patterns)) => {
            patterns.iter().any(iam_policy::ResourcePattern::covers_everything)
        }
        Some(ResourceElement::NotResource(patterns)) => patterns.is_empty(),
        None => false,
    };
    on_everything && statement.is_unconditional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn says(statements: Value, action: &str, kind: RefusalKind) -> BoundarySays {
        let document =
            Document::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string());
        BoundarySays::of(&document, &action.parse().unwrap(), kind)
    }

    fn denies(statements: &[&str], certainty: Certainty) -> BoundarySays {
        BoundarySays::Denies {
            statements: statements.iter().map(|sid| (*sid).to_owned()).collect(),
            certainty,
        }
    }

    /// Like a shipped one.
    fn boundary() -> Value {
        json!([
            {"Sid": "AllowEverything", "Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Sid": "DenyTouchingRingfence", "Effect": "Deny", "Action": "*", "Resource": "arn:aws:sqs:*:123456789012:ringfence-*"},
            {"Sid": "DenyCreatingIdentities", "Effect": "Deny", "Action": ["iam:CreateUser", "iam:CreateRole"], "Resource": "*"},
            {"Sid": "DenyAssumingRolesOfThisAccount", "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::123456789012:role/*"},
        ])
    }

    #[test]
    fn a_statement_that_denies_on_everything_is_named_alone() {
        let says = |action| says(boundary(), action, RefusalKind::ExplicitDeny);
        assert_eq!(says("iam:createuser"), denies(&["DenyCreatingIdentities"], Certainty::Certain));
    }

    #[test]
    fn where_the_resource_decides_those_that_may_have_are_named() {
        let says = |action| says(boundary(), action, RefusalKind::ExplicitDeny);
        let one_of = ["DenyAssumingRolesOfThisAccount", "DenyTouchingRingfence"];
        assert_eq!(says("sts:AssumeRole"), denies(&one_of, Certainty::OneOfThem), "ours last");
        let only = denies(&["DenyTouchingRingfence"], Certainty::Certain);
        assert_eq!(says("sqs:GetQueueAttributes"), only, "nothing else can have been it");
        assert_eq!(only.shipped_denial(), Some(ShippedDenial::TouchingRingfence));
    }

    #[test]
    fn a_statement_without_a_sid_is_named_by_its_position() {
        let policy = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]);
        let says = says(policy, "iam:CreateUser", RefusalKind::ExplicitDeny);
        assert_eq!(says, denies(&["1"], Certainty::Certain));
        assert_eq!(says.shipped_denial(), None);
    }

    #[test]
    fn what_nothing_allows_is_told_from_what_is_allowed_elsewhere() {
        let list = json!([{"Effect": "Allow", "Action": ["s3:Get*", "logs:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:123456789012:orders"},
            {"Effect": "Allow", "Action": "sns:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]);
        let says = |action| says(list.clone(), action, RefusalKind::ImplicitDeny);
        assert_eq!(says("ec2:DescribeInstances"), BoundarySays::AllowsNowhere);
        assert_eq!(says("sqs:CreateQueue"), BoundarySays::AllowsElsewhere);
        assert_eq!(says("sns:CreateTopic"), BoundarySays::AllowsElsewhere);
        assert_eq!(says("logs:CreateLogGroup"), BoundarySays::AllowsByNow);
    }

    #[test]
    fn a_boundary_that_says_something_else_by_now_is_seen() {
        let open = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
        assert_eq!(says(open, "iam:CreateUser", RefusalKind::ExplicitDeny), BoundarySays::AllowsByNow);
        // AWS said that nothing allows it, and now something even denies it.
        let says = says(boundary(), "iam:CreateUser", RefusalKind::ImplicitDeny);
        assert_eq!(says, denies(&["DenyCreatingIdentities"], Certainty::Certain));
    }

    #[test]
    fn a_document_that_is_gone_or_not_understood_is_said_to_be() {
        let action = "iam:CreateUser".parse().unwrap();
        let says = |document: &Document| BoundarySays::of(document, &action, RefusalKind::ImplicitDeny);
        assert_eq!(says(&Document::Gone), BoundarySays::Gone);
        assert_eq!(says(&Document::parse("{")), BoundarySays::NotUnderstood);
    }
}
