//! From bytes to documents and requests.
//!
//! Random bytes seldom are JSON. Here each byte is a choice instead, among words that often meet each other, so that
//! every input is something to judge and a changed byte is a small change of meaning.

use serde_json::{Map, Value, json};

/// Bytes as choices. Where they end every choice is the first, which is why the first is the short one.
pub struct Choices<'a> {
    rest: &'a [u8],
}

const SERVICES: [&str; 10] = ["s3", "sqs", "iam", "sts", "lambda", "kms", "new", "*", "s?", "S3"];
const NAME_PARTS: [&str; 14] =
    ["*", "Get", "Put", "Object", "?", "A", "b", "", "AssumeRole", "PassRole", "a", "*a", "ab", "é"];
const ACTIONS: [&str; 12] = [
    "*",
    "s3:GetObject",
    "s3:*",
    "sts:AssumeRole",
    "iam:PassRole",
    "*:*",
    "s3:Get*",
    "sts:AssumeRoleWithWebIdentity",
    "s3",
    "s3:",
    "**",
    "sts:AssumeRoleWithSAML",
];
const RESOURCES: [&str; 12] = [
    "*",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team, 'r'}",
    "arn:aws:sqs:*:jobs",
    "arn:*",
    "arn:aws:kms:eu-west-1:111122223333:key/a",
    "?",
    "",
    "arn:aws:s3:::b/${aws:username}*",
];
const REGIONS: [&str; 8] = ["", "eu-west-1", "*", "eu-*", "eu-*1", "?", "a", "${k:s}"];
const ACCOUNTS: [&str; 6] = ["", "111122223333", "*", "1111*", "444455556666", "??"];
const TEXT_PARTS: [&str; 22] = [
    "a",
    "*",
    "b",
    "?",
    "ab",
    "A",
    "",
    "/",
    ":",
    "*a",
    "a*",
    "*b*",
    "${aws:username}",
    "${k:s, 'a'}",
    "${*}",
    "${$}",
    "${",
    "b/",
    "é",
    "arn:aws:s3:::",
    "0",
    "K",
];
const VALUES: [&str; 24] = [
    "a",
    "true",
    "false",
    "5",
    "-3.5",
    "5.0",
    "5.01",
    "10.0.0.0/8",
    "10.1.2.3",
    "10.1.0.0/16",
    "::/0",
    "0.0.0.0/0",
    "2025-01-01",
    "2025-01-01T00:00:00Z",
    "1735689600",
    "arn:aws:s3:::b",
    "arn:aws:s3:::*",
    "arn:*:s3:::b",
    "*",
    "",
    "YQ==",
    "TRUE",
    "111122223333",
    "1e3",
];
const KEYS: [&str; 8] = [
    "k:s",
    "aws:username",
    "k:n",
    "aws:PrincipalTag/team",
    "aws:SourceIp",
    "aws:PrincipalArn",
    "sts:ExternalId",
    "aws:SourceAccount",
];
const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringLike",
    "StringNotEquals",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "Null",
    "Bool",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnLike",
    "ArnNotLike",
    "ArnEquals",
    "stringequals",
];
const CALLERS: [&str; 9] = [
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:iam::111122223333:user/u",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:role/r",
    "lambda.amazonaws.com",
    "accounts.google.com",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/r",
    "*",
];
const PRINCIPALS: [(&str, &str); 12] = [
    ("AWS", "*"),
    ("AWS", "111122223333"),
    ("AWS", "arn:aws:iam::111122223333:role/r"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/r/s"),
    ("AWS", "arn:aws:iam::111122223333:user/u"),
    ("AWS", "arn:aws:iam::444455556666:root"),
    ("AWS", "AROAIOSFODNN7EXAMPLEQ"),
    ("AWS", "arn:aws:iam::111122223333:role/*"),
    ("Service", "lambda.amazonaws.com"),
    ("Service", "*"),
    ("Federated", "accounts.google.com"),
    ("CanonicalUser", "a"),
];

/// Whether statements say whom they are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Nobody,
    Principals,
}

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn next(&mut self) -> usize {
        match self.rest.split_first() {
            Some((first, rest)) => {
                self.rest = rest;
                (*first).into()
            }
            None => 0,
        }
    }

    fn up_to(&mut self, most: usize) -> usize {
        self.next() % (most + 1)
    }

    /// Once in `rarity` bytes.
    fn seldom(&mut self, rarity: usize) -> bool {
        self.next() % rarity == rarity - 1
    }

    fn one<T: Copy>(&mut self, of: &[T], otherwise: T) -> T {
        let place = self.next();
        of.get(place % of.len().max(1)).copied().unwrap_or(otherwise)
    }

    fn word(&mut self, of: &[&'static str]) -> &'static str {
        self.one(of, "")
    }

    fn joined(&mut self, of: &[&'static str], most: usize) -> String {
        let count = 1 + self.up_to(most - 1);
        (0..count).map(|_| self.word(of)).collect()
    }

    /// A list, or the single value without brackets.
    fn list(&mut self, most: usize, mut entry: impl FnMut(&mut Self) -> Value) -> Value {
        match self.up_to(most + 1) {
            0 => entry(self),
            count => (1..count).map(|_| entry(self)).collect::<Vec<_>>().into(),
        }
    }

    fn action_pattern(&mut self) -> Value {
        if self.seldom(2) {
            let (service, name) = (self.word(&SERVICES), self.joined(&NAME_PARTS, 4));
            return format!("{service}:{name}").into();
        }
        self.word(&ACTIONS).into()
    }

    fn resource_pattern(&mut self) -> Value {
        if self.seldom(2) {
            let (service, region) = (self.word(&SERVICES), self.word(&REGIONS));
            let (account, name) = (self.word(&ACCOUNTS), self.joined(&TEXT_PARTS, 4));
            return format!("arn:aws:{service}:{region}:{account}:{name}").into();
        }
        self.word(&RESOURCES).into()
    }

    fn value(&mut self) -> Value {
        if self.seldom(2) { self.joined(&TEXT_PARTS, 3).into() } else { self.word(&VALUES).into() }
    }

    fn operator(&mut self) -> String {
        let operator = self.word(&OPERATORS);
        let quantifier = self.word(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
        let presence = if operator == "Null" { "" } else { self.word(&["", "", "IfExists"]) };
        format!("{quantifier}{operator}{presence}")
    }

    fn condition(&mut self) -> Value {
        let mut blocks = Map::new();
        for _ in 0..self.up_to(3) {
            let (operator, key) = (self.operator(), self.word(&KEYS));
            let values = self.list(3, Self::value);
            let block = blocks.entry(operator).or_insert_with(|| json!({}));
            block[key] = values;
        }
        blocks.into()
    }

    fn principals(&mut self) -> Value {
        if self.seldom(4) {
            return "*".into();
        }
        let mut types = Map::new();
        for _ in 0..=self.up_to(2) {
            let (kind, name) = self.one(&PRINCIPALS, ("AWS", "*"));
            let listed = types.entry(kind).or_insert_with(|| json!([]));
            if let Value::Array(listed) = listed {
                listed.push(name.into());
            }
        }
        types.into()
    }

    fn statement(&mut self, names: Names) -> Value {
        let mut statement = json!({ "Effect": self.word(&["Allow", "Allow", "Deny"]) });
        if names == Names::Principals {
            let element = if self.seldom(5) { "NotPrincipal" } else { "Principal" };
            statement[element] = self.principals();
        }
        let element = if self.seldom(5) { "NotAction" } else { "Action" };
        statement[element] = self.list(3, Self::action_pattern);
        let element = if self.seldom(5) { "NotResource" } else { "Resource" };
        statement[element] = self.list(3, Self::resource_pattern);
        let condition = self.condition();
        if condition != json!({}) {
            statement["Condition"] = condition;
        }
        statement
    }

    fn document(&mut self, names: Names) -> Value {
        let version = self.version();
        let statements = (0..=self.up_to(3)).map(|_| self.statement(names)).collect::<Vec<_>>();
        document(version, statements)
    }

    fn version(&mut self) -> Option<&'static str> {
        self.one(&[Some("2012-10-17"), Some("2012-10-17"), None, Some("2008-10-17")], None)
    }

    fn request(&mut self) -> Value {
        let mut context = Map::new();
        for _ in 0..self.up_to(3) {
            let key = self.word(&KEYS);
            let values = self.list(2, Self::value);
            context.insert(key.to_owned(), values);
        }
        json!({
            "principal": self.word(&CALLERS),
            "action": self.action_pattern(),
            "resource": self.resource_pattern(),
            "resource_account": self.word(&["111122223333", "", "444455556666"]),
            "context": context,
        })
    }

    /// What the `evaluate` example takes, and in `more` a statement to be added to the policies of the field `to`.
    pub fn world(&mut self) -> Value {
        let request = self.request();
        let to = self.word(&["identity_policies", "boundary", "scps", "resource_policy", "session_policy"]);
        let mut world = json!({ "request": request, "to": to, "more": self.statement(Names::Nobody) });
        let present = self.next();
        let has = |bit: usize| present & (1 << bit) != 0;
        world["identity_policies"] =
            (0..=self.up_to(1)).map(|_| self.document(Names::Nobody)).collect::<Vec<_>>().into();
        if has(0) {
            world["boundary"] = json!([self.document(Names::Nobody)]);
        }
        if has(1) {
            world["session_policy"] = self.document(Names::Nobody);
        }
        if has(2) {
            world["scps"] = json!([[self.document(Names::Nobody)], [self.document(Names::Nobody)]]);
        }
        if has(3) {
            world["rcps"] = json!([[self.document(Names::Principals)]]);
        }
        if has(4) {
            world["resource_policy"] = self.document(Names::Principals);
        }
        if has(5) {
            world["trust_policy"] = self.trust();
        }
        if has(6) {
            world["vpc_endpoint_policies"] = json!([self.document(Names::Principals)]);
        }
        world
    }

    /// What the `compare` example takes, and `requests`. The policies share statements, so that many are contained.
    pub fn pair(&mut self) -> Value {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let version = self.version();
        for _ in 0..=self.up_to(3) {
            let statement = self.statement(Names::Nobody);
            match self.up_to(3) {
                0 => first.push(statement),
                1 => second.push(statement),
                _ => {
                    first.push(turned(&statement));
                    second.push(statement);
                }
            }
        }
        let requests: Vec<_> = (0..self.up_to(4)).map(|_| self.request()).collect();
        json!({ "p1": document(version, first), "p2": document(version, second), "requests": requests })
    }

    /// A trust policy: principals, and mostly no Resource.
    pub fn trust(&mut self) -> Value {
        let mut trust = self.document(Names::Principals);
        let keeps_resource = self.seldom(6);
        for statement in trust["Statement"].as_array_mut().into_iter().flatten() {
            if let Value::Object(statement) = statement
                && !keeps_resource
            {
                statement.remove("Resource");
                statement.remove("NotResource");
            }
        }
        trust
    }
}

fn document(version: Option<&str>, statements: Vec<Value>) -> Value {
    match version {
        Some(version) => json!({ "Version": version, "Statement": statements }),
        None => json!({ "Statement": statements }),
    }
}

/// The statement with its lists turned round: the same meaning, written otherwise.
fn turned(statement: &Value) -> Value {
    let mut turned = statement.clone();
    for element in ["Action", "NotAction", "Resource", "NotResource"] {
        if let Some(Value::Array(list)) = turned.get_mut(element) {
            list.reverse();
        }
    }
    turned
}
