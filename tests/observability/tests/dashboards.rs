//! The dashboards load, and every query of theirs finds data in a Prometheus that scrapes hello.

use std::time::{Duration, Instant};

use observability::dashboard::{self, Dashboard};
use observability::platform::Platform;
use observability::program::{assert_none, until};
use observability::repo::{list, root, text};
use observability::{prometheus::Prometheus, rules};
use serde_json::{Value, json};

#[test]
fn dashboards_have_the_shape_grafana_and_a_reader_need() {
    let mut faults = Vec::new();
    let mut uids = Vec::new();
    for dashboard in dashboard::all() {
        faults.extend(
            dashboard::faults(&dashboard.value).into_iter().map(|fault| format!("{}: {fault}", dashboard.path)),
        );
        let uid = text(&dashboard.value, "/uid").unwrap_or_default().to_owned();
        if uids.contains(&uid) {
            faults.push(format!("{}: uid `{uid}` is used twice", dashboard.path));
        }
        uids.push(uid);
    }
    assert_none(&faults, "dashboards");
}

#[test]
fn a_broken_dashboard_is_rejected() {
    type Break = fn(&mut Value);
    let cases: [(&str, Break); 12] = [
        ("no `uid`", |dashboard| dashboard["uid"] = json!("")),
        ("__inputs", |dashboard| dashboard["__inputs"] = json!([{ "name": "DS_PROMETHEUS" }])),
        ("replaced by Flux", |dashboard| dashboard["panels"][1]["datasource"]["uid"] = json!("${DS_PROMETHEUS}")),
        ("faster than 30 s", |dashboard| dashboard["refresh"] = json!("5s")),
        ("overlap", |dashboard| dashboard["panels"][2]["gridPos"] = dashboard["panels"][1]["gridPos"].clone()),
        ("used twice", |dashboard| dashboard["panels"][2]["id"] = dashboard["panels"][1]["id"].clone()),
        ("no unit", |dashboard| dashboard["panels"][1]["fieldConfig"]["defaults"]["unit"] = json!("")),
        ("no description", |dashboard| dashboard["panels"][1]["description"] = json!("")),
        ("no query", |dashboard| dashboard["panels"][1]["targets"] = json!([])),
        ("used and not defined", |dashboard| dashboard["panels"][1]["targets"][0]["expr"] = json!("up{a=\"$b\"}")),
        ("`rate` over `5m`", |dashboard| dashboard["panels"][1]["targets"][0]["expr"] = json!("rate(up[5m])")),
        ("no variable `datasource`", |dashboard| dashboard["templating"]["list"][0]["query"] = json!("loki")),
    ];
    let whole = dashboard::all().remove(0).value;
    for (expected, damage) in cases {
        let mut broken = whole.clone();
        damage(&mut broken);
        let faults = dashboard::faults(&broken);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "expected `{expected}` among {faults:?}");
    }
}

#[test]
fn links_into_the_repository_lead_to_files() {
    let mut faults = Vec::new();
    let mut followed = 0;
    for dashboard in dashboard::all() {
        let panels = dashboard::panels(&dashboard.value).into_iter().flat_map(|panel| list(panel, "/links"));
        for link in list(&dashboard.value, "/links").iter().chain(panels) {
            let url = text(link, "/url").unwrap_or_default();
            if let Some((_, path)) = url.split_once("/-/blob/main/").or_else(|| url.split_once("/-/tree/main/")) {
                followed += 1;
                if !root().join(path).exists() {
                    faults.push(format!("{}: `{url}` leads to `{path}`, which does not exist", dashboard.path));
                }
            }
        }
    }
    assert!(followed > 0, "no dashboard links into the repository");
    assert_none(&faults, "dashboard links");
}

/// hello is real; GitLab's exporter, Flux, Flagger, kube-state-metrics, the kubelet and Traefik are samples in their
/// format, so that a misspelt metric or label of theirs shows as a query without data.
#[test]
fn every_query_finds_data() {
    let platform = Platform::start();
    let prometheus = platform.prometheus(None);
    platform.webhooks();
    let known = known_metrics(&platform);
    let (mut faults, mut total, mut from_hello) = (Vec::new(), 0, 0);
    for dashboard in dashboard::all() {
        let variables = until("variables of the dashboard", 30, || dashboard.resolve(&prometheus));
        for (place, expression) in queries(&dashboard, &variables, &mut faults) {
            total += 1;
            let metrics = dashboard::metrics(&expression);
            for metric in metrics.iter().filter(|metric| !known.all().any(|known| known == *metric)) {
                faults.push(format!("{place}: nothing exports `{metric}`"));
            }
            let ours = metrics.iter().all(|metric| known.hello.contains(metric) || known.recorded.contains(metric));
            from_hello += usize::from(ours && !metrics.is_empty());
        }
        faults.extend(unanswered(
            &platform,
            &prometheus,
            Duration::from_secs(30),
            &queries(&dashboard, &variables, &mut Vec::new()),
        ));
    }
    assert_none(&faults, "dashboard queries");
    println!("{total} queries returned data, {from_hello} of them from hello alone");
    assert!(from_hello >= 20, "only {from_hello} queries are about hello");
}

