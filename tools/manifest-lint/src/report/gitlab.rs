//! GitLab Code Quality: a list that the merge request shows beside the changed lines.
//!
//! GitLab drops findings with equal fingerprints and hides the rule's name, so the message carries it.
//! Source: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde_json::{Value, json};

use super::fingerprints;
use crate::Outcome;
use crate::diagnostic::Severity;

pub(super) fn render(outcome: &Outcome) -> String {
    let issues: Vec<Value> = outcome
        .diagnostics
        .iter()
        .zip(fingerprints(outcome))
        .map(|(diagnostic, fingerprint)| {
            let at = outcome.sources().location(diagnostic.primary);
            let help = diagnostic.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            json!({
                "description": format!("{} [{}]{help}", diagnostic.message, diagnostic.rule.id),
                "check_name": diagnostic.rule.id,
                "fingerprint": fingerprint,
                "severity": match diagnostic.severity {
                    Severity::Error => "major",
                    Severity::Warning => "minor",
                    Severity::Info => "info",
                },
                "location": {
                    "path": outcome.sources().path(diagnostic.primary),
                    "lines": {"begin": at.line, "end": at.end_line},
                },
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(issues))
}
