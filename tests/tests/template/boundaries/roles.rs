//! The role shapes of `tests/roles/`: what execution roles look like in real life, each written after the page that it
//! names, and what is to be done about each under either profile.

use crate::text;
use iam_policy::Policy;
use serde_json::Value;
use std::path::PathBuf;

/// A role shape, one file.
pub(super) struct RoleShape {
    /// The file's name without extension.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Under `baseline`.
    pub(super) baseline: ToDo,
    /// Under `strict`.
    pub(super) strict: ToDo,
    /// Parameters of the template by name, with the values that let the role do its work.
    pub(super) parameters: Vec<(String, String)>,
    /// Granted actions that its function does not use: frameworks write them.
    pub(super) unused: Vec<String>,
    /// A way to do the job that needs no exception.
    pub(super) instead: Option<String>,
    pub(super) policies: Vec<Policy>,
}

/// What a function is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The work of an application.
    Workload,
    /// The operation of an account: deploying, starting, cleaning, defending.
    Operations,
}

/// What is to be done, so that a role works under a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToDo {
    /// It loses nothing.
    Nothing,
    /// It loses what it does not use.
    Unused,
    /// The parameters of the shape.
    CarveOut,
    /// Under `strict`: it is given `baseline`, with what that asks for.
    Baseline,
    /// It is given a boundary that is made for it.
    OwnBoundary,
    /// Its job is what the boundaries are there to prevent: it stays without one.
    Exemption,
}

impl ToDo {
    fn read(word: &str) -> Self {
        match word {
            "nothing" => Self::Nothing,
            "unused" => Self::Unused,
            "carve-out" => Self::CarveOut,
            "baseline" => Self::Baseline,
            "own-boundary" => Self::OwnBoundary,
            "exemption" => Self::Exemption,
            other => panic!("nobody knows how to do `{other}`"),
        }
    }
}

impl RoleShape {
    fn read(id: String, shape: &Value) -> Self {
        let texts = |field: &Value| {
            field.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let parameters = shape["parameters"].as_object().into_iter().flatten();
        let policies = shape["policies"].as_array().unwrap_or_else(|| panic!("`{id}` has no policies"));
        Self {
            name: text(shape, "/name").to_owned(),
            kind: match text(shape, "/kind") {
                "workload" => Kind::Workload,
                "operations" => Kind::Operations,
                other => panic!("`{id}` is of kind `{other}`"),
            },
            baseline: ToDo::read(text(shape, "/to_do/baseline")),
            strict: ToDo::read(text(shape, "/to_do/strict")),
            parameters: parameters
                .map(|(name, arns)| {
                    let arns: Vec<String> = texts(arns);
                    (name.clone(), arns.join(","))
                })
                .collect(),
            unused: texts(&shape["unused"]),
            instead: shape["instead"].as_str().map(str::to_owned),
            policies: policies
                .iter()
                .map(|policy| Policy::from_value(policy).unwrap_or_else(|e| panic!("`{id}`: {e}")))
                .collect(),
            id,
        }
    }
}

/// The files, in the order of their names.
pub(super) fn files() -> Vec<PathBuf> {
    let folder = tests::project_root().join("tests/roles");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("cannot list {}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    files.sort();
    files
}

/// All shapes, in the order of their files.
pub(super) fn role_shapes() -> Vec<RoleShape> {
    let read = |file: PathBuf| {
        let id = file.file_stem().and_then(|name| name.to_str()).expect("file names are plain").to_owned();
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("cannot read `{id}`: {e}"));
        let shape: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("`{id}` is not JSON: {e}"));
        RoleShape::read(id, &shape)
    };
    files().into_iter().map(read).collect()
}
