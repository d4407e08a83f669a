//! `template.yaml`, `forwarder.yaml` and `organization.yaml`, read and rendered without AWS.
//!
//! Rendering resolves parameters, conditions, mappings and references the way CloudFormation does; names that
//! CloudFormation would generate are made up, in its form. What the template uses and this does not know, panics.

mod render;
mod source;

pub use render::{ACCOUNT, Stack};

use serde_json::Value;

/// A template as it is written, short tags (`!Ref`) turned into the long form (`{"Ref": …}`).
#[derive(Debug, Clone)]
pub struct Template(Value);

impl Template {
    /// Reads the project's `template.yaml`.
    #[must_use]
    pub fn of_project() -> Self {
        Self::at("template.yaml")
    }

    /// Reads the project's `organization.yaml`.
    #[must_use]
    pub fn of_organization() -> Self {
        Self::at("organization.yaml")
    }

    /// Reads the project's `forwarder.yaml`.
    #[must_use]
    pub fn of_forwarder() -> Self {
        Self::at("forwarder.yaml")
    }

    /// Reads a template by its path in the project.
    #[must_use]
    pub fn at(path: &str) -> Self {
        let path = crate::project_root().join(path);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
        Self(source::parse(&text))
    }

    /// A section by its name: `Parameters`, `Resources` …
    #[must_use]
    pub fn section(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("template.yaml has no section `{name}`"))
    }

    /// What CloudFormation would deploy with these parameters; all others have their defaults.
    #[must_use]
    pub fn rendered(&self, parameters: &[(&str, &str)]) -> Stack {
        self.rendered_in(render::HOME, parameters)
    }

    /// The same in another Region than the home one.
    #[must_use]
    pub fn rendered_in(&self, region: &str, parameters: &[(&str, &str)]) -> Stack {
        Stack::render(&self.0, region, parameters)
    }

    /// What the template's rules say against deploying it there with these parameters: each failed assertion's description.
    #[must_use]
    pub fn refusals_in(&self, region: &str, parameters: &[(&str, &str)]) -> Vec<String> {
        Stack::refusals(&self.0, region, parameters)
    }
}
