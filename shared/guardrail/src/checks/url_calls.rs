//! What a statement of a resource policy asks of those who call a function: what the checks on URLs and on resource
//! policies share (<https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>).

use crate::function::UrlAuth;
use iam_policy::{Comparison, KeyTest, Operator, Polarity, Presence, Quantifier, Statement};

/// What a call to a URL asks for.
pub(super) const INVOKE_URL: &str = "lambda:InvokeFunctionUrl";

/// The `AuthType` of the URL. Calls that do not come by one lack it.
const AUTH_TYPE: &str = "lambda:functionurlauthtype";

/// True where `lambda:InvokeFunction` is asked for a call to a URL. Other calls lack it.
const VIA_URL: &str = "lambda:invokedviafunctionurl";

/// By which a skill of Alexa or the like says which one it is
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>, `EventSourceToken`).
const TOKEN: &str = "lambda:eventsourcetoken";

/// Whether a call to a URL of this `AuthType` can meet the statement.
pub(super) fn admits_auth(statement: &Statement, auth: UrlAuth) -> bool {
    let auth = match auth {
        UrlAuth::None => "NONE",
        UrlAuth::AwsIam => "AWS_IAM",
    };
    let mut asked = statement.tests().filter(|(_, test)| test.folded_key() == AUTH_TYPE);
    asked.all(|(operator, test)| {
        let mut values = texts(test);
        match (operator.comparison(), operator.comparison().polarity()) {
            (Comparison::Null, _) => values.any(|is_missing| is_missing.eq_ignore_ascii_case("false")),
            (_, Polarity::Positive) => {
                values.any(|value| !is_fixed(&value) || value.eq_ignore_ascii_case(auth))
            }
            (_, Polarity::Negated) => !values.any(|value| value.eq_ignore_ascii_case(auth)),
        }
    })
}

/// Whether no call but one to a URL meets the statement.
pub(super) fn is_for_urls_alone(statement: &Statement) -> bool {
    statement.tests().any(|(operator, test)| match test.folded_key() {
        AUTH_TYPE => asks_for(operator),
        VIA_URL => asks_for(operator) && texts(test).all(|value| value.eq_ignore_ascii_case("true")),
        _ => false,
    })
}

/// Whether no call to a URL meets the statement.
pub(super) fn is_for_calls_without_a_url(statement: &Statement) -> bool {
    statement.tests().any(|(operator, test)| {
        let is_denied = |value: String| value.eq_ignore_ascii_case("false");
        test.folded_key() == VIA_URL
            && operator.comparison() == Comparison::Bool
            && texts(test).all(is_denied)
    })
}

/// Whether the caller has to be one particular skill.
pub(super) fn asks_for_token(statement: &Statement) -> bool {
    let mut asked = statement.tests().filter(|(_, test)| test.folded_key() == TOKEN);
    asked.any(|(operator, test)| asks_for(operator) && texts(test).all(|value| is_fixed(&value)))
}

/// Whether the operator is false where the key is missing or has another value.
fn asks_for(operator: Operator) -> bool {
    operator.comparison().polarity() == Polarity::Positive
        && operator.comparison() != Comparison::Null
        && operator.presence() == Presence::Required
        && operator.quantifier() != Some(Quantifier::ForAllValues)
}

fn texts(test: &KeyTest) -> impl Iterator<Item = String> {
    test.values().iter().map(iam_policy::ConditionValue::text)
}

fn is_fixed(text: &str) -> bool {
    !text.is_empty() && !text.contains(['*', '?', '$'])
}
