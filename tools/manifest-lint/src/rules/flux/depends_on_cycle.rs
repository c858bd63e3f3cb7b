//! Flux waits for ever when objects depend on each other in a circle.

use crate::diagnostic::{Report, Severity};
use crate::render::Dependency;
use crate::repo::Repo;
use crate::rule::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "flux/depends-on-cycle",
    summary: "`dependsOn` forms a cycle",
    severity: Severity::Error,
    aliases: &[],
    since: "0.1.0",
    docs: include_str!("depends_on_cycle.md"),
    check: Check::Repo(check),
};

fn check(repo: &Repo, report: &mut Report) {
    let mut graph: Vec<Vec<&Dependency>> = vec![Vec::new(); repo.objects().len()];
    for dependency in repo.dependencies().iter().filter(|dependency| dependency.to.is_some()) {
        graph[dependency.from].push(dependency);
    }
    let mut done = vec![false; graph.len()];
    for start in 0..graph.len() {
        if let Some(cycle) = find_cycle(&graph, start, &mut done) {
            describe(repo, &cycle, report);
        }
    }
}

/// The first cycle met from `start`, as its edges. Every object is entered once over all calls.
fn find_cycle<'a>(graph: &[Vec<&'a Dependency>], start: usize, done: &mut [bool]) -> Option<Vec<&'a Dependency>> {
    if done[start] {
        return None;
    }
    let mut path: Vec<(usize, usize)> = vec![(start, 0)];
    let mut edges: Vec<&Dependency> = Vec::new();
    while let Some((at, next)) = path.last_mut() {
        let Some(&edge) = graph[*at].get(*next) else {
            done[*at] = true;
            path.pop();
            edges.pop();
            continue;
        };
        *next += 1;
        let to = edge.to.expect("edges without a target are left out of the graph");
        if let Some(entered) = path.iter().position(|&(on_path, _)| on_path == to) {
            let mut cycle = edges[entered..].to_vec();
            cycle.push(edge);
            path.iter().for_each(|&(on_path, _)| done[on_path] = true);
            return Some(cycle);
        }
        if !done[to] {
            edges.push(edge);
            path.push((to, 0));
        }
    }
    None
}

fn describe(repo: &Repo, cycle: &[&Dependency], report: &mut Report) {
    let [first, rest @ ..] = cycle else { return };
    let object = &repo.objects()[first.from];
    let name = object.name.as_deref().unwrap_or_default();
    report.about(Some(object));
    let finding = report.at(object.name_span(), format!("`{name}` waits for itself"));
    finding.label(first.span, format!("`{name}` waits for this"));
    for (position, edge) in rest.iter().enumerate() {
        let last = position + 1 == rest.len();
        finding.label(edge.span, if last { "which waits for the first again" } else { "which waits for this" });
    }
    finding.help("remove one of these `dependsOn` entries");
}
