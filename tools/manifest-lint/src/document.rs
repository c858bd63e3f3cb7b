//! What a file is.

use std::sync::Arc;

use crate::source::{FileId, Span};
use crate::yaml::{Comment, Dialect, DuplicateKey, Node, SyntaxError};

/// What a document is for. Only [`Kind::Resource`] is sent to a cluster as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A Kubernetes object.
    Resource,
    /// A `kustomization.yaml`, a Component included.
    Kustomization,
    /// A patch that a kustomization names.
    Patch,
    /// Tells kustomize what to do; never applied.
    Transformer,
    /// `Chart.yaml`.
    Chart,
    /// Not YAML until Helm has rendered it.
    ChartTemplate,
    /// Values of a chart.
    Values,
    /// A GitLab pipeline.
    Pipeline,
    /// A Grafana dashboard.
    Dashboard,
    /// Prometheus rules outside of a PrometheusRule, or their unit tests.
    RuleFile,
    /// YAML or JSON that nothing here knows.
    Other,
    /// Nothing but comments.
    Empty,
    /// Does not parse.
    Broken,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Kustomization => "kustomization",
            Self::Patch => "patch",
            Self::Transformer => "transformer",
            Self::Chart => "chart",
            Self::ChartTemplate => "chart template",
            Self::Values => "values",
            Self::Pipeline => "pipeline",
            Self::Dashboard => "dashboard",
            Self::RuleFile => "rule file",
            Self::Other => "other",
            Self::Empty => "empty",
            Self::Broken => "broken",
        }
    }
}

/// One document of a file. One that does not parse has a null root and its error.
#[derive(Debug)]
pub struct Document {
    pub file: FileId,
    pub kind: Kind,
    pub root: Arc<Node>,
    pub duplicate_keys: Vec<DuplicateKey>,
    pub comments: Vec<Comment>,
    pub error: Option<SyntaxError>,
}

impl Document {
    pub fn span(&self) -> Span {
        self.root.span
    }
}

/// What is known of a file before its content is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    /// `values.yaml` or `ci/*-values.yaml` of a chart, or named as `valuesFile`.
    pub(crate) values: bool,
    /// A kustomization names it as a patch.
    pub(crate) patch: bool,
    /// A kustomization names it as a transformer, generator, validator or configuration.
    pub(crate) transformer: bool,
}

pub(crate) const KUSTOMIZATION_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder a path lies in; `""` for the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether `path` is `folder` or something in it; everything is in the root.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a kustomization stands in a file of this path.
pub(crate) fn is_kustomization_path(path: &str) -> bool {
    KUSTOMIZATION_NAMES.contains(&file_name(path))
}

pub(crate) fn classify(path: &str, root: &Node, context: Context) -> Kind {
    let name = file_name(path);
    if root.is_null() {
        return Kind::Empty;
    }
    if is_kustomization_path(path) {
        return Kind::Kustomization;
    }
    if context.patch {
        return Kind::Patch;
    }
    if context.transformer || root.get("apiVersion").and_then(Node::text) == Some("builtin") {
        return Kind::Transformer;
    }
    if context.values {
        return Kind::Values;
    }
    if name == "Chart.yaml" || name == "Chart.lock" || name == "requirements.yaml" {
        return Kind::Chart;
    }
    if name.ends_with(".gitlab-ci.yml") || name.ends_with(".gitlab-ci.yaml") {
        return Kind::Pipeline;
    }
    if looks_like_resource(root) {
        return Kind::Resource;
    }
    if name.ends_with(".json") && root.get("panels").or(root.get("elements")).is_some() && root.get("title").is_some() {
        return Kind::Dashboard;
    }
    let has_rules = |group: &Node| group.get("rules").is_some_and(Node::is_sequence);
    let is_rule_file = root.get("groups").is_some_and(|groups| groups.items().iter().any(has_rules));
    if is_rule_file || root.get("rule_files").is_some() && root.get("tests").is_some() {
        return Kind::RuleFile;
    }
    Kind::Other
}

/// `apiVersion` and `kind`, or one of them with `metadata`: somebody meant an object.
fn looks_like_resource(root: &Node) -> bool {
    let has = |key: &str| root.get(key).is_some();
    let version = root.get("apiVersion").and_then(|node| node.string(Dialect::Kubectl));
    let named_like_helm =
        version.is_some_and(|version| version == "v1" || version == "v2") && has("version") && has("name");
    match (has("apiVersion"), has("kind")) {
        (true, true) => true,
        (false, true) => has("metadata"),
        (true, false) => has("metadata") && !named_like_helm,
        (false, false) => false,
    }
}
