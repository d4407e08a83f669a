//! Documents that were made to do harm: each gets a typed refusal or an answer, in a time that stays bounded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use iam_policy::{
    ActionPattern, Catalogue, Containment, Context, EscalationSet, EscalationTarget, Fault, LONGEST_TEXT,
    Policies, Policy, PolicyKind, Request, Rule, Undocumented, Verdict, admits, escapes, evaluate, impact,
    merge, within,
};
use serde_json::{Value, json};

const KINDS: [PolicyKind; 8] = [
    PolicyKind::Identity,
    PolicyKind::Boundary,
    PolicyKind::Session,
    PolicyKind::Resource,
    PolicyKind::Trust,
    PolicyKind::ServiceControl,
    PolicyKind::ResourceControl,
    PolicyKind::VpcEndpoint,
];

/// Far more than anything here takes in a debug build on a busy machine, which is up to a few seconds, and far less
/// than it took where the work grew with the square of the input.
const PATIENCE: Duration = Duration::from_secs(40);

#[expect(clippy::disallowed_methods, reason = "that an answer comes at all is what these tests are about")]
fn promptly<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed() < PATIENCE, "{what} took {:?}", start.elapsed());
    done
}

fn text(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn policy(statements: &Value) -> Policy {
    Policy::parse(&text(statements)).unwrap()
}

fn allow(action: Value, resource: Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn deny(action: Value, resource: Value) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": resource })
}

fn many(count: usize, make: impl Fn(usize) -> Value) -> Value {
    (0..count).map(make).collect()
}

fn request() -> Request {
    Request {
        principal: "arn:aws:iam::111122223333:role/r".parse().unwrap(),
        action: "s3:GetObject".parse().unwrap(),
        resource: "arn:aws:s3:::b/k".parse().unwrap(),
        resource_account: None,
        context: Context::new().with("k:s", "a"),
    }
}

fn judged(policy: &Policy, request: &Request) -> iam_policy::Evaluation {
    evaluate(&Policies { identity: &[policy], ..Policies::default() }, request)
}

/// Asks everything that can be asked about a policy. The answers are not looked at, but for what they say of each
/// other: a failed comparison has to be confirmed by the evaluator.
fn ask_everything(policy: &Policy) {
    assert_eq!(Policy::parse(&policy.to_json()).as_ref(), Ok(policy));
    for kind in KINDS {
        policy.validate(kind);
    }
    let request = request();
    for policies in [
        Policies {
            boundary: Some(policy),
            resource: Some(policy),
            trust: Some(policy),
            ..Policies::default()
        },
        Policies { session: Some(policy), vpc_endpoint: &[policy], ..Policies::default() },
    ] {
        let found = evaluate(&policies, &request);
        assert_eq!(found.verdict, found.because.verdict());
    }
    let one_more = self::policy(&deny(json!("s3:PutObject"), json!("arn:aws:s3:::c")));
    compare(&[policy], &[policy, &one_more]);
    compare(&[policy, &one_more], &[policy]);
    ask(policy);
}

/// Each question once, for documents with which a question takes long in a debug build.
fn ask(policy: &Policy) {
    policy.validate(PolicyKind::Identity);
    judged(policy, &request());
    for admission in &admits(policy) {
        assert!(!admission.is_closed() || !admission.conditions.is_empty());
    }
    let everything = self::policy(&allow(json!("*"), json!("*")));
    compare(&[policy], &[&everything]);
    compare(&[&everything], &[policy]);
    let set = EscalationSet {
        id: "function-with-role".into(),
        actions: vec!["iam:PassRole".parse().unwrap(), "lambda:CreateFunction".parse().unwrap()],
        target: EscalationTarget::Account,
    };
    assert!(escapes(policy, &"arn:aws:iam::111122223333:role/r".parse().unwrap(), [&set]).len() <= 1);
}

fn compare(inner: &[&Policy], outer: &[&Policy]) -> Containment {
    let found = within(inner, outer);
    if let Containment::Fail(example) = &found {
        let verdict = |policies| {
            evaluate(&Policies { identity: policies, ..Policies::default() }, &example.request).verdict
        };
        assert_eq!(verdict(inner), Verdict::Allowed, "{:?}", example.request);
        assert_ne!(verdict(outer), Verdict::Allowed, "{:?}", example.request);
    }
    found
}

/// A document that has everything a document can have.
fn full_document() -> Value {
    json!({
        "Version": "2012-10-17",
        "Id": "id",
        "Owner": { "unknown": [1] },
        "Statement": [
            {
                "Sid": "Everything",
                "Effect": "Allow",
                "Principal": {
                    "AWS": ["111122223333", "*"], "Service": "lambda.amazonaws.com", "Federated": ["f"], "CanonicalUser": "c"
                },
                "Action": ["s3:Get*", "sts:AssumeRole"],
                "Resource": ["arn:aws:s3:::b/${aws:username}", "*"],
                "Condition": {
                    "ForAnyValue:StringLike": { "k:s": ["a*", 1, true] },
                    "NumericLessThan": { "k:n": 5 },
                    "Null": { "k:m": "true" }
                },
                "Note": null
            },
            { "Effect": "Deny", "NotPrincipal": "*", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::c" }
        ]
    })
}

/// JSON pointers to `node` and all nodes below it.
fn nodes(node: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match node {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let below = inner
        .into_iter()
        .flat_map(|(step, value)| nodes(value).into_iter().map(move |path| format!("/{step}{path}")));
    std::iter::once(String::new()).chain(below).collect()
}

/// `$.Statement[0]["aws:x"]` and `/Statement/0/aws:x` in one form.
fn steps(path: &str) -> Vec<&str> {
    path.split(['/', '.', '[', ']', '"', '$']).filter(|step| !step.is_empty()).collect()
}

#[test]
fn a_wrong_type_anywhere_is_refused_there_or_kept() {
    let document = full_document();
    let places = nodes(&document);
    assert!(places.len() >= 40, "{places:?}");
    for place in &places {
        for wrong in [
            json!(null),
            json!(true),
            json!(1),
            json!(1.5),
            json!(""),
            json!([]),
            json!({}),
            json!([[]]),
            json!([{}]),
        ] {
            let mut changed = document.clone();
            *changed.pointer_mut(place).unwrap() = wrong.clone();
            match Policy::parse(&changed.to_string()) {
                Ok(policy) => {
                    let kept = policy.to_value();
                    assert_eq!(kept.pointer(place), Some(&wrong), "{place}");
                    ask_everything(&policy);
                }
                Err(error) => {
                    let path = error.path().to_string();
                    let (told, changed) = (steps(&path), steps(place));
                    let is_there = told.starts_with(&changed) || changed.starts_with(&told);
                    assert!(is_there, "{wrong} at {place}: {error}");
                    assert!(error.position().is_some(), "{error}");
                }
            }
        }
    }
}

#[test]
fn nesting_is_refused_at_every_place() {
    const DEPTH: usize = 10_000;
    let lists = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(DEPTH), "}".repeat(DEPTH));
    let document = full_document();
    for place in nodes(&document) {
        let mut marked = document.clone();
        *marked.pointer_mut(&place).unwrap() = json!("HERE");
        for deep in [&lists, &objects] {
            let error = Policy::parse(&marked.to_string().replace("\"HERE\"", deep)).unwrap_err();
            assert!(matches!(error.fault(), Fault::Json(_)), "{place}: {error}");
        }
    }
}

/// Half of it long texts, half of it statements.
#[test]
fn ten_megabytes_get_an_answer() {
    const LONG: usize = LONGEST_TEXT / 6;
    const STATEMENTS: usize = 60_000;
    let letters = "a".repeat(LONG);
    let statements = many(STATEMENTS, |n| match n {
        0 => allow(json!(format!("s3:{letters}")), json!("*")),
        1 => allow(json!("*"), json!(format!("arn:aws:s3:::{letters}"))),
        2 => {
            json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringLike": { "k:s": letters } } })
        }
        _ => allow(json!("s3:Get*"), json!(format!("arn:aws:s3:::{n}/*"))),
    });
    let document = text(&statements);
    assert!(document.len() > LONGEST_TEXT * 9 / 10 && document.len() <= LONGEST_TEXT, "{}", document.len());
    let policy = promptly("reading ten megabytes", || Policy::parse(&document).unwrap());
    promptly("judging ten megabytes", || ask(&policy));
}

/// Each escaped star is joined to the text before it.
#[test]
fn ten_megabytes_of_escapes_are_read_in_one_go() {
    let escapes = text(&allow(json!("*"), json!("${*}".repeat(LONGEST_TEXT / 4 - 50))));
    let policy = promptly("reading", || Policy::parse(&escapes).unwrap());
    assert_eq!(judged(&policy, &request()).verdict, Verdict::ImplicitlyDenied);
}

#[test]
fn a_request_may_carry_a_million_keys() {
    let mut request = request();
    promptly("filling the context", || {
        for key in (0..1_000_000).rev() {
            request.context.insert(&format!("k:{key:07}"), ["a"]);
        }
    });
    let when = json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "k:0012345": "a" } } });
    assert_eq!(judged(&policy(&when), &request).verdict, Verdict::Allowed);
}

