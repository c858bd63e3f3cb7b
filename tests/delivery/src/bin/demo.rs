//! `make demo`: the committed sources through build, tests, lint, images, registry and proposed commit, with real
//! programs. Everything it leaves is below `target/demo`; a second run repeats only what changed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that shows what it does")]

use std::fs;
use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use delivery::checkout::{Checkout, Proposal, bare, git, proposals};
use delivery::image::{Reference, built};
use delivery::process::{Running, end_everything_on_interrupt, find, without_colour, yield_to_interrupt};
use delivery::registry::Registry;
use delivery::{APPS, Result, repository_root};

const LIMIT: Duration = Duration::from_secs(30 * 60);
/// What `make unit` tests: the same set, so that it finds everything built.
const BUILD: [&str; 10] = [
    "cargo",
    "build",
    "--locked",
    "--workspace",
    "--exclude",
    "delivery",
    "--exclude",
    "observability",
    "--exclude",
    "platform",
];
const USAGE: &str = "usage: demo [--help]\n\nTakes the committed sources of this repository through build, tests, lint, \
                     images, registry and proposed commit.\nEverything it makes is below target/demo.";

fn main() -> ExitCode {
    if let Some(argument) = std::env::args().nth(1) {
        println!("{USAGE}");
        return ExitCode::from(if argument == "--help" { 0 } else { 2 });
    }
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<()> {
    let start = Instant::now();
    for program in ["cargo-nextest", "docker-registry", "buildah", "python3"] {
        find(program)?;
    }
    if !rustix::process::geteuid().is_root() {
        return Err("building an image in a chroot needs root here: run `sudo -E make demo`".to_owned());
    }
    end_everything_on_interrupt(|| eprintln!("\ndemo: interrupted; nothing is left running"))?;

    let repository = repository_root();
    let place = Place::below(&repository.join("target/demo"))?;
    let uncommitted = !git(&repository, &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let checkout = Checkout::of_head(&repository, &place.source)?;
    let commit = checkout.commit()?;
    println!("demo of commit {:.8}{}", commit, if uncommitted { "; uncommitted changes are left out" } else { "" });

    let stages = Stages { place: &place };
    stages.run("build", "cargo build", &BUILD, &[])?;
    let tests = stages.run("test", "make unit", &["make", "unit"], &[])?;
    let lint = stages.run("lint", "make check", &["make", "check"], &[])?;

    let registry = Registry::start(&place.registry)?;
    let project = registry.project();
    let images: Vec<(&str, &str)> = vec![
        ("CI_REGISTRY_IMAGE", &project),
        ("REGISTRY_PLAIN_HTTP", "1"),
        ("IMAGE_BUILDER", "buildah"),
        ("CI_COMMIT_SHA", &commit),
    ];
    for app in APPS {
        let mut variables = images.clone();
        variables.push(("APP", app));
        stages.run(&format!("image-{app}"), &format!("make image APP={app}"), &["make", "image"], &variables)?;
    }
    let answers =
        stages.run("registry", "pull by digest, run, ask", &["ci/verify", "--answers", "target/images"], &images)?;

    bare(&place.proposals)?;
    let remote = place.proposals.to_string_lossy().into_owned();
    stages.run("propose", "make propose", &["make", "propose"], &[("DEPLOY_REMOTE", &remote)])?;

    let folder = place.source.join("target/images");
    let mut sizes = Vec::new();
    for app in APPS {
        let reference = built(&folder, app)?;
        let manifest = registry.manifest(app, &reference.digest)?;
        let layers = manifest["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
        sizes.push((reference, layers.iter().filter_map(|layer| layer["size"].as_u64()).sum()));
    }
    let branch = format!("deploy/minikube/{}", sizes[0].0.tag);
    let proposed = proposals(&place.proposals, &commit, &branch)?;
    summary(&place, &Outcome { tests, lint, answers, sizes, branch, proposed }, start.elapsed());
    Ok(())
}

/// Where everything lies.
struct Place {
    source: PathBuf,
    cargo: PathBuf,
    registry: PathBuf,
    buildah: PathBuf,
    proposals: PathBuf,
    logs: PathBuf,
}

impl Place {
    fn below(root: &Path) -> Result<Self> {
        let place = Self {
            source: root.join("source"),
            cargo: root.join("cargo"),
            registry: root.join("registry"),
            buildah: root.join("buildah"),
            proposals: root.join("proposals.git"),
            logs: root.join("logs"),
        };
        for folder in [&place.registry, &place.logs] {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        Ok(place)
    }
}

struct Stages<'a> {
    place: &'a Place,
}

impl Stages<'_> {
    /// Runs one stage in the checkout, showing what it is at; gives what it wrote.
    fn run(&self, name: &str, what: &str, words: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        let log = self.place.logs.join(format!("{name}.log"));
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(&self.place.source);
        // The outer make's own settings are not for the inner one.
        for inherited in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CARGO_MANIFEST_DIR", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(inherited);
        }
        command.env("CARGO_TARGET_DIR", &self.place.cargo).env("BUILDAH_STORAGE", &self.place.buildah);
        command.env("CARGO_TERM_COLOR", "never");
        command.envs(variables.iter().copied());

        let start = Instant::now();
        let mut line = Progress::new(name, what);
        let running = Running::start(name, &command, &log)?;
        let ended = running.wait(LIMIT, |elapsed, last| line.show(elapsed, last));
        if ended.is_err() {
            yield_to_interrupt();
        }
        line.end(start.elapsed(), ended.is_ok());
        ended?;
        Ok(without_colour(&fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?))
    }
}

/// One line a stage: on a terminal it is rewritten, elsewhere a line every ten seconds.
struct Progress {
    title: String,
    terminal: bool,
    shown: Duration,
}

impl Progress {
    fn new(name: &str, what: &str) -> Self {
        Self { title: format!("  {name:<17} {what:<27}"), terminal: stdout().is_terminal(), shown: Duration::ZERO }
    }

    fn show(&mut self, elapsed: Duration, last: &str) {
        let pause = if self.terminal { Duration::from_millis(300) } else { Duration::from_secs(10) };
        if elapsed < self.shown + pause {
            return;
        }
        self.shown = elapsed;
        let last: String = last.trim().chars().filter(|letter| !letter.is_control()).take(60).collect();
        let (first, end) = if self.terminal { ("\r\u{1b}[K", "") } else { ("", "\n") };
        print!("{first}{} {:6.0} s  {last}{end}", self.title, elapsed.as_secs_f64());
        // Only a hint of progress: nothing is lost when it cannot be shown.
        let _ = stdout().flush();
    }

    fn end(&self, elapsed: Duration, good: bool) {
        let first = if self.terminal { "\r\u{1b}[K" } else { "" };
        println!("{first}{} {:6.1} s  {}", self.title, elapsed.as_secs_f64(), if good { "ok" } else { "FAILED" });
    }
}

struct Outcome {
    tests: String,
    lint: String,
    answers: String,
    sizes: Vec<(Reference, u64)>,
    branch: String,
    proposed: Vec<Proposal>,
}

fn summary(place: &Place, outcome: &Outcome, elapsed: Duration) {
    let line_with = |text: &str, part: &str| {
        let line = text.lines().rfind(|line| line.contains(part)).unwrap_or("not found in the log");
        line.split_once(part).map_or_else(|| line.to_owned(), |(_, after)| after.trim().to_owned())
    };
    println!("\nSummary, after {:.0} s", elapsed.as_secs_f64());
    println!("  tests     {}", line_with(&outcome.tests, "tests run:"));
    let findings = outcome.lint.lines().rfind(|line| line.contains("findings in") || line.contains("finding in"));
    println!("  lint      {}", findings.unwrap_or("clean"));
    for (reference, size) in &outcome.sizes {
        println!("  image     {}:{}", reference.name, reference.tag);
        println!("            {}, {:.2} MB compressed", reference.digest, *size as f64 / 1e6);
        println!("            {}", line_with(&outcome.answers, &format!("verify: {} answers:", reference.name)));
    }
    if outcome.proposed.is_empty() {
        println!("  commit    none: clusters/ has these images already");
    }
    for proposal in &outcome.proposed {
        println!("  commit    {:.8} {} ({})", proposal.commit, proposal.subject, proposal.files.join(", "));
        for (sign, lines) in [("-", &proposal.removed), ("+", &proposal.added)] {
            for line in lines {
                println!("            {sign}{}", line.trim_start());
            }
        }
    }
    let places = [
        ("sources", &place.source),
        ("registry", &place.registry),
        ("proposal", &place.proposals),
        ("programs", &place.cargo),
        ("logs", &place.logs),
    ];
    for (name, path) in places {
        let branch = if name == "proposal" { format!(" branch {}", outcome.branch) } else { String::new() };
        println!("  {name:<9} {}{branch}", path.display());
    }
}
