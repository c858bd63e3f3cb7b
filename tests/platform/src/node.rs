//! The first process of a node's namespaces: it makes the node, starts the components, and starts again those that end.
//! Whoever kills it ends all of them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, wait};

use crate::components::{Component, coredns, first, second};
use crate::logs::lines_that_matter;
use crate::network::NODE;
use crate::process::{Identity, poll, stdout_of};
use crate::state::INSIDE;
use crate::{Error, Result, at, certificates, mounts, network};

const CONFIG: [(&str, &str); 7] = [
    ("Corefile", include_str!("../config/Corefile")),
    ("bootstrap.yaml", include_str!("../config/bootstrap.yaml")),
    ("cni/platform.conflist", include_str!("../config/cni.conflist")),
    ("containerd.toml", include_str!("../config/containerd.toml")),
    ("kube-proxy.conf", include_str!("../config/kube-proxy.conf")),
    ("kubelet.conf", include_str!("../config/kubelet.conf")),
    // What pods with `dnsPolicy: Default` ask: nobody.
    ("resolv-pods.conf", ""),
];
/// On a machine that does other things as well.
const LIMIT: Duration = Duration::from_secs(180);
const BETWEEN_STARTS: Duration = Duration::from_secs(1);

/// Runs the node whose folder is `state`, with its pods below the control group `cgroup`, until it is killed.
///
/// # Errors
///
/// When the node cannot be made, or a component ends before the node is ready.
pub fn run(state: &Path, cgroup: &str) -> Result<Infallible> {
    // The machine's own /proc is still there: it knows us by our number outside.
    let outside = fs::read_link("/proc/self").map_err(at("/proc/self"))?;
    let pid = outside.to_str().and_then(|pid| pid.parse().ok()).ok_or("/proc/self is not a number".to_owned())?;
    let identity = Identity::of(pid).ok_or("this process is not in /proc".to_owned())?;
    replace(&state.join("node.pid"), &identity.to_string())?;
    // A terminal that closes is none of our business.
    rustix::process::setsid().map_err(at("setsid"))?;

    let mut node = Node::new();
    mounts::set_up(state)?;
    network::set_up()?;
    node.mark("mounts and network")?;
    certificates::write(Path::new("/run/platform/pki"))?;
    write_config()?;
    node.mark("certificates and configuration")?;
    node.bring_up(cgroup)?;
    replace(&inside("ready"), &identity.to_string())?;
    node.keep_up()
}

struct Node {
    start: Instant,
    components: Vec<Running>,
}

struct Running {
    component: Component,
    child: Child,
    started: Instant,
    restarts: u32,
}

impl Node {
    fn new() -> Self {
        Self { start: Instant::now(), components: Vec::new() }
    }

    fn bring_up(&mut self, cgroup: &str) -> Result<()> {
        for component in first() {
            self.start(component)?;
        }
        self.wait_for("containerd", || Ok(UnixStream::connect("/run/containerd/containerd.sock").ok().map(drop)))?;
        for image in images()? {
            stdout_of(Command::new("ctr").args(["-n", "k8s.io", "images", "import"]).arg(image))?;
        }
        self.mark("containerd and images")?;
        // Asking kubectl costs more than the socket, which opens last.
        self.wait_for("the API server", || Ok(TcpStream::connect("127.0.0.1:6443").ok().map(drop)))?;
        self.wait_for("the API server", || Ok(kubectl(&["get", "--raw=/readyz"]).ok().map(drop)))?;
        self.mark("API server")?;
        // A node that was here before is known, and was ready: only news counts.
        let before = heartbeat().unwrap_or_default();
        for component in second(cgroup) {
            self.start(component)?;
        }
        kubectl(&["apply", "--filename", "/run/platform/config/bootstrap.yaml"])?;
        self.start(coredns())?;
        self.mark("control plane")?;
        self.wait_for("the node", || {
            Ok(heartbeat().filter(|now| *now != before && now.starts_with("True")).map(drop))
        })?;
        self.mark("node Ready")?;
        self.wait_for("CoreDNS", || Ok(answers_ok("127.0.0.1:8181", "/ready").then_some(())))?;
        self.wait_for("the service account of `default`", || {
            Ok(kubectl(&["get", "serviceaccount", "default", "--namespace=default"]).ok().map(drop))
        })?;
        self.mark("ready to use")
    }

    fn start(&mut self, component: Component) -> Result<()> {
        let child = spawn(&component)?;
        self.components.push(Running { component, child, started: Instant::now(), restarts: 0 });
        self.write_table()
    }

