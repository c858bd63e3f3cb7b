//! No request makes a handler panic: the application behind its real HTTP server, over a pipe in memory.

use std::sync::Arc;

use clap::Parser;
use hello::app::App;
use hello::config::{HelloConfig, LoadConfig};
use hello::lifecycle::Lifecycle;
use hello::load::metrics::LoadMetrics;
use hello::load::webhook::Webhook;
use hello::metrics::{RequestMetrics, registry};
use hello::server::{Handler, Limits, Server};
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

const LIMITS: Limits = Limits { connections: 1, client_timeout: Duration::from_millis(20) };

/// What the server answers to bytes sent at once. A panic of a handler is a panic here: all runs in this thread.
fn answer<H: Handler>(runtime: &Runtime, handler: &Arc<H>, bytes: &[u8]) -> Vec<u8> {
    runtime.block_on(async {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let connection = Server::new(LIMITS, Arc::new(Lifecycle::default()), Arc::clone(handler));
        let conversation = async {
            client.write_all(bytes).await.ok();
            client.shutdown().await.ok();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.ok();
            answer
        };
        let served = connection.connection(TokioIo::new(server));
        tokio::join!(served, conversation).1
    })
}

/// The same cases at each run; a failing one is shown whole.
fn check<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, test: impl Fn(T)) {
    let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner
        .run(&strategy, |value| {
            test(value);
            Ok(())
        })
        .unwrap();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn app() -> Arc<App> {
    let config = HelloConfig::parse_from(["hello", "--client-timeout", "20ms"]);
    let metrics = RequestMetrics::register(&mut registry("test_build_info"));
    Arc::new(App::new(&config, Arc::default(), metrics))
}

fn webhook() -> Arc<Webhook> {
    let config = LoadConfig::parse_from(["hello-load", "--max-duration", "1ms", "--allow-hosts", "none.invalid"]);
    let metrics = LoadMetrics::register(&mut registry("test_build_info"));
    Arc::new(Webhook::new(config, Arc::default(), metrics))
}

/// Requests that look like requests: known and odd methods, paths near the routes, odd headers and bodies.
fn requests() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        Just("GET".to_owned()),
        Just("HEAD".to_owned()),
        Just("POST".to_owned()),
        Just("OPTIONS".to_owned()),
        Just("CONNECT".to_owned()),
        "[A-Z!#$%&'*+.^_`|~-]{1,12}",
    ];
    // No long waits: `/delay/` is followed by at most two digits.
    let path = prop_oneof![
        Just("*".to_owned()),
        Just("/".to_owned()),
        "/(version|healthz|readyz|metrics)",
        "/(readyz|fault)/(enable|disable)(\\?[a-z_=&.0-9%]{0,30})?",
        "/fault/enable\\?(error_ratio|latency)=[0-9.]{1,3}(ms)?",
        "/status/[ -~]{0,8}",
        "/status/[0-9]{1,5}",
        "/delay/[0-9]{1,2}",
        "/delay/[^0-9 ]{0,6}",
        "/[!-~]{0,40}",
        "http://[a-z]{1,5}(/[a-z]{0,5})?",
    ];
    let header = prop_oneof![
        "accept: [ -~]{0,60}",
        "accept: (text/html|application/json|\\*/\\*|text/\\*)(;q=[0-9.]{0,5})?(, ?[a-z*]{1,5}/[a-z*]{1,5})?",
        "content-length: [0-9]{1,6}",
        "transfer-encoding: (chunked|gzip|[a-z]{1,8})",
        "expect: 100-continue",
        "connection: (close|keep-alive|upgrade)",
        "upgrade: [a-z0-9]{1,8}",
        "[A-Za-z-]{1,20}: [ -~]{0,40}",
    ];
    let version = prop_oneof![8 => Just("HTTP/1.1"), 1 => Just("HTTP/1.0"), 1 => Just("HTTP/2.0")];
    (method, path, version, vec(header, 0..6), vec(any::<u8>(), 0..64)).prop_map(
        |(method, path, version, headers, body)| {
            let mut bytes = format!("{method} {path} {version}\r\nhost: a\r\n").into_bytes();
            for header in headers {
                bytes.extend(header.bytes());
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"\r\n");
            bytes.extend(body);
            bytes
        },
    )
}

#[test]
fn from_random_bytes() {
    let (runtime, app) = (runtime(), app());
    check(vec(any::<u8>(), 0..300), |bytes| {
        answer(&runtime, &app, &bytes);
    });
}

#[test]
fn from_random_requests() {
    let (runtime, app) = (runtime(), app());
    let answered = std::cell::Cell::new(0);
    check(requests(), |bytes| {
        let answer = answer(&runtime, &app, &bytes);
        if answer.starts_with(b"HTTP/1.") {
            answered.set(answered.get() + 1);
        }
    });
    assert!(answered.get() > 1500, "most requests reach an answer, {} did", answered.get());
}

#[test]
fn from_random_webhook_calls() {
    let (runtime, webhook) = (runtime(), webhook());
    let key = prop_oneof![
        "(url|rate|qps|duration|concurrency|timeout|maxErrorRatio|maxP99|minRequests|host)",
        "[ -~&&[^\"\\\\]]{0,12}",
    ];
    let value = prop_oneof![
        "\"[ -~&&[^\"\\\\]]{0,30}\"",
        "\"http://[!-~&&[^\"\\\\]]{0,30}\"",
        "-?[0-9]{1,4}(\\.[0-9]{1,4})?(e[0-9]{1,3})?",
        "\"[0-9.]{1,6}(ms|s|m)\"",
        Just("null".to_owned()),
        Just("{}".to_owned()),
    ];
    check(vec((key, value), 0..6), |metadata| {
        let metadata: Vec<_> = metadata.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let body = format!(r#"{{"name":"a","namespace":"b","phase":"c","metadata":{{{}}}}}"#, metadata.join(","));
        let request = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        answer(&runtime, &webhook, request.as_bytes());
    });
}
