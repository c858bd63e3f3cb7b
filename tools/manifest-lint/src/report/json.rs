//! Everything, for programs. Lines and columns count from 1, columns in characters; ends are exclusive.

use serde::Serialize;
use serde_json::{Value, json};

use super::fingerprints;
use crate::Outcome;
use crate::diagnostic::Severity;
use crate::source::{Sources, Span};

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

pub(super) fn render(outcome: &Outcome) -> String {
    let sources = outcome.sources();
    let findings: Vec<Value> = outcome
        .diagnostics
        .iter()
        .zip(fingerprints(outcome))
        .map(|(diagnostic, fingerprint)| {
            let labels =
                diagnostic.labels.iter().map(|label| json!({"place": place(sources, label.span), "text": label.text}));
            let via =
                diagnostic.via.steps.iter().map(|step| json!({"place": place(sources, step.span), "what": step.what}));
            json!({
                "rule": diagnostic.rule.id,
                "severity": diagnostic.severity.name(),
                "message": diagnostic.message,
                "place": place(sources, diagnostic.primary),
                "labels": labels.collect::<Vec<_>>(),
                "via": via.collect::<Vec<_>>(),
                "help": diagnostic.help,
                "object": diagnostic.object,
                "fingerprint": fingerprint,
            })
        })
        .collect();
    let summary = &outcome.summary;
    let documents: serde_json::Map<String, Value> =
        summary.documents.iter().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect();
    let unknown: serde_json::Map<String, Value> =
        summary.unknown_kinds.iter().map(|(gvk, count)| (gvk.to_string(), json!(count))).collect();
    let report = json!({
        "version": 1,
        "findings": findings,
        "summary": {
            "files": summary.files,
            "documents": documents,
            "objects": summary.objects,
            "unknown_kinds": unknown,
            "errors": outcome.count(Severity::Error),
            "warnings": outcome.count(Severity::Warning),
            "infos": outcome.count(Severity::Info),
        },
    });
    format!("{report:#}\n")
}

fn place(sources: &Sources, span: Span) -> Place<'_> {
    let at = sources.location(span);
    let path = sources.path(span);
    Place { path, line: at.line, column: at.column, end_line: at.end_line, end_column: at.end_column }
}
