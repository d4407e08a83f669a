use super::question::{Against, Ask, Ours, PublicResource, Question};
use crate::finding::shortened;
use serde::Serialize;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// `ValidatePolicy` found this, or nothing.
    Validated(Vec<ValidationFinding>),
    /// A check passed: `message` is Access Analyzer's.
    Passed(String),
    /// A check failed.
    Failed(String),
    /// There is none.
    Unavailable(Unavailable),
}

/// A finding of `ValidatePolicy`. Made from an answer only where that is in the shape that AWS documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationFinding {
    kind: NoteKind,
    code: String,
    link: String,
    details: String,
}

/// The answer is not as AWS documents it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{found}` is not as AWS documents it")]
pub struct OutOfShape {
    what: &'static str,
    found: String,
}

impl ValidationFinding {
    /// Takes an answer's `findingType`, `issueCode`, `learnMoreLink` and `findingDetails`
    /// (<https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicyFinding.html>).
    ///
    /// # Errors
    /// Where the type is none of the four, the code is none, or the link leads nowhere.
    pub fn new(kind: &str, code: &str, link: &str, details: &str) -> Result<Self, OutOfShape> {
        let out_of_shape = |what, found: &str| OutOfShape { what, found: shortened(found) };
        let kind = match kind {
            "ERROR" => NoteKind::Error,
            "SECURITY_WARNING" => NoteKind::SecurityWarning,
            "WARNING" => NoteKind::Warning,
            "SUGGESTION" => NoteKind::Suggestion,
            _ => return Err(out_of_shape("the type", kind)),
        };
        let is_code = |code: &str| {
            (1..=100).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        };
        if !is_code(code) {
            return Err(out_of_shape("the code", code));
        }
        // It stands in e-mails: nothing but a plain address of a page.
        let is_link =
            link.starts_with("https://") && link.len() <= 1_000 && link.bytes().all(|b| b.is_ascii_graphic());
        if !is_link {
            return Err(out_of_shape("the link", link));
        }
        Ok(Self { kind, code: code.to_owned(), link: link.to_owned(), details: shortened(details) })
    }
}

/// Why there is no answer. The finding is told without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// Ringfence's role may not ask.
    Denied,
    /// Too much was asked for in the account.
    Throttled,
    /// No endpoint was reached: the service may not be offered in this Region.
    Unreachable,
    /// It took too long.
    TooSlow,
    /// The answer makes no sense.
    Malformed(String),
    /// Access Analyzer cannot judge the document, or does not take it.
    NotJudged(String),
}

impl Unavailable {
    /// The code of the note.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied => "DENIED",
            Self::Throttled => "THROTTLED",
            Self::Unreachable => "UNREACHABLE",
            Self::TooSlow => "TOO_SLOW",
            Self::Malformed(_) => "MALFORMED",
            Self::NotJudged(_) => "NOT_JUDGED",
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Denied => "Ringfence's role is not allowed to ask Access Analyzer; find out what denies it, most often a service \
                control policy, or set the stack parameter AccessAnalyzer to off"
                .to_owned(),
            Self::Throttled => "Access Analyzer was asked too much at that time".to_owned(),
            Self::Unreachable => "Access Analyzer could not be reached; it may not be offered in this Region, then set the \
                stack parameter AccessAnalyzer to off"
                .to_owned(),
            Self::TooSlow => "Access Analyzer did not answer in time".to_owned(),
            Self::Malformed(why) => shortened(&format!("Access Analyzer's answer makes no sense: {why}")),
            Self::NotJudged(why) => shortened(&format!("Access Analyzer gives no verdict: {why}")),
        }
    }
}

/// What Access Analyzer says, in a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AnalyzerNote"))]
pub struct Note {
    /// The policy's ARN, `inline:NAME`, `trust`, `all policies of the role`, or the ARN of the function whose resource policy it is.
    pub policy: String,
    /// Access Analyzer's `findingType` or `result`: `ERROR`, `SECURITY_WARNING`, `FAIL`, `WARNING`, `SUGGESTION`, `PASS`; `UNAVAILABLE` where
    /// there is no answer.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub kind: NoteKind,
    /// Access Analyzer's `issueCode`, the name of the check, or why there is no answer.
    pub code: String,
    /// What it means.
    pub link: String,
    /// In words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// What Ringfence's engine says to the same question; absent is `not-compared`.
    #[serde(skip_serializing_if = "Engine::is_not_compared")]
    pub engine: Engine,
}

/// What kind of answer it is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoteKind {
    /// The document is not valid.
    Error,
    /// It allows what AWS calls overly permissive.
    SecurityWarning,
    /// A check failed.
    Fail,
    /// It is not as AWS recommends.
    Warning,
    /// There is no answer.
    Unavailable,
    /// It could be written better.
    Suggestion,
    /// A check passed.
    Pass,
}

/// How the engine's verdict stands to Access Analyzer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AnalyzerAgreement"))]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The same.
    Agrees,
    /// Another: one of the two is wrong, or they mean different things.
    Disagrees,
    /// The engine judges no such thing, or cannot tell.
    NotCompared,
}

