//! `docs/security.md`: each test that a row names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

const FOLDERS: [&str; 2] = ["tests/tests/lab", "tests/tests/template"];

/// `module::beginning_of_its_name` in the last column of a row.
fn named(page: &str) -> BTreeSet<(String, String)> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.ends_with('|'));
    let columns = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let names = columns.flat_map(|column| column.split('`').skip(1).step_by(2));
    names
        .filter_map(|name| name.split_once("::"))
        .map(|(module, test)| (module.to_owned(), test.to_owned()))
        .collect()
}

/// The files of a module of either folder.
fn files(module: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in FOLDERS.map(|folder| tests::project_root().join(folder)) {
        let file = folder.join(format!("{module}.rs"));
        files.extend(file.exists().then_some(file));
        let parts = fs::read_dir(folder.join(module)).into_iter().flatten();
        files.extend(parts.map(|entry| entry.expect("an entry").path()));
    }
    files
}

fn is_there(module: &str, test: &str) -> bool {
    let beginning = format!("fn {test}");
    files(module).iter().any(|file| fs::read_to_string(file).expect("a source file").contains(&beginning))
}

#[test]
fn each_test_that_the_page_names_is_there() {
    let page = fs::read_to_string(tests::project_root().join("docs/security.md")).expect("docs/security.md");
    let named = named(&page);
    assert!(named.len() > 30, "the page names tests: {named:?}");
    let missing: Vec<_> = named.iter().filter(|(module, test)| !is_there(module, test)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!is_there("containment", "no_such_test"), "one that is not there is seen");
}