/// One of five requests to the canary fails and one of five takes 300 ms; the primary answers all at once.
#[test]
fn panels_tell_a_bad_canary_from_a_good_primary() {
    let platform = Platform::start();
    let prometheus = platform.prometheus(None);
    let dashboard = dashboard::all().into_iter().find(|one| one.path.ends_with("app_performance.json"));
    let dashboard = dashboard.expect("a dashboard of the application");
    let variables = until("variables of the dashboard", 30, || dashboard.resolve(&prometheus));
    let queries = queries(&dashboard, &variables, &mut Vec::new());
    for (panel, expected) in [
        ("`Error ratio by role` A", 0.0..0.001),
        ("`Error ratio by role` B", 0.1..0.3),
        ("`Latency by role` A", 0.0..0.1),
        ("`Latency by role` C", 0.3..0.4),
        ("`Latency by role` D", 0.0..0.1),
        ("`Availability, 30 days` A", 0.85..0.95),
        ("`Error budget left, 30 days` A", -150.0..-50.0),
        ("`Burn rate` A", 50.0..150.0),
        ("`Error budget spent in the selected range` A", 50.0..150.0),
    ] {
        let found = queries.iter().find(|(place, _)| place.ends_with(panel));
        let (place, expression) = found.unwrap_or_else(|| panic!("no panel {panel}"));
        until(place, 30, || {
            platform.traffic();
            let value = prometheus.one(expression)?;
            if expected.contains(&value) { Ok(()) } else { Err(format!("{value} is not within {expected:?}")) }
        });
    }
}

#[test]
fn a_misspelt_label_is_a_query_without_data() {
    let platform = Platform::start();
    let prometheus = platform.prometheus(None);
    let right = ("right".to_owned(), "sum(http_requests_in_flight{pod=~\"hello-.+\"})".to_owned());
    assert_none(
        &unanswered(&platform, &prometheus, Duration::from_secs(30), std::slice::from_ref(&right)),
        "a right query",
    );
    let wrong = ("wrong".to_owned(), "sum(http_requests_in_flight{pot=~\"hello-.+\"})".to_owned());
    assert_eq!(unanswered(&platform, &prometheus, Duration::from_secs(3), &[wrong]).len(), 1);
}

struct Known {
    hello: Vec<String>,
    recorded: Vec<String>,
    fixtures: Vec<String>,
}

impl Known {
    fn all(&self) -> impl Iterator<Item = &String> {
        self.hello.iter().chain(&self.recorded).chain(&self.fixtures)
    }
}

fn known_metrics(platform: &Platform) -> Known {
    let names = |samples: &str| -> Vec<String> {
        let lines = samples.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())).collect()
    };
    let mut fixtures = vec!["up".to_owned()];
    fixtures.extend(names(&observability::platform::samples()));
    let hello = [platform.primary.metrics(), platform.load.metrics()].concat();
    Known { hello: names(&hello), recorded: rules::names("record"), fixtures }
}

fn queries(dashboard: &Dashboard, variables: &[(String, String)], faults: &mut Vec<String>) -> Vec<(String, String)> {
    let mut ready = Vec::new();
    for query in dashboard.queries() {
        match dashboard::substitute(&query.expression, variables) {
            Ok(expression) => ready.push((query.place, expression)),
            Err(error) => faults.push(format!("{}: {error}", query.place)),
        }
    }
    ready
}

/// Asks until every query has an answer with a number in it; what stays without one is a fault.
///
/// Traffic goes on meanwhile: a rate needs a counter that grew between two scrapes.
fn unanswered(
    platform: &Platform,
    prometheus: &Prometheus,
    patience: Duration,
    queries: &[(String, String)],
) -> Vec<String> {
    let deadline = Instant::now() + patience;
    loop {
        platform.traffic();
        let mut faults = Vec::new();
        for (place, expression) in queries {
            match prometheus.query(expression) {
                Ok(samples) if samples.iter().any(|sample| !sample.value.is_nan()) => {}
                Ok(samples) if samples.is_empty() => faults.push(format!("{place}: no data from {expression}")),
                Ok(_) => faults.push(format!("{place}: not a number from {expression}")),
                Err(error) => faults.push(format!("{place}: {error}")),
            }
        }
        if faults.is_empty() || Instant::now() > deadline {
            return faults;
        }
    }
}
