//! Flagger's webhook call and what its metadata may ask for. Nothing is clamped silently: a call beyond a limit, or with a
//! word nobody knows, is refused with the reason, which Flagger shows in the canary's events.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Uri;
use serde::Deserialize;
use serde_json::Value;

use crate::config::{LoadConfig, positive_duration, ratio};
use crate::load::engine::{Plan, Target};

/// What Flagger posts.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// Name of the Canary.
    pub name: String,
    /// Namespace of the Canary.
    pub namespace: String,
    /// Phase of the Canary when the hook is called.
    #[serde(default)]
    pub phase: String,
    /// The hook's `metadata`; Flagger sends text, people send numbers.
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
}

/// A run as asked for.
#[derive(Debug, Clone)]
pub struct Run {
    /// The load.
    pub plan: Plan,
    /// Highest share of failures that passes.
    pub max_error_ratio: f64,
    /// Highest p99 that passes.
    pub max_p99: Option<Duration>,
    /// Fewest requests that pass: a run that sent nothing proved nothing.
    pub min_requests: u64,
}

impl Call {
    /// The run this call asks for, or why it is refused.
    pub fn run(&self, limits: &LoadConfig) -> Result<Run, String> {
        let mut metadata = self.metadata.clone();
        let mut take = |name: &str| match metadata.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
        };
        let url = take("url").ok_or("metadata `url` is missing")?;
        let host = take("host");
        let target = Target { uri: target(&url, &limits.allow_hosts)?, host: host.map(header).transpose()? };
        let rate =
            read(take("rate").or_else(|| take("qps")), "rate", 10.0, |text| number(text, 0.1, limits.max_rate.into()))?;
        let duration = read(take("duration"), "duration", Duration::from_secs(5), positive_duration)?;
        if duration > limits.max_duration {
            return Err(format!("metadata `duration`: expected at most {:?}", limits.max_duration));
        }
        let highest = f64::from(limits.max_concurrency);
        let concurrency = read(take("concurrency"), "concurrency", 2.0, |text| number(text, 1.0, highest))? as u32;
        let timeout = read(take("timeout"), "timeout", Duration::from_secs(2), positive_duration)?;
        let max_error_ratio = read(take("maxErrorRatio"), "maxErrorRatio", 0.01, ratio)?;
        let max_p99 =
            take("maxP99").map(|text| positive_duration(&text).map_err(|why| format!("metadata `maxP99`: {why}")));
        let min_requests = read(take("minRequests"), "minRequests", 1.0, |text| number(text, 1.0, 1e9))? as u64;
        if let Some(unknown) = metadata.keys().next() {
            return Err(format!(
                "unknown metadata `{unknown}`, expected url, host, rate, duration, concurrency, timeout, maxErrorRatio, \
                 maxP99 or minRequests"
            ));
        }
        let plan = Plan { target, rate: Some(rate), duration, concurrency, timeout };
        Ok(Run { plan, max_error_ratio, max_p99: max_p99.transpose()?, min_requests })
    }
}

fn read<T>(
    text: Option<String>,
    name: &str,
    default: T,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, String> {
    text.map_or(Ok(default), |text| parse(&text).map_err(|why| format!("metadata `{name}`: {why}, found `{text}`")))
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("expected a number from {least} to {most}")),
    }
}

fn header(host: String) -> Result<String, String> {
    match host.parse::<hyper::http::uri::Authority>() {
        Ok(_) => Ok(host),
        Err(_) => Err(format!("metadata `host`: expected a host name, found `{host}`")),
    }
}

fn target(url: &str, allowed: &[String]) -> Result<Uri, String> {
    let wrong = |why: &str| format!("metadata `url`: {why}, found `{url}`");
    let uri: Uri = url.parse().map_err(|_| wrong("not a URL"))?;
    if uri.scheme_str() != Some("http") {
        return Err(wrong("expected `http://…`"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("expected a host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("expected no user name"));
    }
    let host = uri.host().unwrap_or_default();
    let is_allowed = |pattern: &String| match pattern.strip_prefix('.') {
        Some(_) => host.len() > pattern.len() && host.ends_with(pattern.as_str()),
        None => host == pattern,
    };
    if allowed.is_empty() || allowed.iter().any(is_allowed) {
        Ok(uri)
    } else {
        Err(wrong(&format!("load may only be sent to {}", allowed.join(", "))))
    }
}
