//! What hello-load measures: its runs and the requests it sent. No label carries a name that a caller chose.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::load::engine::Answer;
use crate::metrics::latency_histogram;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    phase: &'static str,
    result: &'static str,
}

/// Metrics of the load generator.
#[derive(Clone)]
pub struct LoadMetrics {
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    runs: Family<RunLabels, Counter>,
    in_flight: Gauge,
}

impl fmt::Debug for LoadMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadMetrics").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

impl LoadMetrics {
    /// Registers the metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            duration: latency_histogram(),
            runs: Family::default(),
            in_flight: Gauge::default(),
        };
        registry.register("hello_load_requests", "Requests sent, by class of the answer", metrics.requests.clone());
        registry.register_with_unit(
            "hello_load_request_duration",
            "Time from when a request was due to its answer",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register("hello_load_runs", "Webhook calls, by phase and result", metrics.runs.clone());
        registry.register("hello_load_runs_in_flight", "Runs going on now", metrics.in_flight.clone());
        metrics
    }

    /// Counts one request.
    pub fn request(&self, answer: Answer, latency: Duration) {
        let code = match answer {
            Answer::Status(100..=199) => "1xx",
            Answer::Status(200..=299) => "2xx",
            Answer::Status(300..=399) => "3xx",
            Answer::Status(400..=499) => "4xx",
            Answer::Status(_) => "5xx",
            Answer::Timeout => "timeout",
            Answer::Broken => "broken",
        };
        self.requests.get_or_create(&RequestLabels { code }).inc();
        self.duration.observe(latency.as_secs_f64());
    }

    /// Counts one webhook call: `passed`, `failed`, `refused` or `cancelled`.
    pub fn call(&self, phase: &str, result: &'static str) {
        const PHASES: [&str; 11] = [
            "Initializing",
            "Initialized",
            "Waiting",
            "WaitingPromotion",
            "Progressing",
            "Promoting",
            "Finalising",
            "Succeeded",
            "Failed",
            "Terminating",
            "Terminated",
        ];
        let phase = PHASES.into_iter().find(|known| *known == phase).unwrap_or("other");
        self.runs.get_or_create(&RunLabels { phase, result }).inc();
    }

    /// Counts a run as going on until the guard is dropped.
    pub fn running(&self) -> RunningGauge {
        self.in_flight.inc();
        RunningGauge(self.in_flight.clone())
    }
}

/// Held while a run goes on.
#[derive(Debug)]
pub struct RunningGauge(Gauge);

impl Drop for RunningGauge {
    fn drop(&mut self) {
        self.0.dec();
    }
}
