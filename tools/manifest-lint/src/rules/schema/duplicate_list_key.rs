//! Server-side apply, which Flux always uses, refuses a list in which two items have the same key.

use super::report_faults;
use crate::diagnostic::{Report, Severity};
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::schema::Fault;

pub(super) const RULE: Rule = Rule {
    id: "schema/duplicate-list-key",
    summary: "two items of a list have the same key",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("duplicate_list_key.md"),
    check: Check::Object(check),
};

fn check(object: &Object, repo: &Repo, report: &mut Report) {
    report_faults(object, repo, report, |problem| matches!(problem.fault, Fault::Duplicate { .. }));
}
