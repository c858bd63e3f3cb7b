//! Everything under apps/, argocd/, clusters/, flux/ and grafana/ renders with the real kubectl and Helm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use observability::flux;
use observability::program::{assert_none, find, run, said, stdout_of};
use observability::repo::{self, folders_with, list, of_kind, root, shown, text};
use serde_json::{Value, json};

#[test]
fn kubectl_builds_every_kustomization() {
    let folders = folders_with("kustomization.yaml");
    assert!(folders.len() >= 3, "only {} kustomizations found", folders.len());
    let mut faults = Vec::new();
    for folder in &folders {
        let output = kustomize(folder);
        if !output.status.success() {
            faults.push(format!("{}: {}", shown(folder), said(&output)));
            continue;
        }
        let objects = repo::parse(&String::from_utf8_lossy(&output.stdout)).expect("kubectl writes YAML");
        if objects.is_empty() || objects.iter().any(|object| text(object, "/metadata/name").is_none()) {
            faults.push(format!("{}: {} objects, not all named", shown(folder), objects.len()));
        }
    }
    assert_none(&faults, "kubectl kustomize");
    println!("{} kustomizations built", folders.len());
}

#[test]
fn kubectl_refuses_a_kustomization_that_names_a_missing_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let copy = dir.path().join("grafana");
    copy_folder(&root().join("grafana"), &copy);
    assert!(kustomize(&copy).status.success(), "the whole copy builds");
    fs::remove_file(copy.join("cicd.json")).expect("the copy is ours");
    let output = kustomize(&copy);
    assert!(!output.status.success(), "kubectl builds although `cicd.json` is missing");
    assert!(said(&output).contains("cicd.json"), "kubectl does not name the missing file: {}", said(&output));
}

#[test]
fn dashboards_arrive_whole_where_the_sidecar_looks() {
    let yaml = stdout_of(Command::new(find("kubectl")).arg("kustomize").arg(root().join("grafana")));
    let maps = repo::parse(&yaml).expect("kubectl writes YAML");
    let mut arrived = Vec::new();
    for map in &maps {
        assert_eq!(text(map, "/kind"), Some("ConfigMap"));
        assert_eq!(text(map, "/metadata/namespace"), Some("monitoring"));
        assert_eq!(text(map, "/metadata/labels/grafana_dashboard"), Some("1"));
        let flux =
            map.pointer("/metadata/annotations").and_then(|all| all.get("kustomize.toolkit.fluxcd.io/substitute"));
        assert_eq!(flux.and_then(Value::as_str), Some("disabled"), "Flux would replace variables in {map}");
        let files = map["data"].as_object().expect("a ConfigMap of files");
        assert_eq!(files.len(), 1, "one ConfigMap a dashboard");
        for (name, content) in files {
            let content = content.as_str().expect("text");
            assert!(content.len() < 1 << 20, "{name} does not fit into a ConfigMap");
            assert_eq!(content, fs::read_to_string(root().join("grafana").join(name)).expect("it came from there"));
            arrived.push(name.clone());
        }
    }
    arrived.sort();
    let dashboards = observability::dashboard::all();
    let expected: Vec<_> = dashboards.iter().map(|one| one.path.trim_start_matches("grafana/").to_owned()).collect();
    assert_eq!(arrived, expected, "kustomization.yaml does not list every dashboard");
}

#[test]
fn helm_lints_and_renders_every_chart() {
    let charts = folders_with("Chart.yaml");
    assert!(!charts.is_empty(), "no chart found");
    let mut faults = Vec::new();
    for chart in &charts {
        for values in values_of(chart) {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let file = dir.path().join("values.yaml");
            fs::write(&file, values.to_string()).expect("the directory of a test is writable");
            for (what, output) in [("lint", lint(chart, &file)), ("template", template(chart, &file))] {
                if !output.status.success() {
                    faults.push(format!("helm {what} {} with {values}: {}", shown(chart), said(&output)));
                } else if what == "template" {
                    let objects = repo::parse(&String::from_utf8_lossy(&output.stdout)).expect("Helm writes YAML");
                    assert!(!objects.is_empty(), "{} renders nothing", shown(chart));
                }
            }
        }
    }
    assert_none(&faults, "charts");
}

#[test]
fn every_chart_has_a_release_with_values_of_its_own() {
    for chart in folders_with("Chart.yaml") {
        assert!(values_of(&chart).len() > 1, "no HelmRelease installs {}", shown(&chart));
    }
}

