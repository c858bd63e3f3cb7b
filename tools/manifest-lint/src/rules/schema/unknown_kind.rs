//! A kind without a schema: a slip, a version that is not served, or a definition that the repository lacks.

use std::collections::BTreeMap;

use crate::diagnostic::{Report, Severity};
use crate::object::{Gvk, Object};
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
    check: Check::Repo(check),
};

/// One finding a kind: what has to be done is the same for all its objects, which the summary counts.
fn check(repo: &Repo, report: &mut Report) {
    let mut kinds: BTreeMap<&Gvk, (&Object, &[Gvk], usize)> = BTreeMap::new();
    for object in repo.objects() {
        if let Verdict::UnknownKind(near) = repo.verdict(object) {
            kinds.entry(&object.gvk).or_insert((object, near, 0)).2 += 1;
        }
    }
    for (gvk, (first, near, count)) in kinds {
        report.about(Some(first));
        let kind = first.at(&["kind"]).or_else(|| first.at(&["apiVersion"]));
        let span = kind.map_or(first.root.span, |node| node.span);
        let others = if count > 1 { format!(" (here and in {} more)", count - 1) } else { String::new() };
        let finding = report.at(span, format!("no schema for `{gvk}`{others}"));
        match near.first() {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("add its CustomResourceDefinition to the repository, and it is checked too"),
        };
    }
}
