//! A document that does not parse reaches no cluster, and often stops everything beside it.

use crate::diagnostic::{Report, Severity};
use crate::document::Document;
use crate::rule::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "yaml/syntax",
    summary: "a file does not parse",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("syntax.md"),
    check: Check::Document(check),
};

fn check(document: &Document, report: &mut Report) {
    let Some(error) = &document.error else { return };
    let finding = report.at(error.span, error.message.clone());
    if let Some(help) = error.help {
        finding.help(help);
    }
}
