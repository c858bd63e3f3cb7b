//! The type is right and the value is not allowed.

use super::report_faults;
use crate::diagnostic::{Report, Severity};
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::schema::{Fault, Problem};

pub(super) const RULE: Rule = Rule {
    id: "schema/invalid-value",
    summary: "a value that the schema does not allow",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("invalid_value.md"),
    check: Check::Object(check),
};

fn check(object: &Object, repo: &Repo, report: &mut Report) {
    let is_value = |problem: &Problem| {
        matches!(
            problem.fault,
            Fault::NotAllowed { .. } | Fault::Pattern { .. } | Fault::Bound { .. } | Fault::Format { .. }
        )
    };
    report_faults(object, repo, report, is_value);
}
