use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{HELLO, HELLO_LOAD, connect, read_answer, request, start, until};

const REQUEST: &[u8] = b"GET /delay/3 HTTP/1.1\r\nhost: test\r\n\r\n";

/// A client on a keep-alive connection behind a load balancer: it opens connections only while the program is known as
/// ready, and counts every request without an answer of 200. It never tries a request twice.
fn customer(address: SocketAddr, ready: &AtomicBool, answered: &AtomicU64, told_to_close: &AtomicU64) -> u64 {
    let mut failed = 0;
    while ready.load(Ordering::Acquire) {
        let mut stream = BufReader::new(TcpStream::connect(address).expect("a ready program accepts"));
        stream.get_ref().set_nodelay(true).unwrap();
        loop {
            let sent = stream.get_mut().write_all(REQUEST).is_ok();
            let answer = if sent { read_answer(&mut stream, "GET") } else { None };
            match answer {
                Some(answer) if answer.status == 200 => {
                    answered.fetch_add(1, Ordering::Relaxed);
                    if answer.header("connection") == Some("close") {
                        told_to_close.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                }
                _ => {
                    failed += 1;
                    break;
                }
            }
        }
    }
    failed
}

fn ends_under_load_without_a_failure(signal: &str) {
    let mut hello = start(HELLO, &["--drain-delay", "600ms", "--drain-timeout", "5s"]);
    let (address, ready) = (hello.http, AtomicBool::new(true));
    let (answered, told_to_close) = (AtomicU64::new(0), AtomicU64::new(0));
    let failed: u64 = thread::scope(|scope| {
        let customers: Vec<_> =
            (0..16).map(|_| scope.spawn(|| customer(address, &ready, &answered, &told_to_close))).collect();
        // The load balancer asks for readiness every 50 ms, and takes 50 ms more to tell everybody.
        scope.spawn(|| {
            while request(address, "GET", "/readyz", "", "").status == 200 {
                thread::sleep(Duration::from_millis(50));
            }
            thread::sleep(Duration::from_millis(50));
            ready.store(false, Ordering::Release);
        });
        until(|| answered.load(Ordering::Relaxed) > 500, "load");
        hello.signal(signal);
        customers.into_iter().map(|customer| customer.join().unwrap()).sum()
    });
    assert_eq!(failed, 0, "of {} answered", answered.load(Ordering::Relaxed));
    assert!(told_to_close.load(Ordering::Relaxed) >= 16, "every connection was told to close");
    assert_eq!(hello.wait().code(), Some(0));
}

#[test]
fn sigterm_under_load_fails_no_request() {
    ends_under_load_without_a_failure("TERM");
}

#[test]
fn sigint_under_load_fails_no_request() {
    ends_under_load_without_a_failure("INT");
}

#[test]
fn the_end_has_an_order() {
    let mut hello = start(HELLO, &["--drain-delay", "1500ms", "--drain-timeout", "10s"]);
    let mut slow = BufReader::new(connect(hello.http));
    slow.get_mut().write_all(b"GET /delay/4000 HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let mut idle = BufReader::new(connect(hello.http));
    let mut kept = BufReader::new(connect(hello.http));
    until(|| hello.sample("http_requests_in_flight") == Some(1.0), "a request in flight");
    hello.signal("TERM");
    hello.wait_for_log("draining");
    assert_eq!(hello.get("/readyz").status, 503, "first: not ready");
    assert_eq!(hello.get("/healthz").status, 200, "but alive");
    hello.post("/readyz/enable", "");
    assert_eq!(hello.get("/readyz").status, 503, "no switch makes it ready again");
    kept.get_mut().write_all(b"GET /version HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let answer = read_answer(&mut kept, "GET").expect("and still serving");
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close")),
        "but each connection for the last time"
    );
    assert!(!hello.log().iter().any(|line| line.contains("closing")), "all this before the port closes");
    hello.wait_for_log("closing");
    assert!(read_answer(&mut idle, "GET").is_none(), "an idle connection is closed");
    until(|| TcpStream::connect(hello.http).is_err(), "then the port closes");
    assert_eq!(hello.sample("http_requests_in_flight"), Some(1.0), "the metrics port outlives it");
    let answer = read_answer(&mut slow, "GET").expect("a request in flight is finished");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(hello.wait().code(), Some(0));
    assert!(hello.log().last().unwrap().contains("stopped"));
}

#[test]
fn patience_ends_with_the_drain_timeout() {
    let mut hello = start(HELLO, &["--drain-delay", "0s", "--drain-timeout", "300ms"]);
    let mut slow = connect(hello.http);
    slow.write_all(b"GET /delay/10000 HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    until(|| hello.sample("http_requests_in_flight") == Some(1.0), "a request in flight");
    let started = Instant::now();
    hello.signal("TERM");
    assert_eq!(hello.wait().code(), Some(1));
    assert!(started.elapsed() >= Duration::from_millis(300) && started.elapsed() < Duration::from_secs(5));
    assert!(hello.log().iter().any(|line| line.contains("drain timeout passed") && line.contains("\"connections\":1")));
}

#[test]
fn a_second_signal_ends_at_once() {
    for delay in ["60s", "0s"] {
        let mut hello = start(HELLO, &["--drain-delay", delay, "--drain-timeout", "60s"]);
        let mut slow = connect(hello.http);
        slow.write_all(b"GET /delay/10000 HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
        until(|| hello.sample("http_requests_in_flight") == Some(1.0), "a request in flight");
        hello.signal("TERM");
        hello.wait_for_log(if delay == "60s" { "draining" } else { "closing" });
        let started = Instant::now();
        hello.signal("INT");
        assert_eq!(hello.wait().code(), Some(1));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn the_load_generator_finishes_its_run_before_it_ends() {
    let hello = start(HELLO, &[]);
    let mut load = start(HELLO_LOAD, &["--drain-delay", "0s", "--drain-timeout", "10s"]);
    let body = format!(
        r#"{{"name":"hello","namespace":"test","phase":"Progressing","metadata":{{"url":"http://{}/","duration":"1s"}}}}"#,
        hello.http
    );
    let address = load.http;
    let caller = thread::spawn(move || request(address, "POST", "/", "", &body));
    until(|| load.sample("hello_load_runs_in_flight") == Some(1.0), "a run");
    load.signal("TERM");
    assert_eq!(caller.join().unwrap().status, 200);
    assert_eq!(load.wait().code(), Some(0));
}
