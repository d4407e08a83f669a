use super::{ArnParts, InvalidName, text_newtype};

/// The ARN of a managed policy: `arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1`, or one
/// of AWS's own, `arn:aws:iam::aws:policy/AdministratorAccess`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyArn(String);

impl std::str::FromStr for PolicyArn {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        // 20 to 2,048 characters: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html
        let whole = ArnParts::split(text).is_some_and(|p| {
            p.service == "iam"
                && p.region.is_empty()
                && p.resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty())
        });
        if whole && text.len() <= 2048 {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(text, "the ARN of a managed policy (arn:aws:iam::123456789012:policy/name)"))
        }
    }
}

text_newtype!(PolicyArn);

impl PolicyArn {
    /// Whether AWS wrote this policy and keeps it. By the ARN's account, never by the policy's name: a
    /// customer's policy may be called `AdministratorAccess` too.
    #[must_use]
    pub fn is_aws_managed(&self) -> bool {
        ArnParts::split(&self.0).is_some_and(|p| p.account == "aws")
    }

    /// Whether this is one of the policies that Ringfence ships, by the names that the design gives them.
    #[must_use]
    pub fn is_shipped(&self) -> bool {
        ArnParts::split(&self.0).is_some_and(|p| p.resource.starts_with("policy/ringfence/ringfence-"))
    }

    /// The name without the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_managed_is_told_by_account_not_by_name() {
        let aws: PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess".parse().unwrap();
        let namesake: PolicyArn = "arn:aws:iam::123456789012:policy/AdministratorAccess".parse().unwrap();
        assert!(aws.is_aws_managed());
        assert!(!namesake.is_aws_managed());
        assert_eq!(aws.name(), namesake.name());
    }
}
