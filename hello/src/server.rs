//! The HTTP/1 server under both ports: everything a client controls has a limit, and a stage of the lifecycle ends it.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{debug, warn};

use crate::lifecycle::{Lifecycle, Stage};
use crate::response::Reply;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// One answer to one request; there is no failure beside an answer that says so.
    fn handle(&self, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// What clients may use up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections served at once.
    pub connections: usize,
    /// Time for a request's header to arrive, for a body, for an idle connection, and for the kernel to deliver an answer
    /// to a client that does not read.
    pub client_timeout: Duration,
}

impl Limits {
    /// The metrics port serves a handful of scrapers and probes.
    pub fn metrics() -> Self {
        Self { connections: 64, client_timeout: Duration::from_secs(30) }
    }
}

/// Largest request line and header together, in bytes; beyond it is 431.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Most header fields of a request; beyond it is 431.
pub const MAX_HEADERS: usize = 64;

/// How long connections from the kernel's queue are accepted after the decision to accept no more.
const BACKLOG: Duration = Duration::from_millis(20);

/// A handler behind limits.
#[derive(Debug)]
pub struct Server<H> {
    limits: Limits,
    lifecycle: Arc<Lifecycle>,
    handler: Arc<H>,
    slots: Arc<Semaphore>,
}

/// Counts open connections.
#[derive(Debug)]
pub struct Connections {
    limit: usize,
    slots: Arc<Semaphore>,
}

impl Connections {
    /// Connections open now.
    pub fn count(&self) -> usize {
        self.limit.saturating_sub(self.slots.available_permits())
    }
}

impl<H: Handler> Server<H> {
    /// A server that ends when `lifecycle` is closing.
    pub fn new(limits: Limits, lifecycle: Arc<Lifecycle>, handler: Arc<H>) -> Self {
        let slots = Arc::new(Semaphore::new(limits.connections));
        Self { limits, lifecycle, handler, slots }
    }

    /// A view on the number of open connections.
    pub fn connections(&self) -> Connections {
        Connections { limit: self.limits.connections, slots: Arc::clone(&self.slots) }
    }

    /// Accepts until closing, then returns when the last connection has ended.
    pub async fn serve(self, listener: TcpListener) {
        let server = Arc::new(self);
        let mut closing = pin!(server.lifecycle.reached(Stage::Closing));
        loop {
            // A slot is taken before a connection is accepted: at the limit clients wait in the kernel's queue.
            let next = async {
                let slot = Arc::clone(&server.slots).acquire_owned().await.ok()?;
                Some((listener.accept().await, slot))
            };
            tokio::select! {
                Some((accepted, slot)) = next => server.accept(accepted, slot).await,
                () = &mut closing => break,
            }
        }
        // What the kernel accepted before the port closes would be reset: serve it, it is told to close after one answer.
        let backlog = async {
            while let Ok(slot) = Arc::clone(&server.slots).acquire_owned().await {
                server.accept(listener.accept().await, slot).await;
            }
        };
        let _ = tokio::time::timeout(BACKLOG, backlog).await;
        drop(listener);
        let all = u32::try_from(server.limits.connections).unwrap_or(u32::MAX);
        let _ = server.slots.acquire_many(all).await;
    }

    async fn accept(
        self: &Arc<Self>,
        accepted: io::Result<(TcpStream, std::net::SocketAddr)>,
        slot: OwnedSemaphorePermit,
    ) {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, or the client has gone: waiting lets the first pass.
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                return;
            }
        };
        // The user timeout ends a connection whose client does not read its answers.
        let socket = SockRef::from(&stream);
        let tuned = socket.set_tcp_nodelay(true).and(socket.set_tcp_user_timeout(Some(self.limits.client_timeout)));
        if let Err(error) = tuned {
            debug!(%error, "cannot tune a connection");
        }
        let server = Arc::clone(self);
        tokio::spawn(async move {
            server.connection(TokioIo::new(stream)).await;
            drop(slot);
        });
    }

    /// Serves one connection to its end.
    pub async fn connection<I: Read + Write + Unpin>(&self, io: I) {
        let service = service_fn(async |request| {
            let mut reply = self.handler.handle(request).await;
            if self.lifecycle.stage() > Stage::Serving {
                reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(reply)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.client_timeout)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(2 * MAX_HEADER_BYTES)
            .serve_connection(io, service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.lifecycle.reached(Stage::Closing) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "connection ended");
        }
    }
}
