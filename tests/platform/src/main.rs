//! `platform up`, `status`, `down` and `exec`: Kubernetes on one machine from plain processes.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that shows what it does")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use platform::cluster::{Cluster, Up};
use platform::logs::lines_that_matter;
use platform::{Error, Result, node};

/// A real Kubernetes node from plain processes, in namespaces of its own.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The folder that holds the cluster; another folder is another cluster
    #[arg(long, global = true, default_value = "target/platform", env = "HELLO_PLATFORM_STATE", value_name = "FOLDER")]
    state: PathBuf,
    #[command(subcommand)]
    command: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Start the node and wait until it is Ready
    Up,
    /// Say what runs: 0 when the node is Ready, 1 when not
    Status,
    /// End the node and remove everything it had
    Down,
    /// Run a program in the node: exec -- kubectl get pods -A
    Exec {
        #[arg(required = true, last = true)]
        command: Vec<String>,
    },
    /// Be the first process of the node; `up` runs this
    #[command(hide = true)]
    Node,
}

fn main() -> ExitCode {
    match obey(Arguments::parse()) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("platform: {error}");
            ExitCode::from(if matches!(error, Error::CannotRun(_)) { 2 } else { 1 })
        }
    }
}

fn obey(arguments: Arguments) -> Result<ExitCode> {
    let cluster = Cluster::at(&arguments.state)?;
    match arguments.command {
        Order::Up => up(&cluster),
        Order::Status => status(&cluster),
        Order::Down => {
            let was_there = cluster.down()?;
            println!("{}", if was_there { "down; nothing is left" } else { "nothing was up" });
            Ok(ExitCode::SUCCESS)
        }
        Order::Exec { command } => {
            let (program, rest) = command.split_first().expect("clap asks for one");
            Err(Error::Failed(format!("{program}: {}", cluster.command(program)?.args(rest).exec())))
        }
        Order::Node => be_the_node(&cluster),
    }
}

fn up(cluster: &Cluster) -> Result<ExitCode> {
    match cluster.up(&|line| eprintln!("platform: {line}"))? {
        Up::Already => println!("the node is up already"),
        Up::After(time) => println!("{}node Ready after {:.1} s", cluster.timeline(), time.as_secs_f64()),
    }
    let own = std::env::args().next().unwrap_or_default();
    println!("look around: {own} --state {} exec -- kubectl get pods -A", cluster.state().root().display());
    Ok(ExitCode::SUCCESS)
}

fn status(cluster: &Cluster) -> Result<ExitCode> {
    let state = cluster.state();
    let Some(node) = state.node() else {
        println!(
            "{}: {}",
            state.root().display(),
            if state.exists() { "killed; `up` goes on with it" } else { "nothing is up" }
        );
        return Ok(ExitCode::FAILURE);
    };
    println!("{}: process {}, logs in {}", state.root().display(), node.pid, state.file("logs").display());
    for (name, (pid, restarts)) in cluster.components() {
        println!(
            "  {name:<24} {pid:>6}{}",
            if restarts > 0 { format!("  started again: {restarts} times") } else { String::new() }
        );
        if restarts > 0 {
            println!("{}", indented(&lines_that_matter(&state.log(&name), 3)));
        }
    }
    if !state.is_ready() {
        println!("starting:\n{}", cluster.timeline());
        return Ok(ExitCode::FAILURE);
    }
    println!("{}", cluster.kubectl(&["get", "nodes,pods", "--all-namespaces", "--output=wide"])?.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Nobody sees the node's errors but in a file, which whoever waits for it reads.
fn be_the_node(cluster: &Cluster) -> Result<ExitCode> {
    let state = cluster.state();
    let Err(error) = node::run(state.root(), &state.cgroup());
    let failure = state.file("failure");
    fs::write(&failure, error.to_string())
        .map_err(|other| Error::Failed(format!("{error}\n{}: {other}", failure.display())))?;
    Err(error)
}
