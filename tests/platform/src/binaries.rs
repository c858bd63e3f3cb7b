//! Programs built from pinned Go modules, and kept outside of the clone under a key of everything that went into them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::process::{find, stdout_of};
use crate::{Error, Result, at};

/// Takes a line for the person who waits.
pub type Say<'a> = &'a dyn Fn(&str);

/// A main package below `tests/platform/modules`.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    pub name: &'static str,
    module: &'static str,
    package: &'static str,
}

/// All of Kubernetes, etcd and CoreDNS.
pub const KUBE: Program = Program { name: "kube", module: "kube", package: "." };
/// What keeps a pod's namespaces.
pub const PAUSE: Program = Program { name: "pause", module: "images", package: "./pause" };
/// What the tests run in pods.
pub const PROBE: Program = Program { name: "probe", module: "images", package: "./probe" };

/// Packages of Kubernetes whose variables say which version it is; without them it calls itself v0.0.0-master, and charts
/// that ask for a version do not install.
const VERSIONED: [&str; 2] = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
const DOWNLOADS: u32 = 4;
const TOLD_EVERY: Duration = Duration::from_secs(15);

impl Program {
    /// The program, built now if it was not before.
    ///
    /// # Errors
    ///
    /// When Go is missing, modules cannot be downloaded, or it does not compile.
    pub fn build(&self, say: Say<'_>) -> Result<PathBuf> {
        let go = Go::of(self)?;
        let cache = cache()?;
        let folder = cache.join(go.key()?);
        let program = folder.join(self.name);
        if program.is_file() {
            return Ok(program);
        }
        fs::create_dir_all(&cache).map_err(at(&cache))?;
        let lock = File::create(cache.join("lock")).map_err(at(&cache))?;
        lock.lock().map_err(at(&cache))?;
        if program.is_file() {
            return Ok(program);
        }
        let unfinished = cache.join(format!("{}.unfinished", self.name));
        let packages = go.download(say)?;
        go.compile(&unfinished, packages, say)?;
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        fs::rename(&unfinished, &program).map_err(at(&program))?;
        Ok(program)
    }
}

fn cache() -> Result<PathBuf> {
    if let Some(tools) = std::env::var_os("HELLO_TOOLS") {
        return Ok(PathBuf::from(tools).join("platform"));
    }
    let home =
        std::env::var_os("HOME").ok_or_else(|| Error::CannotRun("HOME and HELLO_TOOLS are not set".to_owned()))?;
    Ok(PathBuf::from(home).join(".cache/hello-delivery/tools/platform"))
}

/// One program and the compiler that makes it.
struct Go {
    program: Program,
    go: PathBuf,
    folder: PathBuf,
    linker_flags: String,
}

