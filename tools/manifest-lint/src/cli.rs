//! The command line. Exit status: 0 clean, 1 findings at or above the threshold, 2 could not run or nothing was linted.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::diagnostic::Severity;
use crate::document::is_below;
use crate::report::{self, Format};
use crate::rule::Rule;
use crate::schema::Minor;
use crate::{Options, Outcome, lint, rules, set_image, walk};

type Failure = Box<dyn Error>;

/// A linter for whole GitOps repositories.
#[derive(Debug, Parser)]
#[command(name = "manifest-lint", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the repository around the given paths
    ///
    /// The whole repository is read, because what a file means depends on the others. Findings are reported for
    /// the given paths only.
    Check(CheckArgs),
    /// List every rule
    Rules,
    /// Print the page of a rule
    Explain {
        /// Its id, or what another tool calls it
        rule: String,
    },
    /// Replace one image reference in place
    ///
    /// Finds the one value below the given paths that is an image of the same repository, and replaces it. Every
    /// other byte of the file stays as it is.
    SetImage {
        /// What to write, with a tag or a digest: `registry/name:tag@sha256:…`
        reference: String,
        /// Files and folders to look in
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Files and folders to report on
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// How to write findings to standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write another report to a file; can be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output)]
    output: Vec<(Format, PathBuf)>,
    /// The Kubernetes version of the cluster
    #[arg(long, value_name = "VERSION", default_value_t)]
    kubernetes_version: Minor,
    /// Exit with 1 when there is a finding of at least this severity
    #[arg(long, value_enum, default_value_t = Threshold::Error)]
    fail_on: Threshold,
    /// Check with this rule only; can be given several times
    #[arg(long, value_name = "RULE", value_parser = parse_rule)]
    only: Vec<&'static Rule>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Threshold {
    Error,
    Warning,
    Info,
}

impl Threshold {
    fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Info => Severity::Info,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    fn is_on(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

fn parse_output(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("expected FORMAT=FILE")?;
    Ok((Format::from_str(format, false)?, path.into()))
}

fn parse_rule(name: &str) -> Result<&'static Rule, String> {
    rules::find(name).ok_or_else(|| {
        let near = crate::suggest::nearest(name, rules::all().map(|rule| rule.id));
        match near {
            Some(near) => format!("no such rule; did you mean `{near}`?"),
            None => "no such rule; `manifest-lint rules` lists them".to_owned(),
        }
    })
}

/// Runs the command; the answer is the exit status.
///
/// # Errors
///
/// When it could not run at all. A reader that closed the pipe is not an error.
pub fn run(cli: &Cli) -> Result<u8, Failure> {
    let result = match &cli.command {
        Command::Check(args) => check(args),
        Command::Rules => list_rules().map(|()| 0),
        Command::Explain { rule } => explain(rule).map(|()| 0),
        Command::SetImage { reference, paths } => change_image(reference, paths),
    };
    result.or_else(|error| match error.downcast_ref::<io::Error>() {
        Some(io_error) if io_error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        _ => Err(error),
    })
}

fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let root = root_of(&args.paths)?;
    let wanted: Vec<String> = args.paths.iter().filter_map(|path| walk::relative(&root, path)).collect();
    let sources = walk::walk(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    let mut options = Options { kubernetes: args.kubernetes_version, ..Options::default() };
    if !args.only.is_empty() {
        options.rules.clone_from(&args.only);
    }
    let outcome = narrow(lint(sources, &options), &wanted);
    for (format, path) in &args.output {
        walk::write_atomic(path, &report::render(&outcome, *format, false))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    print(&report::render(&outcome, args.format, args.color.is_on()))?;
    let found = outcome.diagnostics.iter().any(|diagnostic| diagnostic.severity >= args.fail_on.severity());
    if outcome.summary.is_empty() {
        return Err("nothing was linted: there is no manifest below the given paths".into());
    }
    Ok(u8::from(found))
}

/// The root of the repository that all paths lie in.
fn root_of(paths: &[PathBuf]) -> Result<PathBuf, Failure> {
    let mut root: Option<PathBuf> = None;
    for path in paths {
        let this = walk::repository_root(path).map_err(|error| format!("{}: {error}", path.display()))?;
        match &root {
            Some(first) if !path.canonicalize()?.starts_with(first) => {
                return Err(format!("{} is not in the repository {}", path.display(), first.display()).into());
            }
            Some(_) => {}
            None => root = Some(this),
        }
    }
    Ok(root.unwrap_or_else(|| Path::new(".").to_owned()))
}

/// Keeps what was found at or below the wanted paths.
fn narrow(mut outcome: Outcome, wanted: &[String]) -> Outcome {
    if wanted.iter().any(String::is_empty) {
        return outcome;
    }
    let is_wanted = |path: &str| wanted.iter().any(|wanted| is_below(path, wanted));
    let kept: Vec<bool> =
        outcome.diagnostics.iter().map(|diagnostic| is_wanted(outcome.sources().path(diagnostic.primary))).collect();
    let mut kept = kept.into_iter();
    outcome.diagnostics.retain(|_| kept.next().unwrap_or(false));
    outcome.summary = outcome.summarize(is_wanted);
    outcome
}

fn list_rules() -> Result<(), Failure> {
    let width = rules::all().map(|rule| rule.id.len()).max().unwrap_or(0);
    let lines = rules::all().map(|rule| format!("{:width$}  {:7}  {}\n", rule.id, rule.severity.name(), rule.summary));
    print(&lines.collect::<String>())
}

fn explain(name: &str) -> Result<(), Failure> {
    let rule = parse_rule(name).map_err(|why| format!("`{name}`: {why}"))?;
    let aliases =
        if rule.aliases.is_empty() { String::new() } else { format!(", also known as {}", rule.aliases.join(", ")) };
    print(&format!("{}\nSeverity: {}{aliases}; since {}.\n", rule.docs, rule.severity, rule.since))
}

fn change_image(reference: &str, paths: &[PathBuf]) -> Result<u8, Failure> {
    let sources = walk::read_paths(paths)?;
    let edit = set_image::set_image(&sources, reference)?;
    let path = sources.file(edit.file).path();
    let at = format!("{path}:{}:{}", edit.line, edit.column);
    if edit.old == edit.new {
        print(&format!("{at}: already {}\n", edit.new))?;
        return Ok(0);
    }
    walk::write_atomic(Path::new(path), &edit.text).map_err(|error| format!("cannot write {path}: {error}"))?;
    print(&format!("{at}: {} -> {}\n", edit.old, edit.new))?;
    Ok(0)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
