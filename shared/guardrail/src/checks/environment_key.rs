//! # `environment-key`: environment variables without a key of the customer
//!
//! ## What it finds
//! A function with environment variables that are encrypted with the key that AWS manages for Lambda.
//!
//! ## Why it matters
//! Whoever may read the function's configuration reads its environment variables. With a key of your own they need the
//! permission to use that key too.
//!
//! ## Example
//! A function with a `DATABASE_URL` and no `KMSKeyArn`.
//!
//! ## Remedy
//! Set `KMSKeyArn`, and keep secrets in Secrets Manager or Parameter Store
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html>).
//!
//! ## Limits
//! What the variables hold is not looked at. It is worth knowing and no more: INFO.

use super::{Grade, Hit, MOST_FUNCTIONS};
use crate::assess::Evidence;
use crate::function::{Environment, Function};

pub(super) fn find(functions: &[Function]) -> Option<Hit> {
    let without: Vec<&Function> =
        functions.iter().filter(|function| function.environment == Environment::AwsKey).collect();
    let first = without.first()?;
    let evidence = |function: &&Function| Evidence {
        policy: function.arn.to_string(),
        statement: String::new(),
        detail: "environment variables, and no KMSKeyArn".to_owned(),
    };
    Some(Hit {
        grade: Grade::Usual,
        summary: "whoever may read the function's configuration reads its environment variables".to_owned(),
        remedy: format!(
            "aws lambda update-function-configuration --region {} --function-name {} --kms-key-arn 'ARN of your key'",
            first.arn.region(),
            first.arn.name()
        ),
        evidence: without.iter().take(MOST_FUNCTIONS).map(evidence).collect(),
    })
}