#[test]
fn lists_without_entries_say_nothing() {
    let granted = |statement: Value| {
        let policy = policy(&statement);
        ask_everything(&policy);
        let refused =
            policy.validate(PolicyKind::Identity).into_iter().any(|problem| problem.rule == Rule::Empty);
        assert!(refused, "{statement}");
        judged(&policy, &request()).verdict == Verdict::Allowed
    };
    let when = |condition: Value| json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
    assert!(!granted(allow(json!([]), json!("*"))));
    assert!(!granted(allow(json!("*"), json!([]))));
    assert!(granted(json!({ "Effect": "Allow", "NotAction": [], "Resource": "*" })));
    assert!(granted(json!({ "Effect": "Allow", "Action": "*", "NotResource": [] })));
    assert!(!granted(when(json!({ "StringEquals": { "k:s": [] } }))));
    assert!(granted(when(json!({ "StringNotEquals": { "k:s": [] } }))));
    assert!(granted(when(json!({ "StringEquals": {} }))));
    let nobody =
        policy(&json!({ "Effect": "Allow", "Action": "sts:*", "Principal": { "AWS": [], "Service": [] } }));
    ask_everything(&nobody);
    assert_eq!(admits(&nobody).iter().count(), 0);
}

#[test]
fn a_wildcard_in_the_name_of_a_service_is_an_open_question() {
    let everything = policy(&allow(json!("*"), json!("*")));
    for pattern in
        ["*:*", "s?:Get*", "?*:GetObject", "**:Get?bject", "s*3:*", "*3:*", "???*:*", "*:*:*", "s3*:*"]
    {
        let policy = policy(&allow(json!(pattern), json!("*")));
        let problems = policy.validate(PolicyKind::Identity);
        let is_named = |rule: &Rule| matches!(rule, Rule::ServiceWildcard(_) | Rule::Action(_));
        assert!(problems.iter().any(|problem| is_named(&problem.rule)), "{pattern}");
        let found = judged(&policy, &request());
        let questions: Vec<_> = found.undocumented.iter().map(|silence| silence.question).collect();
        match found.verdict {
            Verdict::Allowed => assert_eq!(questions, [Undocumented::ServiceWildcard], "{pattern}"),
            Verdict::ImplicitlyDenied | Verdict::ExplicitlyDenied => assert_eq!(questions, [], "{pattern}"),
        }
        assert_eq!(compare(&[&policy], &[&everything]), Containment::Pass, "{pattern}");
        ask_everything(&policy);
    }
}

