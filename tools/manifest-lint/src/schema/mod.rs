//! What Kubernetes and the repository's own CRDs say an object may look like.

mod check;
mod crd;
mod defaults;
mod formats;
mod hint;
mod pattern;
mod problem;
mod shape;
mod table;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use problem::{Fault, Problem};
pub use shape::Format;

use crate::object::{Gvk, Object};
use crate::suggest;
use crate::yaml::Node;
use check::Manner;
use shape::Schema;
use table::View;

/// A Kubernetes version of the embedded tables: the minor of `1.x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(u16);

impl Minor {
    pub const OLDEST: Self = Self(32);
    pub const NEWEST: Self = Self(37);
}

impl Default for Minor {
    fn default() -> Self {
        Self(36)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl FromStr for Minor {
    type Err = String;

    /// `1.36`, `v1.36` or `1.36.2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.trim_start_matches('v').split('.');
        let minor = match (parts.next(), parts.next().map(str::parse)) {
            (Some("1"), Some(Ok(minor))) => Self(minor),
            _ => return Err(format!("expected a version like {}", Self::default())),
        };
        if (Self::OLDEST..=Self::NEWEST).contains(&minor) {
            Ok(minor)
        } else {
            Err(format!("schemas of Kubernetes {} to {} are built in", Self::OLDEST, Self::NEWEST))
        }
    }
}

/// What the schemas say about one object.
#[derive(Debug)]
pub enum Verdict {
    Checked(Vec<Problem>),
    /// No schema: the kinds that come nearest.
    UnknownKind(Vec<Gvk>),
}

/// The schemas of one Kubernetes version, of well-known CRDs, and of the CRDs met so far.
#[derive(Clone, Debug)]
pub struct Schemas {
    view: View,
    /// By group and kind, then by version.
    learned: BTreeMap<(String, String), BTreeMap<String, Arc<Schema>>>,
}

/// Most kinds that are named as near to an unknown one.
const MAX_NEAR: usize = 4;

impl Schemas {
    pub fn new(kubernetes: Minor) -> Self {
        let view = View::new(kubernetes.0).expect("the table has every version between the oldest and the newest");
        Self { view, learned: BTreeMap::new() }
    }

    /// Adds the kinds that a CustomResourceDefinition declares; they win over embedded ones.
    pub fn learn(&mut self, definition: &Node) {
        for (gvk, schema) in crd::read(definition).unwrap_or_default() {
            let versions = self.learned.entry((gvk.group, gvk.kind)).or_default();
            versions.insert(gvk.version, Arc::new(schema));
        }
    }

    /// Everything the schema of its kind does not allow `object`.
    pub fn check(&self, object: &Object) -> Verdict {
        let Some((schema, custom)) = self.schema(&object.gvk) else {
            return Verdict::UnknownKind(self.near(&object.gvk));
        };
        let manner = Manner { dialect: object.dialect, partial: object.partial, custom };
        Verdict::Checked(check::check(self.view, schema, &object.root, manner))
    }

    /// The schema of a kind, and whether it is a custom one. A CRD of the repository replaces all embedded versions
    /// of its kind: it says which ones the cluster serves.
    fn schema(&self, gvk: &Gvk) -> Option<(&Schema, bool)> {
        let Gvk { group, version, kind } = gvk;
        if let Some(versions) = self.learned.get(&(group.clone(), kind.clone())) {
            return versions.get(version).map(|schema| (&**schema, true));
        }
        let built_in = self.view.built_in(group, version, kind).map(|schema| (schema, false));
        built_in.or_else(|| self.view.custom(group, version, kind).map(|schema| (schema, true)))
    }

    /// Every kind there is a schema for.
    fn known(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let built_in = self.view.kinds().iter().filter(|kind| self.view.serves(kind));
        let embedded = built_in.map(|kind| (kind.group, kind.version, kind.kind));
        let customs = self.view.customs().iter().map(|kind| (kind.group, kind.version, kind.kind));
        let replaced = |group: &str, kind: &str| self.learned.contains_key(&(group.to_owned(), kind.to_owned()));
        let learned = self.learned.iter().flat_map(|((group, kind), versions)| {
            versions.keys().map(move |version| (group.as_str(), version.as_str(), kind.as_str()))
        });
        embedded.chain(customs).filter(move |(group, _, kind)| !replaced(group, kind)).chain(learned)
    }

    /// The same kind in another group or version, those of the same group and stable versions first; else a kind of a
    /// similar name.
    fn near(&self, gvk: &Gvk) -> Vec<Gvk> {
        let owned = |(group, version, kind): (&str, &str, &str)| Gvk {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        };
        let mut same: Vec<Gvk> = self.known().filter(|(.., kind)| *kind == gvk.kind).map(owned).collect();
        if same.is_empty() {
            let kinds: Vec<&str> = self.known().map(|(.., kind)| kind).collect();
            let similar = suggest::nearest(&gvk.kind, kinds.iter().copied());
            same = self.known().filter(|(.., kind)| Some(*kind) == similar).map(owned).collect();
        }
        same.sort_by_key(|near| (near.group != gvk.group, Reverse(maturity(&near.version))));
        same.truncate(MAX_NEAR);
        same
    }
}

/// Orders `v1alpha1` < `v1beta1` < `v1` < `v2`.
fn maturity(version: &str) -> (u8, u32) {
    let stage = match version {
        _ if version.contains("alpha") => 0,
        _ if version.contains("beta") => 1,
        _ => 2,
    };
    let major = version.trim_start_matches('v').chars().map_while(|c| c.to_digit(10));
    (stage, major.fold(0, |number, digit| number.saturating_mul(10).saturating_add(digit)))
}
