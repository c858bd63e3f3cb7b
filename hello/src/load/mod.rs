//! hello-load: load as Flagger's webhook asks for it, and the verdict after it ran.

pub mod call;
pub mod engine;
pub mod metrics;
pub mod webhook;
