//! What this machine and this user must have before anything is touched.

use std::fs;
use std::path::Path;

use crate::process::find;
use crate::{Error, Result, at};

/// A file that must exist or a program that must be found, and the Debian package that has it.
const PROGRAMS: [(&str, &str); 9] = [
    ("/usr/lib/cni/bridge", "containernetworking-plugins"),
    ("containerd", "containerd"),
    ("containerd-shim-runc-v2", "containerd"),
    ("ctr", "containerd"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("nsenter", "util-linux"),
    ("runc", "runc"),
    ("unshare", "util-linux"),
];

/// Bits of a capability set, see capabilities(7).
const CAPABILITIES: [(&str, u32); 5] =
    [("CAP_CHOWN", 0), ("CAP_KILL", 5), ("CAP_NET_ADMIN", 12), ("CAP_NET_RAW", 13), ("CAP_SYS_ADMIN", 21)];

/// Whether we may make namespaces, mounts, interfaces and control groups.
pub(crate) fn rights() -> Result<()> {
    let path = "/proc/self/status";
    let status = fs::read_to_string(path).map_err(at(path))?;
    let missing = missing_capabilities(&status);
    if rustix::process::geteuid().is_root() && missing.is_empty() {
        return Ok(());
    }
    let lack = if missing.is_empty() { String::new() } else { format!(" (missing: {})", missing.join(", ")) };
    Err(Error::CannotRun(format!(
        "a node needs root with the right to make namespaces, mounts and interfaces{lack}: run it with sudo -E, or in a virtual machine"
    )))
}

fn missing_capabilities(status: &str) -> Vec<&'static str> {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let set = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or_default();
    CAPABILITIES.iter().filter(|(_, bit)| set & (1 << bit) == 0).map(|(name, _)| *name).collect()
}

/// Whether everything that is not built here is installed.
pub(crate) fn programs() -> Result<()> {
    let there = |name: &str| if name.starts_with('/') { Path::new(name).exists() } else { find(name).is_some() };
    let missing: Vec<_> = PROGRAMS.iter().filter(|(name, _)| !there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|(name, _)| *name).collect();
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    Err(Error::CannotRun(format!(
        "this machine lacks {}: run tools/setup/install platform, or apt-get install --no-install-recommends {}",
        names.join(", "),
        packages.join(" ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_capability_is_named() {
        assert_eq!(missing_capabilities("Name:\tx\nCapEff:\t000001ffffffffff\n"), Vec::<&str>::new());
        assert_eq!(missing_capabilities("Name:\tx\nCapEff:\t000001ffffdfffff\n"), ["CAP_SYS_ADMIN"]);
        assert_eq!(missing_capabilities("Name:\tx\n").len(), CAPABILITIES.len());
    }
}
