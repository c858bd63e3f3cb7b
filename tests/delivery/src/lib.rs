//! The way from a commit to a proposed deployment, on one machine and with real programs.

pub mod checkout;
pub mod image;
pub mod process;
pub mod registry;

use std::path::{Path, PathBuf};

/// What goes wrong, in words for the person who started us.
pub type Result<T> = std::result::Result<T, String>;

/// The apps that are delivered: targets of `hello/Dockerfile`, images, values in `clusters/`.
pub const APPS: [&str; 2] = ["hello", "hello-load"];

/// The path of this project below a registry.
pub const PROJECT: &str = "example-org/hello-delivery";

/// The root of the repository this crate was built from.
#[must_use]
pub fn repository_root() -> PathBuf {
    let crate_root =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    crate_root.ancestors().nth(2).map(Path::to_path_buf).unwrap_or(crate_root)
}
