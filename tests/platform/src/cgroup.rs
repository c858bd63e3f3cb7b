//! The control group that holds all pods of a cluster: the only thing of it that does not end with its namespaces.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::STEP;
use crate::{Error, Result, at};

/// What the kubelet needs of version 2.
const CONTROLLERS: [&str; 4] = ["cpu", "cpuset", "memory", "pids"];

/// The control groups of this machine.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Hierarchies {
    /// Version 1: a tree for each controller, and that of systemd, which the kubelet wants as well. On a hybrid machine
    /// there is a tree of version 2 beside them, without controllers, and containerd makes groups in it all the same.
    V1 { trees: Vec<PathBuf>, beside: Vec<PathBuf> },
    /// Version 2: one tree.
    V2(PathBuf),
}

impl Hierarchies {
    pub(crate) fn of_this_machine() -> Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").map_err(at("/proc/self/mounts"))?;
        Self::from_mounts(&mounts)
            .ok_or_else(|| Error::CannotRun("no control groups are mounted at /sys/fs/cgroup".to_owned()))
    }

    fn from_mounts(mounts: &str) -> Option<Self> {
        let mounted = |kind: &str| -> Vec<PathBuf> {
            let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
            let ours = fields.filter(|fields| fields.get(2) == Some(&kind) && fields[1].starts_with("/sys/fs/cgroup"));
            ours.map(|fields| PathBuf::from(fields[1])).collect()
        };
        let (trees, beside) = (mounted("cgroup"), mounted("cgroup2"));
        if trees.is_empty() { beside.into_iter().next().map(Self::V2) } else { Some(Self::V1 { trees, beside }) }
    }

    fn all(&self) -> Vec<&PathBuf> {
        match self {
            Self::V1 { trees, beside } => trees.iter().chain(beside).collect(),
            Self::V2(root) => vec![root],
        }
    }

    /// Makes the group `name` at the top of each tree. What had to be switched on for it is written to `record`.
    pub(crate) fn create(&self, name: &str, record: &Path) -> Result<()> {
        match self {
            Self::V1 { trees, .. } => {
                for root in trees {
                    let group = root.join(name);
                    fs::create_dir_all(&group).map_err(at(&group))?;
                    // A new group of this controller has no processor and no memory node, and takes no process.
                    for file in ["cpuset.cpus", "cpuset.mems"].iter().filter(|file| group.join(file).exists()) {
                        let inherited = fs::read(root.join(file)).map_err(at(root))?;
                        fs::write(group.join(file), inherited).map_err(at(&group))?;
                    }
                }
                Ok(())
            }
            Self::V2(root) => {
                let switched = switch_on(root)?;
                if !switched.is_empty() {
                    fs::write(record, switched.join(" ")).map_err(at(record))?;
                }
                let group = root.join(name);
                fs::create_dir_all(&group).map_err(at(&group))?;
                switch_on(&group).map(drop)
            }
        }
    }

    /// Removes the group with everything below it, once its last process is gone, and switches off what `record` names.
    pub(crate) fn remove(&self, name: &str, record: &Path, limit: Duration) -> Result<()> {
        let start = Instant::now();
        for group in self.all().iter().map(|root| root.join(name)) {
            while let Err(error) = remove_tree(&group) {
                if start.elapsed() > limit {
                    return Err(at(&group)(error));
                }
                sleep(STEP);
            }
        }
        if let (Self::V2(root), Ok(switched)) = (self, fs::read_to_string(record)) {
            // Somebody else may rely on it by now: then it stays on.
            let off: Vec<_> = switched.split(' ').map(|controller| format!("-{controller}")).collect();
            let _ = fs::write(root.join("cgroup.subtree_control"), off.join(" "));
        }
        Ok(())
    }
}

/// Hands the controllers on to the groups below `group`; those that were not handed on before.
fn switch_on(group: &Path) -> Result<Vec<&'static str>> {
    let file = group.join("cgroup.subtree_control");
    let on = fs::read_to_string(&file).map_err(at(&file))?;
    let off: Vec<_> =
        CONTROLLERS.into_iter().filter(|controller| !on.split_whitespace().any(|word| word == *controller)).collect();
    for controller in &off {
        fs::write(&file, format!("+{controller}")).map_err(|error| {
            let hint = "a group with processes of its own, as in a container, cannot do this";
            Error::CannotRun(format!("{}: {controller} cannot be switched on: {error} ({hint})", file.display()))
        })?;
    }
    Ok(off)
}

/// Files of a control group cannot be removed, and go with their folder.
fn remove_tree(group: &Path) -> std::io::Result<()> {
    let entries = match fs::read_dir(group) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_has_a_tree_for_each_controller() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
                      cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n\
                      cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let trees = ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/systemd"].map(PathBuf::from).to_vec();
        let beside = vec!["/sys/fs/cgroup/unified".into()];
        assert_eq!(Hierarchies::from_mounts(mounts), Some(Hierarchies::V1 { trees, beside }));
    }

    #[test]
    fn version_2_has_one_tree() {
        let mounts = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
        assert_eq!(Hierarchies::from_mounts(mounts), Some(Hierarchies::V2("/sys/fs/cgroup".into())));
        assert_eq!(Hierarchies::from_mounts("proc /proc proc rw 0 0\n"), None);
    }

    #[test]
    fn only_controllers_that_are_off_are_switched_on() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::write(root.path().join("cgroup.subtree_control"), "cpu io memory\n").expect("a file");
        assert_eq!(switch_on(root.path()).expect("it can be written"), ["cpuset", "pids"]);
    }
}
