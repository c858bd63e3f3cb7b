//! hello, a small HTTP service made to be delivered: bounded in everything a client can send, measured for its SLO,
//! and polite when it is told to stop. `hello-load` shares its server, its metrics and its way of stopping.

pub mod admin;
pub mod app;
pub mod build;
pub mod config;
pub mod fault;
pub mod lifecycle;

pub mod load;
pub mod metrics;
mod page;
mod process;
pub mod response;
pub mod route;
pub mod server;
