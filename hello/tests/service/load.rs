use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Answer, HELLO, HELLO_LOAD, Program, connect, request, start, until};

/// A call as Flagger makes it: all metadata is text.
fn call(load: &Program, metadata: Value) -> Answer {
    call_for(load, "hello", metadata)
}

fn call_for(load: &Program, name: &str, metadata: Value) -> Answer {
    load.post("/", &body(name, metadata))
}

fn body(name: &str, metadata: Value) -> String {
    json!({"name": name, "namespace": "test", "phase": "Progressing", "checksum": "4f2c", "metadata": metadata})
        .to_string()
}

fn url(hello: &Program, path: &str) -> String {
    format!("http://{}{path}", hello.http)
}

#[test]
fn a_good_release_passes_after_the_load_ran() {
    let (hello, load) = (start(HELLO, &[]), start(HELLO_LOAD, &[]));
    let started = Instant::now();
    let answer = call(&load, json!({"url": url(&hello, "/"), "rate": "50", "duration": "1s", "concurrency": "4"}));
    assert!(started.elapsed() >= Duration::from_millis(950), "the answer comes after the run");
    let report = answer.json();
    assert_eq!((answer.status, &report["passed"]), (200, &json!(true)), "{report}");
    assert_eq!((&report["requests"], &report["failures"]), (&json!(50), &json!(0)));
    assert!(report["p99_ms"].as_f64().unwrap() >= report["p50_ms"].as_f64().unwrap());
    assert_eq!(
        (&report["name"], &report["namespace"], &report["phase"]),
        (&json!("hello"), &json!("test"), &json!("Progressing"))
    );
    let seen = r#"http_request_duration_seconds_count{method="GET",path="/",status="200"}"#;
    assert_eq!(hello.sample(seen), Some(50.0), "hello saw what the report says");
    assert_eq!(load.sample(r#"hello_load_requests_total{code="2xx"}"#), Some(50.0));
    assert_eq!(load.sample(r#"hello_load_runs_total{phase="Progressing",result="passed"}"#), Some(1.0));
}

#[test]
fn a_faulty_release_fails_and_the_reason_says_why() {
    let (hello, load) = (start(HELLO, &["--fault-error-ratio", "0.1"]), start(HELLO_LOAD, &[]));
    let short = |more: Value| {
        let mut metadata = json!({"url": url(&hello, "/version"), "rate": "100", "duration": "500ms"});
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call(&load, metadata)
    };
    let answer = short(json!({}));
    assert_eq!(answer.status, 412);
    assert_eq!(answer.json()["reason"], "5 of 50 requests failed, expected at most 1 %");
    assert_eq!(answer.json()["answers"], json!({"200": 45, "500": 5}));
    assert_eq!(short(json!({"maxErrorRatio": "0.1"})).status, 200);
    hello.post("/fault/enable?latency=80ms", "");
    let answer = short(json!({"maxP99": "50ms", "rate": "10"}));
    assert_eq!(answer.status, 412);
    assert!(answer.json()["reason"].as_str().unwrap().starts_with("p99 is "));
    assert_eq!(short(json!({"minRequests": "1000"})).status, 412);
    assert_eq!(load.sample(r#"hello_load_runs_total{phase="Progressing",result="failed"}"#), Some(3.0));
}

#[test]
fn a_stalled_or_absent_target_fails_within_bounds() {
    let (hello, load) = (start(HELLO, &[]), start(HELLO_LOAD, &[]));
    let started = Instant::now();
    let answer = call(&load, json!({"url": url(&hello, "/delay/5000"), "duration": "500ms", "timeout": "200ms"}));
    assert!(started.elapsed() < Duration::from_secs(4));
    assert_eq!(answer.status, 412);
    assert!(answer.json()["answers"]["timeout"].as_u64().unwrap() > 0);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answer = call(&load, json!({"url": format!("http://{closed}/"), "duration": "300ms"}));
    assert_eq!(answer.status, 412);
    assert!(answer.json()["answers"]["broken"].as_u64().unwrap() > 0);
    let answer = call(&load, json!({"url": "http://nothing.invalid/", "duration": "300ms"}));
    assert_eq!(answer.status, 412);
    assert!(answer.json()["reason"].as_str().unwrap().contains("cannot resolve `nothing.invalid`"));
}

#[test]
fn a_target_that_closes_its_connections_is_not_a_failure() {
    let hello = start(HELLO, &["--drain-delay", "60s"]);
    hello.signal("TERM");
    hello.wait_for_log("draining");
    let load = start(HELLO_LOAD, &[]);
    let answer = call(&load, json!({"url": url(&hello, "/"), "rate": "100", "duration": "500ms"}));
    assert_eq!(answer.status, 200);
    // 50 on a machine with time to spare; a busy one skips beats, and that is not what this is about.
    assert!(answer.json()["requests"].as_u64().unwrap() > 25);
}

#[test]
fn calls_beyond_a_limit_or_with_unknown_words_are_refused() {
    let load =
        start(HELLO_LOAD, &["--max-duration", "10s", "--max-rate", "100", "--allow-hosts", "127.0.0.1,.test.svc"]);
    let ok = "http://127.0.0.1:1/";
    for (metadata, expected) in [
        (json!({}), "`url` is missing"),
        (json!({"url": "https://127.0.0.1/"}), "http://"),
        (json!({"url": "file:///etc/passwd"}), "not a URL"),
        (json!({"url": "ftp://127.0.0.1/"}), "http://"),
        (json!({"url": "/"}), "http://"),
        (json!({"url": "http://user@127.0.0.1/"}), "user name"),
        (json!({"url": "http://example.com/"}), "load may only be sent to"),
        (json!({"url": "http://eviltest.svc/"}), "load may only be sent to"),
        (json!({"url": ok, "rate": "101"}), "from 0.1 to 100"),
        (json!({"url": ok, "rate": "0"}), "from 0.1 to 100"),
        (json!({"url": ok, "qps": "NaN"}), "from 0.1 to 100"),
        (json!({"url": ok, "duration": "11s"}), "at most 10s"),
        (json!({"url": ok, "duration": "5"}), "unit"),
        (json!({"url": ok, "concurrency": "65"}), "from 1 to 64"),
        (json!({"url": ok, "maxErrorRatio": "5"}), "0 to 1"),
        (json!({"url": ok, "host": "a b"}), "host name"),
        (json!({"url": ok, "cmd": "hey -z 1m"}), "unknown metadata `cmd`"),
    ] {
        let answer = call(&load, metadata.clone());
        assert_eq!(answer.status, 400, "{metadata}");
        assert!(answer.body.contains(expected), "{metadata}: {}", answer.body);
    }
    for wrong in ["", "{", "[]", "null", r#"{"name":1}"#, r#"{"name":"a"}"#] {
        assert_eq!(load.post("/", wrong).status, 400, "{wrong}");
    }
    assert_eq!(load.sample(r#"hello_load_runs_total{phase="other",result="refused"}"#), Some(6.0));
}

#[test]
fn a_second_run_for_the_same_canary_is_refused_and_one_for_another_is_not() {
    let (hello, load) = (start(HELLO, &[]), start(HELLO_LOAD, &["--max-runs", "2"]));
    let long = json!({"url": url(&hello, "/"), "duration": "2s"});
    thread::scope(|scope| {
        let first = scope.spawn(|| call_for(&load, "one", long.clone()));
        until(|| load.sample("hello_load_runs_in_flight") == Some(1.0), "a run");
        let again = call_for(&load, "one", long.clone());
        assert_eq!(again.status, 409);
        assert!(again.body.contains("`test/one`"));
        let second = scope.spawn(|| call_for(&load, "two", long.clone()));
        until(|| load.sample("hello_load_runs_in_flight") == Some(2.0), "two runs");
        assert_eq!(call_for(&load, "three", long.clone()).status, 429);
        assert_eq!((first.join().unwrap().status, second.join().unwrap().status), (200, 200));
    });
    assert_eq!(call_for(&load, "one", json!({"url": url(&hello, "/"), "duration": "100ms"})).status, 200);
}

#[test]
fn a_caller_that_leaves_stops_the_load() {
    let (hello, load) = (start(HELLO, &[]), start(HELLO_LOAD, &[]));
    let body = body("hello", json!({"url": url(&hello, "/"), "duration": "30s", "rate": "100"}));
    let mut caller = connect(load.http);
    write!(caller, "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    until(|| load.sample("hello_load_runs_in_flight") == Some(1.0), "a run");
    drop(caller);
    until(|| load.sample("hello_load_runs_in_flight") == Some(0.0), "the end of the run");
    assert_eq!(load.sample(r#"hello_load_runs_total{phase="Progressing",result="cancelled"}"#), Some(1.0));
    let sent = load.sample(r#"hello_load_requests_total{code="2xx"}"#);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(load.sample(r#"hello_load_requests_total{code="2xx"}"#), sent);
}

#[test]
fn the_host_header_can_be_that_of_a_gateway() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let load = start(HELLO_LOAD, &[]);
    let seen = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = vec![0; 4096];
        let length = std::io::Read::read(&mut stream, &mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let metadata = json!({"url": format!("http://{address}/a?b=c"), "host": "hello.example.com", "rate": 1, "duration": "500ms",
        "concurrency": 1});
    assert_eq!(call(&load, metadata).status, 200);
    let head = seen.join().unwrap();
    assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: hello.example.com\r\n"), "{head}");
}

#[test]
fn probes_and_methods_of_the_load_generator() {
    let load = start(HELLO_LOAD, &[]);
    let of = |method: &str, path: &str| request(load.http, method, path, "", "");
    assert_eq!((of("GET", "/healthz").status, of("GET", "/readyz").status), (200, 200));
    assert_eq!((of("GET", "/").status, of("GET", "/").header("allow")), (405, Some("POST, OPTIONS")));
    assert_eq!((of("POST", "/healthz").status, of("GET", "/x").status), (405, 404));
    assert_eq!(of("OPTIONS", "/").header("allow"), Some("POST, OPTIONS"));
}
