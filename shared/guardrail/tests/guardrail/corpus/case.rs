//! One case: a file of the corpus, and what is wrong with the answer to it.

use super::Kind::{
    self, BoundaryCleared, BoundaryKept, DenyCleared, DenyKept, Hit, NearMiss, NotUnderstood, OneOfSeveral,
    ScpCleared, United,
};
use super::line::{filled, without, without_boundary, without_denies, without_each_policy};
use super::{KINDS, assess};
use serde_json::{Map, Value};

pub(super) struct Case {
    pub(super) check: &'static str,
    pub(super) kind: Kind,
    /// `<check>/<file>`.
    pub(super) name: String,
    /// A line of the interface.
    line: Value,
    expected: Expected,
}

struct Expected {
    told: Option<Told>,
    administrator: Option<bool>,
    decision: Option<String>,
    doubts: usize,
}

/// What is told of a check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
struct Told {
    severity: String,
    capped: bool,
}

impl Case {
    pub(super) fn read(check: &'static str, name: &str, text: &str) -> Result<Self, String> {
        let file = name.split_once('/').and_then(|(_, file)| file.strip_suffix(".json"));
        let begins = |(word, _): &&(&str, Kind)| {
            file.and_then(|file| file.strip_prefix(word)).is_some_and(|rest| rest.starts_with('-'))
        };
        let (_, kind) = KINDS.iter().find(begins).ok_or("its name does not begin with a kind")?;
        let mut case: Map<String, Value> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        case.remove("why").filter(Value::is_string).ok_or("it does not say why")?;
        let expect = case.remove("expect").ok_or("it does not say what to expect")?;
        let mut read = |key: &str| case.remove(key).unwrap_or_default();
        let expected = Expected {
            told: serde_json::from_value(expect).map_err(|e| e.to_string())?,
            administrator: serde_json::from_value(read("administrator")).map_err(|e| e.to_string())?,
            decision: serde_json::from_value(read("decision")).map_err(|e| e.to_string())?,
            doubts: serde_json::from_value::<Option<usize>>(read("doubts"))
                .map_err(|e| e.to_string())?
                .unwrap_or(0),
        };
        let line = filled(case)?;
        Ok(Self { check, kind: *kind, name: name.to_owned(), line, expected })
    }

    /// What is wrong with it.
    pub(super) fn faults(&self) -> Vec<String> {
        let Self { check, kind, line, expected, .. } = self;
        let answer = assess::answer(line.to_string().as_bytes());
        let mut faults = Vec::new();
        let mut hold = |holds: bool, fault: String| {
            if !holds {
                faults.push(fault);
            }
        };
        let told = told(&answer, check);
        hold(told == expected.told, format!("expected {:?}, told {told:?}", expected.told));
        if let Some(administrator) = expected.administrator {
            hold(
                answer["administrator"] == administrator,
                format!("administrator is {}", answer["administrator"]),
            );
        }
        if let Some(decision) = &expected.decision {
            hold(answer["decision"] == decision.as_str(), format!("decided {}", answer["decision"]));
        }
        let doubts = answer["doubts"].as_array().unwrap();
        hold(doubts.len() == expected.doubts, format!("doubts {doubts:?}"));
        let is_of_the_line = |doubt: &Value| doubt.as_str().unwrap().starts_with("the line cannot be read");
        hold(!doubts.iter().any(is_of_the_line), format!("{doubts:?}"));
        let told_of = |line: &Value| self::told(&assess::answer(line.to_string().as_bytes()), check);
        let is_open = |told: &Option<Told>| told.as_ref().is_some_and(|told| !told.capped);
        match kind {
            Hit | OneOfSeveral | DenyKept | BoundaryKept | United => {
                hold(is_open(&expected.told), format!("{kind:?} is to expect something possible now"));
            }
            NearMiss | DenyCleared | ScpCleared => {
                hold(expected.told.is_none(), format!("{kind:?} is to expect nothing"));
            }
            BoundaryCleared => {
                hold(!is_open(&expected.told), "what is cleared is not possible now".to_owned());
            }
            NotUnderstood => hold(expected.doubts > 0, "what is not understood is a doubt".to_owned()),
        }
        match kind {
            United => {
                for (what, line) in without_each_policy(line) {
                    hold(told_of(&line).is_none(), format!("found without {what} as well"));
                }
            }
            OneOfSeveral => {
                let rest = without_each_policy(line);
                hold(rest.len() > 1, "it has no other policy".to_owned());
                let deciding = rest.iter().filter(|(_, line)| told_of(line).is_none()).count();
                hold(deciding == 1, format!("{deciding} policies decide"));
            }
            DenyCleared => {
                hold(is_open(&told_of(&without_denies(line))), "not found without the Denies".into())
            }
            DenyKept => hold(without_denies(line) != *line, "nothing is denied".into()),
            BoundaryCleared => {
                hold(is_open(&told_of(&without_boundary(line))), "not found without the boundary".into());
            }
            BoundaryKept => hold(without_boundary(line) != *line, "it has no boundary".into()),
            ScpCleared => hold(
                is_open(&told_of(&without(line, "scps"))),
                "not found without the service control policies".into(),
            ),
            Hit | NearMiss | NotUnderstood => {}
        }
        faults
    }
}

fn told(answer: &Value, check: &str) -> Option<Told> {
    let mut breaches = answer["breaches"].as_array().unwrap().iter();
    let breach = breaches.find(|breach| breach["check"] == check)?;
    let (severity, capped) = (breach["severity"].as_str().unwrap(), breach["capped"].as_bool().unwrap());
    Some(Told { severity: severity.to_owned(), capped })
}
