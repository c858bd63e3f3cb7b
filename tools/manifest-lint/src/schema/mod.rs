//! What Kubernetes and the repository's own CRDs say an object may look like.

use std::fmt;
use std::str::FromStr;

use crate::object::{Gvk, Object};
use crate::yaml::Node;

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

/// Something the schema does not allow.
#[derive(Debug)]
pub enum Problem {}

/// What the schemas say about one object.
#[derive(Debug)]
pub enum Verdict {
    Checked(Vec<Problem>),
    /// No schema: the kinds that come nearest.
    UnknownKind(Vec<Gvk>),
}

/// The schemas of one Kubernetes version, and of the CRDs met so far.
#[derive(Debug)]
pub struct Schemas;

impl Schemas {
    pub fn new(_kubernetes: Minor) -> Self {
        Self
    }

    /// Adds the kinds that a CustomResourceDefinition declares; they win over built-in ones.
    pub fn learn(&mut self, _definition: &Node) {}

    pub fn check(&self, _object: &Object) -> Verdict {
        Verdict::UnknownKind(Vec::new())
    }
}
