//! One boundary out of two, which allows nothing that either of them does not.

mod conditions;
mod elements;
mod meet;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::language::{Budget, Exhausted};
use super::resources::{ResourceRule, Resources};
use super::{Containment, Doubt, within};
use crate::condition::ValueType;
use crate::document::{Effect, Policy, Statement, Version};
use crate::glob::NoValues;
use crate::print;
use crate::variable::escaped;
use conditions::Both;
pub(super) use elements::{BothResources, both_resources};
use meet::Loss;

/// A policy that is within two others.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The policy. It is as long as it has to be, and without a statement where there is nothing in common; `validate`
    /// tells whether IAM stores it.
    pub policy: Policy,
    /// Whether it allows all that both allow.
    pub fit: Fit,
}

/// How a merged policy lies to what the two policies both allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// It allows what both allow, as far as the guide settles it.
    Exact,
    /// It may allow less: what two statements have in common could not be written as a statement.
    Narrower,
}

/// What one merge may cost before it is checked.
const BUDGET: u32 = 120_000;

/// More statements than this are far beyond what IAM stores.
const MOST_IN_COMMON: usize = 1_000;

/// More statements than this are not worth looking at one by one.
const MOST_STATEMENTS: usize = 40;

/// A boundary that allows what `one` and `other` both allow: the answer to a boundary of somebody else's that must
/// stay and is too wide. It keeps every Deny of both, because those also hold where a resource's own policy grants.
///
/// That it is [`within`] both is shown before it is returned; a statement of which that cannot be shown is left out.
///
/// # Errors
/// A policy names principals or has a statement without Resource, or they can be combined in too many ways.
pub fn merge(one: &Policy, other: &Policy) -> Result<Merged, Doubt> {
    let (left, right) = (in_current_version(one)?, in_current_version(other)?);
    let mut denies: Vec<Value> = Vec::new();
    for statement in of_effect(&left, Effect::Deny).chain(of_effect(&right, Effect::Deny)) {
        let printed = print::statement(statement);
        if !denies.iter().any(|seen| is_alike(seen, &printed)) {
            denies.push(printed);
        }
    }
    let (allows, loss) = in_common(&left, &right)?;
    let is_within = |allows: &[Value]| {
        let policy = document(allows, &denies)?;
        [one, other].iter().all(|outer| within(&[&policy], &[outer]) == Containment::Pass).then_some(policy)
    };
    if let Some(policy) = is_within(&allows) {
        return Ok(Merged { policy, fit: if loss == Loss::Nothing { Fit::Exact } else { Fit::Narrower } });
    }
    if allows.len() > MOST_STATEMENTS {
        return Err(Doubt::TooComplex);
    }
    let shown: Vec<Value> =
        allows.into_iter().filter(|allow| is_within(std::slice::from_ref(allow)).is_some()).collect();
    let policy = is_within(&shown).ok_or(Doubt::Unconfirmed)?;
    Ok(Merged { policy, fit: Fit::Narrower })
}

/// The policy in the version of the language that has variables: where there were none, `${` was two characters.
fn in_current_version(policy: &Policy) -> Result<Policy, Doubt> {
    for statement in policy.statements() {
        match (statement.principal(), statement.resource()) {
            (Some(_), _) => return Err(Doubt::NamesPrincipal),
            (None, None) => return Err(Doubt::NoResource),
            (None, Some(_)) => {}
        }
    }
    if policy.version() == Some(Version::V2012) {
        return Ok(policy.clone());
    }
    let statements: Vec<Value> = policy.statements().iter().map(without_variables).collect();
    let document = json!({ "Version": Version::V2012.as_str(), "Statement": statements });
    Policy::from_value(&document).map_err(|_| Doubt::Unconfirmed)
}

