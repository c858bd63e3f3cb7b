//! Kubernetes objects: identity and typed access to fields, the same before and after rendering.

use std::fmt;
use std::sync::Arc;

use crate::source::Span;
use crate::yaml::{Dialect, Node};

/// Group, version and kind. The core group is `""`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gvk {
    pub group: String,
    pub version: String,
    pub kind: String,
}

impl Gvk {
    /// From `apiVersion` (`v1`, `apps/v1`) and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version(), self.kind)
    }
}

/// The way an object took to the cluster: Flux Kustomization, overlay, patch, chart template; each a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Via {
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `Flux Kustomization apps`, `overlay`, `patch`, …
    pub what: String,
    pub span: Span,
}

/// An object with the nodes it was read from.
#[derive(Clone, Debug)]
pub struct Object {
    pub gvk: Gvk,
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub root: Arc<Node>,
    /// How its scalars are read on the way to the cluster.
    pub dialect: Dialect,
    /// A patch names only what it changes.
    pub partial: bool,
    pub via: Via,
    /// Position in the repository's list.
    pub(crate) id: usize,
}

impl Object {
    pub(crate) fn new(id: usize, root: Arc<Node>, dialect: Dialect) -> Self {
        let text = |path: &[&str]| root.at(path).and_then(Node::text).map(str::to_owned);
        let gvk = Gvk::new(&text(&["apiVersion"]).unwrap_or_default(), &text(&["kind"]).unwrap_or_default());
        let (namespace, name) = (text(&["metadata", "namespace"]), text(&["metadata", "name"]));
        Self { gvk, namespace, name, root, dialect, partial: false, via: Via::default(), id }
    }

    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        self.root.at(path)
    }

    /// The text of the scalar at `path`.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path).and_then(Node::text)
    }

    /// The place to speak of the object itself: its name, else its kind, else its beginning.
    pub fn name_span(&self) -> Span {
        let named = self.at(&["metadata", "name"]).or_else(|| self.at(&["kind"]));
        named.map_or(self.root.span, |node| node.span)
    }

    /// The pod specification inside a Pod or a workload, and inside the templates of either.
    pub fn pod_spec(&self) -> Option<&Node> {
        match (self.gvk.group.as_str(), self.gvk.kind.as_str()) {
            ("", "Pod") => self.at(&["spec"]),
            ("", "ReplicationController" | "PodTemplate")
            | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job") => self.at(&["spec", "template", "spec"]).or_else(|| self.at(&["template", "spec"])),
            ("batch", "CronJob") => self.at(&["spec", "jobTemplate", "spec", "template", "spec"]),
            _ => None,
        }
    }
}

/// `Deployment shop/web`, as findings name an object.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.gvk.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(self.name.as_deref().unwrap_or("(no name)"))
    }
}
