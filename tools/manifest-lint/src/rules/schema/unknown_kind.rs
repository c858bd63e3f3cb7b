//! A kind without a schema: a slip, a version that is not served, or a definition that the repository lacks.

use crate::diagnostic::{Report, Severity};
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::schema::Verdict;

pub(super) const RULE: Rule = Rule {
    id: "schema/unknown-kind",
    summary: "no schema is known for a kind",
    severity: Severity::Warning,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("unknown_kind.md"),
    check: Check::Object(check),
};

fn check(object: &Object, repo: &Repo, report: &mut Report) {
    let Verdict::UnknownKind(near) = repo.verdict(object) else { return };
    let kind = object.at(&["kind"]).or_else(|| object.at(&["apiVersion"]));
    let span = kind.map_or(object.root.span, |node| node.span);
    let finding = report.at(span, format!("no schema for `{}`", object.gvk));
    match near.first() {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("add its CustomResourceDefinition to the repository, and it is checked too"),
    };
}
