//! The server cannot decode a value of the wrong type.

use super::report_faults;
use crate::diagnostic::{Report, Severity};
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::schema::Fault;

pub(super) const RULE: Rule = Rule {
    id: "schema/wrong-type",
    summary: "a value of another type than the field takes",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("wrong_type.md"),
    check: Check::Object(check),
};

fn check(object: &Object, repo: &Repo, report: &mut Report) {
    report_faults(object, repo, report, |problem| matches!(problem.fault, Fault::WrongType { .. }));
}
