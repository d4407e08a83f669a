use super::{AccountId, ArnParts, InvalidName, RoleName, text_newtype};

/// The ARN of a role, with its path: `arn:aws:iam::123456789012:role/service-role/orders-api-role`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn {
    text: String,
    account: AccountId,
    name: RoleName,
}

impl std::str::FromStr for RoleArn {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName::new(text, "the ARN of a role (arn:aws:iam::123456789012:role/name)");
        let parts =
            ArnParts::split(text).filter(|p| p.service == "iam" && p.region.is_empty()).ok_or_else(wrong)?;
        let named = parts.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
        Ok(Self {
            account: parts.account.parse().map_err(|_| wrong())?,
            name: named.ok_or_else(wrong)?.parse().map_err(|_| wrong())?,
            text: text.to_owned(),
        })
    }
}

text_newtype!(RoleArn, text);

impl RoleArn {
    /// The partition: `aws`, `aws-us-gov`, `aws-cn` …
    #[must_use]
    pub fn partition(&self) -> &str {
        self.text.split(':').nth(1).unwrap_or_default()
    }

    /// The account that owns the role.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The name without the path, as `GetRole` wants it.
    #[must_use]
    pub fn name(&self) -> &RoleName {
        &self.name
    }

    /// The path with both its slashes: `/`, `/service-role/`, `/aws-reserved/sso.amazonaws.com/`.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.text.split_once(":role").map_or("/", |(_, path)| path);
        path.rfind('/').and_then(|end| path.get(..=end)).unwrap_or("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_path_come_apart() {
        for (arn, path, name) in [
            ("arn:aws:iam::123456789012:role/orders", "/", "orders"),
            ("arn:aws:iam::123456789012:role/service-role/orders", "/service-role/", "orders"),
            ("arn:aws-us-gov:iam::123456789012:role/a/b/orders", "/a/b/", "orders"),
            ("arn:aws:iam::123456789012:role/x:role/orders", "/x:role/", "orders"),
        ] {
            let role: RoleArn = arn.parse().unwrap();
            assert_eq!(role.path(), path, "{arn}");
            assert_eq!(role.name().as_str(), name, "{arn}");
            assert_eq!(role.account().as_str(), "123456789012");
        }
    }

    #[test]
    fn what_is_no_role_is_refused() {
        for text in [
            "",
            "orders",
            "arn:aws:iam::123456789012:user/orders",
            "arn:aws:iam::12345:role/orders",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:sts::123456789012:assumed-role/orders/session",
            "arn:aws:iam:us-east-1:123456789012:role/orders",
        ] {
            assert!(text.parse::<RoleArn>().is_err(), "{text}");
        }
    }
}
