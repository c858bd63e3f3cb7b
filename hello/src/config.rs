//! Flags and environment of both programs. A wrong value ends the start with exit code 2 and a message that names it.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use tracing::level_filters::LevelFilter;

use crate::build::VERSION;

/// A small HTTP service with metrics, faults on demand and a graceful end.
#[derive(Debug, Clone, Parser)]
#[command(name = "hello", version = VERSION)]
pub struct HelloConfig {
    /// Address of the application port
    #[arg(long, env = "HELLO_LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Address of the metrics port
    #[arg(long, env = "HELLO_METRICS_LISTEN", default_value = "0.0.0.0:9797")]
    pub metrics_listen: SocketAddr,
    /// The greeting on the page, 1 to 200 characters
    #[arg(long, env = "HELLO_GREETING", default_value = "Hello, World!", value_parser = greeting)]
    pub greeting: String,
    /// Colour of the page, as #rrggbb or a CSS colour name
    #[arg(long, env = "HELLO_COLOR", default_value = "#3b6fe0", value_parser = color)]
    pub color: String,
    /// Name of the pod shown on the page
    #[arg(long, env = "POD_NAME", default_value = "")]
    pub pod: String,
    /// After SIGTERM: how long to serve on as not ready, so that load balancers look elsewhere
    #[arg(long, env = "HELLO_DRAIN_DELAY", default_value = "5s", value_parser = duration)]
    pub drain_delay: Duration,
    /// After the drain delay: how long requests in flight may take to finish
    #[arg(long, env = "HELLO_DRAIN_TIMEOUT", default_value = "20s", value_parser = duration)]
    pub drain_timeout: Duration,
    /// How long a client may take to send its request, and may leave a connection idle
    #[arg(long, env = "HELLO_CLIENT_TIMEOUT", default_value = "10s", value_parser = positive_duration)]
    pub client_timeout: Duration,
    /// How many connections are served at once; more wait in the kernel's queue
    #[arg(long, env = "HELLO_MAX_CONNECTIONS", default_value_t = 1024, value_parser = connections)]
    pub max_connections: usize,
    /// Share of application requests answered by 500 from the start, 0 to 1
    #[arg(long, env = "HELLO_FAULT_ERROR_RATIO", default_value = "0", value_parser = ratio)]
    pub fault_error_ratio: f64,
    /// Time added to every application request from the start
    #[arg(long, env = "HELLO_FAULT_LATENCY", default_value = "0s", value_parser = fault_latency)]
    pub fault_latency: Duration,
    /// Least severe log level: off, error, warn, info, debug (adds a line per request) or trace
    #[arg(long, env = "HELLO_LOG_LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
}

/// Drives bounded load at a URL when Flagger's webhook asks for it, and answers whether it went well.
#[derive(Debug, Clone, Parser)]
#[command(name = "hello-load", version = VERSION)]
pub struct LoadConfig {
    /// Address of the webhook port
    #[arg(long, env = "HELLO_LOAD_LISTEN", default_value = "0.0.0.0:8090")]
    pub listen: SocketAddr,
    /// Address of the metrics port
    #[arg(long, env = "HELLO_LOAD_METRICS_LISTEN", default_value = "0.0.0.0:9798")]
    pub metrics_listen: SocketAddr,
    /// Highest rate a call may ask for, in requests per second
    #[arg(long, env = "HELLO_LOAD_MAX_RATE", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_rate: u32,
    /// Longest run a call may ask for
    #[arg(long, env = "HELLO_LOAD_MAX_DURATION", default_value = "60s", value_parser = positive_duration)]
    pub max_duration: Duration,
    /// Most connections a call may ask for
    #[arg(long, env = "HELLO_LOAD_MAX_CONCURRENCY", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub max_concurrency: u32,
    /// How many runs may go on at once, each for another canary
    #[arg(long, env = "HELLO_LOAD_MAX_RUNS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub max_runs: u32,
    /// Hosts load may be sent to, separated by commas: a name, or `.suffix` for every name below it; none means every host
    #[arg(long, env = "HELLO_LOAD_ALLOW_HOSTS", value_delimiter = ',')]
    pub allow_hosts: Vec<String>,
    /// After SIGTERM: how long to serve on as not ready
    #[arg(long, env = "HELLO_LOAD_DRAIN_DELAY", default_value = "2s", value_parser = duration)]
    pub drain_delay: Duration,
    /// After the drain delay: how long runs may take to finish
    #[arg(long, env = "HELLO_LOAD_DRAIN_TIMEOUT", default_value = "25s", value_parser = duration)]
    pub drain_timeout: Duration,
    /// How long a client may take to send its request, and may leave a connection idle
    #[arg(long, env = "HELLO_LOAD_CLIENT_TIMEOUT", default_value = "10s", value_parser = positive_duration)]
    pub client_timeout: Duration,
    /// Least severe log level: off, error, warn, info, debug or trace
    #[arg(long, env = "HELLO_LOAD_LOG_LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
}

const LONGEST: Duration = Duration::from_secs(3600);

/// Reads `250ms`, `5s`, `1.5s` or `2m`, up to one hour. A bare number is refused: the unit is where mistakes hide.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds_per_unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err("expected a number with a unit, such as `250ms`, `5s` or `2m`".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| format!("`{number}` is not a number, expected such as `5s`"))?;
    match Duration::try_from_secs_f64(number * seconds_per_unit) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err("expected at most one hour".to_owned()),
    }
}

/// As [`duration`], but not zero.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("expected more than zero".to_owned()),
        duration => Ok(duration),
    }
}

/// Time a fault may add to a request; bounded as `/delay/{ms}` is.
pub fn fault_latency(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        latency if latency > crate::app::MAX_DELAY => Err(format!("expected at most {:?}", crate::app::MAX_DELAY)),
        latency => Ok(latency),
    }
}

/// A share between 0 and 1.
pub fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("expected a number from 0 to 1, such as `0.05` for 5 %".to_owned()),
    }
}

fn greeting(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=200 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        1..=200 => Err("expected no control characters".to_owned()),
        length => Err(format!("expected 1 to 200 characters, found {length}")),
    }
}

/// The colour lands in a style sheet: nothing but a hexadecimal colour or a bare word may pass.
fn color(text: &str) -> Result<String, String> {
    let is_hex = text
        .strip_prefix('#')
        .is_some_and(|hex| matches!(hex.len(), 3 | 6) && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_name = (3..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_hex || is_name { Ok(text.to_owned()) } else { Err("expected `#rrggbb` or a CSS colour name".to_owned()) }
}

fn connections(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=65_536) => Ok(number),
        _ => Err("expected a number from 1 to 65536".to_owned()),
    }
}
