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
    let alert = list(&test, "/tests").iter().find(|one| !list(one, "/alert_rule_test").is_empty());
    let mut alert = alert.expect("the first test file tests an alert").clone();
    alert["alert_rule_test"][0]["exp_alerts"] = json!([{ "exp_labels": { "severity": "nobody" } }]);
    test["tests"] = json!([alert]);
    let file = prepared(&path, &test, dir.path());
    let output = run(Command::new(find("promtool")).args(["test", "rules"]).arg(file));
    assert!(!output.status.success(), "promtool passes a test whose expectation is wrong");
}

#[test]
fn every_alert_has_a_unit_test_in_which_it_fires_and_one_in_which_it_does_not() {
    let (mut fires, mut is_quiet) = (Vec::new(), Vec::new());
    for (_, test) in unit_tests() {
        for case in list(&test, "/tests").iter().flat_map(|one| list(one, "/alert_rule_test")) {
            let alert = text(case, "/alertname").unwrap_or_default().to_owned();
            if list(case, "/exp_alerts").is_empty() { is_quiet.push(alert) } else { fires.push(alert) }
        }
    }
    let mut faults = Vec::new();
    for (manifest, rule) in rules::all() {
        let Some(alert) = text(&rule, "/alert") else { continue };
        if !fires.iter().any(|tested| tested == alert) {
            faults.push(format!("{}: `{alert}` fires in no test", manifest.shown()));
        }
        // A dead man's switch is never quiet.
        let always = text(&rule, "/expr").is_some_and(|expression| expression.trim() == "vector(1)");
        if !always && !is_quiet.iter().any(|tested| tested == alert) {
            faults.push(format!("{}: `{alert}` is quiet in no test", manifest.shown()));
        }
    }
    assert!(!fires.is_empty(), "no alert is tested at all");
    assert_none(&faults, "alerts");
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
fn rules_and_canary_metrics_tell_a_bad_canary_from_a_good_primary() {
    let platform = Platform::start();
    let prometheus = platform.prometheus(None);
    until("first samples", 20, || match prometheus.one("min(count_over_time(http_requests_in_flight[1m]))")? {
        scrapes if scrapes >= 2.0 => Ok(()),
        scrapes => Err(format!("{scrapes} scrapes")),
    });
    platform.traffic();

    until("healthy rules", 30, || {
        let rules = prometheus.rules()?;
        let ill = rules.iter().find(|rule| rule["health"] != "ok");
        ill.map_or(Ok(()), |rule| Err(format!("{} is {}: {}", rule["name"], rule["health"], rule["lastError"])))
    });
    // Four of the forty requests of a round fail, and no window is longer than what was seen so far.
    for record in rules::names("record") {
        assert!(record.contains("errors:ratio"), "what to expect of `{record}`?");
        until(&record, 20, || within(0.05..0.2, prometheus.one(&record)?));
    }
    let mut good = Vec::new();
    for Gate { template, interval, max } in gates() {
        let query = rendered(&template, "hello", &interval);
        until(template.name(), 20, || within(max..f64::INFINITY, prometheus.one(&query)?));
        // The gateway's view asks for the canary's Service, which the primary is not behind.
        if !query.contains("traefik_") {
            good.push((rendered(&template, "hello-primary", &interval), max));
        }
    }
    assert!(good.len() >= 2, "the canary is judged by {} metrics of its own", good.len());
    for (query, max) in good {
        let value = prometheus.one(&query).expect("the primary had traffic");
        assert!((0.0..max).contains(&value), "the primary does well, yet {value} from {query}");
    }
}

/// The names in a webhook's metadata are an agreement between `canary.yaml` and hello-load, which refuses unknown ones.
#[test]
fn hello_load_understands_the_webhooks_of_our_canary() {
    let platform = Platform::start();
    let answers = platform.webhooks();
    assert!(!answers.is_empty(), "no webhook drives load at the canary");
    for (name, status, body) in answers {
        assert_eq!(status, 200, "webhook `{name}`: {body}");
    }
    let webhook = json!({ "type": "rollout" });
    let misspelt = json!({ "url": platform.canary.url("/"), "duration": "1s", "raet": "10" });
    let (status, body) = platform.load.call(&webhook, &misspelt);
    assert_eq!(status, 400, "hello-load takes metadata it does not know: {body}");
    assert!(body.contains("raet"), "{body}");
}

fn within(range: std::ops::Range<f64>, value: f64) -> Result<(), String> {
    if range.contains(&value) { Ok(()) } else { Err(format!("{value} is not within {range:?}")) }
}

/// A metric our Canary is judged by.
struct Gate {
    template: Manifest,
    interval: String,
    max: f64,
}

fn gates() -> Vec<Gate> {
    let templates = of_kind("MetricTemplate");
    let mut gates = Vec::new();
    for canary in of_kind("Canary") {
        for metric in list(&canary.value, "/spec/analysis/metrics") {
            let name = text(metric, "/templateRef/name").expect("a metric refers to a template");
            let template = templates.iter().find(|one| one.name() == name);
            let template = template.unwrap_or_else(|| panic!("no MetricTemplate `{name}`")).clone();
            let interval = text(metric, "/interval").expect("a template's window is empty without it").to_owned();
            let max = metric["thresholdRange"]["max"].as_f64().expect("a metric has an upper bound");
            gates.push(Gate { template, interval, max });
        }
    }
    assert_eq!(gates.len(), templates.len(), "a MetricTemplate that judges nothing");
    gates
}

/// A template's query as Flagger would send it for the Canary `hello`.
fn rendered(template: &Manifest, target: &str, interval: &str) -> String {
    let mut query = text(&template.value, "/spec/query").expect("a MetricTemplate has a query").to_owned();
    for (name, value) in [("namespace", "hello"), ("target", target), ("service", "hello"), ("interval", interval)] {
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

/// The test in a folder of its own, beside the `rules.yaml` it names: what the operator makes of the object next to it.
fn prepared(path: &Path, test: &Value, dir: &Path) -> PathBuf {
    fs::create_dir_all(dir).expect("the directory of a test is writable");
    assert_eq!(test["rule_files"], json!(["rules.yaml"]), "{}: other rules than those beside it", shown(path));
    let object = path.with_file_name("prometheusrule.yaml");
    let value = repo::read(&object).remove(0);
    let groups = rules::groups(&Manifest { path: object, value });
    fs::write(dir.join("rules.yaml"), groups.to_string()).expect("the directory of a test is writable");
    let file = dir.join("rules-test.yaml");
    fs::write(&file, test.to_string()).expect("the directory of a test is writable");
    file
}
