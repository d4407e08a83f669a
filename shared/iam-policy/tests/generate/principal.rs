//! Principal and NotPrincipal, most of them about the caller or about somebody near.

use serde_json::{Value, json};

use super::Draw;
use super::request::{ACCOUNT, Asked, IDENTITIES, OTHER_ACCOUNT, PROVIDERS, SERVICES};

impl Draw {
    pub(super) fn principal_element(&mut self, asked: &Asked) -> Value {
        if self.percent(12) {
            return "*".into();
        }
        let mut element = json!({});
        let wants_identities = asked.is_identity() || self.percent(25);
        if wants_identities {
            let entries = (0..self.pick_owned(&[1, 1, 2, 3])).map(|_| self.identity(asked).into()).collect();
            element["AWS"] = self.one_or_many(entries);
        }
        if !asked.principal.starts_with("arn:") || self.percent(10) {
            let every = self.percent(3);
            let name = if every { "*" } else { self.near(&asked.principal, &SERVICES) };
            element["Service"] = self.one_or_many(vec![name.into()]);
        }
        if asked.principal.contains("provider") || asked.principal == PROVIDERS[0] {
            element["Federated"] = self.near(&asked.principal, &PROVIDERS).into();
        }
        element
    }

    /// The text itself, if it is one of those, or any of them.
    fn near<'a>(&mut self, text: &str, among: &[&'a str]) -> &'a str {
        match among.iter().find(|known| **known == text) {
            Some(known) if self.percent(75) => known,
            _ => self.pick(among),
        }
    }

    /// An entry under `AWS`.
    fn identity(&mut self, asked: &Asked) -> String {
        let account = asked.account().unwrap_or(ACCOUNT);
        match self.below(100) {
            0..=34 if asked.is_identity() => asked.principal.clone(),
            35..=49 if asked.role().is_some() => {
                // Sometimes the right name under another path.
                let path = self.pick(&[":role/", ":role/", ":role/", ":role/", ":role/q/"]);
                asked.role().unwrap_or_default().replacen(":role/", path, 1)
            }
            50..=61 => account.to_owned(),
            62..=75 => format!("arn:aws:iam::{account}:root"),
            76..=79 => "*".to_owned(),
            80..=83 => OTHER_ACCOUNT.to_owned(),
            _ => self.pick(&IDENTITIES).to_owned(),
        }
    }
}
