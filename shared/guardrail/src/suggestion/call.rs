use crate::names::RoleName;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What the function is invoked with: `{}` by its schedule, or `{"role":"name"}` by an operator who wants a proposal for that role
/// before any other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub enum Call {
    /// Whatever comes next.
    Next,
    /// This role first.
    Role(RoleName),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    role: Option<RoleName>,
}

/// What the function takes.
const FORMS: &str = "it takes `{}` or `{\"role\":\"name\"}`";

impl TryFrom<Map<String, Value>> for Call {
    type Error = String;

    /// By way of an object: a list of the fields' values would be read as well.
    fn try_from(object: Map<String, Value>) -> Result<Self, String> {
        let Fields { role } =
            serde_json::from_value(Value::Object(object)).map_err(|e| format!("{e}; {FORMS}"))?;
        Ok(role.map_or(Self::Next, Self::Role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_asks_for_nothing_and_an_operator_for_a_role() {
        let read = |text: &str| serde_json::from_str::<Call>(text);
        assert_eq!(read("{}").unwrap(), Call::Next);
        assert_eq!(read(r#"{"role":"orders"}"#).unwrap(), Call::Role("orders".parse().unwrap()));
        for wrong in [r#"{"role":""}"#, r#"{"roles":"orders"}"#, r#"["orders"]"#, r#"{"role":7}"#, "null"] {
            let why = read(wrong).unwrap_err().to_string();
            assert!(wrong.starts_with(['[', 'n']) || why.contains(FORMS), "{wrong}: {why}");
        }
    }
}
