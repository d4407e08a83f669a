//! Compares policies: one JSON object a line on standard input, one answer a line on standard output.
//!
//! A line holds `id` and two identity policies, `p1` and `p2`. The answer holds `id`, and in `p1_within_p2` and
//! `p2_within_p1` one of `pass`, `fail` and `unknown`. A `fail` comes with a request that one policy allows and the
//! other does not, in `counterexample` for the first direction that fails (`counterexamples` has both by direction);
//! an `unknown` with its reason in `reasons`. A line that is not two valid policies is `unknown` both ways.

use std::io::{self, BufRead, Write};

use iam_policy::{Containment, Context, Counterexample, Level, Policy, PolicyKind, parse_json, within};
use serde_json::{Map, Value, json};

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        writeln!(output, "{}", answer(&line))?;
        line.clear();
    }
    output.flush()
}

/// The two directions, by the names of the answer's fields.
const DIRECTIONS: [&str; 2] = ["p1_within_p2", "p2_within_p1"];

fn answer(line: &[u8]) -> Value {
    let text = String::from_utf8_lossy(line);
    // What is refused is still answered under its id.
    let id = match serde_json::from_str::<Value>(&text) {
        Ok(value) => value.get("id").cloned().unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let mut answer = Map::from_iter([("id".to_owned(), id)]);
    let (mut examples, mut reasons) = (Map::new(), Map::new());
    let found = match policies(line) {
        Ok([first, second]) => {
            [(&first, &second), (&second, &first)].map(|(inner, outer)| within(&[inner], &[outer]).into())
        }
        Err(reason) => [Found::Refused(reason.clone()), Found::Refused(reason)],
    };
    for (direction, found) in DIRECTIONS.into_iter().zip(found) {
        let mut put = |word: &str| answer.insert(direction.to_owned(), word.into());
        match found {
            Found::Compared(Containment::Pass) => put("pass"),
            Found::Compared(Containment::Fail(example)) => {
                examples.insert(direction.to_owned(), request(&example));
                put("fail")
            }
            Found::Compared(Containment::Unknown(doubt)) => {
                reasons.insert(direction.to_owned(), doubt.to_string().into());
                put("unknown")
            }
            Found::Refused(reason) => {
                reasons.insert(direction.to_owned(), reason.into());
                put("unknown")
            }
        };
    }
    answer.insert("counterexample".to_owned(), examples.values().next().cloned().unwrap_or_default());
    if !examples.is_empty() {
        answer.insert("counterexamples".to_owned(), examples.into());
    }
    if !reasons.is_empty() {
        answer.insert("reasons".to_owned(), reasons.into());
    }
    Value::Object(answer)
}

enum Found {
    Compared(Containment),
    Refused(String),
}

impl From<Containment> for Found {
    fn from(containment: Containment) -> Self {
        Self::Compared(containment)
    }
}

fn policies(line: &[u8]) -> Result<[Policy; 2], String> {
    let text = str::from_utf8(line).map_err(|error| error.to_string())?;
    let input = parse_json(text).map_err(|error| error.to_string())?;
    Ok([policy(&input, "p1")?, policy(&input, "p2")?])
}

fn policy(input: &Value, field: &str) -> Result<Policy, String> {
    let value = input.get(field).ok_or_else(|| format!("`{field}` is missing"))?;
    let policy = Policy::from_value(value).map_err(|error| format!("`{field}`: {error}"))?;
    match policy.validate(PolicyKind::Identity).into_iter().find(|problem| problem.level == Level::Refused) {
        Some(problem) => Err(format!("`{field}`: {problem}")),
        None => Ok(policy),
    }
}

/// The request in the form that the `evaluate` example takes.
fn request(example: &Counterexample) -> Value {
    let request = &example.request;
    json!({
        "principal": request.principal.to_string(),
        "action": request.action.as_str(),
        "resource": request.resource.as_str(),
        "resource_account": request.resource_account.map(|account| account.to_string()),
        "context": context(&request.context),
    })
}

fn context(context: &Context) -> Value {
    let value = |values: &[Box<str>]| match values {
        [one] => json!(one),
        several => json!(several),
    };
    context.iter().map(|(key, values)| (key.to_owned(), value(values))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(actions: &str, resource: &str) -> Value {
        json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": actions, "Resource": resource } })
    }

    fn ask(first: &Value, second: &Value) -> Value {
        answer(json!({ "id": "c/1", "p1": first, "p2": second }).to_string().as_bytes())
    }

    #[test]
    fn both_directions_are_told_with_an_example() {
        let found = ask(&allow("s3:GetObject", "arn:aws:s3:::b/*"), &allow("s3:Get*", "*"));
        assert_eq!(found["id"], "c/1");
        assert_eq!(found["p1_within_p2"], "pass");
        assert_eq!(found["p2_within_p1"], "fail");
        assert_eq!(found["counterexample"], found["counterexamples"]["p2_within_p1"]);
        assert_eq!(found["counterexample"]["principal"], "arn:aws:iam::111122223333:role/example");
        assert!(found.get("reasons").is_none());
    }

    #[test]
    fn equal_policies_have_no_example() {
        let policy = allow("*", "*");
        assert_eq!(
            ask(&policy, &policy),
            json!({ "id": "c/1", "p1_within_p2": "pass", "p2_within_p1": "pass", "counterexample": null })
        );
    }

    #[test]
    fn what_is_not_two_policies_is_unknown_under_its_id() {
        let good = allow("*", "*");
        for bad in [
            json!(null),
            json!([]),
            json!("{}"),
            json!({}),
            json!({ "Statement": [] }),
            json!({ "Statement": { "Effect": "Allow", "Action": "s3:*" } }),
            json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*" } }),
        ] {
            for found in [ask(&bad, &good), ask(&good, &bad)] {
                assert_eq!(found["id"], "c/1", "{bad}");
                assert_eq!([&found["p1_within_p2"], &found["p2_within_p1"]], ["unknown", "unknown"], "{bad}");
                assert!(found["reasons"]["p1_within_p2"].is_string(), "{bad}");
            }
        }
    }

    #[test]
    fn any_line_gets_an_answer() {
        for line in [
            &b""[..],
            b"\n",
            b"nul",
            b"\xff\xfe{}",
            b"[]",
            b"{}",
            b"7",
            b"{\"id\":7,\"p1\":1,\"p2\":\"\xc3\"}",
            "[".repeat(100_000).as_bytes(),
        ] {
            assert_eq!(answer(line)["p1_within_p2"], "unknown", "{}", line.escape_ascii());
        }
    }
}
