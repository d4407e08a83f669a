//! The posture report: what is compared, what its formats hold, and that other people's words stay words in each of them.

#[path = "../../examples/posture_report/hostile.rs"]
mod hostile;

use crate::texts::report_of_a_sweep;
use guardrail::finding::{FindingId, Outcome, ServiceUse};
use guardrail::last_accessed::LastAccessed;
use guardrail::report::{
    BoundaryStanding, Change, Earlier, EarlierReport, Report, RoleRow, Since, Texts, ToldRow,
};
use guardrail::severity::Severity;
use guardrail::sweep::SweepSummary;
use hostile::{HOSTILE, made_hostile};
use serde_json::Value;

use BoundaryStanding::{Absent, Approved, Dangling, Ours, Unapproved};
use Change::{Better, BoundaryLost, Bounded, New, Worse};
use Severity::{Critical, High, Info};

fn row(name: &str, id: &str, now: Option<Severity>, standing: BoundaryStanding) -> RoleRow {
    let row = report_of_a_sweep().roles.remove(0);
    let role = format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap();
    RoleRow { role, id: id.parse().unwrap(), now, standing, ..row }
}

fn report(rows: Vec<RoleRow>, earlier: &Earlier) -> Report {
    let execution_roles = rows.len() as u64;
    lacking(0, execution_roles, rows, earlier)
}

/// A report of which so many rows are lost.
fn lacking(lost: u64, execution_roles: u64, rows: Vec<RoleRow>, earlier: &Earlier) -> Report {
    let summary = SweepSummary { execution_roles: execution_roles + lost, ..SweepSummary::default() };
    Report::new(report_of_a_sweep().head, &summary, rows, earlier)
}

/// As it was written and is read back.
fn earlier(report: &Report) -> Earlier {
    Earlier::Report(EarlierReport::from_json(report.json().unwrap().as_bytes()).unwrap())
}

#[test]
fn each_role_is_marked_with_what_is_different() {
    for (before, after, expected) in [
        ((Some(High), Ours), (Some(High), Ours), &[][..]),
        ((None, Absent), (None, Absent), &[]),
        ((Some(High), Ours), (Some(Critical), Ours), &[Worse]),
        ((None, Ours), (Some(Info), Ours), &[Worse]),
        ((Some(Critical), Absent), (Some(High), Absent), &[Better]),
        ((Some(Info), Absent), (None, Absent), &[Better]),
        ((None, Absent), (None, Ours), &[Bounded]),
        ((None, Unapproved), (None, Approved), &[Bounded]),
        ((None, Dangling), (None, Ours), &[Bounded]),
        ((None, Ours), (None, Approved), &[]),
        ((None, Ours), (None, Absent), &[BoundaryLost]),
        ((None, Ours), (None, Dangling), &[BoundaryLost]),
        ((None, Approved), (None, Unapproved), &[BoundaryLost]),
        ((None, Absent), (None, Unapproved), &[]),
        ((Some(Critical), Absent), (None, Ours), &[Better, Bounded]),
        ((None, Ours), (Some(Critical), Absent), &[Worse, BoundaryLost]),
    ] {
        let (id, name) = ("AROAONE", "orders");
        let first = report(vec![row(name, id, before.0, before.1)], &Earlier::None);
        let second = report(vec![row(name, id, after.0, after.1)], &earlier(&first));
        assert_eq!(second.roles[0].changes, expected, "{before:?} {after:?}");
        for change in Change::ALL {
            assert_eq!(second.changes.count(change), u64::from(expected.contains(&change)), "{change:?}");
        }
    }
}

