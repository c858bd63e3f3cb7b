//! A mail server on loopback (Debian's aiosmtpd) that keeps what it is given.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Running, free_port};
use crate::repo::{root, text};

/// One received message, decoded.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub subject: String,
    /// All text parts, HTML as it came.
    pub body: String,
}

/// A running mail server.
#[derive(Debug)]
pub struct Sink {
    port: u16,
    // The process goes before its folder.
    running: Running,
    dir: TempDir,
}

impl Sink {
    /// Starts the server and waits until it listens.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let port = free_port();
        let script = root().join("tests/observability/mail_sink.py");
        // The system's own Python: aiosmtpd is a package of Debian and a newer Python on PATH would not see it.
        let mut running = Running::start("mail_sink", Path::new("/usr/bin/python3"), dir.path(), |command| {
            command.arg(script).arg(port.to_string()).arg(dir.path());
        });
        running.wait_for(15, "mail server listening", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Self { port, running, dir }
    }

    /// `host:port` for a `smarthost`.
    pub fn smarthost(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Everything received so far, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        let mut paths: Vec<_> = std::fs::read_dir(self.dir.path())
            .expect("the folder of the sink can be read")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        paths.sort();
        paths.iter().map(|path| mail(&std::fs::read_to_string(path).expect("a received mail can be read"))).collect()
    }

    /// What the server said, for messages.
    pub fn log(&self) -> String {
        self.running.log()
    }
}

fn mail(json: &str) -> Mail {
    let value: Value = serde_json::from_str(json).expect("the sink writes JSON");
    let field = |name: &str| text(&value, &format!("/{name}")).unwrap_or_default().to_owned();
    Mail { from: field("from"), to: field("to"), subject: field("subject"), body: field("body") }
}
