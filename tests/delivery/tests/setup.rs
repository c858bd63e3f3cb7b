//! `tools/setup/install` names what a machine lacks before it installs anything, and costs nothing when all is there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use delivery::repository_root;

fn install(tools: &Path, programs: Option<&Path>, groups: &[&str]) -> Output {
    let mut command = Command::new(repository_root().join("tools/setup/install"));
    command.args(groups).env("HELLO_TOOLS", tools);
    if let Some(programs) = programs {
        command.env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
    }
    command.output().expect("the installer starts")
}

/// A program that only tells a version.
fn pretend(folder: &Path, name: &str, version: &str) {
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\necho '{version}'\n")).expect("writable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("ours");
}

#[test]
fn old_toolchains_are_named_all_at_once_with_the_way_to_get_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).expect("writable");
    pretend(&programs, "rustc", "rustc 1.63.0 (Debian)");
    pretend(&programs, "go", "go version go1.19.8 linux/amd64");
    pretend(&programs, "node", "v18.19.0");
    pretend(&programs, "python3", "Python 3.9.2");
    let tools = folder.path().join("tools");
    let output = install(&tools, Some(&programs), &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for line in [
        "rustc 1.63.0 is too old, 1.95 is needed: https://rustup.rs",
        "go 1.19.8 is too old, 1.26 is needed: https://go.dev/dl",
        "node 18.19.0 is too old, 20 is needed: https://nodejs.org",
        "python3 3.9.2 is too old, 3.11 is needed: apt-get install python3",
    ] {
        assert!(said.contains(line), "`{line}` is not in:\n{said}");
    }
    assert!(!tools.exists(), "nothing was installed");
}

#[test]
fn only_the_toolchains_of_a_group_are_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).expect("writable");
    pretend(&programs, "go", "go version go1.19.8 linux/amd64");
    pretend(&programs, "rustc", "rustc 1.63.0 (Debian)");
    let output = install(&folder.path().join("tools"), Some(&programs), &["terraform"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("go 1.19.8") && !said.contains("rustc"), "{said}");
}

#[test]
fn an_unknown_group_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = install(folder.path(), None, &["perl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown group `perl`"));
}

#[test]
fn asking_again_costs_nothing() {
    let home = std::env::var("HOME").unwrap_or_default();
    let tools = std::env::var("HELLO_TOOLS").unwrap_or_else(|_| format!("{home}/.cache/hello-delivery/tools"));
    // `make pipeline` installed these groups a moment ago; one answer of five may be slow on a busy machine, not all.
    let fastest = (0..5).map(|_| {
        let start = Instant::now();
        let output = install(Path::new(&tools), None, &["debian", "node", "rust", "python"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        start.elapsed()
    });
    assert!(fastest.min() < Some(Duration::from_millis(300)));
}