/// `*a*a*a…b` against `aaa…`, which a matcher that tries all ways would try for longer than the universe lasts.
#[test]
fn pathological_patterns_are_matched_in_bounded_time() {
    const STARS: usize = 3_000;
    let stars = |last: &str| format!("{}*{last}", "*a".repeat(STARS));
    let letters = "a".repeat(2 * STARS);
    let arn = |name: &str| format!("arn:aws:s3:::{name}");
    let mut request = request();
    request.action = format!("s3:{letters}").parse().unwrap();
    request.resource = arn(&letters).parse().unwrap();
    request.context = Context::new().with("k:s", &letters).with("k:r", &arn(&letters));
    let with = |last: &str, place: &str| {
        let mut statement = allow(json!("*"), json!("*"));
        match place {
            "Action" => statement["Action"] = json!(format!("s3:{}", stars(last))),
            "Resource" => statement["Resource"] = json!(arn(&stars(last))),
            "StringLike" => statement["Condition"] = json!({ "StringLike": { "k:s": stars(last) } }),
            _ => statement["Condition"] = json!({ "ArnLike": { "k:r": arn(&stars(last)) } }),
        }
        policy(&statement)
    };
    for place in ["Action", "Resource", "StringLike", "ArnLike"] {
        let (matching, failing) = (with("", place), with("b", place));
        let verdict = |policy| promptly(place, || judged(policy, &request).verdict);
        assert_eq!(verdict(&matching), Verdict::Allowed, "{place}");
        assert_eq!(verdict(&failing), Verdict::ImplicitlyDenied, "{place}");
        for (inner, outer) in [(&matching, &failing), (&failing, &matching), (&failing, &with("c", place))] {
            promptly(place, || compare(&[inner], &[outer]));
        }
        promptly(place, || ask_everything(&failing));
    }
    let expansion = promptly("expanding", || Catalogue::bundled().expand(&ActionPattern::new(&stars("b"))));
    assert!(expansion.listed.is_empty());
}