impl Engine {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_not_compared(&self) -> bool {
        *self == Self::NotCompared
    }
}

const CHECKS: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html";
const VALIDATION: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-validation.html";

/// More would be read by nobody: a finding has to fit into a message.
const MOST_NOTES: usize = 20;

/// What to write into the finding, worst first. Why there is no answer is told once.
#[must_use]
pub fn notes(answered: &[(Question, Answer)]) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for note in answered.iter().flat_map(|(question, answer)| of_one(question, answer)) {
        let is_known = |known: &Note| known.kind == NoteKind::Unavailable && known.code == note.code;
        if note.kind != NoteKind::Unavailable || !notes.iter().any(is_known) {
            notes.push(note);
        }
    }
    notes.sort_by_key(|note| (note.engine != Engine::Disagrees, note.kind));
    notes.truncate(MOST_NOTES);
    notes
}

fn of_one(question: &Question, answer: &Answer) -> Vec<Note> {
    let note = |kind, code: &str, link: &str, says: String, engine| Note {
        policy: question.about.to_string(),
        kind,
        code: code.to_owned(),
        link: link.to_owned(),
        says,
        engine,
    };
    let (code, link) = (code(&question.ask), CHECKS);
    match answer {
        Answer::Validated(findings) => {
            let has_error = findings.iter().any(|found| found.kind == NoteKind::Error);
            let engine = compared(question.ours, if has_error { Ours::Fail } else { Ours::Pass });
            let of_finding = |found: &ValidationFinding| {
                // Whether a document is an error is what both judge; warnings are Access Analyzer's own.
                let engine = if found.kind == NoteKind::Error { engine } else { Engine::NotCompared };
                note(found.kind, &found.code, &found.link, found.details.clone(), engine)
            };
            let mut notes: Vec<Note> = findings.iter().map(of_finding).collect();
            if !has_error && engine == Engine::Disagrees {
                let says = "Access Analyzer finds no error in the document, and Ringfence calls it invalid";
                notes.push(note(NoteKind::Pass, code, VALIDATION, says.to_owned(), engine));
            }
            notes
        }
        Answer::Passed(message) | Answer::Failed(message) => {
            let (kind, theirs) = match answer {
                Answer::Passed(_) => (NoteKind::Pass, Ours::Pass),
                Answer::Failed(_) | Answer::Validated(_) | Answer::Unavailable(_) => {
                    (NoteKind::Fail, Ours::Fail)
                }
            };
            let engine = compared(question.ours, theirs);
            let says = shortened(&format!("{}; Access Analyzer: {message}", in_words(&question.ask, theirs)));
            vec![note(kind, code, link, says, engine)]
        }
        Answer::Unavailable(why) => {
            vec![note(NoteKind::Unavailable, why.code(), link, why.in_words(), Engine::NotCompared)]
        }
    }
}

fn compared(ours: Ours, theirs: Ours) -> Engine {
    match (ours, theirs) {
        (Ours::Unsure, _) | (_, Ours::Unsure) => Engine::NotCompared,
        (ours, theirs) if ours == theirs => Engine::Agrees,
        _ => Engine::Disagrees,
    }
}

fn code(ask: &Ask) -> &'static str {
    match ask {
        Ask::Validate { .. } => "VALIDATE_POLICY",
        Ask::NoNewAccess { .. } => "CHECK_NO_NEW_ACCESS",
        Ask::CriticalNotGranted { .. } => "CHECK_ACCESS_NOT_GRANTED",
        Ask::NoPublicAccess { .. } => "CHECK_NO_PUBLIC_ACCESS",
    }
}

/// What the verdict means.
fn in_words(ask: &Ask, verdict: Ours) -> &'static str {
    let passed = verdict == Ours::Pass;
    match ask {
        Ask::Validate { .. } => "the document was validated",
        Ask::NoNewAccess { against: Against::Boundary, .. } if passed => {
            "the role's policies allow nothing beyond its boundary"
        }
        Ask::NoNewAccess { against: Against::Boundary, .. } => {
            "the role's policies allow more than its boundary, which cuts it"
        }
        Ask::NoNewAccess { against: Against::EarlierVersion, .. } if passed => {
            "the new version allows nothing that the one before did not"
        }
        Ask::NoNewAccess { against: Against::EarlierVersion, .. } => {
            "the new version allows more than the one before"
        }
        Ask::CriticalNotGranted { .. } if passed => {
            "without its boundary the role could do none of the calls of IAM that raise its own rights"
        }
        Ask::CriticalNotGranted { .. } => {
            "without its boundary the role could raise its own rights with one call of IAM"
        }
        Ask::NoPublicAccess { resource: PublicResource::Role, .. } if passed => {
            "the trust policy is not open to everybody"
        }
        Ask::NoPublicAccess { resource: PublicResource::Role, .. } => "the trust policy is open to everybody",
        Ask::NoPublicAccess { resource: PublicResource::Function, .. } if passed => {
            "the function's policy is not open to everybody"
        }
        Ask::NoPublicAccess { resource: PublicResource::Function, .. } => {
            "the function's policy is open to everybody"
        }
    }
}
