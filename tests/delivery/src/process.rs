//! Programs: run with a log and a time limit, and none of them outlives us.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{park, sleep, spawn};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};

use crate::Result;

const STEP: Duration = Duration::from_millis(100);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The place of `name` on `PATH`, or how to get it.
///
/// # Errors
///
/// When no folder of `PATH` holds it.
pub fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| format!("`{name}` is not on PATH: run `tools/setup/install`, or `make`, which does"))
}

/// Standard output of a program that must succeed.
///
/// # Errors
///
/// When it cannot be started or fails; with everything it wrote.
pub fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{command:?} failed, {}:\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// A program at work whose output goes to a file; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command` with its output in `log`. The kernel kills it when we are killed ourselves.
    ///
    /// # Errors
    ///
    /// When the log cannot be written or the program not be started.
    pub fn start(name: &str, command: &Command, log: &Path) -> Result<Self> {
        let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let both = file.try_clone().map_err(|error| error.to_string())?;
        let mut guarded = Command::new(find("setpriv")?);
        guarded.args(["--pdeathsig", "KILL"]).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(key, value),
                None => guarded.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            guarded.current_dir(folder);
        }
        guarded.stdin(Stdio::null()).stdout(file).stderr(both);
        let child = guarded.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Waits for the end; `every` tenth of a second it may look at the time and the last line written.
    ///
    /// # Errors
    ///
    /// When it fails or takes longer than `limit`; with its last lines.
    pub fn wait(mut self, limit: Duration, mut every: impl FnMut(Duration, &str)) -> Result<()> {
        let start = Instant::now();
        loop {
            let status = self.status()?;
            if let Some(status) = status {
                return if status.success() { Ok(()) } else { Err(self.failure(&status.to_string())) };
            }
            if start.elapsed() > limit {
                return Err(self.failure(&format!("not done after {} s", limit.as_secs())));
            }
            every(start.elapsed(), &self.last_line());
            sleep(STEP);
        }
    }

    /// Polls until `ready` gives a value.
    ///
    /// # Errors
    ///
    /// When the program ends first, or `limit` passes.
    pub fn wait_for<T>(&mut self, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if let Some(status) = self.status()? {
                return Err(self.failure(&status.to_string()));
            }
            if start.elapsed() > limit {
                return Err(self.failure(&format!("not ready after {} s", limit.as_secs())));
            }
            sleep(STEP);
        }
    }

    fn status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(|error| format!("{}: {error}", self.name))
    }

    fn last_line(&self) -> String {
        last_lines(&self.log, 1)
    }

    fn failure(&self, how: &str) -> String {
        format!("{} failed, {how}; the end of {}:\n{}", self.name, self.log.display(), last_lines(&self.log, 40))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Either may fail when the program ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last `count` lines of a log that say something, without colour.
fn last_lines(log: &Path, count: usize) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let plain = without_colour(&text);
    let lines: Vec<_> = plain.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// `text` without the escape sequences of colours.
#[must_use]
pub fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.find(|letter: char| letter.is_ascii_alphabetic()).map_or("", |end| &after[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

/// From now on Ctrl-C and SIGTERM end us together with every process we started, directly or not, and run `last` before.
///
/// # Errors
///
/// When the handler cannot be installed.
pub fn end_everything_on_interrupt(last: impl FnOnce() + Send + 'static) -> Result<()> {
    // Whatever loses its parent becomes our child, so nobody can leave the tree.
    set_child_subreaper(Some(getpid())).map_err(|error| error.to_string())?;
    let signals = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP];
    let mut signals = signal_hook::iterator::Signals::new(signals).map_err(|error| error.to_string())?;
    spawn(move || {
        if let Some(signal) = signals.forever().next() {
            INTERRUPTED.store(true, Ordering::SeqCst);
            end_descendants();
            last();
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// When an interrupt is what ended our programs, waits for it to end us too: its word is the last one.
pub fn yield_to_interrupt() {
    // A terminal interrupts the programs and us at the same time: they may be seen to end first.
    sleep(STEP);
    while INTERRUPTED.load(Ordering::SeqCst) {
        park();
    }
}

/// Ends all processes below us: asked first, killed two seconds later.
pub fn end_descendants() {
    let start = Instant::now();
    loop {
        let left = descendants();
        if left.is_empty() {
            return;
        }
        let signal = if start.elapsed() < Duration::from_secs(2) { Signal::TERM } else { Signal::KILL };
        for pid in left {
            // It may have gone by itself in the meantime.
            let _ = kill_process(pid, signal);
        }
        if start.elapsed() > Duration::from_secs(10) {
            return;
        }
        sleep(STEP);
    }
}

fn descendants() -> Vec<Pid> {
    let parents: Vec<(i32, i32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name is in brackets and may hold anything; state and parent follow it. A zombie is dead already.
            let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
            (fields.next()? != "Z").then_some(())?;
            Some((pid, fields.next()?.parse().ok()?))
        })
        .collect();
    let mut found = vec![getpid().as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.into_iter().skip(1).filter_map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(without_colour("a \u{1b}[32;1mgreen\u{1b}[0m word"), "a green word");
        assert_eq!(without_colour("cut \u{1b}[3"), "cut ");
    }

    #[test]
    fn a_program_that_left_its_session_is_ended_too() {
        set_child_subreaper(Some(getpid())).expect("Linux can do this");
        let mut shell = Command::new("sh");
        shell.args(["-c", "setsid sleep 300 & setsid sh -c 'trap \"\" TERM; sleep 301; sleep 302' & wait"]);
        let mut shell = shell.spawn().expect("there is a shell");
        let start = Instant::now();
        while descendants().len() < 4 {
            assert!(start.elapsed() < Duration::from_secs(10), "the shell starts its children");
            sleep(STEP);
        }
        end_descendants();
        assert_eq!(descendants(), []);
        assert!(!shell.wait().expect("it is our child").success());
    }

    #[test]
    fn a_failure_shows_the_end_of_the_log() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("sh");
        command.args(["-c", "echo what happened; exit 3"]);
        let running = Running::start("the shell", &command, &folder.path().join("log")).expect("it starts");
        let error = running.wait(Duration::from_secs(10), |_, _| ()).expect_err("3 is a failure");
        assert!(error.contains("exit status: 3") && error.ends_with("what happened"), "{error}");
    }
}
