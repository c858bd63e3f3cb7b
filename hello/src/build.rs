//! What was compiled in: the three facts a person looks for first when a release misbehaves.

/// Version of the crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Commit the binary was built from; `HELLO_REVISION` at build time.
pub const REVISION: &str = match option_env!("HELLO_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// Version of the compiler.
pub const RUSTC: &str = env!("HELLO_RUSTC");
