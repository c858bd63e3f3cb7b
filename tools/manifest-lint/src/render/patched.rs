//! Which kinds a patch somewhere in the repository may complete.
//!
//! Defaults are often written once, as a patch at the entry of a cluster, and left out everywhere else. Until an
//! object is judged as rendered, what such a kind lacks is not known to be missing.

use std::collections::BTreeSet;

use crate::document::{Document, Kind};
use crate::source::Span;
use crate::yaml::{self, Node};

#[derive(Debug, Default)]
pub(crate) struct PatchedKinds {
    /// A target names no kind: it may be any.
    any: bool,
    kinds: BTreeSet<String>,
}

/// A patch may hold a patch (a Kustomization that is given `spec.patches`); deeper ones are not written by people.
const MAX_NESTING: usize = 4;

impl PatchedKinds {
    pub(crate) fn of(documents: &[Document]) -> Self {
        let mut found = Self::default();
        for document in documents {
            match document.kind {
                Kind::Kustomization => found.read(&document.root, 0),
                Kind::Patch => found.patch(&document.root, 0),
                Kind::Resource => found.read(document.root.get("spec").unwrap_or(&document.root), 0),
                _ => {}
            }
        }
        found
    }

    pub(crate) fn contains(&self, kind: &str) -> bool {
        self.any || self.kinds.contains(kind)
    }

    /// The patch fields of a kustomization, or of the `spec` of a Flux object that has the same ones.
    fn read(&mut self, owner: &Node, nesting: usize) {
        for field in ["patches", "patchesJson6902"] {
            for item in owner.list(field) {
                if let Some(target) = item.get("target") {
                    self.target(target);
                }
                if let Some(patch) = item.get("patch") {
                    self.text(patch, item.get("target").is_some(), nesting);
                }
            }
        }
        for item in owner.list("patchesStrategicMerge") {
            self.text(item, false, nesting);
        }
    }

    /// `kind` is a regular expression: each word of it may be meant.
    fn target(&mut self, target: &Node) {
        match target.get("kind").and_then(Node::text) {
            Some(kind) if kind.contains(['*', '+', '[']) => self.any = true,
            Some(kind) => self.kinds.extend(kind.split(|c: char| !c.is_alphanumeric()).map(str::to_owned)),
            None => self.any = true,
        }
    }

    fn text(&mut self, patch: &Node, has_target: bool, nesting: usize) {
        let Some(text) = patch.text().filter(|text| nesting < MAX_NESTING && text.contains('\n')) else { return };
        let Span { file, .. } = patch.span;
        for document in yaml::parse(file, text).documents {
            if has_target {
                self.nested(&document.root, nesting + 1);
            } else {
                self.patch(&document.root, nesting + 1);
            }
        }
    }

    fn patch(&mut self, root: &Node, nesting: usize) {
        self.kinds.extend(root.get("kind").and_then(Node::text).map(str::to_owned));
        self.nested(root, nesting);
    }

    /// Patches that a patch puts into an object.
    fn nested(&mut self, node: &Node, nesting: usize) {
        self.read(node, nesting);
        node.entries().iter().for_each(|entry| self.nested(&entry.value, nesting));
        node.items().iter().for_each(|item| self.nested(item, nesting));
    }
}
