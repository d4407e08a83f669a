//! Amazon Resource Names and account ids.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The twelve digits that name an AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

/// Text that is not an account id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not an account id, which has twelve digits")]
pub struct AccountIdError(String);

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        let refuse = || AccountIdError(text.to_owned());
        if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse());
        }
        text.parse().map(Self).map_err(|_| refuse())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

/// A concrete resource name: `arn:partition:service:region:account:resource`.
///
/// Only the first five colons separate parts; the resource part may hold more.
/// Region and account may be empty.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    text: Box<str>,
    /// INVARIANT: byte offsets of the first five colons of `text`, ascending.
    colons: [usize; 5],
}

/// Text that is not a resource name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not an ARN, which has six parts separated by colons and starts with `arn:`")]
pub struct ArnError(String);

impl Arn {
    /// The whole name, as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn`, `aws-us-gov` …
    pub fn partition(&self) -> &str {
        let [first, second, ..] = self.colons;
        self.between(first, second)
    }

    /// The service prefix, such as `s3`.
    pub fn service(&self) -> &str {
        let [_, second, third, ..] = self.colons;
        self.between(second, third)
    }

    /// The region, empty for global resources.
    pub fn region(&self) -> &str {
        let [_, _, third, fourth, _] = self.colons;
        self.between(third, fourth)
    }

    /// The account part as written: empty for some services, `aws` for AWS managed policies.
    pub fn account_part(&self) -> &str {
        let [_, _, _, fourth, fifth] = self.colons;
        self.between(fourth, fifth)
    }

    /// The account, where the name carries one.
    pub fn account(&self) -> Option<AccountId> {
        self.account_part().parse().ok()
    }

    /// Everything after the fifth colon.
    pub fn resource(&self) -> &str {
        let [.., fifth] = self.colons;
        self.between(fifth, self.text.len())
    }

    fn between(&self, colon: usize, end: usize) -> &str {
        self.text.get(colon + 1..end).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let refuse = || ArnError(text.to_owned());
        let mut found = text.match_indices(':').map(|(offset, _)| offset);
        let mut next = || found.next().ok_or_else(refuse);
        let colons = [next()?, next()?, next()?, next()?, next()?];
        let arn = Self { text: text.into(), colons };
        let complete = text.starts_with("arn:")
            && !arn.partition().is_empty()
            && !arn.service().is_empty()
            && !arn.resource().is_empty();
        if complete { Ok(arn) } else { Err(refuse()) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_five_colons_separate_parts() {
        let arn: Arn = "arn:aws:lambda:us-east-1:123456789012:function:f:PROD".parse().unwrap();
        assert_eq!(arn.partition(), "aws");
        assert_eq!(arn.service(), "lambda");
        assert_eq!(arn.region(), "us-east-1");
        assert_eq!(arn.account().unwrap().to_string(), "123456789012");
        assert_eq!(arn.resource(), "function:f:PROD");
    }

    #[test]
    fn region_and_account_may_be_empty() {
        let arn: Arn = "arn:aws-cn:s3:::bucket/key".parse().unwrap();
        assert_eq!((arn.partition(), arn.region(), arn.account()), ("aws-cn", "", None));
        assert_eq!(arn.resource(), "bucket/key");
    }

    #[test]
    fn text_with_fewer_parts_or_another_start_is_refused() {
        for text in ["", "*", "arn", "arn:aws:s3::b", "urn:aws:s3:::b", "arn::s3:::b", "arn:aws:s3:::"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_account_id_has_twelve_ascii_digits() {
        assert_eq!("000000000001".parse::<AccountId>().unwrap().to_string(), "000000000001");
        for text in ["", "1", "12345678901", "1234567890123", "12345678901a", "+12345678901"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }
}
