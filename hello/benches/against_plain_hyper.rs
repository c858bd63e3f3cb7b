//! hello against the least a hyper server can be, in one run: requests per second, p99, memory and CPU time.
//!
//! Both servers are processes of their own on loopback, loaded in turns by hello-load's engine, so that whatever else
//! the machine does meets both. The ratio counts, not the figures: client and server share the machine's cores.

#![expect(clippy::print_stdout, reason = "a report for people")]

use std::convert::Infallible;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use hello::load::engine::{self, Outcome, Plan, Target};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

/// Many short rounds: what disturbs the machine for a while meets both servers, and the median forgets it.
const ROUNDS: usize = 25;
const ROUND: Duration = Duration::from_millis(500);
const CONNECTIONS: u32 = 32;
const LEAST_RATIO: f64 = 0.9;
const MOST_MEMORY: f64 = 10.0;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if std::env::args().any(|argument| argument == "plain-hyper") {
        runtime.block_on(plain_hyper())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut plain = Command::new(std::env::current_exe()?);
    plain.arg("plain-hyper");
    let mut hello = Command::new(env!("CARGO_BIN_EXE_hello"));
    hello.env_clear().args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    let plain = Server::start("plain hyper", plain, "/")?;
    let hello = Server::start("hello", hello, "/")?;
    println!("{ROUNDS} rounds of {ROUND:?} each, {CONNECTIONS} connections, front page against `Hello, World!`\n");
    let mut runs = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (server, runs) in [&plain, &hello].into_iter().zip(&mut runs) {
            let run = runtime.block_on(server.load())?;
            // The first round warms up.
            if round > 0 {
                runs.push(run);
            }
        }
    }
    let rounds = runs[0].iter().zip(&runs[1]);
    let ratio = median(rounds.map(|(plain, hello)| hello.rate() / plain.rate()));
    let [plain, hello] = [Figures::of(&plain, &runs[0])?, Figures::of(&hello, &runs[1])?];
    println!(
        "{:<12} {:>12} {:>9} {:>9} {:>14} {:>10}",
        "", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "peak RSS"
    );
    for figures in [&plain, &hello] {
        figures.print();
    }
    println!(
        "\nhello / plain hyper, median of the rounds: {:.1} % (goal: at least {:.0} %)",
        ratio * 100.0,
        LEAST_RATIO * 100.0
    );
    println!("memory of hello: {:.1} MB (goal: at most {MOST_MEMORY:.0} MB)", hello.memory);
    let met = ratio >= LEAST_RATIO && hello.memory <= MOST_MEMORY;
    println!("goals: {}", if met { "met" } else { "MISSED" });
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The yardstick: a fixed answer, nothing measured, nothing limited.
async fn plain_hyper() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("\"port\":\"http\",\"address\":\"{}\"", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let answer = async |_: Request<_>| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"Hello, World!"))))
            };
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

/// A server process; killed when dropped.
struct Server {
    name: &'static str,
    child: Child,
    target: Target,
}

/// One round.
struct Run {
    outcome: Outcome,
    cpu: Duration,
}

impl Run {
    /// Requests per second.
    fn rate(&self) -> f64 {
        self.outcome.requests() as f64 / self.outcome.elapsed.as_secs_f64()
    }
}

impl Server {
    fn start(name: &'static str, mut command: Command, path: &str) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut address = None;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if let Some((_, rest)) = line.split_once(r#""port":"http","address":""#) {
                address = rest.split('"').next().and_then(|address| address.parse::<SocketAddr>().ok());
                break;
            }
        }
        let address = address.ok_or_else(|| format!("{name} does not say where it listens"))?;
        let target = Target { uri: format!("http://{address}{path}").parse()?, host: None };
        Ok(Self { name, child, target })
    }

    async fn load(&self) -> Result<Run> {
        let plan = Plan {
            target: self.target.clone(),
            rate: None,
            duration: ROUND,
            concurrency: CONNECTIONS,
            timeout: Duration::from_secs(5),
        };
        let before = self.cpu()?;
        let outcome = engine::run(plan, |_, _| ()).await?;
        if outcome.failures() > 0 {
            return Err(format!("{}: {} requests failed", self.name, outcome.failures()).into());
        }
        Ok(Run { outcome, cpu: self.cpu()? - before })
    }

    /// User and system time so far; the kernel counts in hundredths of a second.
    fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = stat.rsplit_once(')').ok_or("unexpected stat")?.1.split_whitespace().skip(11).take(2);
        let ticks = fields.map(str::parse::<u64>).sum::<std::result::Result<u64, _>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Highest resident memory so far, in megabytes.
    fn peak_memory(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("unexpected status")?;
        let kibibytes: f64 = line.split_whitespace().next().ok_or("unexpected status")?.parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Medians over the rounds.
struct Figures {
    name: &'static str,
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
    memory: f64,
}

impl Figures {
    fn of(server: &Server, runs: &[Run]) -> Result<Self> {
        let milliseconds = |run: &Run, share| run.outcome.quantile(share).as_secs_f64() * 1000.0;
        Ok(Self {
            name: server.name,
            rate: median(runs.iter().map(Run::rate)),
            p50: median(runs.iter().map(|run| milliseconds(run, 0.5))),
            p99: median(runs.iter().map(|run| milliseconds(run, 0.99))),
            cpu: median(runs.iter().map(|run| run.cpu.as_secs_f64() * 1e6 / run.outcome.requests() as f64)),
            memory: server.peak_memory()?,
        })
    }

    fn print(&self) {
        let Self { name, rate, p50, p99, cpu, memory } = self;
        println!("{name:<12} {rate:>12.0} {p50:>9.3} {p99:>9.3} {cpu:>14.1} {memory:>7.1} MB");
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
