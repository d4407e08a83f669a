//! The role that an open function has. Each version has the one that the function had when it was published.

use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use guardrail::exposure::{Behind, Exposure};
use guardrail::names::RoleArn;
use std::collections::BTreeSet;

impl Account {
    /// The worst of the roles that callers get at. One that AWS does not let Ringfence read is no reason not to tell what is open.
    pub(crate) async fn behind(&self, exposure: &Exposure) -> Result<Behind, Failure> {
        let mut roles = BTreeSet::new();
        for qualifier in exposure.open_entrances() {
            roles.extend(self.role_of_version(&exposure.function().arn, qualifier.as_ref()).await?);
        }
        let mut found = Vec::new();
        for role in roles {
            found.push(match self.judged(&role).await {
                Ok(behind) => behind,
                Err(failure) if failure.class() == FailureClass::Denied => {
                    Behind::Unreadable { why: failure.to_string(), role }
                }
                Err(failure) => return Err(failure),
            });
        }
        Ok(Behind::worst(found))
    }

    async fn judged(&self, role: &RoleArn) -> Result<Behind, Failure> {
        let Some(found) = self.get_role(role.name()).await? else { return Ok(Behind::Missing(role.clone())) };
        let snapshot = self.read_policies(found).await?;
        Ok(Behind::judged(snapshot, &self.settings.rules))
    }
}
