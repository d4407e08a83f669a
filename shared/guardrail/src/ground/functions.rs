//! Ringfence's own functions, held against what was deployed.
//!
//! What was deployed stands in the rule that starts the sweep, where CloudFormation wrote it: whoever changes a function would have
//! to change that too. What does not depend on a parameter is the same in all functions, so the others are held against the sweep's
//! own. Compared are the role, the environment, whether there are layers, and whether the concurrency is 0; code, handler, runtime,
//! timeout, memory and any other concurrency are not: the call that changes one is told, its result is not looked at again.

use super::GroundFault;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// One of Ringfence's functions, as Lambda tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnFunction {
    /// The ARN of its role.
    pub role: String,
    /// Its environment, without what Lambda adds.
    pub environment: BTreeMap<String, String>,
    /// How many layers it has.
    pub layers: usize,
    /// What was reserved for it; none where it shares with the others.
    pub reserved_concurrency: Option<i32>,
}

/// What a stack was deployed with, as its schedule says: the value of each variable that a parameter decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Deployed {
    /// By the name of the variable.
    pub settings: BTreeMap<String, String>,
}

impl Deployed {
    /// Reads the input of the schedule's target; none where it is not one that a stack of this version wrote.
    #[must_use]
    pub fn of_input(input: &str) -> Option<Self> {
        serde_json::from_str(input).ok().filter(|deployed: &Self| !deployed.settings.is_empty())
    }
}

/// Whatever is not as deployed. `functions` are all that there should be, by the ARN of the role that each should have; none where there is
/// no such function. `sweep` is the name of the one that looks.
#[must_use]
pub fn changed_functions(
    functions: &BTreeMap<String, (String, Option<OwnFunction>)>,
    deployed: Option<&Deployed>,
    sweep: &str,
) -> BTreeSet<GroundFault> {
    let mut faults = BTreeSet::new();
    if deployed.is_none() {
        faults.insert(GroundFault::SettingsUnknown);
    }
    let common = functions.get(sweep).and_then(|(_, function)| function.as_ref());
    for (name, (role, function)) in functions {
        let Some(function) = function else {
            faults.insert(GroundFault::FunctionMissing(name.clone()));
            continue;
        };
        if &function.role != role {
            faults.insert(GroundFault::FunctionWithAnotherRole(name.clone()));
        }
        if function.layers > 0 {
            faults.insert(GroundFault::FunctionWithLayers(name.clone()));
        }
        if function.reserved_concurrency == Some(0) {
            faults.insert(GroundFault::FunctionSwitchedOff(name.clone()));
        }
        let variables = changed_variables(function, deployed, common.unwrap_or(function));
        faults.extend(variables.into_iter().map(|variable| GroundFault::SettingChanged {
            function: name.clone(),
            variable: variable.to_owned(),
        }));
    }
    faults
}

