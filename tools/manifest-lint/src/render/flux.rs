//! What Flux objects name: the folders they apply and the objects they wait for.

use crate::document::is_below;
use crate::object::Object;
use crate::source::{Sources, Span};

const KUSTOMIZE_GROUP: &str = "kustomize.toolkit.fluxcd.io";
const HELM_GROUP: &str = "helm.toolkit.fluxcd.io";

/// A path that a Flux object expects in the repository it is in.
#[derive(Debug)]
pub struct FluxPath {
    /// Position of the object in the repository's list.
    pub object: usize,
    pub span: Span,
    /// From the root of the repository.
    pub path: String,
}

/// An entry of `dependsOn`, between objects of one kind.
#[derive(Debug)]
pub struct Dependency {
    pub from: usize,
    /// `None` where the repository has no such object.
    pub to: Option<usize>,
    pub span: Span,
}

/// The paths of Kustomizations and HelmReleases whose source is this very repository.
///
/// The bootstrap source is often not in Git at all, so a source that no file declares counts as this repository;
/// a declared one does where a Kustomization applies the folder of its own declaration, as `flux bootstrap` leaves it.
pub(crate) fn flux_paths(sources: &Sources, objects: &[Object]) -> Vec<FluxPath> {
    let mut found = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let (path, source) = if object.gvk.is(KUSTOMIZE_GROUP, "Kustomization") {
            (object.at(&["spec", "path"]), object.at(&["spec", "sourceRef"]))
        } else if object.gvk.is(HELM_GROUP, "HelmRelease") {
            (object.at(&["spec", "chart", "spec", "chart"]), object.at(&["spec", "chart", "spec", "sourceRef"]))
        } else {
            continue;
        };
        let (Some(path), Some(source)) = (path, source) else { continue };
        let field = |key: &str| source.get(key).and_then(|node| node.text());
        let (Some(text), Some("GitRepository"), Some(name)) = (path.text(), field("kind"), field("name")) else {
            continue;
        };
        let namespace = field("namespace").or(object.namespace.as_deref());
        if text.contains("${") || !is_this_repository(sources, objects, name, namespace) {
            continue;
        }
        found.push(FluxPath { object: at, span: path.span, path: clamped(text) });
    }
    found
}

/// As kustomize-controller's SecureJoin: `..` never leaves the root, a leading slash is the root.
pub(crate) fn clamped(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn is_this_repository(sources: &Sources, objects: &[Object], name: &str, namespace: Option<&str>) -> bool {
    let is_named = |object: &&Object| {
        object.gvk.is("source.toolkit.fluxcd.io", "GitRepository")
            && object.name.as_deref() == Some(name)
            && may_be_same(object.namespace.as_deref(), namespace)
    };
    let Some(declaration) = objects.iter().find(is_named) else { return true };
    let declared_in = sources.path(declaration.root.span);
    objects.iter().filter(|object| object.gvk.is(KUSTOMIZE_GROUP, "Kustomization")).any(|object| {
        let source = object.text(&["spec", "sourceRef", "name"]);
        let path = object.text(&["spec", "path"]).map(clamped);
        source == Some(name) && path.is_some_and(|path| is_below(declared_in, &path))
    })
}

/// A namespace that is not written comes from an overlay or a parent: it may be any.
fn may_be_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_none() || other.is_none() || one == other
}

pub(crate) fn dependencies(objects: &[Object]) -> Vec<Dependency> {
    let waits =
        |object: &Object| object.gvk.is(KUSTOMIZE_GROUP, "Kustomization") || object.gvk.is(HELM_GROUP, "HelmRelease");
    let mut found = Vec::new();
    for (from, object) in objects.iter().enumerate().filter(|(_, object)| waits(object)) {
        for entry in object.at(&["spec", "dependsOn"]).map_or(&[][..], |node| node.items()) {
            let Some(name) = entry.get("name") else { continue };
            let namespace = entry.get("namespace").and_then(|node| node.text()).or(object.namespace.as_deref());
            let to = objects.iter().position(|other| {
                other.gvk.is(&object.gvk.group, &object.gvk.kind)
                    && other.name.as_deref() == name.text()
                    && may_be_same(other.namespace.as_deref(), namespace)
            });
            found.push(Dependency { from, to, span: name.span });
        }
    }
    found
}
