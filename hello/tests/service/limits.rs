use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{HELLO, connect, read_answer, request, start, until};

/// Whether the other side has ended the connection, within the client's patience.
fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => matches!(error.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe),
    }
}

#[test]
fn a_slow_loris_is_cut_off_although_it_keeps_sending() {
    let hello = start(HELLO, &["--client-timeout", "300ms"]);
    let mut stream = connect(hello.http);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n").unwrap();
    let started = Instant::now();
    while stream.write_all(b"x-a: b\r\n").is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "still served");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(hello.get("/").status, 200);
}

#[test]
fn an_idle_connection_is_closed() {
    let hello = start(HELLO, &["--client-timeout", "300ms"]);
    let mut silent = connect(hello.http);
    let started = Instant::now();
    assert!(ends(&mut silent));
    assert!(started.elapsed() >= Duration::from_millis(250));
}

#[test]
fn a_slow_body_is_answered_by_408() {
    let hello = start(HELLO, &["--client-timeout", "300ms"]);
    let mut stream = connect(hello.http);
    stream.write_all(b"POST /readyz/enable HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n1").unwrap();
    let answer = read_answer(&mut BufReader::new(stream), "POST").unwrap();
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
}

#[test]
fn an_oversized_body_is_answered_by_413_with_and_without_a_length() {
    let hello = start(HELLO, &[]);
    let mut stream = connect(hello.http);
    stream.write_all(b"POST /fault/enable HTTP/1.1\r\nhost: test\r\ncontent-length: 65537\r\n\r\n").unwrap();
    let answer = read_answer(&mut BufReader::new(stream), "POST").unwrap();
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));

    let mut stream = connect(hello.http);
    stream.write_all(b"POST /fault/enable HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for _ in 0..5 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    let answer = read_answer(&mut BufReader::new(stream), "POST").unwrap();
    assert_eq!(answer.status, 413);
    assert_eq!(hello.get("/fault").json()["active"], false, "a refused request switches nothing");
    assert_eq!(hello.post("/fault/disable", &"x".repeat(65_536)).status, 200, "the limit itself is allowed");
}

#[test]
fn an_oversized_header_is_answered_by_431() {
    let hello = start(HELLO, &[]);
    for headers in [format!("x-a: {}\r\n", "a".repeat(20_000)), "x-a: b\r\n".repeat(100)] {
        assert_eq!(raw_status(&hello.http, &format!("GET / HTTP/1.1\r\nhost: test\r\n{headers}\r\n")), Some(431));
    }
    let long = format!("GET /{} HTTP/1.1\r\nhost: test\r\n\r\n", "a".repeat(20_000));
    assert!(matches!(raw_status(&hello.http, &long), Some(414 | 431)));
    assert_eq!(request(hello.http, "GET", "/", &format!("x-a: {}\r\n", "a".repeat(8_000)), "").status, 200);
}

fn raw_status(address: &std::net::SocketAddr, request: &str) -> Option<u16> {
    let mut stream = connect(*address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    std::str::from_utf8(&answer[9..]).ok()?.parse().ok()
}

#[test]
fn beyond_the_connection_limit_clients_wait_and_probes_on_the_metrics_port_do_not() {
    let hello = start(HELLO, &["--max-connections", "2"]);
    let mut held: Vec<_> = (0..2).map(|_| BufReader::new(connect(hello.http))).collect();
    for stream in &mut held {
        stream.get_mut().write_all(b"GET /version HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
        assert_eq!(read_answer(stream, "GET").unwrap().status, 200);
    }
    let mut third = BufReader::new(connect(hello.http));
    third.get_mut().write_all(b"GET /version HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    third.get_mut().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(third.get_mut().peek(&mut [0]).is_err(), "the third is not served while two are open");
    assert_eq!(request(hello.metrics, "GET", "/healthz", "", "").status, 200);
    held.pop();
    third.get_mut().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(read_answer(&mut third, "GET").unwrap().status, 200);
}

#[test]
fn a_client_that_never_reads_its_answers_is_cut_off() {
    let hello = start(HELLO, &["--client-timeout", "500ms"]);
    let mut stream = connect(hello.http);
    stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let requests = "GET / HTTP/1.1\r\nhost: test\r\n\r\n".repeat(1000);
    // Until the kernel's buffers on both sides are full: then the program waits for this client.
    while stream.write_all(requests.as_bytes()).is_ok() {}
    let open = hello.sample("process_open_fds").unwrap();
    until(|| hello.sample("process_open_fds").unwrap() < open, "the connection is given up");
    assert_eq!(hello.get("/").status, 200);
}
