//! What a node could leave on the machine, written down before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Where programs keep things; a cluster's own folder is elsewhere.
const FOLDERS: [&str; 8] = ["/etc", "/media", "/mnt", "/opt", "/run", "/srv", "/usr", "/var"];
/// Counters, not settings.
const MOVING: [&str; 13] = [
    "dentry-state",
    "file-nr",
    "inode-nr",
    "inode-state",
    "kernel/random/",
    "nf_conntrack_count",
    "ns_last_pid",
    "pty/nr",
    "aio-nr",
    "fs/quota/",
    "netdev_rss_key",
    "nr_pdflush",
    "sched_domain",
];

#[derive(Debug)]
pub(crate) struct Snapshot {
    things: BTreeSet<String>,
    settings: BTreeMap<String, String>,
}

impl Snapshot {
    pub(crate) fn take() -> Self {
        let mut things = BTreeSet::new();
        for line in read("/proc/self/mountinfo").lines() {
            // Numbers and device differ between two mounts of the same, but none of ours may be there at all.
            things.insert(format!("mount {line}"));
        }
        for name in names(Path::new("/sys/class/net")) {
            things.insert(format!("interface {name}"));
        }
        for program in ["iptables-save", "ip6tables-save"] {
            for line in output(program).lines().filter(|line| !line.starts_with('#')) {
                // A chain's counters are in brackets.
                things.insert(format!("{program} {}", line.split('[').next().unwrap_or(line)));
            }
        }
        for tree in names(Path::new("/sys/fs/cgroup")) {
            let folder = Path::new("/sys/fs/cgroup").join(&tree);
            things.insert(format!("control group {tree}"));
            things.extend(names(&folder).into_iter().map(|name| format!("control group {tree}/{name}")));
        }
        things.extend(names(Path::new("/")).into_iter().map(|name| format!("file /{name}")));
        for folder in FOLDERS.iter().map(Path::new) {
            if let Ok(metadata) = folder.metadata() {
                files(folder, metadata.dev(), &mut things);
            }
        }
        let mut settings = BTreeMap::new();
        sysctls(Path::new("/proc/sys"), &mut settings);
        Self { things, settings }
    }

    /// What is new, and which settings are others.
    pub(crate) fn changes_to(&self, later: &Self) -> Vec<String> {
        let new = later.things.difference(&self.things).map(|thing| format!("new {thing}"));
        let changed = later.settings.iter().filter(|(name, value)| self.settings.get(*name) != Some(value));
        new.chain(changed.map(|(name, value)| format!("sysctl {name} = {value}"))).collect()
    }
}

/// The namespaces of a process, as the kernel names them.
pub(crate) fn namespaces_of(pid: i32) -> BTreeSet<String> {
    let links = ["ipc", "mnt", "net", "pid", "uts"].map(|kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")));
    links.into_iter().flatten().map(|link| link.display().to_string()).collect()
}

/// All processes that are in one of them.
pub(crate) fn processes_in(namespaces: &BTreeSet<String>) -> Vec<i32> {
    let pids = names(Path::new("/proc")).into_iter().filter_map(|name| name.parse().ok());
    pids.filter(|pid| !namespaces_of(*pid).is_disjoint(namespaces)).collect()
}

fn sysctls(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.display().to_string();
        if path.is_dir() {
            sysctls(&path, found);
        } else if !MOVING.iter().any(|moving| name.contains(moving)) {
            // Some can only be written, some do not exist for every reader.
            if let Ok(bytes) = fs::read(&path) {
                found.insert(name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
}

/// Everything below, on the same file system.
fn files(folder: &Path, device: u64, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        found.insert(format!("file {}", path.display()));
        if entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.dev() == device) {
            files(&path, device, found);
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn output(program: &str) -> String {
    let program = platform::process::find(program).unwrap_or_else(|| panic!("{program} is missing"));
    String::from_utf8_lossy(&Command::new(program).output().expect("it runs").stdout).into_owned()
}
