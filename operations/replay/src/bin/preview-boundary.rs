//! `preview-boundary [baseline|strict]`: what the boundary of this checkout would take from the roles of an account.
//! `make preview-boundary` runs it.

use account::replay::{Difference, Loss, Preview, ReadOnlyAccount};
use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
Compares the boundary document of this checkout with the boundary that Ringfence puts in the account of the current
credentials, and says what each role that has it would lose. Nothing is written.

    preview-boundary [baseline|strict]

Without a profile the document is the one that a deployment of this checkout gives the boundary in force. Credentials and
rights are those of `replay --help`.

Exit codes: 0 shown, 1 the account could not be read, 2 the command line cannot be used.
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let profile = match arguments.as_slice() {
        [] => None,
        [profile] if profile == "baseline" || profile == "strict" => Some(profile.as_str()),
        [help] if help == "--help" || help == "-h" => return print(HELP),
        _ => {
            progress("preview-boundary: usage: preview-boundary [baseline|strict]; `--help` says more");
            return ExitCode::from(2);
        }
    };
    progress("reading the account …");
    let previewed = match ReadOnlyAccount::connect().await {
        Ok(account) => account.preview(profile).await,
        Err(failure) => Err(failure),
    };
    match previewed {
        Ok(preview) => print(&text(&preview)),
        Err(failure) => {
            progress(&format!("preview-boundary: {failure}"));
            ExitCode::from(1)
        }
    }
}

fn text(preview: &Preview) -> String {
    let Preview { in_force, shipped, difference, roles } = preview;
    let mut lines = vec![
        format!("In force   {in_force}"),
        format!("Shipped    {shipped}, by this checkout"),
        format!(
            "Change     {}",
            match difference {
                Difference::None => "none, the documents are the same".to_owned(),
                Difference::Narrower => "it allows nothing that the one in force does not".to_owned(),
                Difference::Wider(example) => format!("it allows more, for example {example}"),
                Difference::Unknown(why) => format!("whether it allows more cannot be said: {why}"),
            }
        ),
        format!("Roles      {} have the one in force as their boundary", roles.len()),
    ];
    lines.extend(roles.iter().map(|(role, loss)| match loss {
        Loss::Nothing => format!("- {role} loses nothing"),
        Loss::Named(grants) => {
            let grants: Vec<String> =
                grants.iter().map(|grant| format!("{} on {}", grant.action, grant.resource)).collect();
            format!("- {role} LOSES {}", grants.join(", "))
        }
        Loss::OfWildcards(example) => {
            format!("- {role} loses nothing that is granted by name; its wildcards do not get, for example, {example}")
        }
        Loss::Unknown(why) => format!("- {role}: cannot be said, {why}"),
    }));
    lines.join("\n")
}

fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(1),
    }
}

fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
