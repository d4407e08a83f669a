use crate::assess::Evidence;
use crate::check_id::CheckId;
use crate::checks::{AtNewerUrls, PublicUrl, Stranger, line_to_ask_for_signatures, public_urls, strangers};
use crate::function::{Entrance, Function};
use crate::names::Qualifier;

/// One way in for somebody who may not be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// How.
    pub way: Way,
    /// Through which version or alias; none for the function without one.
    pub qualifier: Option<Qualifier>,
    /// Who may come in, in words.
    pub who: String,
    /// Where that stands, and the condition that is absent.
    pub evidence: Evidence,
    /// What closes it: all of it has to be done.
    pub closings: Vec<Closing>,
}

/// How somebody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a URL that asks for no signature.
    Url,
    /// By a statement of the resource policy.
    Statement,
}

impl Way {
    /// The check that finds it.
    #[must_use]
    pub fn check(self) -> CheckId {
        match self {
            Self::Url => CheckId::FunctionUrlPublic,
            Self::Statement => CheckId::ResourcePolicyPublic,
        }
    }
}

/// One thing to do that closes an opening, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// In words, as a command without full stop.
    pub what: String,
    /// The statement that goes by it; none where the policy stays as it is.
    pub statement: Option<String>,
    /// The line for a shell, where there is one.
    pub line: Option<String>,
}

impl Opening {
    /// What has to differ for it to be another opening. A URL is one way in, whatever statements let everybody use it.
    #[must_use]
    pub(super) fn key(&self) -> String {
        let qualifier = self.qualifier.as_ref().map_or("", Qualifier::as_str);
        let check = self.way.check();
        match self.way {
            Way::Url => format!("{check}|{qualifier}"),
            Way::Statement => format!("{check}|{qualifier}|{}|{}", self.evidence.statement, self.who),
        }
    }
}

/// URLs first: they are open to more people.
pub(super) fn openings(function: &Function) -> Vec<Opening> {
    let urls = public_urls(function).into_iter().map(|url| of_url(function, url));
    let statements = function.entrances.iter().flat_map(|entrance| {
        strangers(function, entrance).into_iter().map(|stranger| of_statement(function, entrance, stranger))
    });
    urls.chain(statements).collect()
}

fn of_url(function: &Function, url: PublicUrl<'_>) -> Opening {
    let PublicUrl { entrance, mut evidence, at_newer_urls, also_for_signers } = url;
    if at_newer_urls == AtNewerUrls::Refused {
        evidence.detail.push_str(
            "; not lambda:InvokeFunction, which URLs made since October 2025 ask for as well and answer 403 without",
        );
    }
    let place = place(entrance.qualifier.as_ref());
    let sign = Closing {
        what: format!("Have callers of the URL{place} sign their requests"),
        statement: None,
        line: Some(line_to_ask_for_signatures(function, entrance)),
    };
    let remove = also_for_signers.into_iter().map(|signers| Closing {
        what: format!(
            "And take statement {}{place} away, which lets everybody in who can sign",
            signers.statement
        ),
        statement: Some(signers.statement),
        line: signers.line,
    });
    Opening {
        way: Way::Url,
        qualifier: entrance.qualifier.clone(),
        who: "anybody on the internet".to_owned(),
        evidence,
        closings: std::iter::once(sign).chain(remove).collect(),
    }
}

fn of_statement(function: &Function, entrance: &Entrance, stranger: Stranger) -> Opening {
    let Stranger { who, mut evidence, absent, line, .. } = stranger;
    evidence.detail = format!("{}; it does not ask for {absent}", evidence.detail.trim_end_matches(','));
    let statement = evidence.statement.clone();
    let what = match &line {
        Some(_) => format!("Take statement {statement}{} away", place(entrance.qualifier.as_ref())),
        None => {
            format!(
                "Take statement {statement} out of the resource policy of {}",
                function.entrance_arn(entrance)
            )
        }
    };
    Opening {
        way: Way::Statement,
        qualifier: entrance.qualifier.clone(),
        who: who.trim_end_matches(',').to_owned(),
        evidence,
        closings: vec![Closing { what, statement: Some(statement), line }],
    }
}

/// ` of alias live`; nothing for the function itself.
pub(crate) fn place(qualifier: Option<&Qualifier>) -> String {
    let Some(qualifier) = qualifier else { return String::new() };
    let name = qualifier.as_str();
    let kind = if name.bytes().all(|b| b.is_ascii_digit()) {
        "version "
    } else if name.starts_with('$') {
        ""
    } else {
        "alias "
    };
    format!(" of {kind}{name}")
}
