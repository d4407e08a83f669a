//! The parts of `docs/boundaries.md` that are made from the template and the role shapes.
//! `RINGFENCE_BLESS=1 cargo nextest run -p tests --test template -E 'test(page)'` writes them anew.

use super::real_life::{cuts, own_boundary};
use super::roles::{Kind, RoleShape, ToDo, role_shapes};
use super::{CARVE_OUTS, PROFILES, document};
use crate::{stack, text};
use iam_policy::{ActionPattern, Catalogue, Removal};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;
use tests::template::{Stack, Template};

fn page() -> PathBuf {
    tests::project_root().join("docs/boundaries.md")
}

fn read(page: &PathBuf) -> String {
    std::fs::read_to_string(page).unwrap_or_else(|e| panic!("cannot read {}: {e}", page.display()))
}

/// A service of which more actions are lost is told by its name and their number.
const NAMED: usize = 3;

/// What is cut, short enough for a cell.
fn told(removals: &[Removal]) -> String {
    let mut by_service: Vec<(&str, Vec<&ActionPattern>)> = Vec::new();
    for action in removals.iter().flat_map(|removal| &removal.actions).map(|lost| &lost.action) {
        let service = action.service().expect("what is lost names its service");
        match by_service.iter_mut().find(|(seen, _)| *seen == service) {
            Some((_, actions)) if actions.contains(&action) => {}
            Some((_, actions)) => actions.push(action),
            None => by_service.push((service, vec![action])),
        }
    }
    let cells = by_service.into_iter().map(|(service, actions)| {
        let number: usize =
            actions.iter().map(|action| Catalogue::bundled().expand(action).listed.len().max(1)).sum();
        if number > NAMED {
            return format!("`{service}` ({number} actions)");
        }
        actions.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", ")
    });
    let told = cells.collect::<Vec<_>>().join(", ");
    if told.is_empty() { "–".to_owned() } else { told }
}

fn to_do(shape: &RoleShape) -> String {
    let parameters = || {
        let names: Vec<String> =
            shape.parameters.iter().map(|(name, _)| format!("[`{name}`](#carve-outs)")).collect();
        names.join(", ")
    };
    let baseline = "under `strict`: [`baseline` for it](#another-boundary-for-one-role)";
    match (shape.baseline, shape.strict) {
        (ToDo::Nothing, ToDo::Nothing) => "–".to_owned(),
        (ToDo::Nothing, ToDo::Unused) => "– (not used)".to_owned(),
        (ToDo::Nothing, ToDo::Baseline) => baseline.to_owned(),
        (ToDo::CarveOut, ToDo::CarveOut) => parameters(),
        (ToDo::CarveOut, ToDo::Baseline) => format!("{}; {baseline}", parameters()),
        (ToDo::OwnBoundary, ToDo::OwnBoundary) => {
            let instead = shape.instead.as_ref().map_or(String::new(), |way| format!("{way}, or "));
            format!("{instead}[a boundary of its own](#a-boundary-of-your-own)")
        }
        (ToDo::Exemption, ToDo::Exemption) => "[exempt it](#exemptions)".to_owned(),
        (baseline, strict) => panic!("`{}`: {baseline:?} and {strict:?} do not go together", shape.id),
    }
}

fn table(shapes: &[RoleShape], kind: Kind, stack: &Stack) -> String {
    let mut table =
        "| role | cut by `baseline` | cut by `strict` | what to do |\n|---|---|---|---|\n".to_owned();
    for shape in shapes.iter().filter(|shape| shape.kind == kind) {
        let [baseline, strict] = PROFILES.map(|profile| told(&cuts(shape, &document(stack, profile))));
        let (id, name) = (&shape.id, &shape.name);
        writeln!(table, "| [{name}](../tests/roles/{id}.json) | {baseline} | {strict} | {} |", to_do(shape))
            .expect("a String takes all");
    }
    table
}

fn carve_outs(shapes: &[RoleShape]) -> String {
    let lines = shapes.iter().flat_map(|shape| {
        shape
            .parameters
            .iter()
            .map(move |(name, arns)| format!("# {}\n{name}={arns}\n", shape.name.replace('`', "")))
    });
    format!("```sh\n{}```\n", lines.collect::<Vec<_>>().join(""))
}

/// Statements with one line for each of their elements.
fn in_lines(statements: &[Value]) -> String {
    let statement = |statement: &Value| {
        let elements = statement.as_object().into_iter().flatten();
        let lines: Vec<String> = elements.map(|(key, value)| format!("  \"{key}\": {value}")).collect();
        format!("{{\n{}\n}}", lines.join(",\n"))
    };
    format!("```json\n{}\n```\n", statements.iter().map(statement).collect::<Vec<_>>().join(",\n"))
}

/// The page with a part between its marks made anew.
fn with_part(page: &str, name: &str, part: &str) -> String {
    let (begin, end) = (format!("<!-- made from tests/roles: {name} -->\n"), format!("<!-- end: {name} -->"));
    let marks = || panic!("docs/boundaries.md lacks the marks of `{name}`");
    let (before, rest) = page.split_once(&begin).unwrap_or_else(marks);
    let (_, after) = rest.split_once(&end).unwrap_or_else(marks);
    format!("{before}{begin}{part}{end}{after}")
}

#[test]
fn the_page_of_the_boundaries_is_current() {
    let (stack, shapes) = (stack(), role_shapes());
    let baseline = document(&stack, "BaselineBoundary");
    let deployer = shapes.iter().find(|shape| shape.id == "function-deployer").expect("the page's example");
    let (_, exceptions) = own_boundary(deployer, &baseline);
    let parts = [
        ("workloads", table(&shapes, Kind::Workload, &stack)),
        ("operations", table(&shapes, Kind::Operations, &stack)),
        ("carve-outs", carve_outs(&shapes)),
        ("own boundary", in_lines(&exceptions)),
    ];
    let file = page();
    let written = read(&file);
    let expected = parts.iter().fold(written.clone(), |page, (name, part)| with_part(&page, name, part));
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        std::fs::write(&file, &expected).unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
        return;
    }
    assert!(written == expected, "docs/boundaries.md is not current: run with RINGFENCE_BLESS=1");
}

#[test]
fn the_page_explains_every_denial_and_names_every_service_that_strict_allows() {
    let page = read(&page());
    let mut denials = 0;
    for stack in [stack(), Template::of_project().rendered(&CARVE_OUTS)] {
        for statement in document(&stack, "BaselineBoundary").into_iter().filter(|it| it["Effect"] == "Deny")
        {
            denials += 1;
            let sid = text(statement, "/Sid");
            assert!(page.contains(&format!("`{sid}`")), "docs/boundaries.md does not explain {sid}");
        }
    }
    assert!(denials > 15, "only {denials} denials");
    let stack = stack();
    let allowed = crate::one_or_many(&document(&stack, "StrictBoundary")[0]["Action"]);
    assert!(allowed.len() > 50, "strict allows only {allowed:?}");
    for action in allowed {
        let (service, _) = action.split_once(':').expect("a service and a name");
        assert!(page.contains(&format!("`{service}`")), "docs/boundaries.md does not name {service}");
    }
}
