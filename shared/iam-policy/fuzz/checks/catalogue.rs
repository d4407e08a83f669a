//! Patterns to actions and back.

use std::collections::BTreeSet;

use iam_policy::catalogue::Openness;
use iam_policy::{ActionName, ActionPattern, Catalogue};

/// A pattern stands for actions that it matches, and the patterns for some actions stand for exactly those.
///
/// A line is a pattern; `3/s3:*` wants every third of the actions that it stands for.
pub fn catalogue(data: &[u8]) {
    const MOST_LINES: usize = 8;
    let text = String::from_utf8_lossy(data);
    let mut wanted = BTreeSet::new();
    for line in text.lines().take(MOST_LINES) {
        let (step, pattern) = match line.split_once('/') {
            Some((step, pattern)) => (step.parse::<u8>().unwrap_or(1).max(1), pattern),
            None => (1, line),
        };
        wanted.extend(expand(&ActionPattern::new(pattern)).into_iter().step_by(step.into()));
    }
    let shown = Catalogue::bundled().shrink(&wanted);
    assert!(shown.len() <= wanted.len(), "{shown:?}");
    let again: BTreeSet<ActionName> = shown.iter().flat_map(expand).collect();
    assert_eq!(again, wanted, "{shown:?}");
}

fn expand(pattern: &ActionPattern) -> Vec<ActionName> {
    let catalogue = Catalogue::bundled();
    let expansion = catalogue.expand(pattern);
    let mut names: Vec<_> = expansion.listed.iter().map(|action| action.name().clone()).collect();
    assert!(names.iter().all(|name| pattern.matches(name)), "{pattern}");
    match expansion.openness {
        Openness::Closed => assert!(names.len() <= 1, "{pattern}"),
        Openness::Open => assert!(pattern.has_wildcard(), "{pattern}"),
        Openness::Unlisted(name) => {
            assert!(names.is_empty() && catalogue.action(&name).is_none(), "{pattern}");
            names.push(name);
        }
    }
    names
}
