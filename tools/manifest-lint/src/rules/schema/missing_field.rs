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
    let misspelt_in = |parent: &str| {
        let parent = parent.to_owned();
        problems.iter().filter_map(move |other| match &other.fault {
            Fault::UnknownField { field, nearest: Some(near), .. } => {
                let path = other.path.strip_suffix(field.as_str())?;
                (path.trim_end_matches('.') == parent).then_some(near.as_str())
            }
            _ => None,
        })
    };
    report_faults(object, repo, report, |problem| match &problem.fault {
        Fault::MissingField { field } => !misspelt_in(&problem.path).any(|meant| meant == field),
        Fault::NoForm { forms, .. } => {
            !misspelt_in(&problem.path).any(|meant| forms.iter().any(|form| form.contains(&format!("`{meant}`"))))
        }
        _ => false,
    });
}
