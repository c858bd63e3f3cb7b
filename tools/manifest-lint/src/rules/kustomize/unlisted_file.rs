//! A manifest beside a kustomization that does not list it is applied by nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Report, Severity};
use crate::document::{Kind, file_name, folder};
use crate::render::{Kustomization, Reference};
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::source::FileId;

pub(super) const RULE: Rule = Rule {
    id: "kustomize/unlisted-file",
    summary: "a manifest is left out of the kustomization beside it",
    severity: Severity::Warning,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("unlisted_file.md"),
    check: Check::Repo(check),
};

fn check(repo: &Repo, report: &mut Report) {
    let listed: BTreeSet<FileId> = repo
        .kustomizations()
        .iter()
        .flat_map(|kustomization| &kustomization.references)
        .filter_map(Reference::file)
        .collect();
    let mut by_folder: BTreeMap<&str, &Kustomization> = BTreeMap::new();
    for kustomization in repo.kustomizations() {
        by_folder.entry(&kustomization.folder).or_insert(kustomization);
    }
    let mut seen = BTreeSet::new();
    for object in repo.objects().iter().filter(|object| !object.partial) {
        let file = object.root.span.file;
        let path = repo.sources().file(file).path();
        let (Some(kustomization), false) = (by_folder.get(folder(path)), listed.contains(&file)) else { continue };
        if !seen.insert(file) || is_bootstrap(path) {
            continue;
        }
        let list = repo
            .documents()
            .iter()
            .find(|document| document.file == kustomization.file && document.kind == Kind::Kustomization);
        let Some(place) =
            list.map(|document| document.root.entry("resources").map_or(document.span(), |entry| entry.key.span))
        else {
            continue;
        };
        report
            .at(object.name_span(), format!("`{}` is not listed in the kustomization beside it", file_name(path)))
            .label(place, "this list leaves it out")
            .help("list it under `resources`, or remove the file: as it is, nobody applies it");
    }
}

/// `flux bootstrap` writes these and lists them itself.
fn is_bootstrap(path: &str) -> bool {
    matches!(file_name(path), "gotk-components.yaml" | "gotk-sync.yaml")
}
