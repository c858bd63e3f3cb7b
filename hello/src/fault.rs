//! Faults on demand: a share of requests that fail, and latency added to all. Set at the start they make a bad release,
//! set by POST a sick pod.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::config::{fault_latency, ratio};

/// How large the faults are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// Share of requests answered by 500, 0 to 1.
    pub error_ratio: f64,
    /// Time added before the answer.
    pub latency: Duration,
}

/// The switch, and what it switches on.
#[derive(Debug)]
pub struct Faults {
    configured: Fault,
    active: AtomicBool,
    current: Mutex<Fault>,
    requests: AtomicU64,
}

/// What `/fault` answers.
#[derive(Debug, Serialize)]
pub struct FaultState {
    active: bool,
    error_ratio: f64,
    latency_ms: u128,
}

impl Faults {
    /// Active from the start when anything is configured.
    pub fn new(configured: Fault) -> Self {
        let active = configured.error_ratio > 0.0 || configured.latency > Duration::ZERO;
        Self {
            configured,
            active: AtomicBool::new(active),
            current: Mutex::new(configured),
            requests: AtomicU64::new(0),
        }
    }

    /// Switches faults on, with the sizes of a query such as `error_ratio=0.5&latency=200ms`. Without a query the sizes of
    /// the start count; if there were none either, every request fails.
    pub fn enable(&self, query: &str) -> Result<(), String> {
        let mut fault = Fault { error_ratio: 0.0, latency: Duration::ZERO };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("error_ratio", value)) => {
                    fault.error_ratio = ratio(value).map_err(|why| format!("`error_ratio`: {why}"))?;
                }
                Some(("latency", value)) => {
                    fault.latency = fault_latency(value).map_err(|why| format!("`latency`: {why}"))?;
                }
                _ => return Err(format!("unknown parameter `{pair}`, expected `error_ratio=` or `latency=`")),
            }
        }
        if query.is_empty() {
            fault = self.configured;
            if fault.error_ratio == 0.0 && fault.latency.is_zero() {
                fault.error_ratio = 1.0;
            }
        }
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.active.store(true, Ordering::Release);
        Ok(())
    }

    /// Switches faults off.
    pub fn disable(&self) {
        self.active.store(false, Ordering::Release);
    }

    /// What the next application request suffers: a latency, and whether it fails. The failures are spread evenly and
    /// without chance (of 100 requests at 0.05 exactly 5 fail), so that a test or a demo can count on them.
    pub fn next(&self) -> Option<(Duration, bool)> {
        if !self.active.load(Ordering::Acquire) {
            return None;
        }
        let fault = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.requests.fetch_add(1, Ordering::Relaxed) as f64;
        let fails = ((before + 1.0) * fault.error_ratio).floor() > (before * fault.error_ratio).floor();
        Some((fault.latency, fails))
    }

    /// The state for people.
    pub fn state(&self) -> FaultState {
        let fault = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
        FaultState {
            active: self.active.load(Ordering::Acquire),
            error_ratio: fault.error_ratio,
            latency_ms: fault.latency.as_millis(),
        }
    }
}