#[test]
fn roles_come_and_go_and_a_namesake_is_as_new_as_any_other() {
    let first = report(
        vec![
            row("stays", "AROASTAYS", None, Ours),
            row("goes", "AROAGOES", None, Ours),
            row("made-again", "AROAFIRST", None, Ours),
        ],
        &Earlier::None,
    );
    let rows = vec![
        row("stays", "AROASTAYS", None, Ours),
        row("comes", "AROACOMES", None, Ours),
        row("made-again", "AROASECOND", Some(Critical), Absent),
    ];
    let second = report(rows, &earlier(&first));
    assert_eq!(second.changes.since, Since::SweepOf(first.head.started_at));
    let gone: Vec<&str> = second.changes.gone.iter().map(|role| role.name().as_str()).collect();
    assert_eq!((gone, second.changes.gone()), (vec!["goes"], 1));
    let marked: Vec<(&str, &[Change])> =
        second.roles.iter().map(|row| (row.role.name().as_str(), row.changes.as_slice())).collect();
    assert_eq!(
        marked,
        [("made-again", &[New][..]), ("comes", &[New]), ("stays", &[])],
        "new, and not worse as well"
    );
    assert_eq!(second.changes.count(New), 2);
}

/// Roles that were lost on the way into one of the two would seem gone, or new.
#[test]
fn what_lacks_rows_or_cannot_be_read_is_not_compared() {
    let one = || vec![row("one", "AROAONE", None, Absent)];
    let worse = || vec![row("one", "AROAONE", Some(Critical), Absent), row("two", "AROATWO", None, Ours)];
    let (whole, part) = (report(one(), &Earlier::None), lacking(1, 1, one(), &Earlier::None));
    for (told, expected) in [
        (report(worse(), &Earlier::None), Since::FirstReport),
        (report(worse(), &Earlier::Unreadable), Since::NotComparable),
        (report(worse(), &earlier(&part)), Since::NotComparable),
        (lacking(1, 2, worse(), &earlier(&whole)), Since::NotComparable),
    ] {
        assert_eq!(told.changes.since, expected);
        assert!(told.changes.counts.is_empty() && told.changes.gone.is_empty(), "{expected:?}");
        assert!(told.roles.iter().all(|row| row.changes.is_empty()), "{expected:?}");
    }
}

/// A report whose summary could not be told is put together again from rows that were compared before.
#[test]
fn what_rows_were_marked_with_before_does_not_stay() {
    let first = report(vec![row("one", "AROAONE", None, Ours)], &Earlier::None);
    let second = report(vec![row("one", "AROAONE", None, Absent)], &earlier(&first));
    assert_eq!(second.roles[0].changes, [BoundaryLost]);
    assert!(report(second.roles, &Earlier::Unreadable).roles[0].changes.is_empty());
}

fn hostile(text: &str) -> RoleRow {
    made_hostile(row("orders", "AROAONE", Some(High), Absent), text).unwrap()
}

#[test]
fn other_people_s_words_are_text_on_the_page() {
    for text in HOSTILE {
        let html = report(vec![hostile(text)], &Earlier::None).html().unwrap();
        let count = |markup: &str| html.to_lowercase().matches(markup).count();
        assert_eq!((count("<script"), count("</script")), (2, 2), "the data and our script: {text}");
        assert_eq!((count("<img"), count("<svg/"), count("<!--")), (0, 0, 0), "{text}");
        let data = html.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        let texts = data["texts"].as_array().unwrap();
        assert!(texts.iter().any(|known| known == text), "the script gets it as it was written: {text}");
    }
}

#[test]
fn other_people_s_words_are_one_cell_of_the_table_and_no_formula() {
    for text in HOSTILE.into_iter().chain(["a,b\r\nc;\"d\"", "\t=1", "＝1+1", "-2+3", "@SUM(A1)", "+1"]) {
        let told = report(vec![hostile(text)], &Earlier::None);
        let table = told.csv().unwrap();
        let mut reader = csv::Reader::from_reader(table.as_slice());
        let owner = reader.headers().unwrap().iter().position(|column| column == "owner").unwrap();
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        let [record] = records.as_slice() else { panic!("one line: {text}") };
        let cell = &record[owner];
        assert!(cell == text || cell == format!("'{text}"), "{cell}");
        for cell in record {
            let begins = cell.chars().next().unwrap_or(' ');
            assert!(!"=+-@\t\r\n＝＋－＠".contains(begins), "{cell}");
        }
    }
}

