//! The node's own view of the machine's files: the same programs, other data. Nothing written to a standard path leaves it.

use std::fs;
use std::path::Path;

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_change, unmount,
};

use crate::state::INSIDE;
use crate::{Result, at};

/// Sysctls of the whole machine that the kubelet sets: it must find them as it wants them, and touch nothing.
const SYSCTLS: [(&str, &str); 6] = [
    ("kernel/keys/root_maxbytes", "25000000"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
];

/// Mounts everything, for a process that is the first in a mount and a process namespace of its own.
pub(crate) fn set_up(state: &Path) -> Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(at("/"))?;
    let secure = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", secure, None).map_err(at("/proc"))?;
    for folder in ["etc", "var"] {
        cover(state, folder)?;
    }
    mount("run", "/run", "tmpfs", MountFlags::empty(), Some(c"mode=755")).map_err(at("/run"))?;
    for folder in [INSIDE, "/run/lock", "/run/netns"] {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    mount_bind(state, INSIDE).map_err(at(INSIDE))?;
    // A file system that lies on an overlay cannot be the upper layer of another one, which containerd needs.
    for name in ["containerd", "kubelet"] {
        let (from, to) = (state.join(name), Path::new("/var/lib").join(name));
        fs::create_dir_all(&from).map_err(at(&from))?;
        fs::create_dir_all(&to).map_err(at(&to))?;
        mount_bind(&from, &to).map_err(at(&to))?;
    }
    sysfs_of_this_network()?;
    sysctls(state)?;
    // Volumes are mounted by the kubelet and must be seen by containerd. Last, since unmounting a copy of a shared mount
    // unmounts the original too.
    mount_change("/", MountPropagationFlags::SHARED | MountPropagationFlags::REC).map_err(at("/"))
}

/// The machine's folder with our changes on top.
fn cover(state: &Path, folder: &str) -> Result<()> {
    let (upper, work) = (state.join("overlay").join(folder), state.join("overlay").join(format!("{folder}.work")));
    for path in [&upper, &work] {
        fs::create_dir_all(path).map_err(at(path))?;
    }
    let options = format!("lowerdir=/{folder},upperdir={},workdir={}", upper.display(), work.display());
    let options = std::ffi::CString::new(options).map_err(at(&upper))?;
    let target = Path::new("/").join(folder);
    mount("overlay", &target, "overlay", MountFlags::empty(), Some(options.as_c_str())).map_err(at(&target))
}

/// `/sys` shows the interfaces of the network namespace it was mounted in; the control groups are put back into it.
fn sysfs_of_this_network() -> Result<()> {
    let aside = "/run/cgroups";
    fs::create_dir(aside).map_err(at(aside))?;
    mount_bind_recursive("/sys/fs/cgroup", aside).map_err(at(aside))?;
    mount("sysfs", "/sys", "sysfs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None)
        .map_err(at("/sys"))?;
    mount_bind_recursive(aside, "/sys/fs/cgroup").map_err(at("/sys/fs/cgroup"))?;
    unmount(aside, UnmountFlags::DETACH).map_err(at(aside))?;
    fs::remove_dir(aside).map_err(at(aside))
}

fn sysctls(state: &Path) -> Result<()> {
    let folder = state.join("sysctl");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    for (name, value) in SYSCTLS {
        let (file, target) = (folder.join(name.replace('/', ".")), Path::new("/proc/sys").join(name));
        fs::write(&file, format!("{value}\n")).map_err(at(&file))?;
        mount_bind(&file, &target).map_err(at(&target))?;
    }
    Ok(())
}
