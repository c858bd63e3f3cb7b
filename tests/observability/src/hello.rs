//! The real hello, built from this repository and run on loopback, as pods of a primary and of a canary.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::program::{Running, free_port, run, said};
use crate::prometheus::http;
use crate::repo::root;

/// Builds hello, or takes the program `HELLO_BIN` names.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("HELLO_BIN") {
        return path.into();
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).args([
        "build",
        "--locked",
        "-p",
        "hello",
        "--bin",
        "hello",
        "--message-format",
        "json",
    ]);
    let output = run(&mut command);
    assert!(output.status.success(), "hello does not build:\n{}", said(&output));
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message.pointer("/target/name").is_some_and(|name| name == "hello"))
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .expect("cargo names the program it built")
}

/// One hello, with the name of the pod it stands for.
#[derive(Debug)]
pub struct Hello {
    pub pod: &'static str,
    binary: PathBuf,
    dir: PathBuf,
    port: u16,
    metrics_port: u16,
    running: Running,
}

/// Name of a pod Flagger's primary Deployment makes.
pub const PRIMARY: &str = "hello-primary-7d9c5b6f4d-x2x7k";
/// Name of a pod the Deployment of the canary makes.
pub const CANARY: &str = "hello-5c8f7d9b6b-q8w4z";

impl Hello {
    /// Starts hello and waits until it is ready.
    pub fn start(binary: &Path, pod: &'static str, dir: &Path) -> Self {
        let (port, metrics_port) = (free_port(), free_port());
        let running = spawn(binary, pod, dir, (port, metrics_port));
        Self { pod, binary: binary.to_path_buf(), dir: dir.to_path_buf(), port, metrics_port, running }
    }

    /// `host:port` of the metrics.
    pub fn target(&self) -> String {
        format!("127.0.0.1:{}", self.metrics_port)
    }

    /// The metrics as text.
    pub fn metrics(&self) -> String {
        http(&format!("http://{}/metrics", self.target())).expect("hello shows its metrics").1
    }

    /// Sends `count` requests and expects the same status each time.
    pub fn get(&self, path: &str, count: usize, expected: u16) {
        for _ in 0..count {
            let (status, _) = http(&format!("http://127.0.0.1:{}{path}", self.port)).expect("hello answers");
            assert_eq!(status, expected, "GET {path}");
        }
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again on the same ports.
    pub fn restart(&mut self) {
        self.running.kill();
        self.running = spawn(&self.binary, self.pod, &self.dir, (self.port, self.metrics_port));
    }
}

fn spawn(binary: &Path, pod: &str, dir: &Path, (port, metrics_port): (u16, u16)) -> Running {
    let mut running = Running::start(pod, binary, dir, |command| {
        command.env("POD_NAME", pod);
        command.env("HELLO_LISTEN", format!("127.0.0.1:{port}"));
        command.env("HELLO_METRICS_LISTEN", format!("127.0.0.1:{metrics_port}"));
    });
    let ready = format!("http://127.0.0.1:{port}/readyz");
    running.wait_for(15, "answer on /readyz", || http(&ready).ok().filter(|(status, _)| *status == 200));
    running
}
