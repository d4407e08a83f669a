//! `replay [--json] FILE`: what Ringfence would do about the event in a file. `make replay` runs it.

use account::replay::ReadOnlyAccount;
use replay::event::{Event, Taken};
use replay::report::Report;
use std::io::{Read, Write};
use std::process::ExitCode;

const HELP: &str = "\
Shows what Ringfence would do about one event, in the account of the current credentials, without doing it.

    replay [--json] FILE

FILE has a CloudTrail record, an EventBridge event, a CloudTrail log file with one record, or a message of the review
queue; `-` is standard input. Credentials and Region come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION); `eval \"$(aws configure export-credentials --format env)\"` puts those of a profile there.

Nothing is written: no IAM, no ledger, no message. It needs sts:GetCallerIdentity, lambda:GetFunctionConfiguration,
dynamodb:BatchGetItem and dynamodb:Query on the ledger, iam:Get* and iam:List*; to tell what was used lately,
iam:GenerateServiceLastAccessedDetails; and, to tell who may call a function, lambda:GetPolicy and
lambda:ListFunctionUrlConfigs. ReadOnlyAccess has all of them.

Exit codes: 0 shown, 1 the account could not be read, 2 the event or the command line cannot be used.
";

/// The account could not be read.
const UNREADABLE: u8 = 1;

/// The event or the command line cannot be used.
const UNUSABLE: u8 = 2;

/// What ends the program early: its exit code, and a line that says why.
struct Stop(u8, String);

/// What to show.
#[derive(Clone, Copy)]
enum Format {
    Text,
    Json,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return print(HELP);
    }
    match run(&arguments).await {
        Ok(shown) => print(&shown),
        Err(Stop(code, why)) => {
            progress(&format!("replay: {why}"));
            ExitCode::from(code)
        }
    }
}

async fn run(arguments: &[String]) -> Result<String, Stop> {
    let unusable = |why: String| Stop(UNUSABLE, why);
    let (format, file) = match arguments {
        [file] if !file.starts_with("--") => (Format::Text, file),
        [json, file] | [file, json] if json == "--json" && !file.starts_with("--") => (Format::Json, file),
        _ => return Err(unusable("usage: replay [--json] FILE; `--help` says more".to_owned())),
    };
    let text = content_of(file).map_err(|e| unusable(format!("`{file}` cannot be read: {e}")))?;
    let event = Event::read(&text).map_err(|e| unusable(format!("`{file}` cannot be replayed: {e}")))?;
    progress("reading the account …");
    let unreadable = |failure: account::Failure| Stop(UNREADABLE, failure.to_string());
    let account = ReadOnlyAccount::connect().await.map_err(unreadable)?;
    let taken = event.taken(account.id()).map_err(|e| unusable(e.to_string()))?;
    progress(&format!("{} takes it; reading what it is about …", taken.function()));
    let replay = match &taken {
        Taken::Role { trigger, .. } => account.replay(trigger).await,
        Taken::Denial { call, .. } => account.replay_denial(call).await,
        Taken::Exposure { change, .. } => account.replay_exposure_change(change).await,
        Taken::Policy { change, .. } => account.replay_policy_change(change).await,
    }
    .map_err(unreadable)?;
    let report = Report { taken: &taken, account: &account, replay: &replay };
    match format {
        Format::Text => report.text(),
        Format::Json => report.json().map(|json| format!("{json:#}")),
    }
    .map_err(|e| Stop(UNREADABLE, format!("the finding cannot be written: {e}")))
}

fn content_of(file: &str) -> std::io::Result<String> {
    if file != "-" {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

fn print(text: &str) -> ExitCode {
    // Whoever reads it may have left.
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(UNREADABLE),
    }
}

fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
