//! The hello service.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use hello::admin::Admin;
use hello::app::App;
use hello::config::HelloConfig;
use hello::lifecycle::{Drain, Lifecycle, Program, log};
use hello::metrics::{RequestMetrics, registry};
use hello::server::Limits;

fn main() -> ExitCode {
    let config = HelloConfig::parse();
    log(config.log_level);
    let lifecycle = Arc::new(Lifecycle::default());
    let mut registry = registry("hello_build_info");
    let metrics = RequestMetrics::register(&mut registry);
    let app = App::new(&config, Arc::clone(&lifecycle), metrics);
    let program = Program {
        name: "hello",
        application: (config.listen, Arc::new(app)),
        metrics: (config.metrics_listen, Arc::new(Admin { registry, lifecycle: Arc::clone(&lifecycle) })),
        lifecycle,
        limits: Limits { connections: config.max_connections, client_timeout: config.client_timeout },
        drain: Drain { delay: config.drain_delay, timeout: config.drain_timeout },
    };
    program.run()
}
