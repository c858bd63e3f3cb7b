//! The real hello, built from this repository and run on loopback, as pods of a primary and of a canary.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Running, free_port, run, said};
use crate::prometheus::{http, post};
use crate::repo::{root, text};

/// Builds a program of the crate `hello`, or takes the one its variable names: `HELLO_BIN`, `HELLO_LOAD_BIN`.
pub fn binary(name: &str) -> PathBuf {
    let variable = format!("{}_BIN", name.replace('-', "_").to_uppercase());
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).args(["build", "--locked", "-p", "hello", "--bins", "--message-format", "json"]);
    let output = run(&mut command);
    assert!(output.status.success(), "hello does not build:\n{}", said(&output));
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| text(message, "/target/name") == Some(name))
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

    /// Where it serves users.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
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
            let (status, _) = http(&self.url(path)).expect("hello answers");
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

/// A running hello-load.
#[derive(Debug)]
pub struct Load {
    port: u16,
    metrics_port: u16,
    _running: Running,
}

impl Load {
    /// Name of a pod of its Deployment.
    pub const POD: &str = "hello-load-6b7f9c8d5-m4n8p";

    /// Starts hello-load and waits until it is ready.
    pub fn start(dir: &Path) -> Self {
        let (port, metrics_port) = (free_port(), free_port());
        let mut running = Running::start(Self::POD, &binary("hello-load"), dir, |command| {
            command.env("HELLO_LOAD_LISTEN", format!("127.0.0.1:{port}"));
            command.env("HELLO_LOAD_METRICS_LISTEN", format!("127.0.0.1:{metrics_port}"));
        });
        let ready = format!("http://127.0.0.1:{port}/readyz");
        running.wait_for(15, "answer on /readyz", || http(&ready).ok().filter(|(status, _)| *status == 200));
        Self { port, metrics_port, _running: running }
    }

    /// `host:port` of the metrics.
    pub fn target(&self) -> String {
        format!("127.0.0.1:{}", self.metrics_port)
    }

    /// The metrics as text.
    pub fn metrics(&self) -> String {
        http(&format!("http://{}/metrics", self.target())).expect("hello-load shows its metrics").1
    }

    /// One call as Flagger makes it; status and body of the answer.
    pub fn call(&self, webhook: &Value, metadata: &Value) -> (u16, String) {
        let body = json!({
            "name": "hello",
            "namespace": "hello",
            "phase": "Progressing",
            "checksum": "0",
            "type": webhook["type"],
            "metadata": metadata,
        });
        post(&format!("http://127.0.0.1:{}/", self.port), &body).expect("hello-load answers")
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