/// Flagger copies the pods' labels to the primary's but for the one it selects by, which gets `-primary` at its end.
#[test]
fn the_chart_s_monitor_finds_the_pods_of_canary_and_primary() {
    let chart = root().join("apps/hello/chart");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("values.yaml");
    fs::write(&file, "{}").expect("the directory of a test is writable");
    let output = template(&chart, &file);
    let objects = repo::parse(&String::from_utf8_lossy(&output.stdout)).expect("Helm writes YAML");
    let one = |kind: &str| objects.iter().find(|object| object["kind"] == kind).expect("the chart has one");
    let (deployment, monitor) = (one("Deployment"), one("PodMonitor"));
    let own =
        deployment.pointer("/spec/template/metadata/labels").and_then(Value::as_object).expect("pods have labels");
    let mut primary = own.clone();
    primary.insert("app.kubernetes.io/name".to_owned(), json!("hello-primary"));
    let wanted = monitor.pointer("/spec/selector/matchLabels").and_then(Value::as_object).expect("a selector");
    for (name, value) in wanted {
        assert_eq!(own.get(name), Some(value), "the monitor misses the canary's pods");
        assert_eq!(primary.get(name), Some(value), "the monitor misses the primary's pods");
    }
    let containers = list(deployment, "/spec/template/spec/containers").iter();
    let ports: Vec<_> = containers.flat_map(|container| list(container, "/ports")).collect();
    for endpoint in list(monitor, "/spec/podMetricsEndpoints") {
        assert!(ports.iter().any(|port| port["name"] == endpoint["port"]), "no port is named {}", endpoint["port"]);
    }
}

#[test]
fn helm_refuses_a_broken_template_and_a_misspelt_value() {
    let chart = folders_with("Chart.yaml").remove(0);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let copy = dir.path().join("chart");
    copy_folder(&chart, &copy);
    let file = dir.path().join("values.yaml");
    fs::write(&file, json!({ "nobodyReadsThis": true }).to_string()).expect("the directory of a test is writable");
    assert!(!template(&copy, &file).status.success(), "values.schema.json lets a misspelt value pass");
    fs::write(&file, "{}").expect("the directory of a test is writable");
    assert!(template(&copy, &file).status.success(), "the whole copy renders");
    fs::write(copy.join("templates/broken.yaml"), "a: {{ .Values.image").expect("the copy is ours");
    assert!(!template(&copy, &file).status.success(), "helm template accepts an open action");
    assert!(!lint(&copy, &file).status.success(), "helm lint accepts an open action");
}

fn kustomize(folder: &Path) -> Output {
    run(Command::new(find("kubectl")).arg("kustomize").arg(folder))
}

fn lint(chart: &Path, values: &Path) -> Output {
    run(Command::new(find("helm")).args(["lint", "--strict", "--values"]).arg(values).arg(chart))
}

fn template(chart: &Path, values: &Path) -> Output {
    let mut command = Command::new(find("helm"));
    command.args(["template", "hello", "--namespace", "hello", "--include-crds"]);
    // What the cluster would offer: without it, charts that ask for an API leave objects out.
    command.args(["--kube-version", "1.36.0", "--values"]).arg(values).arg(chart);
    run(&mut command)
}

/// Default values, and those of each HelmRelease that takes this chart from the repository.
fn values_of(chart: &Path) -> Vec<Value> {
    let mut all = vec![json!({})];
    for release in of_kind("HelmRelease") {
        let source = text(&release.value, "/spec/chart/spec/sourceRef/kind");
        let path = text(&release.value, "/spec/chart/spec/chart").unwrap_or_default();
        if source == Some("GitRepository") && normal(&root().join(path)) == normal(chart) {
            let values = release.value.pointer("/spec/values").cloned().unwrap_or_else(|| json!({}));
            all.push(flux::substituted(&values));
        }
    }
    all
}

fn normal(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn copy_folder(from: &Path, to: &Path) {
    for file in repo::files(from) {
        let target = to.join(file.strip_prefix(from).expect("listed below it"));
        fs::create_dir_all(target.parent().expect("a file lies in a folder")).expect("a temporary directory");
        fs::copy(&file, &target).expect("a listed file can be copied");
    }
}

#[test]
fn releases_of_foreign_charts_pin_a_version() {
    let mut faults = Vec::new();
    for release in of_kind("HelmRelease") {
        let inline = text(&release.value, "/spec/chart/spec/sourceRef/kind") == Some("HelmRepository");
        let version = text(&release.value, "/spec/chart/spec/version").unwrap_or_default();
        if inline && !version.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-+".contains(letter)) {
            faults.push(format!("{}: version `{version}` is a range", release.shown()));
        }
    }
    for source in repo::manifests().iter().filter(|one| one.kind() == "OCIRepository") {
        let pinned = ["/spec/ref/tag", "/spec/ref/digest"].iter().any(|path| text(&source.value, path).is_some());
        if !pinned || list(&source.value, "/spec/ref/semver").len() > 1 {
            faults.push(format!("{}: no tag and no digest", source.shown()));
        }
    }
    assert_none(&faults, "chart versions");
}
