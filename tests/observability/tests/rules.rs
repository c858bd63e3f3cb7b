//! Our rules are valid, every alert has a unit test, and they work on what a running hello exports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use observability::platform::Platform;
use observability::program::{assert_none, find, run, said, until};
use observability::repo::{self, Manifest, list, of_kind, root, shown, text};
use observability::rules;
use serde_json::{Value, json};

#[test]
fn promtool_accepts_every_rule() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for manifest in of_kind("PrometheusRule") {
        let file = rules::write(&manifest, &rules::groups(&manifest), dir.path());
        let output =
            run(Command::new(find("promtool")).args(["check", "rules", "--lint=all", "--lint-fatal"]).arg(file));
        assert!(output.status.success(), "{}:\n{}", manifest.shown(), said(&output));
    }
}

#[test]
fn promtool_rejects_a_broken_rule() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let manifest = of_kind("PrometheusRule").remove(0);
    let mut groups = rules::groups(&manifest);
    groups["groups"][0]["rules"][0]["expr"] = json!("sum(rate(http_request_duration_seconds_count[5m])");
    let file = rules::write(&manifest, &groups, dir.path());
    let output = run(Command::new(find("promtool")).args(["check", "rules"]).arg(file));
    assert!(!output.status.success(), "promtool accepts an expression without its closing parenthesis");
}

#[test]
fn every_unit_test_of_the_rules_passes() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let tests = unit_tests();
    assert!(!tests.is_empty(), "no promtool unit test under apps/ or flux/");
    for (index, (path, test)) in tests.iter().enumerate() {
        let file = prepared(path, test, &dir.path().join(index.to_string()));
        let output = run(Command::new(find("promtool")).args(["test", "rules"]).arg(file));
        assert!(output.status.success(), "{}:\n{}", shown(path), said(&output));
    }
}

#[test]
fn a_unit_test_with_another_expectation_fails() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (path, mut test) = unit_tests().remove(0);
    let firing = list(&test, "/tests").iter().position(|one| !list(one, "/alert_rule_test").is_empty());
    let firing = firing.expect("the first test file tests an alert");
    test["tests"][firing]["alert_rule_test"][0]["exp_alerts"] = json!([{ "exp_labels": { "severity": "nobody" } }]);
    let file = prepared(&path, &test, dir.path());
    let output = run(Command::new(find("promtool")).args(["test", "rules"]).arg(file));
    assert!(!output.status.success(), "promtool passes a test whose expectation is wrong");
}

#[test]
fn every_alert_has_a_unit_test_in_which_it_fires() {
    let mut tested = Vec::new();
    for (_, test) in unit_tests() {
        for one in list(&test, "/tests") {
            for case in list(one, "/alert_rule_test") {
                if !list(case, "/exp_alerts").is_empty() {
                    tested.extend(text(case, "/alertname").map(str::to_owned));
                }
            }
        }
    }
    let alerts = rules::names("alert");
    assert!(!alerts.is_empty(), "no alert at all");
    let untested = alerts.iter().filter(|alert| !tested.contains(alert));
    assert_none(&untested.map(|alert| format!("`{alert}` never fires in a test")).collect::<Vec<_>>(), "alerts");
}

#[test]
fn every_alert_says_what_to_do() {
    let mut faults = Vec::new();
    for (manifest, rule) in rules::all() {
        let Some(alert) = text(&rule, "/alert") else { continue };
        for field in ["/labels/severity", "/annotations/summary", "/annotations/description"] {
            if text(&rule, field).is_none_or(str::is_empty) {
                faults.push(format!("{}: `{alert}` has no `{field}`", manifest.shown()));
            }
        }
        let page = text(&rule, "/annotations/runbook_url").unwrap_or_default();
        let path = page.split_once("/main/").map(|(_, path)| path.split('#').next().unwrap_or(path));
        if !path.is_some_and(|path| root().join(path).is_file()) {
            faults.push(format!("{}: the runbook of `{alert}`, `{page}`, is no file here", manifest.shown()));
        }
    }
    assert_none(&faults, "alerts");
}

#[test]
fn rules_and_canary_metrics_work_on_a_running_hello() {
    let platform = Platform::start();
    let prometheus = platform.prometheus(None);
    until("first samples", 20, || prometheus.one("min(count_over_time(http_requests_in_flight[1m])) >= 2"));
    platform.traffic();

    until("healthy rules", 30, || {
        let rules = prometheus.rules()?;
        let ill = rules.iter().find(|rule| rule["health"] != "ok");
        ill.map_or(Ok(()), |rule| Err(format!("{} is {}: {}", rule["name"], rule["health"], rule["lastError"])))
    });
    for record in rules::names("record") {
        until("recorded series", 20, || match prometheus.query(&record)?.len() {
            0 => Err(format!("`{record}` records nothing")),
            _ => Ok(()),
        });
    }

    let templates = of_kind("MetricTemplate");
    for template in &templates {
        let query = rendered(template, "hello");
        until(template.name(), 20, || match prometheus.one(&query)? {
            value if value.is_finite() => Ok(value),
            value => Err(format!("{value} from {query}")),
        });
    }
    let primary_only =
        templates.iter().find(|template| template.name().contains("error")).expect("an error-rate template");
    // Four of twenty-one in the rounds above, give or take what lay before the first scrape.
    let canary = prometheus.one(&rendered(primary_only, "hello")).expect("checked above");
    assert!((10.0..30.0).contains(&canary), "the canary fails one of five requests, the template says {canary} %");
}

/// A template's query as Flagger would send it for the Canary `hello`.
fn rendered(template: &Manifest, target: &str) -> String {
    let query = text(&template.value, "/spec/query").expect("a MetricTemplate has a query");
    let mut query = query.to_owned();
    for (name, value) in [("namespace", "hello"), ("target", target), ("service", "hello"), ("interval", "1m")] {
        query = query.replace(&format!("{{{{ {name} }}}}"), value);
    }
    assert!(!query.contains("{{"), "{}: a variable this test does not know: {query}", template.shown());
    query
}

/// Files in promtool's format: a mapping with `rule_files` and `tests`.
fn unit_tests() -> Vec<(PathBuf, Value)> {
    let manifests = repo::manifests().into_iter();
    let tests = manifests.filter(|one| one.value.get("rule_files").is_some() && one.value.get("tests").is_some());
    tests.map(|one| (one.path, one.value)).collect()
}

/// The test in a folder of its own, its `rule_files` replaced by what the operator makes of the objects they name.
fn prepared(path: &Path, test: &Value, dir: &Path) -> PathBuf {
    fs::create_dir_all(dir).expect("the directory of a test is writable");
    let mut test = test.clone();
    let mut files = Vec::new();
    for name in list(&test, "/rule_files") {
        let named = path.parent().expect("a file lies in a folder").join(name.as_str().expect("a file name"));
        for value in repo::read(&named) {
            let manifest = Manifest { path: named.clone(), value };
            assert_eq!(manifest.kind(), "PrometheusRule", "{}: `rule_files` names {}", shown(path), manifest.shown());
            files.push(rules::write(&manifest, &rules::groups(&manifest), dir));
        }
    }
    test["rule_files"] = json!(files);
    let file = dir.join("test.yaml");
    fs::write(&file, test.to_string()).expect("the directory of a test is writable");
    file
}
