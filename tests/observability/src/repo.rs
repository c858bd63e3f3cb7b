//! The repository's own manifests, read as data.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Top of the repository.
///
/// Asked when the test runs: a job may run a binary that another job built in another checkout.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).ancestors().nth(2).expect("the crate lies two folders deep").to_path_buf()
}

/// A YAML document and the file it stands in.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub path: PathBuf,
    pub value: Value,
}

impl Manifest {
    pub fn kind(&self) -> &str {
        text(&self.value, "/kind").unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        text(&self.value, "/metadata/name").unwrap_or_default()
    }

    pub fn namespace(&self) -> Option<&str> {
        text(&self.value, "/metadata/namespace")
    }

    /// Path from the top of the repository, for messages.
    pub fn shown(&self) -> String {
        shown(&self.path)
    }
}

/// A path from the top of the repository, for messages.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The text at a JSON pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// The list at a JSON pointer; empty when it is not there.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Every document of a YAML text.
pub fn parse(yaml: &str) -> Result<Vec<Value>, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// Every document of a YAML file.
pub fn read(path: &Path) -> Vec<Value> {
    let yaml = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", shown(path)));
    parse(&yaml).unwrap_or_else(|error| panic!("{}: {error}", shown(path)))
}

/// Files below `folder`, sorted, without what Git ignores by name here.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if !path.is_dir() {
                found.push(path);
            } else if !matches!(entry.file_name().to_str(), Some(".git" | "target" | "node_modules" | ".terraform")) {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// A chart's templates are text until Helm has rendered them.
fn is_template(path: &Path) -> bool {
    path.ancestors().any(|dir| {
        dir.file_name().is_some_and(|name| name == "templates")
            && dir.parent().is_some_and(|chart| chart.join("Chart.yaml").is_file())
    })
}

/// Every YAML document of the delivered folders that is not a chart template.
pub fn manifests() -> Vec<Manifest> {
    let mut found = Vec::new();
    for folder in ["apps", "clusters", "flux"] {
        for path in files(&root().join(folder)) {
            if is_yaml(&path) && !is_template(&path) {
                found.extend(read(&path).into_iter().map(|value| Manifest { path: path.clone(), value }));
            }
        }
    }
    found
}

/// Every object of a kind; panics when there is none, since the proof would prove nothing.
pub fn of_kind(kind: &str) -> Vec<Manifest> {
    let found: Vec<_> = manifests().into_iter().filter(|manifest| manifest.kind() == kind).collect();
    assert!(!found.is_empty(), "no {kind} under apps/, clusters/ or flux/");
    found
}

/// Folders of what is delivered that hold a file of this name.
pub fn folders_with(file: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["apps", "argocd", "clusters", "flux", "grafana"] {
        for path in files(&root().join(folder)) {
            if path.file_name().is_some_and(|name| name == file) {
                found.push(path.parent().expect("a file lies in a folder").to_path_buf());
            }
        }
    }
    found
}