/// The same inside the parts of an ARN, where wildcards stop at colons, and across them.
#[test]
fn pathological_patterns_in_the_parts_of_an_arn_are_matched_in_bounded_time() {
    const STARS: usize = 1_000;
    let letters = "a".repeat(2 * STARS);
    let mut request = request();
    request.resource =
        format!("arn:{letters}:{letters}:{letters}:{letters}:{}", "a:".repeat(STARS)).parse().unwrap();
    for pattern in [
        format!("arn:*:{}*b:*:*:*", "*a".repeat(STARS)),
        format!("arn:{}b:*:x", "*a*:".repeat(4)),
        format!("*{}b", ":*a".repeat(STARS)),
        format!("arn:*:{}b", "*?".repeat(STARS)),
        format!("{}b", "*a*".repeat(STARS)),
    ] {
        let policy = policy(&allow(json!("*"), json!(pattern)));
        assert_eq!(
            promptly("matching", || judged(&policy, &request).verdict),
            Verdict::ImplicitlyDenied,
            "{pattern}"
        );
        promptly("everything else", || ask_everything(&policy));
    }
}

#[test]
fn thousands_of_statements_get_an_answer() {
    const COUNT: usize = 3_000;
    let mut statements =
        many(COUNT, |n| allow(json!(format!("s3:*{n}*")), json!(format!("arn:aws:s3:::*{n}"))));
    let granting = policy(&statements);
    statements.as_array_mut().unwrap().push(deny(json!("s3:Get*"), json!("arn:aws:s3:::b/*")));
    let denying = policy(&statements);
    let found = promptly("evaluating", || judged(&denying, &request()));
    assert_eq!(found.because.to_string(), format!("denied by identity policy 0, statement {COUNT}"));
    promptly("asking", || ask(&denying));
    promptly("comparing", || compare(&[&granting], &[&denying]));
    promptly("comparing", || compare(&[&denying], &[&granting]));
}

