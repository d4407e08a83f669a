//! Answers requests: one JSON object a line on standard input, one answer a line on standard output.
//!
//! A line holds `id`, the policies (`identity_policies`, `boundary`, `session_policy`, `scps`, `rcps`,
//! `resource_policy`, `trust_policy`, `vpc_endpoint_policies`; what is missing or null does not exist) and the
//! `request` (`principal`, `action`, `resource`, `resource_account`, `context`). The answer holds `id`,
//! `verdict`, `because` and, where the guide does not settle it, `undocumented` with the `questions`.

use std::io::{self, BufRead, Write};

use iam_policy::{Context, Evaluation, Level, Policies, Policy, PolicyKind, Request, evaluate, parse_json};
use serde_json::{Map, Value};

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

fn answer(line: &[u8]) -> Value {
    let text = String::from_utf8_lossy(line);
    // What is refused is still answered under its id.
    let id = match serde_json::from_str::<Value>(&text) {
        Ok(value) => value.get("id").cloned().unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let mut answer = Map::from_iter([("id".to_owned(), id)]);
    let mut put = |field: &str, value: Value| answer.insert(field.to_owned(), value);
    match judge(line) {
        Ok(Evaluation { verdict, because, undocumented }) => {
            put("verdict", verdict.to_string().into());
            put("because", because.to_string().into());
            if !undocumented.is_empty() {
                let questions: Vec<_> = undocumented.iter().map(ToString::to_string).collect();
                put("undocumented", true.into());
                put("questions", questions.into());
            }
        }
        Err(reason) => {
            put("verdict", "Refused".into());
            put("because", reason.into());
        }
    }
    Value::Object(answer)
}

fn judge(line: &[u8]) -> Result<Evaluation, String> {
    let text = str::from_utf8(line).map_err(|error| error.to_string())?;
    let input = parse_json(text).map_err(|error| error.to_string())?;
    let input = input.as_object().ok_or("line is not an object")?;

    let identity = policies(input, "identity_policies", PolicyKind::Identity)?;
    let endpoint = policies(input, "vpc_endpoint_policies", PolicyKind::VpcEndpoint)?;
    let boundary = policies(input, "boundary", PolicyKind::Boundary)?;
    if boundary.len() > 1 {
        return Err("a caller has one boundary at most".to_owned());
    }
    let session = policy(input, "session_policy", PolicyKind::Session)?;
    let resource = policy(input, "resource_policy", PolicyKind::Resource)?;
    let trust = policy(input, "trust_policy", PolicyKind::Trust)?;
    let request = request(input.get("request").ok_or("`request` is missing")?)?;

    Ok(evaluate(
        &Policies {
            identity: &identity.iter().collect::<Vec<_>>(),
            boundary: boundary.first(),
            session: session.as_ref(),
            service_control: &levels(input, "scps", PolicyKind::ServiceControl)?,
            resource_control: &levels(input, "rcps", PolicyKind::ResourceControl)?,
            resource: resource.as_ref(),
            trust: trust.as_ref(),
            vpc_endpoint: &endpoint.iter().collect::<Vec<_>>(),
        },
        &request,
    ))
}

fn document(value: &Value, kind: PolicyKind) -> Result<Policy, String> {
    let policy = Policy::from_value(value).map_err(|error| error.to_string())?;
    match policy.validate(kind).into_iter().find(|problem| problem.level == Level::Refused) {
        Some(problem) => Err(problem.to_string()),
        None => Ok(policy),
    }
}

fn policy(input: &Map<String, Value>, field: &str, kind: PolicyKind) -> Result<Option<Policy>, String> {
    match input.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => document(value, kind).map(Some).map_err(|reason| format!("`{field}`: {reason}")),
    }
}

fn policies(input: &Map<String, Value>, field: &str, kind: PolicyKind) -> Result<Vec<Policy>, String> {
    let documents = list(input, field)?.iter().map(|value| document(value, kind));
    documents.collect::<Result<_, _>>().map_err(|reason| format!("`{field}`: {reason}"))
}

fn levels(input: &Map<String, Value>, field: &str, kind: PolicyKind) -> Result<Vec<Vec<Policy>>, String> {
    let levels = list(input, field)?.iter().map(|level| {
        let documents = level.as_array().ok_or("a level is not a list")?;
        documents.iter().map(|value| document(value, kind)).collect()
    });
    levels.collect::<Result<_, _>>().map_err(|reason: String| format!("`{field}`: {reason}"))
}

fn list<'a>(input: &'a Map<String, Value>, field: &str) -> Result<&'a [Value], String> {
    match input.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(value) => match value.as_array() {
            Some(list) => Ok(list),
            None => Err(format!("`{field}` is not a list")),
        },
    }
}

