//! Compiles in which compiler built hello; the revision comes from `HELLO_REVISION` through `option_env!`.

use std::env;
use std::process::Command;

fn main() {
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(compiler).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
    let number = version.as_deref().and_then(|text| text.split(' ').nth(1)).unwrap_or("unknown");
    println!("cargo::rustc-env=HELLO_RUSTC={number}");
    println!("cargo::rerun-if-changed=build.rs");
}
