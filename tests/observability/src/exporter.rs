//! A small HTTP server that stands for exporters which need a cluster or GitLab: samples from a file, counters that grow.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Serves one exposition on loopback until dropped.
#[derive(Debug)]
pub struct Exporter {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Exporter {
    /// `samples` is the text format of Prometheus; a value `5+2` is 5 at the start and grows by 2 a second.
    pub fn serve(samples: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let begin = Instant::now();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A scrape that breaks off shows in Prometheus as `up == 0`.
                let _ = answer(stream, &exposition(&samples, begin.elapsed()));
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// `host:port` to scrape.
    pub fn target(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread out of `accept`.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, body: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn exposition(samples: &str, age: Duration) -> String {
    let mut text = String::with_capacity(samples.len());
    for line in samples.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("`{line}` has no value"));
        let value = match value.split_once('+') {
            Some((start, rate)) => number(start) + number(rate) * age.as_secs_f64(),
            None => number(value),
        };
        let _ = writeln!(text, "{series} {value}");
    }
    text
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::{Duration, exposition};

    #[test]
    fn gauges_stay_and_counters_grow() {
        let text = exposition("# a comment\n\na{b=\"c d\"} 4\ne_total 5+2\n", Duration::from_secs(3));
        assert_eq!(text, "a{b=\"c d\"} 4\ne_total 11\n");
    }
}
