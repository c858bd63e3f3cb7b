//! The only file input: finds the files of a repository and reads those that may hold manifests.

#![expect(clippy::disallowed_methods, reason = "this is the module that may")]

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use crate::document::is_kustomization_path;
use crate::source::{MAX_FILE_BYTES, Sources, Unreadable};

/// Everything below `root` that Git would not ignore. `.git` itself is left out, other hidden files are not.
///
/// # Errors
///
/// When `root` is not a folder that can be listed. A single file that cannot be read is kept as unreadable.
pub fn walk(root: &Path) -> io::Result<Sources> {
    fs::read_dir(root)?;
    let mut paths = list(root);
    paths.sort();
    let contents: Vec<_> = paths.into_par_iter().map(|(path, full)| (read(&path, &full), path)).collect();
    let mut sources = Sources::new();
    for (content, path) in contents {
        match content {
            Content::Text(bytes) => sources.add(path, bytes),
            Content::Unreadable(why) => sources.add_unreadable(path, why),
            Content::NotNeeded => sources.add_path(path),
        };
    }
    Ok(sources)
}

/// The root of the repository around `path`: the nearest folder upwards with `.git`, else the folder itself.
///
/// # Errors
///
/// When there is nothing at `path`.
pub fn repository_root(path: &Path) -> io::Result<PathBuf> {
    let full = path.canonicalize()?;
    let start = if full.is_dir() { full } else { full.parent().unwrap_or(Path::new("/")).to_owned() };
    let root = start.ancestors().find(|folder| folder.join(".git").exists());
    Ok(root.unwrap_or(&start).to_owned())
}

/// `path` as [`Sources`] names it, if it lies below `root`.
pub fn relative(root: &Path, path: &Path) -> Option<String> {
    let full = path.canonicalize().ok()?;
    Some(full.strip_prefix(root).ok()?.to_str()?.replace('\\', "/"))
}

/// The files at and below `paths`, named as given.
///
/// # Errors
///
/// When one of them is not there or cannot be read.
pub fn read_paths(paths: &[PathBuf]) -> io::Result<Sources> {
    let mut sources = Sources::new();
    for path in paths {
        let files = if fs::metadata(path)?.is_dir() {
            let mut files = list(path);
            files.sort();
            files.into_iter().map(|(_, full)| full).collect()
        } else {
            vec![path.clone()]
        };
        for full in files {
            let name = full.to_string_lossy().into_owned();
            if let Content::Text(bytes) = read(&name, &full) {
                sources.add(name, bytes);
            }
        }
    }
    Ok(sources)
}

/// Replaces the content of a file in one step: whoever reads it meets the old text or the new one, never half of it.
/// A link is followed, and the permissions stay.
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn write_atomic(path: &Path, text: &str) -> io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    let permissions = match fs::metadata(&target) {
        Ok(metadata) => metadata.permissions(),
        // A temporary file is private; a new report is for everybody who may enter the folder.
        Err(_) => fs::Permissions::from_mode(0o644),
    };
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

fn list(root: &Path) -> Vec<(String, PathBuf)> {
    let walker = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        // `root` is a whole repository: what the folders around it ignore is not its business.
        .parents(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    let mut found = Vec::new();
    for entry in walker.flatten() {
        let is_folder = entry.file_type().is_none_or(|kind| kind.is_dir());
        let below = entry.path().strip_prefix(root).ok().and_then(Path::to_str);
        if let (false, Some(path)) = (is_folder, below) {
            found.push((path.replace('\\', "/"), entry.path().to_owned()));
        }
    }
    found
}

enum Content {
    Text(Vec<u8>),
    Unreadable(Unreadable),
    NotNeeded,
}

fn read(path: &str, full: &Path) -> Content {
    let json = path.ends_with(".json");
    if !json && !path.ends_with(".yaml") && !path.ends_with(".yml") && !is_kustomization_path(path) {
        return Content::NotNeeded;
    }
    let size = match fs::metadata(full) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Content::NotNeeded,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Content::Unreadable(Unreadable::Io("the symbolic link leads nowhere".to_owned()));
        }
        Err(error) => return Content::Unreadable(Unreadable::Io(error.to_string())),
    };
    if size > MAX_FILE_BYTES {
        return if json { Content::NotNeeded } else { Content::Unreadable(Unreadable::TooLarge(size)) };
    }
    match fs::read(full) {
        Ok(bytes) if json && !may_be_ours(&bytes) => Content::NotNeeded,
        Ok(bytes) => Content::Text(bytes),
        Err(error) => Content::Unreadable(Unreadable::Io(error.to_string())),
    }
}

/// JSON is used for everything; only manifests and dashboards are worth parsing.
fn may_be_ours(bytes: &[u8]) -> bool {
    [&b"\"apiVersion\""[..], b"\"panels\"", b"\"elements\""]
        .iter()
        .any(|key| memchr::memmem::find(bytes, key).is_some())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{repository_root, walk};

    fn write(root: &Path, path: &str, text: &str) {
        let full = root.join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }

    #[test]
    fn git_ignored_files_are_left_out_and_hidden_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), ".gitignore", "target/\n");
        write(folder.path(), "target/a.yaml", "a: 1");
        write(folder.path(), ".gitlab-ci.yml", "a: 1");
        write(folder.path(), ".git/config.yaml", "a: 1");
        write(folder.path(), "package-lock.json", "{}");
        let sources = walk(folder.path()).unwrap();
        let names: Vec<_> = sources.iter().map(|(_, file)| (file.path().to_owned(), file.text().len())).collect();
        let expected = [(".gitignore", 0), (".gitlab-ci.yml", 4), ("package-lock.json", 0)];
        assert_eq!(names, expected.map(|(path, len)| (path.to_owned(), len)));
    }

    #[test]
    fn a_broken_link_is_kept_as_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("a.yaml")).unwrap();
        let sources = walk(folder.path()).unwrap();
        let file = sources.find("a.yaml").unwrap();
        assert!(sources.file(file).unreadable().is_some());
    }

    #[test]
    fn the_root_is_the_nearest_folder_with_git() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "repo/.git/HEAD", "");
        write(folder.path(), "repo/apps/web/a.yaml", "");
        let root = repository_root(&folder.path().join("repo/apps/web/a.yaml")).unwrap();
        assert_eq!(root, folder.path().canonicalize().unwrap().join("repo"));
    }
}