fn request(value: &Value) -> Result<Request, String> {
    fn read<T: std::str::FromStr<Err: ToString>>(value: &Value, field: &str) -> Result<T, String> {
        let text =
            value.get(field).and_then(Value::as_str).ok_or_else(|| format!("`{field}` is not a string"))?;
        text.parse().map_err(|error: T::Err| error.to_string())
    }
    let resource_account = match value.get("resource_account") {
        None | Some(Value::Null) => None,
        Some(_) => Some(read(value, "resource_account")?),
    };
    Ok(Request {
        principal: read(value, "principal")?,
        action: read(value, "action")?,
        resource: read(value, "resource")?,
        resource_account,
        context: context(value.get("context"))?,
    })
}

fn context(value: Option<&Value>) -> Result<Context, String> {
    let mut context = Context::new();
    let keys = match value {
        None | Some(Value::Null) => return Ok(context),
        Some(keys) => keys.as_object().ok_or("`context` is not an object")?,
    };
    for (key, value) in keys {
        if context.contains(key) {
            return Err(format!("context key `{key}` is there twice in different letter case"));
        }
        let values = std::slice::from_ref(value);
        let values = value.as_array().map_or(values, Vec::as_slice).iter().map(scalar);
        context.insert(key, values.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(context)
}

fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err("a context value is neither text, number nor boolean".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(policy: &str) -> String {
        format!(
            r#"{{"id":"a/1","identity_policies":[{policy}],"boundary":[],"session_policy":null,"scps":[],"request":{{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{{"my:n":7,"my:b":true,"my:l":["x"]}}}}}}"#
        )
    }

    fn verdict(line: &str) -> Value {
        answer(line.as_bytes()).get("verdict").cloned().unwrap_or_default()
    }

    #[test]
    fn an_answer_carries_id_verdict_and_reason() {
        let found = answer(
            line(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericEquals":{"my:n":"7"},"Bool":{"my:b":"true"},"StringEquals":{"my:l":"x"}}}}"#)
                .as_bytes(),
        );
        assert_eq!(
            found,
            json!({"id":"a/1","verdict":"Allowed","because":"allowed by identity policy 0, statement 0"})
        );
    }

    #[test]
    fn an_open_question_is_told() {
        let found =
            answer(line(r#"{"Statement":{"Effect":"Allow","Action":"*:*","Resource":"*"}}"#).as_bytes());
        assert_eq!(found.get("undocumented"), Some(&Value::Bool(true)));
    }

    #[test]
    fn what_is_not_iam_is_refused_under_its_id() {
        for policy in [
            r#"{}"#,
            r#"[]"#,
            r#"null"#,
            r#"{"Statement":[]}"#,
            r#"{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NullIfExists":{"k:k":"true"}}}}"#,
        ] {
            let found = answer(line(policy).as_bytes());
            assert_eq!(found.get("verdict"), Some(&json!("Refused")), "{policy}");
            assert_eq!(found.get("id"), Some(&json!("a/1")), "{policy}");
        }
    }

    #[test]
    fn any_line_gets_an_answer() {
        for line in [
            &b""[..],
            b"\n",
            b"   ",
            b"nul",
            b"\xff\xfe{}",
            b"[]",
            b"{}",
            b"{\"id\":7}",
            b"{\"id\":null,\"request\":{}}",
            b"{\"request\":{\"principal\":1}}",
            b"{\"scps\":[{}],\"request\":{}}",
            b"{\"boundary\":{},\"request\":{}}",
            "[".repeat(100_000).as_bytes(),
        ] {
            assert_eq!(answer(line).get("verdict"), Some(&json!("Refused")), "{}", line.escape_ascii());
        }
        let id_of_refused = answer(b"{\"id\":[1,2],\"request\":\"\xc3\"}");
        assert_eq!(id_of_refused.get("id"), Some(&json!([1, 2])));
    }

    #[test]
    fn a_wrong_type_in_any_field_is_refused_or_left_out() {
        let good: Value =
            serde_json::from_str(&line(r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#))
                .unwrap_or_default();
        let fields =
            ["/identity_policies", "/boundary", "/session_policy", "/scps", "/request", "/request/context"];
        for place in fields.into_iter().chain(["/request/principal", "/request/action", "/request/resource"])
        {
            for wrong in
                [json!(null), json!(true), json!(1.5), json!("x"), json!([]), json!({}), json!([[1]])]
            {
                let mut line = good.clone();
                if let Some(field) = line.pointer_mut(place) {
                    *field = wrong.clone();
                }
                let found = verdict(&line.to_string());
                let is_empty = wrong.is_null() || wrong == json!([]) || wrong == json!({});
                assert!(found == "Refused" || is_empty, "{wrong} at {place}: {found}");
            }
        }
    }

    #[test]
    fn a_request_has_to_be_concrete() {
        let good = line(r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#);
        assert_eq!(verdict(&good), "Allowed");
        for (from, to) in [
            ("s3:GetObject", "s3:Get*"),
            ("arn:aws:s3:::b/k", "b/k"),
            ("\"111122223333\"", "\"1\""),
            ("role/r", "role"),
            ("\"my:b\":true", "\"MY:N\":true"),
            ("[\"x\"]", "[[\"x\"]]"),
        ] {
            assert_eq!(verdict(&good.replace(from, to)), "Refused", "{to}");
        }
    }
}
