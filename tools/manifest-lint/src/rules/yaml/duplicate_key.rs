//! A key that stands twice: readers disagree about which one counts.

use crate::diagnostic::{Report, Severity};
use crate::document::Document;
use crate::rule::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "yaml/duplicate-key",
    summary: "a key stands twice in one object",
    severity: Severity::Error,
    aliases: &["key-duplicates"],
    since: "0.1.0",
    docs: include_str!("duplicate_key.md"),
    check: Check::Document(check),
};

fn check(document: &Document, report: &mut Report) {
    for duplicate in &document.duplicate_keys {
        report
            .at(duplicate.second, format!("`{}` stands twice in one object", duplicate.key))
            .label(duplicate.first, "it stands here first")
            .help("keep one of them; kustomize refuses the file, other readers take the last one");
    }
}
