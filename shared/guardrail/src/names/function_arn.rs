use super::{AccountId, ArnParts, InvalidName, text_newtype};

/// The unqualified ARN of a Lambda function: `arn:aws:lambda:eu-west-1:123456789012:function:orders-api`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionArn(String);

impl std::str::FromStr for FunctionArn {
    type Err = InvalidName;

    /// Takes a full ARN, drops its version or alias.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName::new(text, "the ARN of a Lambda function");
        let parts = ArnParts::split(text).filter(|p| p.service == "lambda").ok_or_else(wrong)?;
        let named = parts.resource.strip_prefix("function:").ok_or_else(wrong)?;
        let name = named.split(':').next().filter(|n| is_function_name(n)).ok_or_else(wrong)?;
        Ok(Self(format!("arn:{}:lambda:{}:{}:function:{name}", parts.partition, parts.region, parts.account)))
    }
}

text_newtype!(FunctionArn);

impl FunctionArn {
    /// Makes the ARN of what a caller wrote as `FunctionName`: a name, `account:function:name`, a full ARN, and
    /// each of them with `:qualifier`
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>).
    ///
    /// # Errors
    /// Where the text is none of these.
    pub fn resolve(
        text: &str,
        partition: &str,
        region: &str,
        account: &AccountId,
    ) -> Result<Self, InvalidName> {
        if text.starts_with("arn:") {
            return text.parse();
        }
        let wrong = || InvalidName::new(text, "a function name, partial ARN or ARN");
        let mut parts = text.split(':');
        let first = parts.next().ok_or_else(wrong)?;
        let (account, name) = match first.parse::<AccountId>() {
            Ok(owner) => match (parts.next(), parts.next()) {
                (Some("function"), Some(name)) => (owner, name),
                (None, _) => (account.clone(), first),
                _ => return Err(wrong()),
            },
            Err(_) => (account.clone(), first),
        };
        if !is_function_name(name) {
            return Err(wrong());
        }
        Ok(Self(format!("arn:{partition}:lambda:{region}:{account}:function:{name}")))
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }

    /// The account that owns the function.
    #[must_use]
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The Region that the function runs in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

fn is_function_name(text: &str) -> bool {
    (1..=140).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_function() {
        let account: AccountId = "123456789012".parse().unwrap();
        let expected = "arn:aws:lambda:eu-west-1:123456789012:function:orders-api";
        for text in [
            "orders-api",
            "orders-api:PROD",
            "123456789012:function:orders-api",
            "123456789012:function:orders-api:7",
            expected,
            "arn:aws:lambda:eu-west-1:123456789012:function:orders-api:$LATEST",
        ] {
            let function = FunctionArn::resolve(text, "aws", "eu-west-1", &account).unwrap();
            assert_eq!(function.as_str(), expected, "{text}");
            assert_eq!((function.name(), function.region()), ("orders-api", "eu-west-1"));
        }
        assert_eq!(
            FunctionArn::resolve("210987654321", "aws", "eu-west-1", &account).unwrap().name(),
            "210987654321",
            "a function may be named in digits"
        );
    }

    #[test]
    fn what_is_no_function_is_refused() {
        let account: AccountId = "123456789012".parse().unwrap();
        for text in ["", "a b", "arn:aws:lambda:eu-west-1:123456789012:layer:x", "123456789012:layer:x"] {
            assert!(FunctionArn::resolve(text, "aws", "eu-west-1", &account).is_err(), "{text}");
        }
    }
}
