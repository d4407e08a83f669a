//! A function that has a role, as far as it was read.

use crate::names::{FunctionArn, Qualifier, RoleArn};
use crate::snapshot::Document;
use serde::{Deserialize, Serialize};

/// A function, as far as it was read: what was not read makes no breach.
#[derive(Debug, Clone)]
pub struct Function {
    /// Without a qualifier.
    pub arn: FunctionArn,
    /// Whether the role that it names exists.
    pub role: ExecutionRole,
    /// Where callers come in: the function itself, and each version and alias with a policy or URL of its own
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>).
    pub entrances: Vec<Entrance>,
    /// How its environment variables are encrypted.
    pub environment: Environment,
    /// The log group that it writes to, where it is not `/aws/lambda/` and the name of the function.
    pub log_group: Option<String>,
}

/// The role that a function names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionRole {
    /// It exists, or that was not asked.
    Exists,
    /// It does not.
    Missing(RoleArn),
}

/// A place where callers come in.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// The version or alias; none for the function without a qualifier.
    pub qualifier: Option<Qualifier>,
    /// Who may call its URL; none where it has no URL.
    pub url: Option<UrlAuth>,
    /// Its resource policy; none where it has none.
    pub policy: Option<Document>,
}

/// The `AuthType` of a function URL (<https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UrlAuth {
    /// Lambda asks for no signature: the resource policy alone decides.
    None,
    /// Callers sign their requests as an IAM principal.
    AwsIam,
}

impl std::str::FromStr for UrlAuth {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "NONE" => Ok(Self::None),
            "AWS_IAM" => Ok(Self::AwsIam),
            _ => Err("it is neither `NONE` nor `AWS_IAM`"),
        }
    }
}

/// How environment variables are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Not read, or there are none.
    Nothing,
    /// With the key that AWS manages for Lambda.
    AwsKey,
    /// With a key of the customer.
    CustomerKey,
}

impl Function {
    /// A function of which nothing was read but that it has the role.
    #[must_use]
    pub fn named(arn: FunctionArn) -> Self {
        Self {
            arn,
            role: ExecutionRole::Exists,
            entrances: Vec::new(),
            environment: Environment::Nothing,
            log_group: None,
        }
    }

    /// The log group that it writes to.
    #[must_use]
    pub fn log_group(&self) -> String {
        self.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", self.arn.name()))
    }

    /// The ARN of an entrance, with its qualifier.
    #[must_use]
    pub fn entrance_arn(&self, entrance: &Entrance) -> String {
        match &entrance.qualifier {
            None => self.arn.to_string(),
            Some(qualifier) => format!("{}:{qualifier}", self.arn),
        }
    }
}
