//! Programs from `PATH`: found or named as missing, run with a log, killed when their owner goes.

use std::fmt::Write as _;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The place of `name` on `PATH`; panics with the way to get it.
pub fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("`{name}` is not on PATH: run `tools/setup/install` or use `make observability`, which does");
    })
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

/// Standard output of a program that must succeed.
pub fn stdout_of(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?} failed:\n{}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a program wrote, for messages.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server of ours on loopback, killed by its pid when dropped.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `program` with `configure`d arguments; its output goes to `<name>.log` in `dir`.
    ///
    /// `setpriv` makes the kernel end the program even when the test itself is killed.
    pub fn start(name: &str, program: &Path, dir: &Path, configure: impl FnOnce(&mut Command)) -> Self {
        let log = dir.join(format!("{name}.log"));
        let file = File::create(&log).expect("the directory of a test is writable");
        let mut command = Command::new(find("setpriv"));
        command.args(["--pdeathsig", "KILL"]).arg(program);
        configure(&mut command);
        command.stdin(std::process::Stdio::null());
        command.stderr(file.try_clone().expect("a file can be opened twice")).stdout(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { name: name.to_owned(), child, log }
    }

    /// Polls until `ready` gives a value; panics when the program ends first or `seconds` pass.
    pub fn wait_for<T>(&mut self, seconds: u64, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(value) = ready() {
                return value;
            }
            if let Some(status) = self.child.try_wait().expect("a child of ours can be waited for") {
                panic!("{} ended with {status} before {what}:\n{}", self.name, self.log());
            }
            assert!(Instant::now() < deadline, "{}: no {what} within {seconds} s:\n{}", self.name, self.log());
            sleep(Duration::from_millis(50));
        }
    }

    /// The last lines the program wrote.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Ends the program at once, as a node that disappears.
    pub fn kill(&mut self) {
        // Either may fail when the program ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port nobody listens on now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// Polls until `attempt` succeeds; after `seconds` panics with its last reason.
pub fn until<T>(what: &str, seconds: u64, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(reason) if Instant::now() >= deadline => panic!("{what}: not within {seconds} s: {reason}"),
            Err(_) => sleep(Duration::from_millis(100)),
        }
    }
}

/// Panics with one message for all `faults`, so that one run shows everything.
pub fn assert_none(faults: &[String], what: &str) {
    let mut text = String::new();
    for fault in faults {
        let _ = write!(text, "\n- {fault}");
    }
    assert!(faults.is_empty(), "{what}:{text}");
}