impl Go {
    fn of(program: &Program) -> Result<Self> {
        let missing = || Error::CannotRun("this machine lacks Go 1.26 or newer: https://go.dev/dl".to_owned());
        let go = find("go").or_else(|| Some("/usr/local/go/bin/go".into()).filter(|path: &PathBuf| path.is_file()));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules").join(program.module);
        let go_mod = folder.join("go.mod");
        let requirements = fs::read_to_string(&go_mod).map_err(at(&go_mod))?;
        Ok(Self { program: *program, go: go.ok_or_else(missing)?, linker_flags: linker_flags(&requirements), folder })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.go);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
            .env("CGO_ENABLED", "0")
            .env("GOWORK", "off")
            .env("GOFLAGS", "-mod=readonly")
            .env("GOTOOLCHAIN", "local");
        command
    }

    /// A hash of everything that decides about the result.
    fn key(&self) -> Result<String> {
        let mut files = Vec::new();
        sources(&self.folder, &mut files)?;
        files.sort();
        let mut hash = Sha256::new();
        let words = [&stdout_of(self.command().arg("version"))?, &self.linker_flags, self.program.package];
        for word in words {
            hash.update(word);
            hash.update([0]);
        }
        for file in files {
            hash.update(file.strip_prefix(&self.folder).unwrap_or(&file).as_os_str().as_encoded_bytes());
            hash.update([0]);
            hash.update(fs::read(&file).map_err(at(&file))?);
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Fetches the modules that are imported, and no others; the number of packages to compile.
    fn download(&self, say: Say<'_>) -> Result<usize> {
        let mut tried = 0;
        loop {
            match stdout_of(self.command().args(["list", "-deps", self.program.package])) {
                Ok(packages) => return Ok(packages.lines().count()),
                Err(error) if tried == DOWNLOADS => return Err(error),
                Err(error) => {
                    let wait = 1 << tried;
                    let last = error.to_string().lines().last().unwrap_or_default().to_owned();
                    say(&format!("{}: a download failed, once more in {wait} s: {last}", self.program.name));
                    sleep(Duration::from_secs(wait));
                    tried += 1;
                }
            }
        }
    }

    fn compile(&self, output: &Path, packages: usize, say: Say<'_>) -> Result<()> {
        let mut command = self.command();
        command.args(["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", &self.linker_flags]);
        command.arg("-o").arg(output).arg(self.program.package).stdout(Stdio::null()).stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn().map_err(at(&self.go))?;
        let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let compiled = AtomicUsize::new(0);
        let (status, text) = thread::scope(|scope| {
            // `go build -v` names each package it compiles; what else it writes is why it failed.
            let reader = scope.spawn(|| {
                let mut text = Vec::new();
                for line in lines.map_while(std::io::Result::ok) {
                    compiled.fetch_add(1, Ordering::Relaxed);
                    text.push(line);
                }
                text
            });
            let mut told = start;
            let status = loop {
                match child.try_wait() {
                    Ok(None) => sleep(Duration::from_millis(100)),
                    ended => break ended,
                }
                if told.elapsed() > TOLD_EVERY {
                    told = Instant::now();
                    say(&progress(self.program.name, start.elapsed(), compiled.load(Ordering::Relaxed), packages));
                }
            };
            (status, reader.join().unwrap_or_default())
        });
        if status.map_err(at(&self.go))?.is_some_and(|status| status.success()) {
            if start.elapsed() > TOLD_EVERY {
                say(&format!("{}: built in {} s", self.program.name, start.elapsed().as_secs()));
            }
            return Ok(());
        }
        let end = text[text.len().saturating_sub(20)..].join("\n");
        Err(Error::Failed(format!("{} does not build:\n{end}", self.program.name)))
    }
}

/// Packages are of very different size, and those that Go has in its own cache are not counted: an upper bound.
fn progress(name: &str, elapsed: Duration, compiled: usize, packages: usize) -> String {
    let seconds = elapsed.as_secs();
    if compiled * 20 < packages {
        return format!(
            "building {name} (once, 10 minutes of processor time): {compiled} of {packages} packages, {seconds} s"
        );
    }
    let left = seconds * packages.saturating_sub(compiled) as u64 / compiled.max(1) as u64;
    format!("building {name}: {compiled} of {packages} packages, {seconds} s, at most about {} min left", left / 60 + 1)
}

/// Strips the program, and stamps the version of Kubernetes into one that holds it.
fn linker_flags(go_mod: &str) -> String {
    let mut flags = "-s -w".to_owned();
    let version = go_mod.lines().find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes v"));
    let Some((major, minor)) = version.and_then(|version| version.split_once('.')) else { return flags };
    let minor_number = minor.split('.').next().unwrap_or_default();
    for package in VERSIONED {
        let set = |name: &str, value: &str| format!(" -X {package}.{name}={value}");
        flags += &set("gitVersion", &format!("v{major}.{minor}"));
        flags += &set("gitMajor", major);
        flags += &set("gitMinor", minor_number);
        flags += &set("gitTreeState", "clean");
    }
    flags
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_kubernetes_is_stamped() {
        let flags = linker_flags("require (\n\tk8s.io/kubernetes v1.36.3\n)\n");
        assert!(flags.contains(" -X k8s.io/component-base/version.gitVersion=v1.36.3 "), "{flags}");
        assert!(flags.contains(" -X k8s.io/client-go/pkg/version.gitMinor=36 "), "{flags}");
        assert_eq!(linker_flags("module x\n"), "-s -w");
    }

    #[test]
    fn an_estimate_comes_when_there_is_something_to_go_by() {
        let early = progress("kube", Duration::from_secs(15), 10, 2900);
        assert!(early.contains("10 minutes of processor time") && !early.contains("left"), "{early}");
        let late = progress("kube", Duration::from_secs(100), 1450, 2900);
        assert!(late.ends_with("at most about 2 min left"), "{late}");
    }

    #[test]
    fn each_program_has_a_key_of_its_own() {
        let keys: Vec<_> = [KUBE, PAUSE, PROBE].iter().map(|program| Go::of(program).and_then(|go| go.key())).collect();
        let Ok([kube, pause, probe]) = <[_; 3]>::try_from(keys) else { panic!("three programs") };
        let (kube, pause, probe) =
            (kube.expect("Go is there"), pause.expect("Go is there"), probe.expect("Go is there"));
        assert!(kube != pause && pause != probe && kube.len() == 64);
    }
}
