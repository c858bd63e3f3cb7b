//! Processes: told apart although numbers are used again, run to their end, and found on `PATH`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Error, Result};

const SHOWN_OF_FAILED: usize = 10;
/// How often a condition is looked at that nobody tells us about.
pub(crate) const STEP: Duration = Duration::from_millis(50);

/// A process by its number and its start in clock ticks since boot: the kernel uses numbers again, but never both.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    pub pid: i32,
    start: u64,
}

impl Identity {
    /// The process `pid` as it runs now, or nothing when there is none or only its exit status is left.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let fields = fields_of(pid)?;
        let alive = !matches!(fields.first()?.as_str(), "Z" | "X");
        alive.then_some(Self { pid, start: fields.get(19)?.parse().ok()? })
    }

    /// The process that waits for it, when that is called `name`.
    #[must_use]
    pub fn parent(&self, name: &str) -> Option<Self> {
        let parent = fields_of(self.pid)?.get(1)?.parse().ok()?;
        let called = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
        if called.trim() == name { Self::of(parent) } else { None }
    }

    #[must_use]
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// Kills it and waits until it is gone.
    ///
    /// # Errors
    ///
    /// When it is still there after `limit`.
    pub fn kill(&self, limit: Duration) -> Result<()> {
        let start = Instant::now();
        while self.is_alive() {
            if let Some(pid) = Pid::from_raw(self.pid) {
                // It may have gone in the meantime, which the loop finds out.
                let _ = kill_process(pid, Signal::KILL);
            }
            if start.elapsed() > limit {
                return Err(Error::Failed(format!("process {} does not end", self.pid)));
            }
            sleep(STEP);
        }
        Ok(())
    }
}

/// What proc_pid_stat(5) lists from field 3 on, the state. The name before it is in brackets and may hold anything.
fn fields_of(pid: i32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.split_ascii_whitespace().map(str::to_owned).collect())
}

impl FromStr for Identity {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts = text.trim().split_once(' ').and_then(|(pid, start)| Some((pid.parse().ok()?, start.parse().ok()?)));
        let (pid, start) = parts.ok_or_else(|| format!("`{text}` is not a process and its start"))?;
        Ok(Self { pid, start })
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.pid, self.start)
    }
}

/// Where `name` is: on `PATH`, or in the folders of the administrator's programs, which a user's `PATH` may lack.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Standard output of a program that must succeed.
///
/// # Errors
///
/// When it cannot be started or fails; with the end of what it wrote.
pub fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Error::Failed(format!("cannot run {}: {error}", line_of(command))))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let all = text + &String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = all.lines().collect();
    let end = lines[lines.len().saturating_sub(SHOWN_OF_FAILED)..].join("\n");
    Err(Error::Failed(format!("{} failed, {}:\n{end}", line_of(command), output.status)))
}

/// Polls until `condition` gives a value; nothing when `limit` passes before it does.
///
/// # Errors
///
/// When `condition` gives an error.
pub fn poll<T>(limit: Duration, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let start = Instant::now();
    loop {
        if let Some(value) = condition()? {
            return Ok(Some(value));
        }
        if start.elapsed() > limit {
            return Ok(None);
        }
        sleep(STEP);
    }
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_itself_and_no_other_with_its_number() {
        let me = Identity::of(std::process::id().cast_signed()).expect("this test runs");
        assert!(me.is_alive());
        assert_eq!(me.to_string().parse(), Ok(me));
        assert!(!Identity { start: me.start + 1, ..me }.is_alive());
        assert!("12".parse::<Identity>().is_err());
    }

    #[test]
    fn a_killed_child_is_dead_before_it_is_waited_for() {
        let mut child = Command::new("sleep").arg("300").spawn().expect("there is sleep");
        let identity = Identity::of(child.id().cast_signed()).expect("it runs");
        assert_eq!(identity.parent("another name"), None);
        identity.kill(Duration::from_secs(10)).expect("it can be killed");
        assert!(!identity.is_alive());
        child.wait().expect("it is our child");
    }
}
