//! What of a log matters when something went wrong.

use std::fs;
use std::path::Path;

/// The last `count` lines of the log that report a fault, or its last lines when none does.
#[must_use]
pub fn lines_that_matter(log: &Path, count: usize) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    choose(&text, count)
}

fn choose(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let faults: Vec<_> = lines.iter().copied().filter(|line| is_fault(line)).collect();
    let chosen = if faults.is_empty() { &lines } else { &faults };
    chosen[chosen.len().saturating_sub(count)..].join("\n")
}

/// Errors as Kubernetes (`E1124 …`), etcd (JSON), containerd (logfmt), CoreDNS and Go's runtime write them.
fn is_fault(line: &str) -> bool {
    let klog =
        line.starts_with(['E', 'F']) && line.get(1..5).is_some_and(|date| date.bytes().all(|b| b.is_ascii_digit()));
    let begins = ["Error", "error:", "panic:", "fatal error:", "plugin/", "[ERROR]"];
    let holds = ["\"level\":\"error\"", "\"level\":\"fatal\"", "level=error", "level=fatal", "[FATAL]"];
    klog || begins.iter().any(|word| line.starts_with(word)) || holds.iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_before_what_was_written_last() {
        let log =
            "I1124 03:00:00.1 1 a.go:1] fine\nE1124 03:00:01.1 1 b.go:2] no such file\nW1124 03:00:02 1 c.go:3] hm\n";
        assert_eq!(choose(log, 5), "E1124 03:00:01.1 1 b.go:2] no such file");
        assert_eq!(choose("one\ntwo\n\nthree\n", 2), "two\nthree");
        assert_eq!(choose("", 2), "");
    }

    #[test]
    fn every_component_has_its_way_to_say_error() {
        for line in [
            r#"{"level":"fatal","ts":"2026-01-01","msg":"listen tcp 127.0.0.1:2379: bind: address already in use"}"#,
            r#"time="2026-01-01T00:00:00Z" level=error msg="failed to load cni""#,
            "panic: runtime error: index out of range",
            "plugin/kubernetes: no such file",
            "Error: unknown flag: --x",
        ] {
            assert!(is_fault(line), "{line}");
        }
        assert!(!is_fault("Every day"));
    }
}
