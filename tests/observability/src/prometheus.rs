//! Debian's Prometheus with a configuration of ours, and its HTTP API.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Running, find, free_port};
use crate::repo::{list, text};

/// Status and body of a GET; `Err` when no answer came.
pub fn http(url: &str) -> Result<(u16, String), String> {
    answer(agent().get(url).call())
}

/// Status and body of a POST of JSON; `Err` when no answer came.
pub fn post(url: &str, body: &Value) -> Result<(u16, String), String> {
    answer(agent().post(url).send_json(body))
}

fn agent() -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
    config.build().into()
}

fn answer(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<(u16, String), String> {
    let mut response = result.map_err(|error| error.to_string())?;
    let body = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((response.status().as_u16(), body))
}

/// One thing to scrape: job, `host:port`, and the labels the operator's relabelling would leave.
#[derive(Clone, Debug)]
pub struct Target {
    pub job: String,
    pub address: String,
    pub labels: Vec<(&'static str, String)>,
    /// Whether labels of the samples win over those of the target.
    pub honor_labels: bool,
}

/// A sample of an instant query.
#[derive(Clone, Debug)]
pub struct Sample {
    pub labels: Value,
    pub value: f64,
}

/// What Prometheus is started with.
#[derive(Debug, Default)]
pub struct Setup {
    pub targets: Vec<Target>,
    pub rule_files: Vec<PathBuf>,
    pub alertmanager: Option<String>,
}

/// A Prometheus of this test alone.
#[derive(Debug)]
pub struct Prometheus {
    url: String,
    running: Running,
    // Declared after the process: removed when it is gone.
    _dir: TempDir,
}

impl Prometheus {
    /// Starts Prometheus, scraping and evaluating each second, and waits until it is ready.
    pub fn start(setup: &Setup) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let config = dir.path().join("prometheus.yml");
        std::fs::write(&config, configuration(setup).to_string()).expect("the directory of a test is writable");
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let mut running = Running::start("prometheus", &find("prometheus"), dir.path(), |command| {
            command.arg(flag("--config.file=", &config));
            command.arg(flag("--storage.tsdb.path=", &dir.path().join("data")));
            command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
            // By default a changed alert is sent again only after a minute.
            command.args(["--rules.alert.resend-delay=1s", "--log.level=warn"]);
        });
        let ready = format!("{url}/-/ready");
        running.wait_for(20, "answer on /-/ready", || http(&ready).ok().filter(|(status, _)| *status == 200));
        Self { url, running, _dir: dir }
    }

    /// `data` of an API answer.
    pub fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let pairs: Vec<_> = parameters.iter().map(|(key, value)| format!("{key}={}", percent(value))).collect();
        let (_, body) = http(&format!("{}{path}?{}", self.url, pairs.join("&")))?;
        let mut answer: Value = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        if answer["status"] != "success" {
            return Err(text(&answer, "/error").unwrap_or(&body).to_owned());
        }
        Ok(answer["data"].take())
    }

    /// An instant query; scalars come as one sample without labels.
    pub fn query(&self, expression: &str) -> Result<Vec<Sample>, String> {
        let data = self.api("/api/v1/query", &[("query", expression)])?;
        if data["resultType"] == "scalar" {
            return Ok(vec![Sample { labels: json!({}), value: number(&data["result"]) }]);
        }
        let samples = list(&data, "/result").iter();
        Ok(samples.map(|one| Sample { labels: one["metric"].clone(), value: number(&one["value"]) }).collect())
    }

    /// The one sample an expression gives, or why not.
    pub fn one(&self, expression: &str) -> Result<f64, String> {
        match self.query(expression)?.as_slice() {
            [sample] => Ok(sample.value),
            samples => Err(format!("{} samples instead of one from {expression}", samples.len())),
        }
    }

    /// Every rule of every loaded group.
    pub fn rules(&self) -> Result<Vec<Value>, String> {
        let data = self.api("/api/v1/rules", &[])?;
        Ok(list(&data, "/groups").iter().flat_map(|group| list(group, "/rules").to_vec()).collect())
    }

    /// The last lines Prometheus logged.
    pub fn log(&self) -> String {
        self.running.log()
    }
}

fn flag(name: &str, path: &Path) -> String {
    format!("{name}{}", path.display())
}

fn number(pair: &Value) -> f64 {
    text(pair, "/1").and_then(|value| value.parse().ok()).unwrap_or(f64::NAN)
}

fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The configuration as JSON, which Prometheus reads as YAML.
fn configuration(setup: &Setup) -> Value {
    let scrapes: Vec<_> = setup.targets.iter().enumerate().map(|(index, target)| scrape(index, target)).collect();
    let mut config = json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s" },
        "scrape_configs": scrapes,
        "rule_files": setup.rule_files,
    });
    if let Some(address) = &setup.alertmanager {
        config["alerting"] = json!({ "alertmanagers": [{ "static_configs": [{ "targets": [address] }] }] });
    }
    config
}

fn scrape(index: usize, target: &Target) -> Value {
    let mut labels = json!({ "job": target.job });
    for (name, value) in &target.labels {
        labels[*name] = json!(value);
    }
    json!({
        "job_name": format!("{}#{index}", target.job),
        "honor_labels": target.honor_labels,
        "static_configs": [{ "targets": [target.address], "labels": labels }],
    })
}
