//! Flux waits for ever for an object that nobody creates.

use crate::diagnostic::{Report, Severity};
use crate::repo::Repo;
use crate::rule::{Check, Rule};
use crate::suggest::nearest;

pub(super) const RULE: Rule = Rule {
    id: "flux/missing-dependency",
    summary: "`dependsOn` names an object that is not in the repository",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("missing_dependency.md"),
    check: Check::Repo(check),
};

fn check(repo: &Repo, report: &mut Report) {
    let objects = repo.objects();
    for dependency in repo.dependencies().iter().filter(|dependency| dependency.to.is_none()) {
        let waiting = &objects[dependency.from];
        let wanted = repo.sources().text(dependency.span).trim_matches(['"', '\'']);
        if wanted.contains("${") {
            continue;
        }
        report.about(Some(waiting));
        let kind = &waiting.gvk.kind;
        let finding = report.at(dependency.span, format!("no {kind} `{wanted}` to wait for"));
        let twin = objects.iter().find(|other| {
            other.name.as_deref() == Some(wanted)
                && other.gvk != waiting.gvk
                && matches!(other.gvk.kind.as_str(), "Kustomization" | "HelmRelease")
        });
        let elsewhere = objects
            .iter()
            .filter(|other| other.gvk == waiting.gvk && other.name.as_deref() == Some(wanted))
            .find_map(|other| Some((other, other.namespace.as_deref()?)));
        let names = objects.iter().filter(|other| other.gvk == waiting.gvk && other.id != waiting.id);
        if let Some(twin) = twin {
            finding.label(twin.name_span(), format!("this `{wanted}` is a {}", twin.gvk.kind));
            finding.help(format!("a {kind} can wait for a {kind} only"));
        } else if let Some((other, namespace)) = elsewhere {
            finding.label(other.name_span(), "this one is in another namespace");
            finding.help(format!("add `namespace: {namespace}` to the entry"));
        } else if let Some(near) = nearest(wanted, names.filter_map(|other| other.name.as_deref())) {
            finding.help(format!("did you mean `{near}`?"));
        } else {
            finding.help("remove the entry, or add the object it waits for");
        }
    }
}
