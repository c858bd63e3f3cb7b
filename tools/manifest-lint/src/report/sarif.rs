//! SARIF 2.1.0, for code scanning. Columns count in characters.

use serde_json::{Value, json};

use super::fingerprints;
use crate::Outcome;
use crate::diagnostic::{Diagnostic, Severity};
use crate::rule::Rule;
use crate::source::{Sources, Span};

pub(super) fn render(outcome: &Outcome) -> String {
    let mut rules: Vec<&'static Rule> = outcome.diagnostics.iter().map(|diagnostic| diagnostic.rule).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup_by_key(|rule| rule.id);
    let prints = fingerprints(outcome);
    let results =
        outcome.diagnostics.iter().zip(prints).map(|(diagnostic, print)| result(outcome.sources(), diagnostic, &print));
    let report = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "manifest-lint",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_iter().map(descriptor).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"ROOT": {"description": {"text": "the root of the repository"}}},
            "results": results.collect::<Vec<_>>(),
        }],
    });
    format!("{report:#}\n")
}

fn descriptor(rule: &'static Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.docs, "markdown": rule.docs},
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(sources: &Sources, diagnostic: &Diagnostic, fingerprint: &str) -> Value {
    let help = diagnostic.help.as_deref().map(|help| format!("\n{help}")).unwrap_or_default();
    let labels = diagnostic.labels.iter().map(|label| (label.span, label.text.clone()));
    let via = diagnostic.via.steps.iter().map(|step| (step.span, format!("via {}", step.what)));
    let related: Vec<Value> = labels
        .chain(via)
        .enumerate()
        .map(|(id, (span, text))| {
            let mut related = location(sources, span);
            related["id"] = json!(id);
            related["message"] = json!({"text": text});
            related
        })
        .collect();
    json!({
        "ruleId": diagnostic.rule.id,
        "level": level(diagnostic.severity),
        "message": {"text": format!("{}{help}", diagnostic.message)},
        "locations": [location(sources, diagnostic.primary)],
        "relatedLocations": related,
        "partialFingerprints": {"manifestLint/v1": fingerprint},
    })
}

fn location(sources: &Sources, span: Span) -> Value {
    let at = sources.location(span);
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(sources.path(span)), "uriBaseId": "ROOT"},
        "region": {"startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column},
    }})
}

/// A relative URI reference: everything but unreserved characters and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    path.bytes().map(encode).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