    /// Polls until `ready` gives a value; a component that ends meanwhile will not get ready.
    fn wait_for(&mut self, what: &str, mut ready: impl FnMut() -> Result<Option<()>>) -> Result<()> {
        let components = &mut self.components;
        let waited = poll(LIMIT, || {
            for running in components.iter_mut() {
                let name = running.component.name;
                if let Some(status) = running.child.try_wait().map_err(at(name))? {
                    let lines = lines_that_matter(&log(name), 10);
                    return Err(Error::Failed(format!("{name} ended, {status}; from its log:\n{lines}")));
                }
            }
            ready()
        });
        waited?.ok_or_else(|| {
            Error::Failed(format!("{what} was not there after {} s\n{}", LIMIT.as_secs(), self.complaints()))
        })
    }

    /// The last faults that each component wrote.
    fn complaints(&self) -> String {
        let of = |running: &Running| {
            let name = running.component.name;
            format!("--- {name}\n{}", lines_that_matter(&log(name), 3))
        };
        self.components.iter().map(of).collect::<Vec<_>>().join("\n")
    }

    /// Buries every process that lost its parent, and starts components again as an init system does.
    fn keep_up(&mut self) -> Result<Infallible> {
        loop {
            let Ok(Some((pid, status))) = wait(WaitOptions::empty()) else {
                sleep(BETWEEN_STARTS);
                continue;
            };
            let ended = self.components.iter_mut().find(|running| Pid::from_child(&running.child) == pid);
            let Some(running) = ended else { continue };
            let name = running.component.name;
            note(&format!("{name} ended: {}", how(status.exit_status(), status.terminating_signal())))?;
            sleep(BETWEEN_STARTS.saturating_sub(running.started.elapsed()));
            running.child = spawn(&running.component)?;
            running.started = Instant::now();
            running.restarts += 1;
            self.write_table()?;
        }
    }

    fn mark(&self, what: &str) -> Result<()> {
        let path = inside("timeline");
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(at(&path))?;
        writeln!(file, "{:6} ms  {what}", self.start.elapsed().as_millis()).map_err(at(&path))
    }

    /// For `platform status`.
    fn write_table(&self) -> Result<()> {
        let table: BTreeMap<_, _> = self
            .components
            .iter()
            .map(|running| (running.component.name, (running.child.id(), running.restarts)))
            .collect();
        let text = serde_json::to_string_pretty(&table).map_err(at("components.json"))?;
        replace(&inside("components.json"), &text)
    }
}

fn spawn(component: &Component) -> Result<Child> {
    let name = component.name;
    let path = log(name);
    let log = OpenOptions::new().create(true).append(true).open(&path).map_err(at(&path))?;
    let both = log.try_clone().map_err(at(&path))?;
    let built = inside("bin").join(name);
    let program = if built.exists() { built } else { name.into() };
    let mut command = Command::new(program);
    command.args(&component.arguments).env("GOMEMLIMIT", "1GiB").stdin(Stdio::null()).stdout(log).stderr(both);
    command.spawn().map_err(at(name))
}

fn write_config() -> Result<()> {
    for (name, text) in CONFIG {
        let path = inside("config").join(name);
        let folder = path.parent().expect("it is in a folder");
        fs::create_dir_all(folder).map_err(at(folder))?;
        fs::write(&path, text).map_err(at(&path))?;
    }
    let registries = inside("registries");
    fs::create_dir_all(&registries).map_err(at(&registries))
}

fn images() -> Result<Vec<PathBuf>> {
    let folder = inside("images");
    let entries = fs::read_dir(&folder).map_err(at(&folder))?;
    let mut images: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    images.sort();
    Ok(images)
}

fn kubectl(arguments: &[&str]) -> Result<String> {
    stdout_of(
        Command::new(inside("bin").join("kubectl"))
            .arg("--kubeconfig=/run/platform/pki/admin.kubeconfig")
            .args(arguments),
    )
}

/// Whether the node is Ready, and when it last said so.
fn heartbeat() -> Option<String> {
    let condition = r#"jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}"#;
    kubectl(&["get", "node", NODE, "--output", condition]).ok()
}

fn answers_ok(address: &str, path: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let address: SocketAddr = address.parse().map_err(std::io::Error::other)?;
        let mut stream = TcpStream::connect_timeout(&address, BETWEEN_STARTS)?;
        stream.set_read_timeout(Some(BETWEEN_STARTS))?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

fn inside(name: &str) -> PathBuf {
    Path::new(INSIDE).join(name)
}

fn log(component: &str) -> PathBuf {
    inside("logs").join(format!("{component}.log"))
}

/// Standard error is `node.log`.
fn note(line: &str) -> Result<()> {
    writeln!(std::io::stderr(), "{line}").map_err(at(log("node")))
}

fn how(exit: Option<i32>, signal: Option<i32>) -> String {
    match (exit, signal) {
        (Some(status), _) => format!("exit status {status}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no status".to_owned(),
    }
}

/// A reader sees the old text or the new one, and never a part.
fn replace(path: &Path, text: &str) -> Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new).map_err(at(&new))?;
    file.write_all(text.as_bytes()).map_err(at(&new))?;
    fs::rename(&new, path).map_err(at(path))
}