#[test]
fn other_people_s_words_come_back_from_the_document() {
    for text in HOSTILE {
        let told: Value =
            serde_json::from_str(&report(vec![hostile(text)], &Earlier::None).json().unwrap()).unwrap();
        assert_eq!(told["roles"][0]["owner"], text);
        assert_eq!(told["roles"][0]["breaches"][0]["evidence"][0]["statement"], text);
    }
}

/// The part of `docs/report.md` under this heading.
fn described(heading: &str) -> &'static str {
    const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report.md"));
    let part = PAGE.split_once(&format!("\n{heading}\n")).map_or("", |(_, part)| part);
    let level = heading.split(' ').next().unwrap();
    part.split(&format!("\n{level} ")).next().unwrap()
}

fn undescribed<'n>(names: impl IntoIterator<Item = &'n str>, heading: &str) -> Vec<String> {
    let part = described(heading);
    let missing = names.into_iter().filter(|name| !part.contains(&format!("`{name}`")));
    missing.map(|name| format!("{heading}: `{name}`")).collect()
}

fn fields(object: &Value) -> Vec<&str> {
    object.as_object().map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// `docs/report.md` is what a program that reads reports goes by.
#[test]
fn each_field_and_each_column_is_described() {
    let mut all = hostile("text");
    let finding = FindingId::of_write(&all.id, 1);
    all.told = Some(ToldRow { finding, outcome: Outcome::Bounded, severity: High });
    let never = ServiceUse { namespace: "ec2".to_owned(), last: None, tracked: Vec::new() };
    let at = "2026-11-22T10:00:00Z".parse().unwrap();
    all.note_last_accessed(
        &LastAccessed::of_report(all.id.clone(), at, &[never], None),
        &mut Texts::default(),
    );
    let first = report(vec![all.clone(), row("goes", "AROAGOES", None, Ours)], &Earlier::None);
    let told = report(vec![all], &earlier(&first));
    let document: Value = serde_json::from_str(&told.json().unwrap()).unwrap();
    let role = &document["roles"][0];
    let breach = &role["breaches"][0];
    let places: [(&Value, &str); 12] = [
        (&document, "### The report"),
        (&document["totals"], "### `totals`"),
        (&document["totals"]["now"], "### `totals`"),
        (&document["changes"], "### `changes`"),
        (&document["changes"]["since"], "### `changes`"),
        (role, "### `roles`"),
        (&role["exemption"], "### `roles`"),
        (&role["told"], "### `roles`"),
        (&role["last_accessed"], "### `roles[].last_accessed`"),
        (&role["last_accessed"]["unused"][0], "### `roles[].last_accessed`"),
        (breach, "### `roles[].breaches`"),
        (&breach["evidence"][0], "### `roles[].breaches`"),
    ];
    let mut missing = Vec::new();
    for (object, heading) in places {
        let fields = fields(object);
        assert!(!fields.is_empty(), "{heading} has none");
        missing.extend(undescribed(fields.into_iter().filter(|field| *field != "sweep-of"), heading));
    }
    // Nested objects that nobody thought of here.
    for (name, value) in role.as_object().unwrap() {
        let known = ["exemption", "told", "breaches", "last_accessed"];
        if !known.contains(&name.as_str()) {
            missing.extend(undescribed(fields(value), "### `roles`"));
        }
    }
    let words: Vec<String> = [Absent, Dangling, Unapproved, Approved, Ours]
        .iter()
        .map(|standing| serde_json::to_value(standing).unwrap().as_str().unwrap().to_owned())
        .collect();
    missing.extend(undescribed(words.iter().map(String::as_str), "### `roles`"));
    let words: Vec<String> = Change::ALL
        .iter()
        .map(|change| serde_json::to_value(change).unwrap().as_str().unwrap().to_owned())
        .collect();
    missing.extend(undescribed(words.iter().map(String::as_str), "### `changes`"));
    let table = told.csv().unwrap();
    let mut reader = csv::Reader::from_reader(table.as_slice());
    missing.extend(undescribed(reader.headers().unwrap().iter(), "## `report.csv`"));
    assert!(missing.is_empty(), "docs/report.md does not say what these are:\n{}", missing.join("\n"));
}