/// The variables that differ, that are gone, or that nobody deployed.
fn changed_variables<'a>(
    function: &'a OwnFunction,
    deployed: Option<&'a Deployed>,
    common: &'a OwnFunction,
) -> BTreeSet<&'a str> {
    let intended = deployed.map(|deployed| &deployed.settings);
    let expected = |variable: &str| {
        let intended = intended.and_then(|settings| settings.get(variable));
        intended.or_else(|| common.environment.get(variable).filter(|_| variable.starts_with("RINGFENCE_")))
    };
    let deployed = intended.into_iter().flat_map(BTreeMap::keys);
    let all = function.environment.keys().chain(common.environment.keys()).chain(deployed);
    all.filter(|variable| function.environment.get(*variable) != expected(variable))
        .map(String::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWEEP: &str = "ringfence-sweep-account";
    const OTHER: &str = "ringfence-on-role-change";

    fn role(name: &str) -> String {
        format!("arn:aws:iam::123456789012:role/ringfence/{name}")
    }

    fn as_deployed(name: &str) -> (String, Option<OwnFunction>) {
        let environment = [("RINGFENCE_MODE", "enforce"), ("RINGFENCE_LEDGER_TABLE", "ledger")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        (role(name), Some(OwnFunction { role: role(name), environment, ..OwnFunction::default() }))
    }

    fn deployed() -> Deployed {
        Deployed::of_input(r#"{"settings": {"RINGFENCE_MODE": "enforce"}}"#).unwrap()
    }

    /// What is told where one function was changed.
    fn told(name: &str, change: impl FnOnce(&mut OwnFunction)) -> Vec<String> {
        let mut functions = BTreeMap::from([SWEEP, OTHER].map(|name| (name.to_owned(), as_deployed(name))));
        change(functions.get_mut(name).unwrap().1.as_mut().unwrap());
        changed_functions(&functions, Some(&deployed()), SWEEP).iter().map(ToString::to_string).collect()
    }

    fn set(function: &mut OwnFunction, name: &str, value: &str) {
        function.environment.insert(name.to_owned(), value.to_owned());
    }

    #[test]
    fn as_deployed_there_is_nothing_to_tell() {
        assert_eq!(told(OTHER, |_| ()), [""; 0]);
        assert_eq!(told(OTHER, |function| function.reserved_concurrency = Some(5)), [""; 0]);
    }

    #[test]
    fn each_change_of_a_function_is_told() {
        let other_role = |function: &mut OwnFunction| function.role = role("ringfence-undo-remediation");
        assert_eq!(
            told(OTHER, other_role),
            [format!("function {OTHER} has another role than the one deployed")]
        );
        assert_eq!(
            told(OTHER, |function| function.layers = 1),
            [format!("function {OTHER} has a layer, which nobody deployed")]
        );
        assert_eq!(
            told(OTHER, |function| function.reserved_concurrency = Some(0)),
            [format!("function {OTHER} has a concurrency of 0, so it never runs")]
        );
    }

    #[test]
    fn a_setting_that_differs_goes_or_comes_is_told_by_its_name_and_never_by_its_value() {
        let differs = |variable: &str| format!("setting {variable} of function {OTHER} is not as deployed");
        assert_eq!(told(OTHER, |it| set(it, "RINGFENCE_MODE", "observe")), [differs("RINGFENCE_MODE")]);
        assert_eq!(
            told(OTHER, |it| set(it, "RINGFENCE_LEDGER_TABLE", "another")),
            [differs("RINGFENCE_LEDGER_TABLE")],
            "held against the sweep's own"
        );
        let gone = |it: &mut OwnFunction| drop(it.environment.remove("RINGFENCE_MODE"));
        assert_eq!(told(OTHER, gone), [differs("RINGFENCE_MODE")]);
        for sneaked_in in ["AWS_ENDPOINT_URL", "SSL_CERT_FILE", "LD_PRELOAD", "AWS_LAMBDA_EXEC_WRAPPER"] {
            assert_eq!(told(OTHER, |it| set(it, sneaked_in, "hostile")), [differs(sneaked_in)]);
        }
    }

    #[test]
    fn what_is_changed_in_every_function_is_told_of_each() {
        let mut functions = BTreeMap::from([SWEEP, OTHER].map(|name| (name.to_owned(), as_deployed(name))));
        for (_, function) in functions.values_mut() {
            set(function.as_mut().unwrap(), "RINGFENCE_MODE", "observe");
            set(function.as_mut().unwrap(), "AWS_ENDPOINT_URL", "hostile");
        }
        assert_eq!(changed_functions(&functions, Some(&deployed()), SWEEP).len(), 4);
    }

    #[test]
    fn a_function_that_is_gone_and_a_schedule_that_says_nothing_are_told() {
        let mut functions = BTreeMap::from([SWEEP, OTHER].map(|name| (name.to_owned(), as_deployed(name))));
        functions.get_mut(OTHER).unwrap().1 = None;
        let missing = GroundFault::FunctionMissing(OTHER.to_owned());
        assert_eq!(
            changed_functions(&functions, Some(&deployed()), SWEEP),
            BTreeSet::from([missing.clone()])
        );
        assert_eq!(
            changed_functions(&functions, None, SWEEP),
            BTreeSet::from([missing, GroundFault::SettingsUnknown])
        );
        for input in ["", "{}", r#"{"settings": {}}"#, r#"{"settings": {"A": 1}}"#, "[]"] {
            assert_eq!(Deployed::of_input(input), None, "{input}");
        }
    }
}
