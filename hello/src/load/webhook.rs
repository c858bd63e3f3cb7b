//! `POST /`: one call is one run. The answer comes after the run: 200 passed, 412 failed; 400 refused by its metadata, 409
//! when a run for the same canary is going on, 429 when too many are.
//!
//! Flagger takes every status above 202 as a failed check and shows the body. It calls one hook after the other and gives
//! up after the hook's `timeout` (10 s unless set), which drops the connection and thereby stops the run; so a second call
//! for a canary means two callers, and is refused rather than doubling the load.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde::Serialize;
use tracing::{info, warn};

use crate::admin::{healthz, readyz};
use crate::config::LoadConfig;
use crate::lifecycle::Lifecycle;
use crate::load::call::{Call, Run};
use crate::load::engine::{self, Answer, Outcome};
use crate::load::metrics::{LoadMetrics, RunningGauge};
use crate::response::{Reply, json, method_not_allowed, options, read_body, text};
use crate::server::Handler;

type Canary = (String, String);

const CANCELLED: &str = "cancelled";

/// The webhook.
#[derive(Debug)]
pub struct Webhook {
    config: LoadConfig,
    lifecycle: Arc<Lifecycle>,
    metrics: LoadMetrics,
    running: Arc<Mutex<BTreeSet<Canary>>>,
}

/// The answer to a call that ran.
#[derive(Debug, Serialize)]
struct Report<'a> {
    passed: bool,
    reason: String,
    name: &'a str,
    namespace: &'a str,
    phase: &'a str,
    url: String,
    requests: u64,
    failures: u64,
    error_ratio: f64,
    answers: BTreeMap<String, u64>,
    p50_ms: f64,
    p99_ms: f64,
    seconds: f64,
}

impl Webhook {
    /// A webhook within the limits of `config`.
    pub fn new(config: LoadConfig, lifecycle: Arc<Lifecycle>, metrics: LoadMetrics) -> Self {
        Self { config, lifecycle, metrics, running: Arc::default() }
    }

    async fn call(&self, body: &[u8]) -> Reply {
        let call: Call = match serde_json::from_slice(body) {
            Ok(call) => call,
            Err(error) => return self.refuse("", StatusCode::BAD_REQUEST, &format!("not a webhook call: {error}")),
        };
        let run = match call.run(&self.config) {
            Ok(run) => run,
            Err(why) => return self.refuse(&call.phase, StatusCode::BAD_REQUEST, &why),
        };
        let place = match self.take_place(&call) {
            Ok(place) => place,
            Err((status, why)) => return self.refuse(&call.phase, status, &why),
        };
        let mut counted = Counted { metrics: &self.metrics, phase: &call.phase, result: CANCELLED };
        let metrics = self.metrics.clone();
        let outcome = engine::run(run.plan.clone(), move |answer, latency| metrics.request(answer, latency)).await;
        drop(place);
        let report = match outcome {
            Ok(outcome) => report(&call, &run, &outcome),
            Err(why) => Report { reason: why, ..report(&call, &run, &Outcome::default()) },
        };
        counted.result = if report.passed { "passed" } else { "failed" };
        info!(
            name = call.name,
            namespace = call.namespace,
            phase = call.phase,
            passed = report.passed,
            requests = report.requests,
            failures = report.failures,
            p99_ms = report.p99_ms,
            reason = report.reason,
            "run ended"
        );
        json(if report.passed { StatusCode::OK } else { StatusCode::PRECONDITION_FAILED }, &report)
    }

    fn refuse(&self, phase: &str, status: StatusCode, why: &str) -> Reply {
        warn!(why, "call refused");
        self.metrics.call(phase, "refused");
        text(status, why)
    }

    fn take_place(&self, call: &Call) -> Result<Place, (StatusCode, String)> {
        let canary = (call.namespace.clone(), call.name.clone());
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains(&canary) {
            let why = format!("a run for canary `{}/{}` is going on", call.namespace, call.name);
            return Err((StatusCode::CONFLICT, why));
        }
        if running.len() >= self.config.max_runs as usize {
            return Err((
                StatusCode::TOO_MANY_REQUESTS,
                format!("{} runs are going on, the most allowed", running.len()),
            ));
        }
        running.insert(canary.clone());
        Ok(Place { canary, running: Arc::clone(&self.running), _gauge: self.metrics.running() })
    }
}

impl Handler for Webhook {
    async fn handle(&self, request: Request<Incoming>) -> Reply {
        const GET: &str = "GET, HEAD, OPTIONS";
        const POST: &str = "POST, OPTIONS";
        let (parts, body) = request.into_parts();
        let body = match read_body(body, self.config.client_timeout).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        match (parts.uri.path(), &parts.method) {
            ("/", &Method::POST) => self.call(&body).await,
            ("/", &Method::OPTIONS) => options(POST),
            ("/", _) => method_not_allowed(POST),
            ("/healthz" | "/readyz", &Method::OPTIONS) => options(GET),
            ("/healthz", &Method::GET | &Method::HEAD) => healthz(),
            ("/readyz", &Method::GET | &Method::HEAD) => readyz(&self.lifecycle),
            ("/healthz" | "/readyz", _) => method_not_allowed(GET),
            _ => text(StatusCode::NOT_FOUND, "not found"),
        }
    }
}

/// A canary's place among the runs, given back when the run ends or its caller leaves.
#[derive(Debug)]
struct Place {
    canary: Canary,
    running: Arc<Mutex<BTreeSet<Canary>>>,
    _gauge: RunningGauge,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.canary);
    }
}

/// Counts the call when dropped: without a verdict its caller has left.
struct Counted<'a> {
    metrics: &'a LoadMetrics,
    phase: &'a str,
    result: &'static str,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if self.result == CANCELLED {
            warn!("run cancelled, its caller has left");
        }
        self.metrics.call(self.phase, self.result);
    }
}

fn report<'a>(call: &'a Call, run: &Run, outcome: &Outcome) -> Report<'a> {
    let (requests, failures) = (outcome.requests(), outcome.failures());
    let error_ratio = if requests == 0 { 0.0 } else { failures as f64 / requests as f64 };
    let p99 = outcome.quantile(0.99);
    let fault = if requests < run.min_requests {
        Some(format!("{requests} requests were sent, expected at least {}", run.min_requests))
    } else if error_ratio > run.max_error_ratio {
        Some(format!("{failures} of {requests} requests failed, expected at most {} %", run.max_error_ratio * 100.0))
    } else {
        let too_slow = run.max_p99.filter(|max| p99 > *max);
        too_slow.map(|max| format!("p99 is {} ms, expected at most {} ms", milliseconds(p99), milliseconds(max)))
    };
    Report {
        passed: fault.is_none(),
        reason: fault.unwrap_or_else(|| "as expected".to_owned()),
        name: &call.name,
        namespace: &call.namespace,
        phase: &call.phase,
        url: run.plan.target.uri.to_string(),
        requests,
        failures,
        error_ratio,
        answers: outcome.answers.iter().map(|(answer, number)| (answer_name(*answer), *number)).collect(),
        p50_ms: milliseconds(outcome.quantile(0.5)),
        p99_ms: milliseconds(p99),
        seconds: milliseconds(outcome.elapsed) / 1000.0,
    }
}

fn answer_name(answer: Answer) -> String {
    match answer {
        Answer::Status(status) => status.to_string(),
        Answer::Timeout => "timeout".to_owned(),
        Answer::Broken => "broken".to_owned(),
    }
}

/// To a thousandth.
fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_micros() as f64) / 1000.0
}
