//! Reading, validating and printing.

use iam_policy::{Policy, PolicyKind, parse_json};

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

/// Any text is refused with a reason, or else printed without loss and judged as a policy of every kind.
pub fn parse(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let policy = match Policy::parse(text) {
        Ok(policy) => policy,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            if let Some(position) = error.position() {
                assert!(position.line <= text.split('\n').count(), "{error}");
            }
            return;
        }
    };
    let printed = policy.to_json();
    let again = Policy::parse(&printed);
    assert_eq!(again.as_ref(), Ok(&policy), "{printed}");
    assert_eq!(again.map(|again| again.to_json()).as_ref(), Ok(&printed));
    assert_eq!(parse_json(text).and_then(|value| Policy::from_value(&value)).as_ref(), Ok(&policy));
    for path in policy.unknown_keys() {
        assert!(path.position_in(text).is_some(), "{path} is not in the document");
    }
    for kind in KINDS {
        for problem in policy.validate(kind) {
            assert!(problem.path.position_in(text).is_some(), "`{problem}` is about nothing in the document");
        }
    }
}
