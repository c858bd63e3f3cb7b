use std::collections::BTreeSet;
use std::io::{BufReader, Write};

use crate::harness::{HELLO, HELLO_LOAD, connect, read_answer, request, start, until};

/// Reads OpenMetrics text as strictly as the specification asks of what we write; gives the names of the families.
fn families(text: &str) -> BTreeSet<String> {
    let body = text.strip_suffix("# EOF\n").expect("the text ends by `# EOF`");
    let mut families = BTreeSet::new();
    let mut series = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let (keyword, rest) = comment.split_once(' ').expect("a keyword");
            let (name, value) = rest.split_once(' ').expect("a value");
            match keyword {
                "HELP" => {
                    assert!(families.insert(name.to_owned()), "{name} comes twice");
                    family = name.to_owned();
                }
                "TYPE" => kind = value.to_owned(),
                "UNIT" => assert!(name.ends_with(&format!("_{value}")), "{line}"),
                other => panic!("unknown keyword {other}"),
            }
            assert_eq!(name, family, "metadata stands before its family");
            continue;
        }
        let (id, value) = line.rsplit_once(' ').expect("a sample");
        assert!(series.insert(id.to_owned()), "{id} comes twice");
        value.parse::<f64>().expect("a number");
        let name = id.split('{').next().unwrap();
        let suffixes: &[&str] = match kind.as_str() {
            "gauge" => &[""],
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            other => panic!("unknown type {other}"),
        };
        assert!(suffixes.iter().any(|suffix| name == format!("{family}{suffix}")), "{name} is not of {family}");
    }
    families
}

#[test]
fn metrics_are_open_metrics_with_the_names_that_dashboards_use() {
    let hello = start(HELLO, &[]);
    hello.get("/");
    let answer = request(hello.metrics, "GET", "/metrics", "", "");
    assert_eq!(answer.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let families = families(&answer.body);
    for name in [
        "hello_build_info",
        "http_request_duration_seconds",
        "http_requests_in_flight",
        "process_cpu_seconds",
        "process_max_fds",
        "process_open_fds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_virtual_memory_bytes",
    ] {
        assert!(families.contains(name), "{name}");
    }
    for le in ["0.2", "0.25", "0.3", "+Inf"] {
        let bucket = format!(r#"_bucket{{le="{le}",method="GET",path="/",status="200"}} 1"#);
        assert!(answer.body.contains(&bucket), "{bucket}");
    }
    let build = format!(r#"hello_build_info{{version="{}",revision=""#, env!("CARGO_PKG_VERSION"));
    assert!(answer.body.contains(&build));
}

#[test]
fn process_metrics_are_plausible() {
    let hello = start(HELLO, &[]);
    let sample = |name| hello.sample(name).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - sample("process_start_time_seconds")).abs() < 60.0);
    assert!((1e6..1e8).contains(&sample("process_resident_memory_bytes")));
    assert!((3.0..100.0).contains(&sample("process_open_fds")));
    let before = sample("process_cpu_seconds_total");
    until(
        || {
            for _ in 0..100 {
                hello.get("/");
            }
            sample("process_cpu_seconds_total") > before
        },
        "CPU time grows",
    );
}

#[test]
fn ten_thousand_random_paths_do_not_grow_the_series() {
    let hello = start(HELLO, &[]);
    let methods = ["GET", "HEAD", "POST", "BREW", "MAKE"];
    let mut stream = BufReader::new(connect(hello.http));
    let mut send = |method: &str, path: &str| {
        stream.get_mut().write_all(format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).unwrap();
        read_answer(&mut stream, method).unwrap();
    };
    // Not chance but a fixed walk through 64-bit numbers: the same paths at each run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut path = |prefix: &str| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{prefix}{state:x}")
    };
    let prefixes = ["/", "/status/x", "/version/", "/?q=", "/delay/9999999", "/readyz/"];
    for method in methods {
        for prefix in prefixes {
            send(method, &path(prefix));
        }
    }
    let series = |text: String| text.lines().filter(|line| !line.starts_with('#')).count();
    let before = series(hello.metrics());
    for number in 0..10_000 {
        send(methods[number % methods.len()], &path(prefixes[number % prefixes.len()]));
    }
    assert_eq!(series(hello.metrics()), before);
    assert!(hello.metrics().contains(r#"method="other",path="other",status="404""#));
}

#[test]
fn probes_and_switches_are_not_measured() {
    let hello = start(HELLO, &[]);
    for path in ["/healthz", "/readyz", "/fault"] {
        hello.get(path);
    }
    hello.post("/readyz/disable", "");
    hello.post("/fault/enable", "");
    assert!(!hello.metrics().contains("http_request_duration_seconds_count{"));
}

#[test]
fn a_request_in_flight_counts_and_one_given_up_is_recorded_as_499() {
    let hello = start(HELLO, &[]);
    let mut stream = connect(hello.http);
    stream.write_all(b"GET /delay/10000 HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    until(|| hello.sample("http_requests_in_flight") == Some(1.0), "one request in flight");
    drop(stream);
    until(|| hello.sample("http_requests_in_flight") == Some(0.0), "no request in flight");
    let given_up = r#"http_request_duration_seconds_count{method="GET",path="/delay/{ms}",status="499"}"#;
    assert_eq!(hello.sample(given_up), Some(1.0));
}

#[test]
fn the_load_generator_exports_metrics_too() {
    let load = start(HELLO_LOAD, &[]);
    let families = families(&load.metrics());
    for name in ["hello_load_build_info", "hello_load_runs_in_flight", "process_cpu_seconds"] {
        assert!(families.contains(name), "{name}");
    }
}
