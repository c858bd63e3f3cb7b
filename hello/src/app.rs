//! What hello answers on its application port.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::ACCEPT;
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;
use tracing::{debug, info};

use crate::admin::{healthz, readyz};
use crate::build::{REVISION, RUSTC, VERSION};
use crate::config::HelloConfig;
use crate::fault::{Fault, Faults};
use crate::lifecycle::Lifecycle;
use crate::metrics::RequestMetrics;
use crate::page::Home;
use crate::response::{Reply, json, method_not_allowed, options, read_body, text};
use crate::route::{Route, method_label};
use crate::server::Handler;

/// Longest `/delay/{ms}` and longest added latency.
pub const MAX_DELAY: Duration = Duration::from_secs(10);

/// The application.
#[derive(Debug)]
pub struct App {
    home: Home,
    faults: Faults,
    lifecycle: Arc<Lifecycle>,
    metrics: RequestMetrics,
    client_timeout: Duration,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
    revision: &'static str,
    rustc: &'static str,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
}

#[derive(Serialize)]
struct Delayed {
    delayed_ms: u64,
}

impl App {
    /// An application as configured.
    pub fn new(config: &HelloConfig, lifecycle: Arc<Lifecycle>, metrics: RequestMetrics) -> Self {
        let fault = Fault { error_ratio: config.fault_error_ratio, latency: config.fault_latency };
        if fault.error_ratio > 0.0 || !fault.latency.is_zero() {
            info!(error_ratio = fault.error_ratio, latency = ?fault.latency, "faults are active from the start");
        }
        let home = Home::new(&config.greeting, &config.color, &config.pod);
        Self { home, faults: Faults::new(fault), lifecycle, metrics, client_timeout: config.client_timeout }
    }

    async fn respond(&self, route: Route<'_>, request: &Request<()>) -> Reply {
        let method = request.method();
        // `OPTIONS *` asks about the server as a whole (RFC 9110 §9.3.7).
        if method == Method::OPTIONS && (route != Route::Other || request.uri().path() == "*") {
            return options(route.allow());
        }
        if route == Route::Other {
            return text(StatusCode::NOT_FOUND, "not found");
        }
        if !route.allows(method) {
            return method_not_allowed(route.allow());
        }
        if route.is_application()
            && let Some((latency, fails)) = self.faults.next()
        {
            tokio::time::sleep(latency).await;
            if fails {
                return text(StatusCode::INTERNAL_SERVER_ERROR, "fault injected");
            }
        }
        self.answer(route, request).await
    }

    async fn answer(&self, route: Route<'_>, request: &Request<()>) -> Reply {
        match route {
            Route::Home => self.home.reply(request.headers().get(ACCEPT)),
            Route::Version => json(StatusCode::OK, &Version { version: VERSION, revision: REVISION, rustc: RUSTC }),
            Route::Status(code) => status(code),
            Route::Delay(ms) => delay(ms).await,
            Route::Healthz => healthz(),
            Route::Readyz => readyz(&self.lifecycle),
            Route::ReadySwitch(enabled) => {
                self.lifecycle.set_enabled(enabled);
                json(StatusCode::OK, &Readiness { ready: self.lifecycle.is_ready() })
            }
            Route::Fault => json(StatusCode::OK, &self.faults.state()),
            Route::FaultSwitch(on) => self.switch_faults(on, request.uri().query().unwrap_or_default()),
            Route::Other => text(StatusCode::NOT_FOUND, "not found"),
        }
    }

    fn switch_faults(&self, on: bool, query: &str) -> Reply {
        if !on {
            self.faults.disable();
        } else if let Err(why) = self.faults.enable(query) {
            return text(StatusCode::BAD_REQUEST, &why);
        }
        info!(active = on, query, "faults switched");
        json(StatusCode::OK, &self.faults.state())
    }
}

impl Handler for App {
    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, ());
        let route = Route::of(request.uri().path());
        let measured =
            route.is_application().then(|| self.metrics.start(method_label(request.method()), route.template()));
        let reply = match read_body(body, self.client_timeout).await {
            Ok(_) => self.respond(route, &request).await,
            Err(refusal) => refusal,
        };
        let status = reply.status().as_u16();
        if let Some(measured) = measured {
            measured.finish(status);
        }
        debug!(port = "http", method = %request.method(), path = request.uri().path(), status, took = ?started.elapsed());
        reply
    }
}

/// Answers by a status of one's choice. Only registered codes are known, so that the `status` label stays bounded; 1xx are
/// not final answers.
fn status(code: &str) -> Reply {
    let known = code.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
    match known.filter(|code| code.as_u16() >= 200 && code.canonical_reason().is_some()) {
        Some(code @ (StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::RESET_CONTENT)) => {
            let mut reply = Response::new(Full::default());
            *reply.status_mut() = code;
            reply
        }
        Some(code) => text(code, code.canonical_reason().unwrap_or_default()),
        None => text(StatusCode::BAD_REQUEST, "expected a registered status code from 200 to 599"),
    }
}

async fn delay(ms: &str) -> Reply {
    match ms.parse::<u64>().map(Duration::from_millis) {
        Ok(delay) if delay <= MAX_DELAY => {
            tokio::time::sleep(delay).await;
            json(StatusCode::OK, &Delayed { delayed_ms: delay.as_millis() as u64 })
        }
        _ => text(StatusCode::BAD_REQUEST, &format!("expected milliseconds from 0 to {}", MAX_DELAY.as_millis())),
    }
}
