//! Who asks for what.

use serde_json::{Map, Value, json};

use super::Draw;

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const OTHER_ACCOUNT: &str = "444455556666";

pub(super) const ACTIONS: [&str; 7] = [
    "s3:GetObject",
    "s3:PutObject",
    "sqs:SendMessage",
    "lambda:GetFunction",
    "kms:Decrypt",
    "iam:GetRole",
    "sts:AssumeRole",
];

pub(super) const RESOURCES: [&str; 9] = [
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/a/b",
    "arn:aws:sqs:eu-1:111122223333:q",
    "arn:aws:sqs:eu-2:444455556666:q",
    "arn:aws:lambda:eu-1:111122223333:function:f",
    "arn:aws:lambda:eu-1:111122223333:function:f:a",
    "arn:aws:kms:eu-1:111122223333:key/a",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:iam::444455556666:role/p/a",
];

/// Callers of either account; sessions of roles with and without a path, of which only `aws:PrincipalArn` tells.
pub(super) const IDENTITIES: [&str; 13] = [
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:iam::111122223333:role/p/v",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/l",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:sts::111122223333:assumed-role/r/a",
    "arn:aws:sts::111122223333:assumed-role/v/s",
    "arn:aws:sts::111122223333:assumed-role/l/s",
    "arn:aws:iam::111122223333:user/u",
    "arn:aws:iam::111122223333:user/p/a",
    "arn:aws:iam::444455556666:role/r",
    "arn:aws:sts::444455556666:assumed-role/r/s",
    "arn:aws:sts::111122223333:federated-user/g",
    "arn:aws:iam::111122223333:root",
];

pub(super) const SERVICES: [&str; 2] = ["lambda.amazonaws.com", "s3.amazonaws.com"];

pub(super) const PROVIDERS: [&str; 2] =
    ["accounts.google.com", "arn:aws:iam::111122223333:oidc-provider/example.com"];

/// The request of a case.
pub(super) struct Asked {
    pub(super) principal: String,
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) owner: Option<String>,
    pub(super) context: Map<String, Value>,
}

impl Asked {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "principal": self.principal, "action": self.action, "resource": self.resource,
            "resource_account": self.owner, "context": self.context,
        })
    }

    pub(super) fn is_identity(&self) -> bool {
        self.principal.starts_with("arn:") && !self.principal.contains("-provider/")
    }

    pub(super) fn is_root(&self) -> bool {
        self.principal.ends_with(":root")
    }

    /// Whether the role, or that of the session, is linked to a service.
    fn is_service_linked(&self) -> bool {
        self.role().is_some_and(|role| role.contains("/aws-service-role/"))
    }

    /// Root users, federated users and service-linked roles have none.
    pub(super) fn may_have_boundary(&self) -> bool {
        [":role/", ":assumed-role/", ":user/"].iter().any(|kind| self.principal.contains(kind))
            && !self.is_service_linked()
    }

    pub(super) fn may_have_session_policy(&self) -> bool {
        self.principal.contains(":sts:") && !self.is_service_linked()
    }

    /// The caller's role with its path.
    pub(super) fn role(&self) -> Option<String> {
        let account = self.account()?;
        let name = match self.principal.split_once(":assumed-role/") {
            Some((_, session)) => session.split('/').next()?,
            None => self.principal.split_once(":role/")?.1.rsplit('/').next()?,
        };
        let path = match name {
            "v" => "p/",
            "l" => "aws-service-role/x.amazonaws.com/",
            _ => "",
        };
        Some(format!("arn:aws:iam::{account}:role/{path}{name}"))
    }

    pub(super) fn assumes_role(&self) -> bool {
        self.action.starts_with("sts:")
    }

    pub(super) fn is_about_key(&self) -> bool {
        self.resource.contains(":key/")
    }

    /// The caller's account.
    pub(super) fn account(&self) -> Option<&str> {
        if self.is_identity() { self.principal.split(':').nth(4) } else { None }
    }

    /// The values of a context key.
    pub(super) fn values(&self, key: &str) -> Vec<String> {
        match self.context.get(key) {
            Some(Value::String(value)) => vec![value.clone()],
            Some(Value::Array(values)) => {
                values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
            }
            _ => vec![],
        }
    }
}

impl Draw {
    pub(super) fn request(&mut self) -> Asked {
        let principal = match self.below(100) {
            0..=83 => self.pick(&IDENTITIES),
            84..=93 => self.pick(&SERVICES),
            94..=96 => self.pick(&PROVIDERS),
            _ => "*",
        };
        let action = self.pick(&ACTIONS);
        let service = action.split(':').next().unwrap();
        let service = if service == "sts" { "iam" } else { service };
        let fitting: Vec<&str> =
            RESOURCES.into_iter().filter(|arn| arn.split(':').nth(2) == Some(service)).collect();
        let no_resource = !matches!(service, "kms" | "iam") && self.percent(8);
        let resource = if no_resource { "*" } else { self.pick(&fitting) };
        let in_arn = resource.split(':').nth(4).filter(|account| !account.is_empty());
        let mut asked = Asked {
            principal: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            owner: None,
            context: Map::new(),
        };
        asked.owner = match in_arn {
            Some(_) if self.percent(10) => None,
            Some(account) => Some(account.to_owned()),
            None if resource == "*" => Some(asked.account().unwrap_or(ACCOUNT).to_owned()),
            None => Some(
                self.pick(&[ACCOUNT, ACCOUNT, asked.account().unwrap_or(ACCOUNT), OTHER_ACCOUNT]).to_owned(),
            ),
        };
        asked.context = self.context(&asked);
        asked
    }

    fn context(&mut self, asked: &Asked) -> Map<String, Value> {
        let mut context = Map::new();
        if asked.is_identity() && self.percent(80) {
            let arn = asked.role().unwrap_or_else(|| asked.principal.clone());
            context.insert("aws:PrincipalArn".to_owned(), arn.into());
        }
        let name = asked.principal.rsplit('/').next().filter(|_| asked.principal.contains(":user/"));
        if let Some(name) = name {
            context.insert("aws:username".to_owned(), name.into());
        }
        let mut maybe = |draw: &mut Self, key: &str, values: &[&str]| {
            if draw.percent(55) {
                context.insert(key.to_owned(), draw.pick(values).into());
            }
        };
        maybe(self, "aws:PrincipalTag/t", &["a", "a", "b", "A", "ab", "*", "a*", "?", "a:b", ""]);
        maybe(self, "aws:SourceIp", &["10.0.0.1", "10.0.1.1", "2001:db8::1"]);
        maybe(
            self,
            "aws:CurrentTime",
            &["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2025-01-01T12:00:00Z"],
        );
        maybe(self, "aws:EpochTime", &["1704067200", "1704153600"]);
        maybe(self, "aws:MultiFactorAuthPresent", &["true", "false"]);
        maybe(self, "s3:max-keys", &["5", "10", "9", "-1", "2.5"]);
        maybe(self, "aws:SourceArn", &RESOURCES);
        maybe(self, "x:data", &["YQ==", "Yg=="]);
        if self.percent(60) {
            let number = self.pick_owned(&[0, 1, 1, 2, 2, 3]);
            let values: Vec<Value> =
                (0..number).map(|_| self.pick(&["a", "a", "b", "A", "ab", "*", ""]).into()).collect();
            context.insert("aws:TagKeys".to_owned(), values.into());
        }
        context
    }
}