/// The statement, `${` escaped where there may be variables: in resources and in what is compared as text or as ARN.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.
fn without_variables(statement: &Statement) -> Value {
    fn escape(value: &mut Value) {
        match value {
            Value::String(text) => *text = escaped(text),
            Value::Array(values) => values.iter_mut().for_each(escape),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
    }
    let mut printed = print::statement(statement);
    for element in ["Resource", "NotResource"] {
        printed.get_mut(element).into_iter().for_each(escape);
    }
    for block in statement.conditions() {
        let is_text = matches!(block.operator().comparison().value_type(), ValueType::Text | ValueType::Arn);
        let tests = printed.get_mut("Condition").and_then(|condition| condition.get_mut(block.written()));
        let tests = tests.and_then(Value::as_object_mut).filter(|_| is_text);
        tests.into_iter().flat_map(Map::values_mut).for_each(escape);
    }
    printed
}

fn of_effect(policy: &Policy, effect: Effect) -> impl Iterator<Item = &Statement> {
    policy.statements().iter().filter(move |statement| statement.effect() == effect)
}

/// Statements for what an Allow of each policy allows.
fn in_common(one: &Policy, other: &Policy) -> Result<(Vec<Value>, Loss), Doubt> {
    let mut budget = Budget::new(BUDGET);
    let mut known = Resources::new()?;
    let mut sides = Vec::new();
    for policy in [one, other] {
        let allows = of_effect(policy, Effect::Allow);
        let allows = allows.map(|statement| {
            let resource = statement.resource().ok_or(Doubt::NoResource)?;
            Ok((statement, known.add(resource, &NoValues)?))
        });
        sides.push(allows.collect::<Result<Vec<_>, Doubt>>()?);
    }
    let [left, right] = sides.as_slice() else { return Err(Doubt::Unconfirmed) };
    let (mut statements, mut loss) = (Vec::new(), Loss::Nothing);
    for left in left {
        for right in right {
            let (statement, lost) = both(left, right, &mut known, &mut budget)?;
            statements.extend(statement);
            if statements.len() > MOST_IN_COMMON {
                return Err(Doubt::TooComplex);
            }
            loss = loss.or(lost);
        }
    }
    Ok((united(statements), loss))
}

/// A statement for what both statements allow, if there is anything.
fn both(
    (left, left_resource): &(&Statement, ResourceRule),
    (right, right_resource): &(&Statement, ResourceRule),
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<(Option<Value>, Loss), Exhausted> {
    budget.spend(1)?;
    let (action, lost_actions) = elements::actions(left.action(), right.action(), budget)?;
    if action.is_nothing() {
        return Ok((None, lost_actions));
    }
    let (resource, lost_resources) = elements::resources(left_resource, right_resource, known, budget)?;
    let loss = lost_actions.or(lost_resources);
    if resource.is_nothing() {
        return Ok((None, loss));
    }
    let (condition, lost_values) = match conditions::both(left, right, budget)? {
        Both::When(condition, loss) => (condition, loss),
        Both::Never => return Ok((None, loss)),
        Both::Lost => return Ok((None, Loss::Something)),
    };
    let mut statement = Map::new();
    if let Some(sid) = [left, right].into_iter().find_map(|statement| statement.sid()) {
        statement.insert("Sid".to_owned(), sid.into());
    }
    statement.insert("Effect".to_owned(), Effect::Allow.as_str().into());
    action.put("Action", "NotAction", &mut statement);
    resource.put("Resource", "NotResource", &mut statement);
    if !condition.is_empty() {
        statement.insert("Condition".to_owned(), condition.into());
    }
    Ok((Some(statement.into()), loss.or(lost_values)))
}

/// Statements that differ in what they list as Action become one.
fn united(statements: Vec<Value>) -> Vec<Value> {
    const OTHERS: [&str; 4] = ["NotAction", "Resource", "NotResource", "Condition"];
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut united: Vec<Value> = Vec::new();
    for statement in statements {
        let others = OTHERS.map(|element| statement.get(element).unwrap_or(&Value::Null));
        let next = united.len();
        let place = *places.entry(json!(others).to_string()).or_insert(next);
        match (united.get_mut(place), statement.get("Action")) {
            (Some(seen), Some(Value::Array(actions))) => {
                if let Some(Value::Array(seen)) = seen.get_mut("Action") {
                    let new = actions.iter().filter(|action| !seen.contains(action)).cloned();
                    seen.extend(new.collect::<Vec<_>>());
                }
            }
            // With NotAction, and all else the same.
            (Some(_), _) => {}
            (None, _) => united.push(statement),
        }
    }
    united
}

/// Whether two statements differ in nothing but their Sid.
fn is_alike(left: &Value, right: &Value) -> bool {
    let elements = |statement: &Value| {
        let mut statement = statement.as_object().cloned().unwrap_or_default();
        statement.shift_remove("Sid");
        statement
    };
    elements(left) == elements(right)
}

/// The document of these statements. Of two that have one Sid the later loses it, because IAM wants them unique.
fn document(allows: &[Value], denies: &[Value]) -> Option<Policy> {
    let mut seen: Vec<Value> = Vec::new();
    let statements = allows.iter().chain(denies).cloned().map(|mut statement| {
        if let Some(object) = statement.as_object_mut()
            && let Some(sid) = object.get("Sid").cloned()
        {
            if seen.contains(&sid) {
                object.shift_remove("Sid");
            } else {
                seen.push(sid);
            }
        }
        statement
    });
    let statements: Vec<Value> = statements.collect();
    Policy::from_value(&json!({ "Version": Version::V2012.as_str(), "Statement": statements })).ok()
}
