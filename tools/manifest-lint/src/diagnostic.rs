//! What a rule found, and where: the message says what is wrong, labels where from, help what to do.

use std::fmt;

use crate::object::{Object, Via};
use crate::rule::Rule;
use crate::source::Span;

/// How bad it is. `Error`: the cluster refuses it or something breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];

    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place with a few words about it; the primary label may have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub message: String,
    pub primary: Span,
    pub labels: Vec<Label>,
    pub help: Option<String>,
    /// The object it is about, as `Kind namespace/name`; stays the same when lines move.
    pub object: Option<String>,
    /// How the object came to be, where it is not simply in the file.
    pub via: Via,
}

/// Collects what one rule finds.
#[derive(Debug)]
pub struct Report {
    rule: &'static Rule,
    object: Option<String>,
    via: Via,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    pub(crate) fn new(rule: &'static Rule) -> Self {
        Self { rule, object: None, via: Via::default(), diagnostics: Vec::new() }
    }

    /// From here on, findings are about `object`.
    pub(crate) fn about(&mut self, object: Option<&Object>) {
        self.object = object.map(ToString::to_string);
        self.via = object.map(|object| object.via.clone()).unwrap_or_default();
    }

    /// A finding whose place is `span`. The message is lower case, without a full stop, names in backticks.
    pub fn at(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic {
            rule: self.rule,
            severity: self.rule.severity,
            message: message.into(),
            primary: span,
            labels: Vec::new(),
            help: None,
            object: self.object.clone(),
            via: self.via.clone(),
        });
        self.diagnostics.last_mut().expect("just pushed")
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

impl Diagnostic {
    /// Another place that explains this one.
    pub fn label(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// What to do about it.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }
}
