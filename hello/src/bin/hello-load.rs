//! The load generator for canary analysis.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use hello::admin::Admin;
use hello::config::LoadConfig;
use hello::lifecycle::{Drain, Lifecycle, Program, log};
use hello::load::metrics::LoadMetrics;
use hello::load::webhook::Webhook;
use hello::metrics::registry;
use hello::server::Limits;

fn main() -> ExitCode {
    let config = LoadConfig::parse();
    log(config.log_level);
    let lifecycle = Arc::new(Lifecycle::default());
    let mut registry = registry("hello_load_build_info");
    let metrics = LoadMetrics::register(&mut registry);
    let program = Program {
        name: "hello-load",
        metrics: (config.metrics_listen, Arc::new(Admin { registry, lifecycle: Arc::clone(&lifecycle) })),
        limits: Limits { connections: 256, client_timeout: config.client_timeout },
        drain: Drain { delay: config.drain_delay, timeout: config.drain_timeout },
        application: (config.listen, Arc::new(Webhook::new(config, Arc::clone(&lifecycle), metrics))),
        lifecycle,
    };
    program.run()
}
