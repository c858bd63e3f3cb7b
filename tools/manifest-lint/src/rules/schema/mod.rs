//! What the schema of a kind says about an object.

use crate::diagnostic::Report;
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::Rule;
use crate::schema::Problem;

mod duplicate_list_key;
mod invalid_value;
mod missing_field;
mod unknown_field;
mod unknown_kind;
mod wrong_type;

pub(super) const RULES: [&Rule; 6] = [
    &duplicate_list_key::RULE,
    &invalid_value::RULE,
    &missing_field::RULE,
    &unknown_field::RULE,
    &unknown_kind::RULE,
    &wrong_type::RULE,
];

/// Reports the schema problems of `object` that are of this rule's kind.
fn report_faults(object: &Object, repo: &Repo, report: &mut Report, is_wanted: impl Fn(&Problem) -> bool) {
    for problem in repo.problems(object).iter().filter(|problem| is_wanted(problem)) {
        let finding = report.at(problem.span, problem.message());
        if let Some((span, text)) = problem.label() {
            finding.label(span, text);
        }
        if let Some(help) = problem.help() {
            finding.help(help);
        }
    }
}
