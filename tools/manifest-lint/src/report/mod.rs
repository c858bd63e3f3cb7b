//! Findings as bytes: one pure file per format.

mod concise;
mod gitlab;
mod json;
mod junit;
mod sarif;
mod text;

pub use concise::findings;

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::Outcome;
use crate::diagnostic::Diagnostic;

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// For people: the lines in question, marked.
    Text,
    /// One finding a line, its labels and help below it.
    Concise,
    /// One JSON object with everything.
    Json,
    /// GitLab Code Quality.
    Gitlab,
    /// JUnit XML, a test case per file.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
}

/// What `outcome` looks like in `format`; `color` applies to text alone.
pub fn render(outcome: &Outcome, format: Format, color: bool) -> String {
    match format {
        Format::Text => text::render(outcome, color),
        Format::Concise => concise::render(outcome),
        Format::Json => json::render(outcome),
        Format::Gitlab => gitlab::render(outcome),
        Format::Junit => junit::render(outcome),
        Format::Sarif => sarif::render(outcome),
    }
}

/// One name per finding that stays when lines move: of the file, the rule, the object and the message.
/// Equal ones are told apart by their order.
fn fingerprints(outcome: &Outcome) -> Vec<String> {
    let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
    let fingerprint = |diagnostic: &Diagnostic| {
        let path = outcome.sources().path(diagnostic.primary);
        let object = diagnostic.object.as_deref().unwrap_or_default();
        let hash = fnv1a([path, diagnostic.rule.id, object, &diagnostic.message]);
        let earlier = seen.entry(hash).or_default();
        *earlier += 1;
        format!("{hash:016x}{earlier:04x}")
    };
    outcome.diagnostics.iter().map(fingerprint).collect()
}

/// FNV-1a, whose results, unlike those of the standard library's hasher, are the same in every release.
fn fnv1a<const N: usize>(parts: [&str; N]) -> u64 {
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// `12 files, 30 objects`, then what was not checked, in the order of importance.
fn summary_lines(outcome: &Outcome) -> Vec<String> {
    use crate::diagnostic::Severity;
    use crate::document::Kind;
    let summary = &outcome.summary;
    let counts = Severity::ALL.map(|severity| (outcome.count(severity), severity.name()));
    let found: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| plural(*count, name)).collect();
    let found = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };
    let mut lines =
        vec![format!("{found} in {} and {}", plural(summary.files, "file"), plural(summary.objects, "object"))];
    if !summary.unknown_kinds.is_empty() {
        let kinds: Vec<String> = summary.unknown_kinds.iter().map(|(gvk, count)| format!("{gvk} ({count})")).collect();
        lines.push(format!("not checked against a schema: {}", kinds.join(", ")));
    }
    let templates = summary.documents_of(Kind::ChartTemplate);
    if templates > 0 {
        lines.push(format!("not rendered: {}", plural(templates, "chart template")));
    }
    lines
}

fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 || noun == "info" { "" } else { "s" };
    format!("{count} {noun}{s}")
}
