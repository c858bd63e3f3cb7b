//! What hello measures about itself, written as OpenMetrics.

use std::fmt;
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::build::{REVISION, RUSTC, VERSION};
use crate::process::ProcessMetrics;

/// Prometheus 3 refuses a scrape without a content type it knows.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds in seconds. The SLO is 99.9 % success and p99 below 250 ms: 0.25 is a bound, so the share of requests
/// within the objective is exact, and the bounds are close together around it, so that an interpolated p99 is sharp there.
pub const BUCKETS: [f64; 16] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Status of a request whose client went away before the answer, as nginx writes it.
const CLIENT_CLOSED: u16 = 499;

/// Labels of one request; each has few values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    method: &'static str,
    path: &'static str,
    status: u16,
}

/// What is compiled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    revision: &'static str,
    rustc: &'static str,
}

/// Request metrics of hello.
#[derive(Clone)]
pub struct RequestMetrics {
    duration: Family<RequestLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

impl fmt::Debug for RequestMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestMetrics").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

/// A histogram with [`BUCKETS`].
pub fn latency_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl RequestMetrics {
    /// Registers the request metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self { duration: Family::new_with_constructor(latency_histogram), in_flight: Gauge::default() };
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's header to its answer",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Application requests being answered now",
            metrics.in_flight.clone(),
        );
        metrics
    }

    /// Starts measuring a request.
    pub fn start(&self, method: &'static str, path: &'static str) -> Measured<'_> {
        self.in_flight.inc();
        let labels = RequestLabels { method, path, status: CLIENT_CLOSED };
        Measured { metrics: self, labels, started: Instant::now() }
    }
}

/// A request being measured. It is recorded when dropped, so a request given up by its client is recorded as well.
#[derive(Debug)]
pub struct Measured<'a> {
    metrics: &'a RequestMetrics,
    labels: RequestLabels,
    started: Instant,
}

impl Measured<'_> {
    /// Records the request with the status it was answered by.
    pub fn finish(mut self, status: u16) {
        self.labels.status = status;
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        self.metrics.duration.get_or_create(&self.labels).observe(self.started.elapsed().as_secs_f64());
    }
}

/// A registry with what every program of ours exports: its build as `<name>`, and its process.
pub fn registry(build_info: &'static str) -> Registry {
    let mut registry = Registry::default();
    let build = Family::<BuildLabels, Gauge>::default();
    build.get_or_create(&BuildLabels { version: VERSION, revision: REVISION, rustc: RUSTC }).set(1);
    registry.register(build_info, "What was compiled in; the value is always 1", build);
    registry.register_collector(Box::new(ProcessMetrics));
    registry
}

/// All metrics as OpenMetrics text, ended by `# EOF`.
pub fn render(registry: &Registry) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(16 * 1024);
    encode(&mut text, registry)?;
    Ok(text)
}
