//! Images: the references the pipeline hands on, pulled back and run.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

use crate::Result;
use crate::process::{Running, find, stdout_of};
use crate::registry::{Registry, free_port};

/// `NAME:TAG@DIGEST`, as `ci/image` writes it and `clusters/` holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference {
    pub name: String,
    pub tag: String,
    pub digest: String,
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.trim().split_once('@').and_then(|(tagged, digest)| Some((tagged.split_once(':')?, digest)));
        let Some(((name, tag), digest)) = parts.filter(|(_, digest)| is_digest(digest)) else {
            return Err(format!("`{}` is not name:tag@sha256:…", text.trim()));
        };
        Ok(Self { name: name.to_owned(), tag: tag.to_owned(), digest: digest.to_owned() })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}@{}", self.name, self.tag, self.digest)
    }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The reference that `ci/image` left in `folder` for `app`.
///
/// # Errors
///
/// When it is not there or not a reference.
pub fn built(folder: &Path, app: &str) -> Result<Reference> {
    let file = folder.join(format!("{app}.image"));
    fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?.parse()
}

/// An image pulled by its digest with Buildah, into a storage of its own.
#[derive(Debug)]
pub struct Pulled {
    storage: PathBuf,
    container: String,
    root: PathBuf,
}

impl Pulled {
    /// Pulls `reference` from `registry` and makes its files readable. `storage` must be ours alone.
    ///
    /// # Errors
    ///
    /// When Buildah fails: also when what comes has another digest.
    pub fn by_digest(registry: &Registry, reference: &Reference, storage: &Path) -> Result<Self> {
        let address = format!("docker://{}/{}@{}", registry.project(), reference.name, reference.digest);
        let from = stdout_of(buildah(storage)?.args(["from", "--pull-always", "--tls-verify=false", &address]))?;
        let container = from.lines().last().unwrap_or_default().trim().to_owned();
        let root = PathBuf::from(stdout_of(buildah(storage)?.args(["mount", &container]))?.trim());
        Ok(Self { storage: storage.to_owned(), container, root })
    }

    /// The image's configuration as OCI defines it.
    ///
    /// # Errors
    ///
    /// When Buildah cannot tell.
    pub fn config(&self) -> Result<serde_json::Value> {
        let told = stdout_of(buildah(&self.storage)?.args(["inspect", &self.container]))?;
        let told: serde_json::Value = serde_json::from_str(&told).map_err(|error| error.to_string())?;
        Ok(told["OCIv1"]["config"].clone())
    }

    /// Every file of the image, as paths from its root.
    ///
    /// # Errors
    ///
    /// When a folder cannot be listed.
    pub fn files(&self) -> Result<Vec<String>> {
        let list = stdout_of(Command::new("find").arg(&self.root).args(["-type", "f", "-printf", "/%P\n"]))?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    /// Runs the entry point as the image's user with the image as root folder, and answers what `GET path` says.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not answer within ten seconds.
    pub fn answer(&self, path: &str, log: &Path) -> Result<String> {
        let config = self.config()?;
        let user = config["User"].as_str().ok_or("the image names no user")?;
        let program = config["Entrypoint"][0].as_str().ok_or("the image has no entry point")?;
        let (listen, metrics) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
        let mut command = Command::new(find("chroot")?);
        command.arg(format!("--userspec={user}")).arg(&self.root).arg(program);
        command.args(["--listen", &listen, "--metrics-listen", &metrics]);
        let mut running = Running::start(program, &command, log)?;
        let url = format!("http://{listen}{path}");
        running.wait_for(Duration::from_secs(10), || {
            let mut answer = ureq::get(&url).header("Accept", "application/json").call().ok()?;
            answer.body_mut().read_to_string().ok()
        })
    }
}

impl Drop for Pulled {
    fn drop(&mut self) {
        if let Ok(mut command) = buildah(&self.storage) {
            // Nothing to be done when it fails: the storage is temporary.
            let _ = stdout_of(command.args(["rm", &self.container]));
        }
    }
}

fn buildah(storage: &Path) -> Result<Command> {
    let mut command = Command::new(find("buildah")?);
    command.arg("--root").arg(storage.join("root")).arg("--runroot").arg(storage.join("run"));
    command.args(["--storage-driver", "vfs"]);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_name_tag_and_digest() {
        let text = format!("hello:0.1.0-4f2c9aa1@sha256:{}", "a1".repeat(32));
        let reference: Reference = text.parse().expect("this is one");
        assert_eq!((reference.name.as_str(), reference.tag.as_str()), ("hello", "0.1.0-4f2c9aa1"));
        assert_eq!(reference.to_string(), text);
    }

    #[test]
    fn what_lacks_a_part_is_refused() {
        for text in ["hello", "hello:1", "hello@sha256:00", "hello:1@sha256:XY", ""] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