/// Thousands of Allow statements, or principals of one, and thousands of Deny statements.
#[test]
fn thousands_of_admissions_and_denials_get_an_answer() {
    const COUNT: usize = 7_000;
    let trust = |n: usize| {
        let unless = json!({ "StringNotEquals": { "aws:SourceAccount": "111122223333" } });
        match n % 3 {
            0 => {
                json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": format!("s{n}.a.com") } })
            }
            1 => {
                json!({ "Effect": "Deny", "Action": "sts:AssumeRole", "Principal": { "Service": format!("s{n}.a.com") } })
            }
            _ => {
                json!({ "Effect": "Deny", "Action": "sts:AssumeRole", "Principal": "*", "Condition": unless })
            }
        }
    };
    let statements = policy(&many(3 * COUNT, trust));
    let admissions = promptly("admitting", || admits(&statements));
    assert_eq!(admissions.iter().count(), COUNT);
    assert!(admissions.iter().all(|admission| admission.is_closed() && admission.conditions.len() == 1));

    let names = |letter: char| many(COUNT, |n| json!(format!("{letter}{n}.amazonaws.com")));
    let tests: serde_json::Map<_, _> = (0..COUNT).map(|n| (format!("k:{n}"), json!("a"))).collect();
    let principals = policy(&json!([
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": names('a') }, "Condition": { "StringEquals": tests } },
        { "Effect": "Deny", "Action": "sts:AssumeRole", "Principal": { "Service": names('b') } },
    ]));
    let admissions = promptly("admitting", || admits(&principals));
    assert_eq!(admissions.iter().filter(|admission| admission.conditions.len() == COUNT).count(), COUNT);
    promptly("asking", || ask(&principals));
}

#[test]
fn thousands_of_patterns_against_thousands_get_an_answer() {
    const PATTERNS: usize = 8_000;
    let patterns = |form: &str| many(PATTERNS, |n| json!(form.replace('#', &n.to_string())));
    let inner = policy(&json!([allow(json!("*"), patterns("arn:aws:s3:::#*"))]));
    let everything = allow(json!("*"), json!("*"));
    let outer = policy(&json!([everything, deny(json!("*"), patterns("arn:aws:s3:::*#x"))]));
    promptly("comparing", || compare(&[&inner], &[&outer]));
    promptly("merging", || merge(&inner, &outer).is_ok());
    promptly("telling what is lost", || impact(&[&inner], &outer, &[]).is_ok());
}

#[test]
fn long_patterns_do_not_use_up_the_stack() {
    let long = "a".repeat(19_000);
    let [star, mark] =
        ["*", "?"].map(|end| policy(&json!([allow(json!(format!("s3:{long}{end}")), json!("*"))])));
    let bucket = "a".repeat(3_900);
    let ends = format!("arn:aws:s3:::*b{bucket}");
    let grant = policy(&json!([allow(json!("s3:*"), json!(format!("arn:aws:s3:::{bucket}*")))]));
    let other = policy(&json!([allow(json!("s3:*"), json!(ends))]));
    let denying = policy(&json!([allow(json!("*"), json!("*")), deny(json!("s3:*"), json!(ends))]));
    let run = move || {
        // Any answer will do; an overflow ends the process.
        let merged = [merge(&star, &mark), merge(&grant, &other)].map(|merged| merged.is_ok());
        (merged, impact(&[&grant], &denying, &[]).is_ok())
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn statements_that_multiply_are_merged_promptly_or_not_at_all() {
    let side = |prefix: &str| {
        policy(&many(120, |n| {
            json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": { "StringEquals": { format!("{prefix}:k{n}"): "v" } } })
        }))
    };
    promptly("merging", || merge(&side("a"), &side("b")).is_ok());
}

#[test]
fn losses_in_thousands_of_services_are_told_promptly_or_not_at_all() {
    let each = |tail: &str| many(4_500, |n| json!(format!("a{n}:{tail}")));
    let (identity, boundary) =
        (policy(&json!([allow(each("*"), json!("*"))])), policy(&json!([allow(each("x"), json!("*"))])));
    promptly("telling what is lost", || impact(&[&identity], &boundary, &[]).is_ok());
}
