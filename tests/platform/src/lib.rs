//! Kubernetes on one machine, from plain processes in namespaces of their own: nothing is simulated, nothing is left behind.

pub mod binaries;
mod certificates;
mod cgroup;
pub mod cluster;
mod components;
pub mod image;
pub mod logs;
mod mounts;
mod network;
pub mod node;
pub mod process;
mod requirements;
pub mod state;

use std::fmt;
use std::path::Path;

/// Why a command did not do what it was asked for, in words for the person who started it.
#[derive(Debug)]
pub enum Error {
    /// This machine or this user cannot do it: exit status 2.
    CannotRun(String),
    /// It was tried and went wrong: exit status 1.
    Failed(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::CannotRun(text) | Self::Failed(text)) = self;
        formatter.write_str(text)
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

/// Turns an error of the system into one that names the file it is about.
fn at<E: fmt::Display>(path: impl AsRef<Path>) -> impl FnOnce(E) -> Error {
    move |error| Error::Failed(format!("{}: {error}", path.as_ref().display()))
}
