//! A field that the kind does not have is refused or silently dropped.

use super::report_faults;
use crate::diagnostic::{Report, Severity};
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::schema::Fault;

pub(super) const RULE: Rule = Rule {
    id: "schema/unknown-field",
    summary: "a field that the kind does not have",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("unknown_field.md"),
    check: Check::Object(check),
};

fn check(object: &Object, repo: &Repo, report: &mut Report) {
    report_faults(object, repo, report, |problem| matches!(problem.fault, Fault::UnknownField { .. }));
}
