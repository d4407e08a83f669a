//! Roles whose owners wrote what must stay text, wherever somebody else's words reach a report. The tests use it too.

use guardrail::report::{EvidenceRow, ExemptionRow, RoleRow, Texts};
use std::error::Error;

pub(crate) const HOSTILE: [&str; 7] = [
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><svg/onload=document.title='owned'>",
    "{{7*7}} & &lt;b&gt; 'quoted' \\u003c",
    "\u{202e}txt.exe \u{2066}שלום\u{2028}end",
    "=HYPERLINK(\"https://example.com\",\"x\")",
];

/// The role with this text as each of its texts that are somebody else's.
pub(crate) fn made_hostile(row: RoleRow, text: &str) -> Result<RoleRow, Box<dyn Error>> {
    // IAM allows each printable ASCII character in a path
    // (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>).
    let path: String = text.chars().filter(|c| c.is_ascii_graphic() && *c != '/').collect();
    let mut texts = Texts::default();
    let mut breaches = row.breaches;
    for breach in &mut breaches {
        breach.summary = texts.shared(text);
        breach.remedy = texts.shared(text);
        let mut at = |statement: &str| EvidenceRow {
            policy: texts.shared(&format!("inline:{text}")),
            statement: texts.shared(statement),
            detail: texts.shared(text),
        };
        breach.evidence = vec![at(text), at("1")];
    }
    Ok(RoleRow {
        role: format!("arn:aws:iam::123456789012:role/{path}/{}", row.role.name()).parse()?,
        owner: Some(text.to_owned()),
        doubts: vec![text.to_owned()],
        exemption: Some(ExemptionRow {
            until: "2027-01-31T00:00:00Z".parse()?,
            owner: text.to_owned(),
            reason: text.to_owned(),
        }),
        breaches,
        ..row
    })
}
