//! A program under test, and a client that shares no code with it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const HELLO: &str = env!("CARGO_BIN_EXE_hello");
pub(crate) const HELLO_LOAD: &str = env!("CARGO_BIN_EXE_hello-load");

const PATIENCE: Duration = Duration::from_secs(20);

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    pub(crate) http: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

/// The program with an empty environment and ports chosen by the kernel.
pub(crate) fn command(binary: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]).args(arguments);
    command
}

pub(crate) fn start(binary: &str, arguments: &[&str]) -> Program {
    start_command(command(binary, arguments))
}

pub(crate) fn start_command(mut command: Command) -> Program {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let stdout = child.stdout.take().expect("standard output is piped");
    let log = Arc::new(Mutex::new(Vec::new()));
    let (sender, addresses) = channel();
    let lines = Arc::clone(&log);
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let event: serde_json::Value = serde_json::from_str(&line).expect("every log line is JSON");
            if event["message"] == "listening" {
                let address = event["address"].as_str().and_then(|address| address.parse().ok());
                let _ = sender.send((event["port"].as_str().unwrap_or_default().to_owned(), address));
            }
            lines.lock().unwrap().push(line);
        }
    });
    let next = |receiver: &Receiver<(String, Option<SocketAddr>)>, port: &str| {
        let (name, address) = receiver.recv_timeout(PATIENCE).expect("the program says where it listens");
        assert_eq!(name, port);
        address.expect("an address")
    };
    let metrics = next(&addresses, "metrics");
    let http = next(&addresses, "http");
    Program { child, log, http, metrics }
}

impl Program {
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the program does not end; its log: {:#?}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Waits until a line of the log contains `text`.
    pub(crate) fn wait_for_log(&self, text: &str) {
        until(|| self.log().iter().any(|line| line.contains(text)), text);
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        request(self.http, "GET", path, "", "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        request(self.http, "POST", path, "", body)
    }

    pub(crate) fn metrics(&self) -> String {
        let answer = request(self.metrics, "GET", "/metrics", "", "");
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// Value of the sample written exactly as `sample`, labels included.
    pub(crate) fn sample(&self, sample: &str) -> Option<f64> {
        let metrics = self.metrics();
        let value = metrics.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `condition` holds.
pub(crate) fn until(condition: impl Fn() -> bool, what: &str) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// An HTTP answer taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}

/// One request on a connection of its own; `headers` are whole lines ended by `\r\n`.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut stream = connect(address);
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{length}{headers}\r\n");
    stream.write_all((head + body).as_bytes()).unwrap();
    read_answer(&mut BufReader::new(stream), method).expect("an answer")
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the program accepts");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads one answer; none when the connection ends before it.
pub(crate) fn read_answer(reader: &mut impl BufRead, method: &str) -> Option<Answer> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => break,
        }
    }
    let mut answer = Answer { status, headers, body: String::new() };
    if method != "HEAD" && status != 204 && status != 304 {
        let length = answer.header("content-length").expect("a length").parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        answer.body = String::from_utf8(body).expect("a body of UTF-8");
    }
    Some(answer)
}
