//! Birth and death of a program: logging, signals, and the order in which it stops.
//!
//! SIGTERM or SIGINT → not ready, connections told to close → drain delay → stop accepting → requests in flight finish
//! within the drain timeout → metrics port closes → exit. A second signal ends at once.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::level_filters::LevelFilter;
use tracing::{error, info, warn};

use crate::admin::Admin;
use crate::server::{Handler, Limits, Server};

/// How far a program is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Serving as usual.
    Serving,
    /// Serving on, but not ready, and every answer closes its connection.
    Draining,
    /// No new connections; those open finish the request they are at.
    Closing,
}

/// What probes and connections ask about the program.
#[derive(Debug)]
pub struct Lifecycle {
    enabled: AtomicBool,
    stage: watch::Sender<Stage>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { enabled: AtomicBool::new(true), stage: watch::Sender::new(Stage::Serving) }
    }
}

impl Lifecycle {
    /// Whether traffic is wanted. Once draining, no switch makes a program ready again.
    pub fn is_ready(&self) -> bool {
        self.enabled.load(Ordering::Acquire) && self.stage() == Stage::Serving
    }

    /// Sets readiness by hand.
    pub fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Release);
        info!(enabled, "readiness switched");
    }

    /// The stage now.
    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Returns once `stage` or a later one is reached.
    pub async fn reached(&self, stage: Stage) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }

    fn enter(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }
}

/// How long to be patient at the end.
#[derive(Debug, Clone, Copy)]
pub struct Drain {
    /// From the signal to the end of accepting.
    pub delay: Duration,
    /// From the end of accepting to the end of patience.
    pub timeout: Duration,
}

/// A program: an application port and a port for metrics and probes.
#[derive(Debug)]
pub struct Program<H> {
    /// Name in the log.
    pub name: &'static str,
    /// Application address and who answers there.
    pub application: (SocketAddr, Arc<H>),
    /// Metrics address and who answers there.
    pub metrics: (SocketAddr, Arc<Admin>),
    /// Shared with the handlers.
    pub lifecycle: Arc<Lifecycle>,
    /// Limits of the application port.
    pub limits: Limits,
    /// Patience at the end.
    pub drain: Drain,
}

impl<H: Handler> Program<H> {
    /// Runs until told to stop. Exit codes: 0 stopped in order, 1 could not start or had to cut connections.
    pub fn run(self) -> ExitCode {
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                error!(%error, "cannot start the runtime");
                return ExitCode::FAILURE;
            }
        };
        let ended = runtime.block_on(self.serve());
        // A name being looked up blocks a thread that cannot be stopped: nobody waits for it.
        runtime.shutdown_background();
        match ended {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                error!(%error, "cannot start");
                ExitCode::FAILURE
            }
        }
    }

    /// Whether everything ended in order.
    async fn serve(self) -> io::Result<bool> {
        let Self { name, application, metrics, lifecycle, limits, drain } = self;
        let mut signals = Signals::new()?;
        let metrics_lifecycle = Arc::new(Lifecycle::default());
        info!(program = name, version = crate::build::VERSION, revision = crate::build::REVISION, "starting");
        let metrics_listener = bind("metrics", metrics.0).await?;
        let listener = bind("http", application.0).await?;
        let metrics_server = Server::new(Limits::metrics(), Arc::clone(&metrics_lifecycle), metrics.1);
        let metrics_task = tokio::spawn(metrics_server.serve(metrics_listener));
        let server = Server::new(limits, Arc::clone(&lifecycle), application.1);
        let open = server.connections();
        let mut task = tokio::spawn(server.serve(listener));

        let signal = signals.next().await;
        lifecycle.enter(Stage::Draining);
        info!(signal, delay = ?drain.delay, "draining: not ready, waiting for load balancers");
        let in_order = tokio::select! {
            () = tokio::time::sleep(drain.delay) => true,
            signal = signals.next() => {
                warn!(signal, "second signal, not waiting any longer");
                false
            }
        };
        if !in_order {
            return Ok(false);
        }
        info!(connections = open.count(), timeout = ?drain.timeout, "closing: accepting no more, finishing requests");
        lifecycle.enter(Stage::Closing);
        let in_order = tokio::select! {
            _ = &mut task => true,
            () = tokio::time::sleep(drain.timeout) => {
                warn!(connections = open.count(), "drain timeout passed, cutting connections");
                false
            }
            signal = signals.next() => {
                warn!(signal, connections = open.count(), "second signal, cutting connections");
                false
            }
        };
        metrics_lifecycle.enter(Stage::Closing);
        let _ = tokio::time::timeout(Duration::from_secs(1), metrics_task).await;
        info!(in_order, "stopped");
        Ok(in_order)
    }
}

async fn bind(port: &'static str, address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address} ({port}): {error}")))?;
    info!(port, address = %listener.local_addr()?, "listening");
    Ok(listener)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// JSON lines on standard output. A panic, which should not happen, becomes a line as well.
pub fn log(level: LevelFilter) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(level)
        .init();
    std::panic::set_hook(Box::new(|panic| error!(%panic, "panic")));
}
