//! Sends requests on a schedule over keep-alive connections and notes what came back.
//!
//! The schedule does not wait for answers: request `i` is due at `i / rate`, and when all connections are busy
//! by then, its latency counts from when it was due.
//! A target that stalls thus shows the wait it causes instead of slowing the load down.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Where to send requests.
#[derive(Debug, Clone)]
pub struct Target {
    /// `http://host[:port]/path?query`
    pub uri: Uri,
    /// Value of the `Host` header, where it differs from the URI's.
    pub host: Option<String>,
}

/// How much, how fast, how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where to.
    pub target: Target,
    /// Requests per second; none is as fast as answers come.
    pub rate: Option<f64>,
    /// No request is sent later than this after the start.
    pub duration: Duration,
    /// Connections, each with one request at a time.
    pub concurrency: u32,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// An HTTP status.
    Status(u16),
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Broken,
}

impl Answer {
    /// Load is sent where it should succeed: 4xx is a failure as well, mostly a wrong URL.
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Status(200..=399))
    }
}

/// What came back from a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Number of requests by answer.
    pub answers: BTreeMap<Answer, u64>,
    /// Latency of every request, sorted once the run is over.
    pub latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Outcome {
    /// Requests sent.
    pub fn requests(&self) -> u64 {
        self.answers.values().sum()
    }

    /// Requests without a good answer.
    pub fn failures(&self) -> u64 {
        self.answers.iter().filter(|(answer, _)| answer.is_failure()).map(|(_, number)| number).sum()
    }

    /// Latency that `share` of the requests did not exceed (nearest rank), zero without requests.
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = (self.latencies.len() as f64 * share).ceil() as usize;
        self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    fn add(&mut self, answer: Answer, latency: Duration) {
        *self.answers.entry(answer).or_default() += 1;
        self.latencies.push(latency);
    }

    fn merge(&mut self, other: Self) {
        for (answer, number) in other.answers {
            *self.answers.entry(answer).or_default() += number;
        }
        self.latencies.extend(other.latencies);
    }
}

/// Carries a plan out. `observe` is called for every request as it ends. Dropping the future stops the load at once.
pub async fn run<F>(plan: Plan, observe: F) -> Result<Outcome, String>
where
    F: Fn(Answer, Duration) + Clone + Send + 'static,
{
    let host = plan.target.uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = plan.target.uri.port_u16().unwrap_or(80);
    let found =
        tokio::net::lookup_host((host, port)).await.map_err(|error| format!("cannot resolve `{host}`: {error}"))?;
    let addresses: Arc<[SocketAddr]> = found.collect();
    let started = Instant::now();
    let schedule =
        Arc::new(Schedule { rate: plan.rate, next: AtomicU64::new(0), started, end: started + plan.duration });
    let mut workers = JoinSet::new();
    for _ in 0..plan.concurrency {
        let client = Client { addresses: Arc::clone(&addresses), target: plan.target.clone(), connection: None };
        workers.spawn(work(client, Arc::clone(&schedule), plan.timeout, observe.clone()));
    }
    let mut outcome = Outcome::default();
    while let Some(ended) = workers.join_next().await {
        outcome.merge(ended.map_err(|error| format!("a worker ended early: {error}"))?);
    }
    outcome.latencies.sort_unstable();
    outcome.elapsed = started.elapsed();
    Ok(outcome)
}

/// Hands out the times requests are due, to all workers in turn.
#[derive(Debug)]
struct Schedule {
    rate: Option<f64>,
    next: AtomicU64,
    started: Instant,
    end: Instant,
}

impl Schedule {
    /// When the next request is due; none once the run is over, be it by plan or because the target is too slow for it.
    fn next(&self) -> Option<Instant> {
        let now = Instant::now();
        let due = match self.rate {
            Some(rate) => {
                self.started + Duration::from_secs_f64(self.next.fetch_add(1, Ordering::Relaxed) as f64 / rate)
            }
            None => now,
        };
        (due < self.end && now < self.end).then_some(due)
    }
}

async fn work<F>(mut client: Client, schedule: Arc<Schedule>, timeout: Duration, observe: F) -> Outcome
where
    F: Fn(Answer, Duration),
{
    let mut outcome = Outcome::default();
    while let Some(due) = schedule.next() {
        let mut start = due;
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
            // The timer's own lateness is not the target's.
            start = Instant::now();
        }
        let answer = match tokio::time::timeout(timeout, client.request()).await {
            Ok(Ok(status)) => Answer::Status(status),
            Ok(Err(_)) => Answer::Broken,
            Err(_) => Answer::Timeout,
        };
        if !matches!(answer, Answer::Status(_)) {
            client.connection = None;
        }
        let latency = start.elapsed();
        observe(answer, latency);
        outcome.add(answer, latency);
    }
    outcome
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One keep-alive connection.
#[derive(Debug)]
struct Client {
    addresses: Arc<[SocketAddr]>,
    target: Target,
    connection: Option<SendRequest<Empty<Bytes>>>,
}

impl Client {
    /// Sends one request. A server may close an idle connection just when a request is on its way: as every HTTP client
    /// does, such a request is sent once more on a fresh connection (RFC 9110 §9.2.2; it is a GET).
    async fn request(&mut self) -> Result<u16, Failure> {
        let reused = match &mut self.connection {
            Some(connection) => connection.ready().await.is_ok(),
            None => false,
        };
        if !reused {
            self.connect().await?;
        }
        match self.exchange().await {
            Err(error) if reused && (error.is_canceled() || error.is_incomplete_message()) => {
                self.connect().await?;
                Ok(self.exchange().await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn connect(&mut self) -> Result<(), Failure> {
        self.connection = None;
        let stream = TcpStream::connect(&*self.addresses).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends when the sender is dropped.
        tokio::spawn(connection);
        self.connection = Some(sender);
        Ok(())
    }

    async fn exchange(&mut self) -> Result<u16, hyper::Error> {
        let uri = &self.target.uri;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.path_and_query().cloned().map_or_else(Uri::default, Uri::from);
        let host = self.target.host.as_deref().or(uri.authority().map(|authority| authority.as_str()));
        if let Some(host) = host.and_then(|host| host.parse().ok()) {
            request.headers_mut().insert(HOST, host);
        }
        request.headers_mut().insert(USER_AGENT, hyper::header::HeaderValue::from_static("hello-load"));
        let Some(connection) = &mut self.connection else { unreachable!("a request follows a connection") };
        let response = connection.send_request(request).await?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(status)
    }
}
