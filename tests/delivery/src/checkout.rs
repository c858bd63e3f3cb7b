//! Clean checkouts of what is committed, and bare repositories that take proposals.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::stdout_of;
use crate::{PROJECT, Result};

/// A clone that holds what is committed and nothing else.
#[derive(Debug)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// Brings `root` to the commit `HEAD` of `repository`, on a branch `main`. Files that did not change keep their time,
    /// so a later run builds only what changed.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn of_head(repository: &Path, root: &Path) -> Result<Self> {
        let head = git(repository, &["rev-parse", "HEAD"])?;
        if !root.join(".git").is_dir() {
            fs::create_dir_all(root).map_err(|error| format!("{}: {error}", root.display()))?;
            git(root, &["init", "--quiet", "--initial-branch", "main"])?;
            // What gitlab-ci-local derives the predefined variables from.
            git(root, &["remote", "add", "origin", &format!("https://gitlab.com/{PROJECT}.git")])?;
        }
        let source = repository.to_str().ok_or("the path of the repository is not UTF-8")?;
        git(root, &["fetch", "--quiet", "--no-tags", source, "HEAD"])?;
        git(root, &["checkout", "--quiet", "--force", "-B", "main", head.trim()])?;
        git(root, &["clean", "--quiet", "-d", "--force"])?;
        // The commit that `rules:changes` of the default branch is compared with.
        git(root, &["update-ref", "refs/remotes/origin/main", head.trim()])?;
        git(root, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"])?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn commit(&self) -> Result<String> {
        Ok(git(&self.root, &["rev-parse", "main"])?.trim().to_owned())
    }
}

/// A bare repository at `path`, made when it is not there.
///
/// # Errors
///
/// When git fails.
pub fn bare(path: &Path) -> Result<()> {
    if path.join("HEAD").is_file() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))?;
    git(path, &["init", "--quiet", "--bare", "--initial-branch", "main"]).map(drop)
}

/// A commit of the proposal: its subject, and the lines it takes out and puts in.
#[derive(Debug)]
pub struct Proposal {
    pub commit: String,
    pub subject: String,
    pub files: Vec<String>,
    pub removed: Vec<String>,
    pub added: Vec<String>,
}

/// The commits that `branch` of the repository has more than `base`, oldest first.
///
/// # Errors
///
/// When git fails.
pub fn proposals(repository: &Path, base: &str, branch: &str) -> Result<Vec<Proposal>> {
    let commits = git(repository, &["rev-list", "--reverse", &format!("{base}..{branch}")])?;
    commits.lines().map(|commit| proposal(repository, commit)).collect()
}

fn proposal(repository: &Path, commit: &str) -> Result<Proposal> {
    let subject = git(repository, &["show", "--no-patch", "--format=%s", commit])?.trim().to_owned();
    let names = git(repository, &["show", "--name-only", "--format=", commit])?;
    let patch = git(repository, &["show", "--unified=0", "--format=", commit])?;
    let lines = |sign: char, header: &str| -> Vec<String> {
        let of_sign = patch.lines().filter(|line| line.starts_with(sign) && !line.starts_with(header));
        of_sign.map(|line| line[1..].to_owned()).collect()
    };
    Ok(Proposal {
        commit: commit.to_owned(),
        subject,
        files: names.lines().map(str::to_owned).collect(),
        removed: lines('-', "--- "),
        added: lines('+', "+++ "),
    })
}

/// Standard output of git in `folder`, without the caller's own configuration.
///
/// # Errors
///
/// When git fails.
pub fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    // Set when make is called by a hook of git; they would point every call at that repository.
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    stdout_of(&mut command)
}
