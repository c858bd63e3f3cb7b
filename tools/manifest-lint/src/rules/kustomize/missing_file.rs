//! A kustomization that names a file which is not there builds nothing at all.

use crate::diagnostic::{Report, Severity};
use crate::render::Target;
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::suggest::nearest;

pub(super) const RULE: Rule = Rule {
    id: "kustomize/missing-file",
    summary: "a kustomization names a file or folder that is not there",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("missing_file.md"),
    check: Check::Repo(check),
};

fn check(repo: &Repo, report: &mut Report) {
    for kustomization in repo.kustomizations() {
        for reference in &kustomization.references {
            let text = &reference.text;
            match &reference.target {
                Target::Missing(path) => {
                    let finding =
                        report.at(reference.span, format!("`{text}` in `{}` does not exist", reference.field));
                    match near(repo, path, &kustomization.folder) {
                        Some(near) => finding.help(format!("did you mean `{near}`?")),
                        None => finding.help("add the file, or remove the entry"),
                    };
                }
                Target::BareFolder(path) => {
                    report
                        .at(reference.span, format!("the folder `{text}` has no kustomization"))
                        .help(format!("add `{path}/kustomization.yaml`, or list the files of the folder"));
                }
                Target::Outside => {
                    report
                        .at(reference.span, format!("`{text}` leads out of the repository"))
                        .help("copy what is needed into the repository; Flux builds from the repository alone");
                }
                Target::File(_) | Target::Folder(_) | Target::Remote => {}
            }
        }
    }
}

/// The nearest name in the folder the path points into, as it would be written in the kustomization.
fn near(repo: &Repo, path: &str, from: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let inside = repo.sources().below(folder).map(|(file, _)| {
        let rest = file[folder.len()..].trim_start_matches('/');
        rest.split('/').next().unwrap_or(rest)
    });
    let near = nearest(name, inside.filter(|&name| name != "kustomization.yaml"))?;
    let written = match folder.strip_prefix(from).map(|below| below.trim_start_matches('/')) {
        Some("") => near.to_owned(),
        Some(below) => format!("{below}/{near}"),
        None => format!("{folder}/{near}"),
    };
    Some(written)
}
