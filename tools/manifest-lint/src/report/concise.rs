//! `path:line:column: severity[rule] message`, for scripts, editors and the pages of the rules.

use std::fmt::Write;

use super::summary_lines;
use crate::Outcome;
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};

pub(super) fn render(outcome: &Outcome) -> String {
    let mut out = findings(outcome);
    for line in summary_lines(outcome) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// The findings alone.
pub fn findings(outcome: &Outcome) -> String {
    outcome.diagnostics.iter().map(|diagnostic| finding(outcome.sources(), diagnostic)).collect()
}

fn finding(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let Diagnostic { severity, message, primary, .. } = diagnostic;
    let mut out = format!("{}: {severity}[{}] {message}\n", place(sources, *primary), diagnostic.rule.id);
    for label in &diagnostic.labels {
        let _ = writeln!(out, "  {}: {}", place(sources, label.span), label.text);
    }
    for step in &diagnostic.via.steps {
        let _ = writeln!(out, "  {}: via {}", place(sources, step.span), step.what);
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  help: {help}");
    }
    out
}

fn place(sources: &Sources, span: Span) -> String {
    let at = sources.location(span);
    format!("{}:{}:{}", sources.path(span), at.line, at.column)
}
