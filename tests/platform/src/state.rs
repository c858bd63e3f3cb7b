//! The folder of one cluster: everything it keeps, and how its parts are called.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::process::Identity;
use crate::{Error, Result, at};

/// Where the folder is seen inside of the node, whatever its path is outside.
pub(crate) const INSIDE: &str = "/run/platform";

/// The file that tells the folder of a cluster from any other; who holds its lock may change the folder.
const MARK: &str = "cluster.lock";

/// The folder of one cluster, outside of its node.
#[derive(Clone, Debug)]
pub struct State {
    root: PathBuf,
}

impl State {
    /// The state in `folder`, which need not exist.
    ///
    /// # Errors
    ///
    /// When the path cannot be made absolute, or lies where the node covers the machine's own folders.
    pub fn new(folder: &Path) -> Result<Self> {
        let absolute = std::path::absolute(folder).map_err(at(folder))?;
        let root = existing_part_resolved(&absolute);
        let covered = ["/etc", "/var", "/run", "/proc", "/sys"].iter().find(|above| root.starts_with(above));
        match covered {
            Some(above) => Err(Error::CannotRun(format!(
                "{}: the state cannot be below {above}, which the node replaces by its own; name another with --state",
                root.display()
            ))),
            None => Ok(Self { root }),
        }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The log of a component.
    #[must_use]
    pub fn log(&self, component: &str) -> PathBuf {
        self.root.join("logs").join(format!("{component}.log"))
    }

    /// Whether a cluster was made here, and not something else that must not be removed.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.root.join(MARK).is_file()
    }

    /// Makes the folder and holds it for this process alone until the file is dropped.
    pub(crate) fn lock(&self) -> Result<File> {
        if !self.exists() && fs::read_dir(&self.root).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::CannotRun(format!("{}: not empty, and not a cluster's", self.root.display())));
        }
        let logs = self.file("logs");
        fs::create_dir_all(&self.root).map_err(at(&self.root))?;
        let path = self.root.join(MARK);
        let file = File::create(&path).map_err(at(&path))?;
        file.lock().map_err(at(&path))?;
        fs::create_dir_all(&logs).map_err(at(&logs))?;
        Ok(file)
    }

    /// The first process of the node, when it runs.
    #[must_use]
    pub fn node(&self) -> Option<Identity> {
        let node: Identity = fs::read_to_string(self.file("node.pid")).ok()?.parse().ok()?;
        node.is_alive().then_some(node)
    }

    /// Whether the node that runs said that it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let ready = fs::read_to_string(self.file("ready")).unwrap_or_default();
        self.node().is_some_and(|node| node.to_string() == ready)
    }

    /// The name of this cluster's control group: the same for the same folder, also after its files are gone.
    #[must_use]
    pub fn cgroup(&self) -> String {
        let digest = Sha256::digest(self.root.as_os_str().as_encoded_bytes());
        let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        format!("hello-platform-{hex}")
    }
}

/// `path` without symbolic links as far as it exists, so that one folder has one name.
fn existing_part_resolved(path: &Path) -> PathBuf {
    let resolved = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, resolved)) = resolved else { return path.to_owned() };
    let rest = path.strip_prefix(part).expect("an ancestor is a prefix");
    if rest.as_os_str().is_empty() { resolved } else { resolved.join(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_has_one_control_group_however_it_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).expect("links can be made");
        let direct = State::new(&folder.path().join("a/b")).expect("a good place");
        let linked = State::new(&link.join("a/b")).expect("a good place");
        assert_eq!(direct.root(), linked.root());
        assert_eq!(direct.cgroup(), linked.cgroup());
        assert_ne!(direct.cgroup(), State::new(&folder.path().join("c")).expect("a good place").cgroup());
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("thesis.txt"), "").expect("a file");
        let state = State::new(folder.path()).expect("a good place");
        assert!(!state.exists());
        assert!(matches!(state.lock(), Err(Error::CannotRun(_))));
    }

    #[test]
    fn a_folder_that_the_node_covers_is_refused() {
        let error = State::new(Path::new("/var/lib/cluster")).expect_err("the node has its own /var");
        assert!(matches!(&error, Error::CannotRun(text) if text.contains("below /var")), "{error}");
    }
}
