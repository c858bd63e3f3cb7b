//! Which endpoint a path means. A route's template, not the path, becomes the label of a metric: the number of time
//! series does not depend on what clients send.

use hyper::Method;

/// One endpoint, with the variable part of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route<'a> {
    /// `/`
    Home,
    /// `/version`
    Version,
    /// `/status/{code}`
    Status(&'a str),
    /// `/delay/{ms}`
    Delay(&'a str),
    /// `/healthz`
    Healthz,
    /// `/readyz`
    Readyz,
    /// `/readyz/enable` and `/readyz/disable`
    ReadySwitch(bool),
    /// `/fault`
    Fault,
    /// `/fault/enable` and `/fault/disable`
    FaultSwitch(bool),
    /// Everything else
    Other,
}

impl<'a> Route<'a> {
    /// The route of a request path.
    pub fn of(path: &'a str) -> Self {
        match path {
            "/" => Self::Home,
            "/version" => Self::Version,
            "/healthz" => Self::Healthz,
            "/readyz" => Self::Readyz,
            "/readyz/enable" => Self::ReadySwitch(true),
            "/readyz/disable" => Self::ReadySwitch(false),
            "/fault" => Self::Fault,
            "/fault/enable" => Self::FaultSwitch(true),
            "/fault/disable" => Self::FaultSwitch(false),
            _ => Self::with_variable(path),
        }
    }

    fn with_variable(path: &'a str) -> Self {
        let mut parts = path.splitn(3, '/').skip(1);
        match (parts.next(), parts.next()) {
            (Some("status"), Some(code)) if is_segment(code) => Self::Status(code),
            (Some("delay"), Some(ms)) if is_segment(ms) => Self::Delay(ms),
            _ => Self::Other,
        }
    }

    /// The value of the `path` label.
    pub fn template(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Version => "/version",
            Self::Status(_) => "/status/{code}",
            Self::Delay(_) => "/delay/{ms}",
            Self::Healthz => "/healthz",
            Self::Readyz => "/readyz",
            Self::ReadySwitch(true) => "/readyz/enable",
            Self::ReadySwitch(false) => "/readyz/disable",
            Self::Fault => "/fault",
            Self::FaultSwitch(true) => "/fault/enable",
            Self::FaultSwitch(false) => "/fault/disable",
            Self::Other => "other",
        }
    }

    /// Whether users come here. Probes and switches are neither measured against the SLO nor hit by faults: a probe's
    /// steady successes would let a canary without traffic look healthy.
    pub fn is_application(self) -> bool {
        matches!(self, Self::Home | Self::Version | Self::Status(_) | Self::Delay(_) | Self::Other)
    }

    /// Value of the `Allow` header.
    pub fn allow(self) -> &'static str {
        match self {
            Self::ReadySwitch(_) | Self::FaultSwitch(_) => "POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    /// Whether the endpoint answers `method` with more than 405.
    pub fn allows(self, method: &Method) -> bool {
        match self {
            Self::ReadySwitch(_) | Self::FaultSwitch(_) => method == Method::POST,
            _ => method == Method::GET || method == Method::HEAD,
        }
    }
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains('/')
}

/// The value of the `method` label: the nine standard methods, and `other` for what a client invents.
pub fn method_label(method: &Method) -> &'static str {
    const STANDARD: [(&Method, &str); 9] = [
        (&Method::GET, "GET"),
        (&Method::HEAD, "HEAD"),
        (&Method::POST, "POST"),
        (&Method::PUT, "PUT"),
        (&Method::DELETE, "DELETE"),
        (&Method::PATCH, "PATCH"),
        (&Method::OPTIONS, "OPTIONS"),
        (&Method::TRACE, "TRACE"),
        (&Method::CONNECT, "CONNECT"),
    ];
    STANDARD.iter().find(|(standard, _)| *standard == method).map_or("other", |(_, label)| label)
}
