//! The metrics port: `/metrics`, and the probes once more, so that a full application port cannot fail them.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use prometheus_client::registry::Registry;
use tracing::debug;

use crate::lifecycle::Lifecycle;
use crate::metrics::{OPEN_METRICS, render};
use crate::response::{Reply, method_not_allowed, options, reply, text};
use crate::server::Handler;

/// Answers on the metrics port.
#[derive(Debug)]
pub struct Admin {
    /// What `/metrics` shows.
    pub registry: Registry,
    /// Whether the program is ready.
    pub lifecycle: Arc<Lifecycle>,
}

/// Liveness: a program that answers is alive, also while it drains.
pub fn healthz() -> Reply {
    text(StatusCode::OK, "ok")
}

/// Readiness.
pub fn readyz(lifecycle: &Lifecycle) -> Reply {
    if lifecycle.is_ready() {
        text(StatusCode::OK, "ready")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "not ready")
    }
}

impl Admin {
    fn answer(&self, path: &str, method: &Method) -> Reply {
        const ALLOW: &str = "GET, HEAD, OPTIONS";
        let known = matches!(path, "/metrics" | "/healthz" | "/readyz");
        match (path, method) {
            _ if !known => text(StatusCode::NOT_FOUND, "not found"),
            (_, &Method::OPTIONS) => options(ALLOW),
            (_, method) if method != Method::GET && method != Method::HEAD => method_not_allowed(ALLOW),
            ("/healthz", _) => healthz(),
            ("/readyz", _) => readyz(&self.lifecycle),
            _ => match render(&self.registry) {
                Ok(metrics) => reply(StatusCode::OK, OPEN_METRICS, metrics),
                Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("cannot write metrics: {error}")),
            },
        }
    }
}

impl Handler for Admin {
    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let reply = self.answer(request.uri().path(), request.method());
        debug!(port = "metrics", method = %request.method(), path = request.uri().path(), status = reply.status().as_u16());
        reply
    }
}
