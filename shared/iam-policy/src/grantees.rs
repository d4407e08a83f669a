//! Whom a resource policy lets do something.

use std::collections::HashSet;

use crate::action::ActionName;
use crate::document::{Effect, Policy, ResourceElement, Statement};
use crate::evaluate::matching::{self, Match};
use crate::principal::{PrincipalElement, PrincipalSpec};
use crate::resource::{ResourceName, ResourcePattern};
use crate::trust::{Admitted, ConditionKey, KeyEffect, closure, listed};

/// Somebody whom a statement of a resource policy lets do an action on the resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Grantee<'a> {
    /// Who.
    pub who: Admitted<'a>,
    /// The statement that grants it.
    pub statement: &'a Statement,
    /// The keys that conditions ask for, in the statement itself or in a Deny about everyone; empty where the grant is
    /// unconditional.
    pub conditions: Vec<ConditionKey<'a>>,
}

impl Grantee<'_> {
    /// Whether a condition closes the grant to all but known accounts, organizations, resources or networks.
    pub fn is_closed(&self) -> bool {
        self.conditions.iter().any(|condition| condition.effect == KeyEffect::Closes)
    }
}

/// Tells whom a resource policy lets do `action` on `resource`: what its Allow statements grant, less what its
/// unconditional Deny statements take back. Conditions are not judged, but listed with what they do to the grant. What
/// the guide leaves open counts as granted and not as denied.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.
pub fn grantees<'a>(policy: &'a Policy, action: &ActionName, resource: &ResourceName) -> Vec<Grantee<'a>> {
    let of = |effect| policy.statements().iter().filter(move |statement| statement.effect() == effect);
    let denies = of(Effect::Deny).filter(|deny| {
        matching::action(deny.action(), action) == Match::Yes && surely_covers(deny, resource)
    });
    let mut taken_back: HashSet<Admitted<'a>> = HashSet::new();
    let mut closing = Vec::new();
    for deny in denies {
        let Some(PrincipalElement::Principal(spec)) = deny.principal() else { continue };
        if deny.is_unconditional() {
            taken_back.extend(listed(spec));
        }
        if spec.names_everyone() {
            closing.extend(closure::of_single_test(deny));
        }
    }
    let is_taken_back = |who: &Admitted<'_>| {
        let account = match who {
            Admitted::Identity(identity) => taken_back.contains(&Admitted::Account(identity.account())),
            Admitted::Everyone
            | Admitted::Service(_)
            | Admitted::Account(_)
            | Admitted::Deleted(_)
            | Admitted::Federated(_) => false,
        };
        account || taken_back.contains(&Admitted::Everyone) || taken_back.contains(who)
    };
    let mut found = Vec::new();
    for statement in of(Effect::Allow) {
        if matching::action(statement.action(), action) == Match::No || !may_cover(statement, resource) {
            continue;
        }
        let spec = match statement.principal() {
            Some(PrincipalElement::Principal(spec)) => spec,
            Some(PrincipalElement::NotPrincipal(_)) => &PrincipalSpec::Everyone,
            None => continue,
        };
        let asked = closure::of_allow(statement);
        found.extend(listed(spec).filter(|who| !is_taken_back(who)).map(|who| {
            let conditions = asked.iter().chain(&closing).cloned().collect();
            Grantee { who, statement, conditions }
        }));
    }
    found
}

fn may_cover(statement: &Statement, resource: &ResourceName) -> bool {
    let covers = |pattern: &ResourcePattern| pattern.has_variables() || pattern.matches(resource);
    match statement.resource() {
        None => true,
        Some(ResourceElement::Resource(patterns)) => patterns.iter().any(covers),
        Some(ResourceElement::NotResource(patterns)) => {
            !patterns.iter().any(|pattern| !pattern.has_variables() && pattern.matches(resource))
        }
    }
}

fn surely_covers(statement: &Statement, resource: &ResourceName) -> bool {
    match statement.resource() {
        None => true,
        Some(ResourceElement::Resource(patterns)) => {
            patterns.iter().any(|pattern| !pattern.has_variables() && pattern.matches(resource))
        }
        Some(ResourceElement::NotResource(patterns)) => {
            !patterns.iter().any(|pattern| pattern.has_variables() || pattern.matches(resource))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";

    /// Who may invoke the function, and whether a condition closes the way.
    fn found(statements: Value) -> Vec<(String, bool)> {
        let policy = Policy::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap();
        let action = "lambda:InvokeFunction".parse().unwrap();
        grantees(&policy, &action, &FUNCTION.parse().unwrap())
            .iter()
            .map(|grantee| (format!("{:?}", grantee.who), grantee.is_closed()))
            .collect()
    }

    fn allow(principal: Value) -> Value {
        json!({"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": FUNCTION})
    }

    fn when(mut statement: Value, condition: Value) -> Value {
        statement["Condition"] = condition;
        statement
    }

    #[test]
    fn everybody_who_is_named_is_found() {
        let who = json!({"AWS": "*", "Service": "s3.amazonaws.com"});
        assert_eq!(
            found(allow(who)),
            [("Everyone".to_owned(), false), ("Service(\"s3.amazonaws.com\")".to_owned(), false)]
        );
        let mut other = allow(json!("*"));
        other["Resource"] = json!("arn:aws:lambda:us-east-1:123456789012:function:other");
        assert_eq!(found(other), [], "another function");
        let mut other = allow(json!("*"));
        other["Action"] = json!("lambda:GetFunction");
        assert_eq!(found(other), [], "another action");
    }

    #[test]
    fn conditions_close_a_grant_or_leave_it_open() {
        let one = |condition: Value| found(when(allow(json!("*")), condition))[0].1;
        assert!(one(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})));
        assert!(one(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::uploads"}})));
        assert!(!one(json!({"Bool": {"aws:SecureTransport": "true"}})));
        assert!(!one(json!({"StringLike": {"aws:PrincipalArn": "*"}})));
    }

    #[test]
    fn denies_take_back_and_close() {
        let everyone = allow(json!("*"));
        let deny = |principal: Value| {
            let mut deny = allow(principal);
            deny["Effect"] = json!("Deny");
            deny
        };
        assert_eq!(found(json!([everyone, deny(json!("*"))])), []);
        assert_eq!(found(json!([everyone, deny(json!({"AWS": "210987654321"}))])).len(), 1);
        let account = allow(json!({"AWS": "210987654321"}));
        assert_eq!(found(json!([account, deny(json!({"AWS": "210987654321"}))])), []);
        let but = when(deny(json!("*")), json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}));
        assert!(found(json!([everyone, but]))[0].1, "a Deny about everyone outside an organization");
    }
}
