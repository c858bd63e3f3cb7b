//! What the kind requires has to be there.

use super::report_faults;
use crate::diagnostic::{Report, Severity};
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::schema::Fault;

pub(super) const RULE: Rule = Rule {
    id: "schema/missing-field",
    summary: "a required field is not there",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("missing_field.md"),
    check: Check::Object(check),
};

fn check(object: &Object, repo: &Repo, report: &mut Report) {
    // A patch names only what it changes, and what one adds is not missing in the object.
    if object.partial || repo.may_be_patched(object) {
        return;
    }
    let problems = repo.problems(object);
    // `contianers` is one mistake and not two: the missing field is there, misspelt.
    let is_misspelt = |parent: &str, wanted: &str| {
        problems.iter().any(|other| match &other.fault {
            Fault::UnknownField { field, nearest: Some(near), .. } => {
                let path = other.path.strip_suffix(field.as_str());
                near == wanted && path.is_some_and(|path| path.trim_end_matches('.') == parent)
            }
            _ => false,
        })
    };
    report_faults(object, repo, report, |problem| match &problem.fault {
        Fault::MissingField { field } => !is_misspelt(&problem.path, field),
        Fault::NoForm { .. } => true,
        _ => false,
    });
}
