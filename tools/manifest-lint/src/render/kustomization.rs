//! What a `kustomization.yaml` names, and where those things are.

use crate::document::{KUSTOMIZATION_NAMES, folder};
use crate::source::{FileId, Sources, Span};
use crate::yaml::Node;

/// A kustomization and everything it refers to by a path.
#[derive(Debug)]
pub struct Kustomization {
    pub file: FileId,
    /// The folder it stands in; `""` for the root.
    pub folder: String,
    pub references: Vec<Reference>,
}

/// One path in a kustomization.
#[derive(Debug)]
pub struct Reference {
    /// The field it stands in: `resources`, `patches`, …
    pub field: &'static str,
    pub text: String,
    pub span: Span,
    pub target: Target,
}

impl Reference {
    /// The file it leads to, if it is one.
    pub fn file(&self) -> Option<FileId> {
        match self.target {
            Target::File(file) => Some(file),
            _ => None,
        }
    }
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    File(FileId),
    /// A folder with a kustomization.
    Folder(FileId),
    /// A folder without one, by its path.
    BareFolder(String),
    /// A remote base: never fetched.
    Remote,
    /// Nothing of this path.
    Missing(String),
    /// Above the root of the repository.
    Outside,
}

/// Fields whose items are paths of files, or of folders with a kustomization.
const ENTRY_FIELDS: [&str; 8] =
    ["resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators"];
const GENERATOR_FIELDS: [&str; 2] = ["configMapGenerator", "secretGenerator"];

pub(crate) fn read(sources: &Sources, file: FileId, root: &Node) -> Kustomization {
    let folder = folder(sources.file(file).path()).to_owned();
    let mut reader = Reader { sources, folder: &folder, references: Vec::new() };
    for field in ENTRY_FIELDS {
        for item in root.list(field) {
            reader.entry(field, item);
        }
    }
    for item in root.list("patchesStrategicMerge") {
        reader.inline_or_path("patchesStrategicMerge", item);
    }
    for field in ["patches", "patchesJson6902", "replacements"] {
        for item in root.list(field) {
            if let Some(path) = item.get("path") {
                reader.path(field, path);
            }
        }
    }
    for field in GENERATOR_FIELDS {
        for generator in root.list(field) {
            reader.generator(field, generator);
        }
    }
    if let Some(path) = root.at(&["openapi", "path"]) {
        reader.path("openapi", path);
    }
    for chart in root.list("helmCharts") {
        if let Some(values) = chart.get("valuesFile") {
            reader.path("helmCharts", values);
        }
    }
    let references = reader.references;
    Kustomization { file, folder, references }
}

struct Reader<'a> {
    sources: &'a Sources,
    folder: &'a str,
    references: Vec<Reference>,
}

impl Reader<'_> {
    /// A file, a folder with a kustomization, a remote base, or, for generators and transformers, inline YAML.
    fn entry(&mut self, field: &'static str, node: &Node) {
        let inline_allowed = matches!(field, "generators" | "transformers" | "validators");
        if inline_allowed && node.text().is_some_and(|text| text.contains('\n')) {
            return;
        }
        self.reference(field, node, node.text());
    }

    fn inline_or_path(&mut self, field: &'static str, node: &Node) {
        if !node.text().is_some_and(|text| text.contains('\n') || text.contains(": ")) {
            self.reference(field, node, node.text());
        }
    }

    fn path(&mut self, field: &'static str, node: &Node) {
        self.reference(field, node, node.text());
    }

    /// `files` may be `key=path`; `envs` and the old `env` are paths.
    fn generator(&mut self, field: &'static str, generator: &Node) {
        for item in generator.list("files") {
            let path = item.text().map(|text| text.split_once('=').map_or(text, |(_, path)| path));
            self.reference(field, item, path);
        }
        for item in generator.list("envs").iter().chain(generator.get("env")) {
            self.reference(field, item, item.text());
        }
    }

    fn reference(&mut self, field: &'static str, node: &Node, path: Option<&str>) {
        let Some(path) = path.filter(|path| !path.is_empty()) else { return };
        let target = self.locate(path);
        self.references.push(Reference { field, text: path.to_owned(), span: node.span, target });
    }

    /// As kustomize: a file, else a folder, else something remote.
    fn locate(&self, path: &str) -> Target {
        let Some(full) = join(self.folder, path) else {
            return if is_remote(path) { Target::Remote } else { Target::Outside };
        };
        if let Some(file) = self.sources.find(&full) {
            return Target::File(file);
        }
        if self.sources.is_folder(&full) {
            let inside = |name: &&'static str| self.sources.find(&join(&full, name).unwrap_or_default());
            return KUSTOMIZATION_NAMES.iter().find_map(inside).map_or(Target::BareFolder(full), Target::Folder);
        }
        if is_remote(path) { Target::Remote } else { Target::Missing(full) }
    }
}

/// A URL, an SSH address, or `host.tld/owner/repo…`.
fn is_remote(path: &str) -> bool {
    let host = path.split('/').next().unwrap_or_default();
    let looks_like_host = host.contains('.') && !host.starts_with('.') && path.split('/').count() >= 3;
    path.contains("://") || path.contains("?ref=") || path.starts_with("git@") || path.contains("//") || looks_like_host
}

/// `path` seen from `folder`, without `.` and `..`; `None` above the root.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.retain(|part| !part.is_empty());
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{is_remote, join};

    #[test]
    fn paths_are_joined_without_leaving_the_repository() {
        assert_eq!(join("a/b", "../c.yaml").as_deref(), Some("a/c.yaml"));
        assert_eq!(join("", "./c").as_deref(), Some("c"));
        assert_eq!(join("a", "..").as_deref(), Some(""));
        assert_eq!(join("a", "../.."), None);
    }

    #[test]
    fn remote_bases_are_told_from_missing_files() {
        for remote in ["https://x.example/a.yaml", "github.com/o/r?ref=v1", "git@host:o/r", "github.com/o/r/path"] {
            assert!(is_remote(remote), "{remote}");
        }
        for local in ["deployment.yaml", "../base", "./x/y/z.yaml", "apps/web.yaml"] {
            assert!(!is_remote(local), "{local}");
        }
    }
}
