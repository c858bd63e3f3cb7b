//! What the driver says where it cannot work. These start no node.

use std::process::{Command, Output};

fn platform() -> Command {
    Command::new(env!("CARGO_BIN_EXE_platform"))
}

/// As root of a container: root, but not all that root may do. Somebody else than root is refused as he is.
fn without_administration(arguments: &[&str]) -> Output {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-sys_admin", "--inh-caps=-sys_admin", env!("CARGO_BIN_EXE_platform")]);
        command
    } else {
        platform()
    };
    command.args(arguments).output().expect("it runs")
}

#[test]
fn without_the_rights_one_sentence_and_status_2() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("cluster");
    let output = without_administration(&["up", "--state", state.to_str().expect("UTF-8")]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("CAP_SYS_ADMIN") && errors.contains("sudo -E"), "{errors}");
    assert!(!state.exists(), "nothing was touched");
}

#[test]
fn nothing_up_is_said_and_not_an_error_of_down() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("cluster");
    let state = state.to_str().expect("UTF-8");
    let status = platform().args(["status", "--state", state]).output().expect("it runs");
    assert_eq!(status.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&status.stdout).contains("nothing is up"));
    let down = platform().args(["down", "--state", state]).output().expect("it runs");
    assert_eq!((down.status.code(), String::from_utf8_lossy(&down.stdout).trim()), (Some(0), "nothing was up"));
}

#[test]
fn a_place_that_cannot_hold_a_cluster_is_refused() {
    let output = platform().args(["up", "--state", "/var/lib/hello-platform"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be below /var"));
}
