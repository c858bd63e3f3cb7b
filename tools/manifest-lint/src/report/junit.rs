//! JUnit XML: a test case per file, failed where it has findings.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::Outcome;
use crate::diagnostic::Diagnostic;

pub(super) fn render(outcome: &Outcome) -> String {
    let mut by_file: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    for document in outcome.repo().documents() {
        by_file.entry(outcome.sources().file(document.file).path()).or_default();
    }
    for diagnostic in &outcome.diagnostics {
        by_file.entry(outcome.sources().path(diagnostic.primary)).or_default().push(diagnostic);
    }
    let failures: usize = by_file.values().filter(|found| !found.is_empty()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"manifest-lint\" tests=\"{}\" failures=\"{failures}\">", by_file.len());
    let _ = writeln!(out, "  <testsuite name=\"manifest-lint\" tests=\"{}\" failures=\"{failures}\">", by_file.len());
    for (path, found) in by_file {
        let name = escape(path);
        if found.is_empty() {
            let _ = writeln!(out, "    <testcase classname=\"manifest-lint\" name=\"{name}\" file=\"{name}\"/>");
            continue;
        }
        let _ = writeln!(out, "    <testcase classname=\"manifest-lint\" name=\"{name}\" file=\"{name}\">");
        let summary = if found.len() == 1 { found[0].message.clone() } else { format!("{} findings", found.len()) };
        let text: String = found.iter().map(|diagnostic| line(outcome, diagnostic)).collect();
        let _ = writeln!(
            out,
            "      <failure message=\"{}\" type=\"{}\">{}</failure>",
            escape(&summary),
            found[0].rule.id,
            escape(text.trim_end())
        );
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn line(outcome: &Outcome, diagnostic: &Diagnostic) -> String {
    let at = outcome.sources().location(diagnostic.primary);
    let help = diagnostic.help.as_deref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
    let Diagnostic { severity, message, rule, .. } = diagnostic;
    format!("{}:{}: {severity}[{}] {message}{help}\n", at.line, at.column, rule.id)
}

/// XML 1.0 allows no control characters but tab, line feed and carriage return, not even escaped.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_xml_does_not_allow_is_replaced() {
        assert_eq!(super::escape("a<b>&\"\u{1}\n"), "a&lt;b&gt;&amp;&quot;\u{fffd}\n");
    }
}
