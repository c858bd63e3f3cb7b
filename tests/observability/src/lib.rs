//! Servers and readers for the proofs under `tests/`: real programs on loopback, and the repository's own files.
//!
//! Everything here serves tests: what cannot go on panics with a message that says what was expected.

pub mod alertmanager;
pub mod dashboard;
pub mod exporter;
pub mod flux;
pub mod hello;
pub mod mail;
pub mod platform;
pub mod program;
pub mod prometheus;
pub mod repo;
pub mod rules;
