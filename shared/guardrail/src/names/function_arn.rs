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
    /// Makes the ARN of what a caller wrote as `FunctionName`: a name, with `arn:aws:lambda:`, a Region, an account and `function:`
    /// before it, in this order, and each of them there or not, and with `:qualifier` behind it
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
        let wrong = || InvalidName::new(text, "a function name, partial ARN or ARN");
        let (partition, rest) = match text.strip_prefix("arn:") {
            Some(arn) => {
                let (written, rest) = arn.split_once(":lambda:").ok_or_else(wrong)?;
                (if written.is_empty() { partition } else { written }, rest)
            }
            None => (partition, text),
        };
        let (region, rest) = leading(rest, is_region).unwrap_or((region, rest));
        let (account, rest) =
            leading(rest, |part| part.parse::<AccountId>().is_ok()).unwrap_or((account.as_str(), rest));
        let (_, rest) = leading(rest, |part| part == "function").unwrap_or(("function", rest));
        let name = match rest.split_once(':') {
            Some((name, qualifier)) if is_qualifier(qualifier) => name,
            Some(_) => return Err(wrong()),
            None => rest,
        };
        if !is_function_name(name) || partition.contains(':') {
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

/// The part before the first colon, where it is of this kind and something follows: the last part is always the name.
fn leading(text: &str, is_such: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(part, _)| is_such(part))
}

/// As Lambda's pattern has it: `us-east-1`, `us-gov-west-1`, `us-isob-east-1`, `eusc-de-east-1`.
fn is_region(text: &str) -> bool {
    let text = text.strip_prefix("eusc-").unwrap_or(text);
    let parts: Vec<&str> = text.split('-').collect();
    let is_lower = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let (country, direction, number) = match parts.as_slice() {
        [country, direction, number] => (country, direction, number),
        [country, kind, direction, number] if *kind == "gov" || kind.starts_with("iso") => {
            (country, direction, number)
        }
        _ => return false,
    };
    country.len() == 2
        && is_lower(country)
        && is_lower(direction)
        && number.len() == 1
        && number.bytes().all(|b| b.is_ascii_digit())
}

fn is_qualifier(text: &str) -> bool {
    let text =
        text.strip_prefix('$').map_or(text, |latest| latest.strip_suffix(".PUBLISHED").unwrap_or(latest));
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
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
            "123456789012:orders-api",
            "123456789012:orders-api:PROD",
            "function:orders-api",
            "function:orders-api:PROD",
            "eu-west-1:orders-api",
            "eu-west-1:123456789012:orders-api",
            "eu-west-1:123456789012:function:orders-api:$LATEST",
            "arn:aws:lambda:orders-api",
            "arn:aws:lambda:123456789012:orders-api",
            "arn::lambda:eu-west-1:123456789012:function:orders-api",
            "arn:aws:lambda:eu-west-1:123456789012:function:orders-api:$LATEST.PUBLISHED",
            expected,
            "arn:aws:lambda:eu-west-1:123456789012:function:orders-api:$LATEST",
        ] {
            let function = FunctionArn::resolve(text, "aws", "eu-west-1", &account).unwrap();
            assert_eq!(function.as_str(), expected, "{text}");
            assert_eq!((function.name(), function.region()), ("orders-api", "eu-west-1"));
        }
        // The last part is the name, whatever it looks like.
        for name in ["210987654321", "function", "us-gov-west-1"] {
            assert_eq!(FunctionArn::resolve(name, "aws", "eu-west-1", &account).unwrap().name(), name);
        }
    }

    #[test]
    fn what_is_written_before_the_name_counts() {
        let account: AccountId = "123456789012".parse().unwrap();
        for (text, expected) in [
            ("210987654321:orders-api", "arn:aws:lambda:eu-west-1:210987654321:function:orders-api"),
            ("us-east-1:orders-api", "arn:aws:lambda:us-east-1:123456789012:function:orders-api"),
            (
                "us-gov-west-1:210987654321:orders-api",
                "arn:aws:lambda:us-gov-west-1:210987654321:function:orders-api",
            ),
            (
                "arn:aws-cn:lambda:cn-north-1:orders-api",
                "arn:aws-cn:lambda:cn-north-1:123456789012:function:orders-api",
            ),
            // No Region: an alias of a function that is called like one nearly.
            ("eu-west:PROD", "arn:aws:lambda:eu-west-1:123456789012:function:eu-west"),
        ] {
            let function = FunctionArn::resolve(text, "aws", "eu-west-1", &account).unwrap();
            assert_eq!(function.as_str(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_function_is_refused() {
        let account: AccountId = "123456789012".parse().unwrap();
        for text in [
            "",
            "a b",
            "arn:aws:lambda:eu-west-1:123456789012:layer:x:1",
            "arn:aws:iam::123456789012:role/x",
            "123456789012:function:",
            "123456789012:layer:x:1",
            "orders-api:PROD:1",
            "orders-api:a b",
        ] {
            assert!(FunctionArn::resolve(text, "aws", "eu-west-1", &account).is_err(), "{text}");
        }
    }
}
