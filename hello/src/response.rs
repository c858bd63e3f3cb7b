//! Small answers, the same in both programs.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};

/// Every answer is complete before its first byte is sent.
pub type Reply = Response<Full<Bytes>>;

/// Largest request body read, in bytes. No endpoint needs more.
pub const MAX_BODY: usize = 64 * 1024;

/// An answer that no cache keeps and no browser guesses the type of.
pub fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// Plain text; a line feed is added.
pub fn text(status: StatusCode, message: &str) -> Reply {
    reply(status, "text/plain; charset=utf-8", format!("{message}\n"))
}

/// JSON; a line feed is added so that a terminal stays tidy.
pub fn json(status: StatusCode, value: &impl serde::Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(mut body) => {
            body.push(b'\n');
            reply(status, "application/json", body)
        }
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("cannot write JSON: {error}")),
    }
}

/// An answer without content: 204 to OPTIONS.
pub fn options(allow: &'static str) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    reply
}

/// 405, which must say what would have been allowed (RFC 9110 §15.5.6).
pub fn method_not_allowed(allow: &'static str) -> Reply {
    let mut reply = text(StatusCode::METHOD_NOT_ALLOWED, &format!("method not allowed, expected one of: {allow}"));
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    reply
}

/// Reads a request body within [`MAX_BODY`] and `limit` of time; the error is the answer, and ends the connection.
pub async fn read_body(body: Incoming, limit: Duration) -> Result<Bytes, Reply> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let fault = if body.size_hint().lower() > MAX_BODY as u64 {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        match tokio::time::timeout(limit, Limited::new(body, MAX_BODY).collect()).await {
            Ok(Ok(collected)) => return Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => StatusCode::PAYLOAD_TOO_LARGE,
            Ok(Err(_)) => StatusCode::BAD_REQUEST,
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        }
    };
    let mut refusal =
        text(fault, &format!("request body not read, expected at most {MAX_BODY} bytes within {limit:?}"));
    refusal.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Err(refusal)
}
