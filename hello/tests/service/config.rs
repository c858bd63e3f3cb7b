use std::process::Command;

use crate::harness::{HELLO, HELLO_LOAD, command, start, start_command};

fn without_environment(binary: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().args(arguments);
    command
}

fn refused(mut command: Command, expected: &[&str]) {
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty());
    for part in expected {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn wrong_values_fail_at_the_start_and_are_named() {
    for (flag, value, expected) in [
        ("--listen", "8080", "invalid"),
        ("--metrics-listen", "localhost", "invalid"),
        ("--greeting", "", "1 to 200 characters"),
        ("--greeting", "a\u{7}", "control characters"),
        ("--color", "red;}", "CSS colour name"),
        ("--color", "#12345", "#rrggbb"),
        ("--drain-delay", "5", "unit"),
        ("--drain-delay", "-1s", "unit"),
        ("--drain-timeout", "2h", "unit"),
        ("--drain-timeout", "61m", "one hour"),
        ("--client-timeout", "0s", "more than zero"),
        ("--max-connections", "0", "1 to 65536"),
        ("--fault-error-ratio", "1.01", "0 to 1"),
        ("--fault-error-ratio", "NaN", "0 to 1"),
        ("--fault-latency", "11s", "at most 10s"),
        ("--log-level", "loud", "log-level"),
    ] {
        refused(without_environment(HELLO, &[&format!("{flag}={value}")]), &[flag, expected]);
    }
    for (flag, value) in
        [("--max-rate", "0"), ("--max-duration", "1d"), ("--max-concurrency", "x"), ("--max-runs", "65")]
    {
        refused(without_environment(HELLO_LOAD, &[&format!("{flag}={value}")]), &[flag, value]);
    }
}

#[test]
fn wrong_values_in_the_environment_fail_as_well() {
    let mut wrong = command(HELLO, &[]);
    wrong.env("HELLO_DRAIN_DELAY", "soon");
    refused(wrong, &["--drain-delay", "soon"]);
    let mut wrong = command(HELLO_LOAD, &[]);
    wrong.env("HELLO_LOAD_MAX_DURATION", "0s");
    refused(wrong, &["--max-duration", "more than zero"]);
}

#[test]
fn a_flag_wins_over_the_environment() {
    let mut both = command(HELLO, &["--greeting", "flag"]);
    both.env("HELLO_GREETING", "environment").env("POD_NAME", "hello-1");
    let hello = start_command(both);
    let facts = crate::harness::request(hello.http, "GET", "/", "accept: application/json\r\n", "").json();
    assert_eq!((&facts["greeting"], &facts["pod"]), (&"flag".into(), &"hello-1".into()));
}

#[test]
fn an_address_in_use_ends_the_start_with_code_1_and_a_log_line() {
    let hello = start(HELLO, &[]);
    let mut second = Command::new(HELLO);
    second.env_clear().args(["--listen", &hello.http.to_string(), "--metrics-listen", "127.0.0.1:0"]);
    let output = second.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains(&format!("cannot listen on {}", hello.http)));
}
