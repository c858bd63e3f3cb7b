//! Text to nodes: every node keeps the span of the text a person can edit.
//!
//! The only module that knows a parser crate; JSON goes through it as well, being YAML.

mod explain;
mod parse;
mod scalar;

pub use parse::{Comment, DuplicateKey, Stream, SyntaxError, YamlDocument, parse};
pub use scalar::{Dialect, Resolved};

use crate::source::Span;

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// A scalar: its text after escapes and folding; what that text *means* depends on the [`Dialect`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    pub text: Box<str>,
    pub style: Style,
    /// `!!str`: the author forbids any other reading.
    pub tagged_string: bool,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    /// In the order of the file; a merge key (`<<`) is resolved, its entries follow the written ones.
    Mapping(Vec<Entry>),
}

/// One value with its place. Nodes reached through an alias have the place of the anchored text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

impl Node {
    /// Nothing, at a place.
    pub(crate) fn null(span: Span) -> Self {
        Self { span, value: Value::Scalar(Scalar { text: "".into(), style: Style::Plain, tagged_string: false }) }
    }

    /// The value of `key`; where a key stands twice, the last one, as every reader of Kubernetes does.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key.text() == Some(key))
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The items of the list under `key`; none where there is no such list.
    pub fn list(&self, key: &str) -> &[Node] {
        self.get(key).map_or(&[], Node::items)
    }

    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar, however it is read.
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| &*scalar.text)
    }

    /// The text of a scalar that is a string in `dialect`.
    pub fn string(&self, dialect: Dialect) -> Option<&str> {
        match self.resolve(dialect)? {
            Resolved::String(text) => Some(text),
            _ => None,
        }
    }

    /// What a scalar means in `dialect`; `None` for collections.
    pub fn resolve(&self, dialect: Dialect) -> Option<Resolved<'_>> {
        self.scalar().map(|scalar| scalar.resolve(dialect))
    }

    pub fn is_null(&self) -> bool {
        matches!(self.resolve(Dialect::Kubectl), Some(Resolved::Null))
    }

    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// What the value is called in messages: `an object`, `a list`, `a string`, …
    pub fn type_name(&self, dialect: Dialect) -> &'static str {
        match &self.value {
            Value::Mapping(_) => "an object",
            Value::Sequence(_) => "a list",
            Value::Scalar(scalar) => scalar.resolve(dialect).type_name(),
        }
    }
}
