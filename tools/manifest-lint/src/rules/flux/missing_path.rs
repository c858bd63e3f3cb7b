//! A Flux object that applies a folder of this repository which is not there.

use crate::diagnostic::{Report, Severity};
use crate::document::folder;
use crate::render::join;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::suggest::nearest;

pub(super) const RULE: Rule = Rule {
    id: "flux/missing-path",
    summary: "a Flux object applies a folder that is not there",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("missing_path.md"),
    check: Check::Repo(check),
};

fn check(repo: &Repo, report: &mut Report) {
    let folders = repo.folders();
    for path in repo.flux_paths() {
        let object = &repo.objects()[path.object];
        // A repository may hold others as examples or fixtures: their paths count from a folder above the file.
        let mut above = Some(folder(repo.sources().path(object.root.span)));
        let exists = |above: &str| folders.contains(join(above, &path.path).unwrap_or_default().as_str());
        while let Some(root) = above.filter(|root| !exists(root)) {
            above = (!root.is_empty()).then(|| folder(root));
        }
        if above.is_some() {
            continue;
        }
        report.about(Some(object));
        let finding = report.at(path.span, format!("the folder `{}` does not exist in this repository", path.path));
        match nearest(&path.path, folders.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("paths count from the root of the source, not from this file"),
        };
    }
}
