//! The boundaries that this build ships, as the stack's parameters make them.

use crate::failure::Failure;
use guardrail::boundary_policy::{Deployment, ShippedPolicies};
use std::borrow::Cow;
use std::sync::OnceLock;

/// The boundary policies of `template.yaml`, as this crate was built with them (see `build.rs`). With the parameters of the
/// stack they are what the policies have to say.
pub const SHIPPED_BOUNDARIES: &str = include_str!(concat!(env!("OUT_DIR"), "/shipped-boundaries.json"));

/// Rendered when they are first needed: a new role without a boundary never waits for it.
#[derive(Debug)]
pub(crate) struct ShippedBoundaries {
    documents: Cow<'static, str>,
    deployment: Deployment,
    rendered: OnceLock<ShippedPolicies>,
}

impl ShippedBoundaries {
    pub(crate) fn new(documents: impl Into<Cow<'static, str>>, deployment: Deployment) -> Self {
        Self { documents: documents.into(), deployment, rendered: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> Result<&ShippedPolicies, Failure> {
        if let Some(rendered) = self.rendered.get() {
            return Ok(rendered);
        }
        let rendered = ShippedPolicies::render(&self.documents, &self.deployment)
            .map_err(|e| Failure::malformed("the shipped boundaries cannot be rendered", e))?;
        Ok(self.rendered.get_or_init(|| rendered))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::ShippedBoundaries;
    use crate::settings::tests::settings;

    /// The baseline as if the template had this document.
    pub(crate) fn shipping(baseline: &str) -> ShippedBoundaries {
        let documents = format!(
            r#"{{"BaselineBoundary":{{"name":"ringfence-baseline-v1","path":"/ringfence/","document":{baseline}}}}}"#
        );
        ShippedBoundaries::new(documents, settings().deployment)
    }

    #[test]
    fn what_this_build_ships_is_rendered_with_the_settings_of_a_function() {
        let shipped = ShippedBoundaries::new(super::SHIPPED_BOUNDARIES, settings().deployment);
        assert_eq!(shipped.get().unwrap().iter().count(), 2);
    }
}
