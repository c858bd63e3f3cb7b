use crate::harness::{HELLO, request, start};

#[test]
fn the_front_page_is_html_for_browsers_and_json_for_who_asks() {
    let hello = start(HELLO, &["--greeting", "Hi <all>", "--color", "teal", "--pod", "hello-7"]);
    let browser = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    let page = request(hello.http, "GET", "/", browser, "");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("vary"), Some("accept"));
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    for part in ["<h1>Hi &lt;all&gt;</h1>", "--color: teal", "hello-7", env!("CARGO_PKG_VERSION")] {
        assert!(page.body.contains(part), "{part}");
    }
    assert!(!page.body.contains("{{"));

    let data = request(hello.http, "GET", "/", "accept: application/json\r\n", "");
    assert_eq!(data.header("content-type"), Some("application/json"));
    let facts = data.json();
    assert_eq!(
        (&facts["greeting"], &facts["pod"], &facts["color"]),
        (&"Hi <all>".into(), &"hello-7".into(), &"teal".into())
    );
    assert_eq!(facts["version"], env!("CARGO_PKG_VERSION"));
    assert!(facts["revision"].is_string());
}

#[test]
fn version_names_version_revision_and_compiler() {
    let version = start(HELLO, &[]).get("/version").json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(version["rustc"].as_str().is_some_and(|rustc| rustc.starts_with("1.")));
    assert!(version["revision"].is_string());
}

#[test]
fn status_answers_by_any_registered_final_code() {
    let hello = start(HELLO, &[]);
    for code in [200, 201, 204, 205, 301, 304, 400, 404, 418, 429, 500, 503, 511] {
        assert_eq!(hello.get(&format!("/status/{code}")).status, code);
    }
    for wrong in ["100", "199", "299", "600", "999", "-1", "abc", "2e2", "99999999999999999999", "%32%30%30"] {
        assert_eq!(hello.get(&format!("/status/{wrong}")).status, 400, "{wrong}");
    }
    assert_eq!(hello.get("/status/").status, 404);
    assert_eq!(hello.get("/status/200/").status, 404);
}

#[test]
fn delay_waits_and_is_bounded() {
    let hello = start(HELLO, &[]);
    let started = std::time::Instant::now();
    let answer = hello.get("/delay/120");
    assert_eq!((answer.status, answer.json()["delayed_ms"].as_u64()), (200, Some(120)));
    assert!(started.elapsed().as_millis() >= 120);
    for wrong in ["10001", "-1", "1.5", "x", "18446744073709551616"] {
        assert_eq!(hello.get(&format!("/delay/{wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn readiness_is_switched_by_post_on_both_ports_and_liveness_stays() {
    let hello = start(HELLO, &[]);
    let ready = || (hello.get("/readyz").status, request(hello.metrics, "GET", "/readyz", "", "").status);
    assert_eq!(ready(), (200, 200));
    assert_eq!(hello.post("/readyz/disable", "").json()["ready"], false);
    assert_eq!(ready(), (503, 503));
    assert_eq!(hello.get("/healthz").status, 200);
    assert_eq!(request(hello.metrics, "GET", "/healthz", "", "").status, 200);
    assert_eq!(hello.get("/").status, 200);
    assert_eq!(hello.post("/readyz/enable", "").json()["ready"], true);
    assert_eq!(ready(), (200, 200));
}

#[test]
fn methods_are_answered_as_http_says() {
    let hello = start(HELLO, &[]);
    let of = |method: &str, path: &str| request(hello.http, method, path, "", "");
    for path in ["/", "/version", "/healthz", "/readyz", "/status/200", "/delay/0", "/fault"] {
        let get = of("GET", path);
        let head = of("HEAD", path);
        assert_eq!((head.status, head.body.as_str()), (200, ""), "HEAD {path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "HEAD {path}");
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
            let answer = of(method, path);
            assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, OPTIONS")), "{method} {path}");
        }
        let options = of("OPTIONS", path);
        assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, OPTIONS")), "OPTIONS {path}");
    }
    for path in ["/readyz/enable", "/readyz/disable", "/fault/enable", "/fault/disable"] {
        for method in ["GET", "HEAD", "PUT"] {
            let answer = of(method, path);
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST, OPTIONS")), "{method} {path}");
        }
        assert_eq!(of("OPTIONS", path).header("allow"), Some("POST, OPTIONS"));
    }
    assert_eq!(of("OPTIONS", "*").status, 204);
    for path in ["/nothing", "/version/", "//", "/metrics", "/%2e%2e/etc/passwd", "/?x"] {
        assert_eq!(of("GET", path).status, if path == "/?x" { 200 } else { 404 }, "{path}");
    }
    assert_eq!(of("OPTIONS", "/nothing").status, 404);
}

#[test]
fn a_fault_hits_application_routes_only_and_exactly_as_often_as_asked() {
    let hello = start(HELLO, &[]);
    assert_eq!(hello.get("/fault").json()["active"], false);
    assert_eq!(hello.post("/fault/enable?error_ratio=0.25", "").json()["error_ratio"], 0.25);
    let failed = (0..40).filter(|_| hello.get("/").status == 500).count();
    assert_eq!(failed, 10);
    assert_eq!(hello.post("/fault/enable", "").json()["error_ratio"], 1.0);
    for path in ["/", "/version", "/status/200", "/delay/0"] {
        assert_eq!(hello.get(path).status, 500, "{path}");
    }
    for path in ["/healthz", "/readyz", "/fault"] {
        assert_eq!(hello.get(path).status, 200, "{path}");
    }
    assert_eq!(hello.get("/nothing").status, 404);
    assert!(hello.metrics().contains(r#"http_request_duration_seconds_count{method="GET",path="/",status="500"} 11"#));
    hello.post("/fault/disable", "");
    assert_eq!(hello.get("/").status, 200);
    for wrong in
        ["error_ratio=2", "error_ratio=x", "latency=5", "latency=1h", "latency=20s", "colour=red", "error_ratio"]
    {
        assert_eq!(hello.post(&format!("/fault/enable?{wrong}"), "").status, 400, "{wrong}");
    }
    assert_eq!(hello.get("/fault").json()["active"], false);
}

#[test]
fn a_bad_release_can_be_built_on_purpose() {
    let mut command = crate::harness::command(HELLO, &[]);
    command.env("HELLO_FAULT_ERROR_RATIO", "0.5").env("HELLO_FAULT_LATENCY", "60ms");
    let hello = crate::harness::start_command(command);
    let started = std::time::Instant::now();
    let answers: Vec<u16> = (0..4).map(|_| hello.get("/version").status).collect();
    assert_eq!(answers, [200, 500, 200, 500]);
    assert!(started.elapsed().as_millis() >= 240);
    hello.post("/fault/disable", "");
    assert_eq!(hello.get("/version").status, 200);
    assert_eq!(hello.post("/fault/enable", "").json()["error_ratio"], 0.5, "what was configured comes back");
}
