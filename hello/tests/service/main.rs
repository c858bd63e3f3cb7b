//! Runs the real programs on loopback ports the kernel chooses, and talks to them byte by byte.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod endpoints;
mod harness;
mod limits;
mod load;
mod metrics;
mod never_panics;
mod shutdown;
