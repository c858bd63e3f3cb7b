//! A node that really runs: `make node`. Each test has a cluster of its own and needs root.

#![expect(clippy::print_stderr, reason = "the first build takes minutes, and a failed clean-up must be seen")]

mod snapshot;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use platform::binaries::PROBE;
use platform::cluster::Cluster;
use platform::image::Image;
use platform::process::{Identity, stdout_of};
use snapshot::Snapshot;
use tempfile::TempDir;

const WEB: &str = include_str!("web.yaml");
const LIMIT: Duration = Duration::from_secs(120);
const MIB: u64 = 1 << 20;

/// One node at a time where threads run the tests, so that times mean something and no snapshot sees another test's node.
static TURN: Mutex<()> = Mutex::new(());

/// A cluster in a temporary folder, gone at the end also of a test that fails.
struct Node {
    cluster: Cluster,
    _folder: TempDir,
    _turn: Option<MutexGuard<'static, ()>>,
}

impl Node {
    fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut node = Self::another();
        node._turn = Some(turn);
        node
    }

    /// One more beside that of this test.
    fn another() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cluster = Cluster::at(&folder.path().join("cluster")).expect("a good place");
        Self { cluster, _folder: folder, _turn: None }
    }

    fn platform(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_platform"));
        command.arg("--state").arg(self.cluster.state().root()).args(arguments).stdin(Stdio::null());
        command
    }

    fn up(&self) -> String {
        succeeded(self.platform(&["up"]).output().expect("the driver runs"))
    }

    fn down(&self) {
        succeeded(self.platform(&["down"]).output().expect("the driver runs"));
    }

    fn identity(&self) -> Identity {
        self.cluster.state().node().expect("the node runs")
    }

    fn kubectl(&self, line: &str) -> String {
        let words: Vec<_> = line.split(' ').collect();
        self.cluster.kubectl(&words).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Two replicas of a server behind a Service with a NodePort.
    fn run_web(&self) {
        let program = probe();
        let image = Image { reference: "platform.local/probe:1", program: &program, entry: "/probe", user: 65532 };
        self.cluster.load(image).expect("containerd takes the image");
        let file = self.cluster.state().file("web.yaml");
        fs::write(&file, WEB).expect("a file");
        self.kubectl(&format!("apply --filename {}", file.display()));
        self.kubectl("--namespace demo rollout status deployment/web --timeout 120s");
    }

    /// The answer to a request from the node itself. kube-proxy learns of a pod a moment after it is Ready.
    fn get(&self, url: &str) -> String {
        let program = probe().display().to_string();
        let mut answer = String::new();
        eventually(url, || {
            let mut command = self.cluster.command(&program).expect("the node runs");
            let got = stdout_of(command.args(["get", url]));
            got.is_ok_and(|text| {
                answer = text;
                true
            })
        });
        answer
    }

    fn pid_of(&self, component: &str) -> i32 {
        self.cluster.components()[component].0.cast_signed()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Err(error) = self.cluster.down() {
            eprintln!("{error}");
        }
    }
}

fn probe() -> PathBuf {
    PROBE.build(&|line| eprintln!("{line}")).expect("it builds")
}

fn succeeded(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}:\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    text
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "{what}");
        sleep(Duration::from_millis(200));
    }
}

/// The value of a file in the control group of a container, wherever below `cgroup` that is.
fn limit_of(cgroup: &str, container: &str) -> u64 {
    let (tree, file) = match Path::new("/sys/fs/cgroup/memory") {
        v1 if v1.exists() => (v1, "memory.limit_in_bytes"),
        _ => (Path::new("/sys/fs/cgroup"), "memory.max"),
    };
    let folder = below(&tree.join(cgroup), container).expect("the container has a control group");
    fs::read_to_string(folder.join(file)).expect("it has a limit").trim().parse().expect("the limit is a number")
}

fn below(folder: &Path, name: &str) -> Option<PathBuf> {
    let folders = fs::read_dir(folder).ok()?.flatten().filter(|entry| entry.path().is_dir());
    let mut folders: Vec<_> = folders.map(|entry| entry.path()).collect();
    let index = folders.iter().position(|path| path.ends_with(name));
    index.map(|index| folders.swap_remove(index)).or_else(|| folders.iter().find_map(|path| below(path, name)))
}

#[test]
#[ignore = "starts a node: make node"]
fn pods_run_within_their_limits_and_services_answer() {
    let node = Node::new();
    let answer = node.up();
    assert!(answer.contains("node Ready after"), "{answer}");
    assert!(node.up().contains("up already"));
    let status = succeeded(node.platform(&["status"]).output().expect("the driver runs"));
    assert!(status.contains("Ready") && status.contains("v1.36.3"), "{status}");

    node.run_web();
    let container = "--namespace demo get pods --selector app=web --output jsonpath={.items[0].status.containerStatuses[0].containerID}";
    let container = node.kubectl(container);
    let container = container.strip_prefix("containerd://").expect("containerd runs it");
    assert_eq!(limit_of(&node.cluster.state().cgroup(), container), 64 * MIB);

    for address in ["127.0.0.1:30080", "10.77.0.10:30080"] {
        let answer = node.get(&format!("http://{address}/"));
        assert!(answer.starts_with("200 OK probe web-"), "{address}: {answer}");
    }
    let inside = |words: &str| node.kubectl(&format!("--namespace demo exec deployment/web -- /probe {words}"));
    assert!(inside("get http://web.demo.svc.cluster.local/").starts_with("200 OK probe web-"));
    assert!(inside("get http://web/").starts_with("200 OK probe web-"));
    assert_eq!(inside("resolve kubernetes.default").trim(), "[10.96.0.1]");
    assert!(
        node.cluster
            .kubectl(&["-n", "demo", "exec", "deployment/web", "--", "/probe", "resolve", "nobody.demo"])
            .is_err()
    );
    assert!(node.kubectl("--namespace demo logs deployment/web").contains("listening"));

    // It asks for more than its limit, and dies alone.
    let reason =
        "--namespace demo get pod glutton --output jsonpath={.status.containerStatuses[0].state.terminated.reason}";
    eventually("the glutton is ended", || !node.kubectl(reason).is_empty());
    assert_eq!(node.kubectl(reason), "OOMKilled");
    let restarts = "--namespace demo get pods --selector app=web --output jsonpath={.items[*].status.containerStatuses[0].restartCount}";
    assert_eq!(node.kubectl(restarts), "0 0");
}

#[test]
#[ignore = "starts a node: make node"]
fn down_leaves_nothing() {
    let node = Node::new();
    let before = Snapshot::take();
    node.up();
    node.run_web();
    let namespaces = snapshot::namespaces_of(node.identity().pid);
    assert!(snapshot::processes_in(&namespaces).len() > 10, "the components and pods are seen from outside");
    let cgroup = node.cluster.state().cgroup();
    let during = Snapshot::take();
    assert!(before.changes_to(&during).iter().any(|change| change.contains(&cgroup)), "the comparison sees something");

    node.down();
    assert_eq!(snapshot::processes_in(&namespaces), Vec::<i32>::new());
    assert_eq!(before.changes_to(&Snapshot::take()), Vec::<String>::new());
    assert!(!node.cluster.state().root().exists());
    let again = succeeded(node.platform(&["down"]).output().expect("the driver runs"));
    assert_eq!(again.trim(), "nothing was up");
}

#[test]
#[ignore = "starts a node: make node"]
fn a_killed_node_goes_on_with_what_it_had() {
    let node = Node::new();
    node.up();
    node.run_web();
    let uid = "get namespace demo --output jsonpath={.metadata.uid}";
    let before = node.kubectl(uid);
    node.identity().kill(LIMIT).expect("it can be killed");
    let status = node.platform(&["status"]).output().expect("the driver runs");
    assert_eq!(status.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&status.stdout).contains("killed"));

    node.up();
    assert_eq!(node.kubectl(uid), before);
    assert!(node.get("http://127.0.0.1:30080/").contains("probe web-"));
    node.kubectl("--namespace demo rollout status deployment/web --timeout 120s");
}

#[test]
#[ignore = "starts a node: make node"]
fn a_killed_component_is_started_again() {
    let node = Node::new();
    node.up();
    for component in ["etcd", "kube-apiserver", "kubelet", "containerd"] {
        let before = node.pid_of(component);
        let kill = ["exec", "--", "kill", "-9", &before.to_string()];
        succeeded(node.platform(&kill).output().expect("the driver runs"));
        eventually("it has another number", || node.pid_of(component) != before);
    }
    eventually("the API server answers", || node.cluster.kubectl(&["get", "--raw=/readyz"]).is_ok());
    node.run_web();
    let status = succeeded(node.platform(&["status"]).output().expect("the driver runs"));
    assert!(status.lines().any(|line| line.contains("kubelet") && line.contains("started again")), "{status}");
}

#[test]
#[ignore = "starts a node: make node"]
fn a_killed_driver_is_run_again() {
    let node = Node::new();
    let mut driver: Child = node.platform(&["up"]).stdout(Stdio::null()).spawn().expect("the driver runs");
    eventually("the node has begun", || node.cluster.state().node().is_some());
    driver.kill().expect("it is our child");
    driver.wait().expect("it is our child");
    let begun = node.identity();
    node.up();
    assert_eq!(node.identity(), begun, "the node that was starting is the one that is up");
}

#[test]
#[ignore = "starts two nodes: make node"]
fn two_clusters_stand_side_by_side() {
    let (one, two) = (Node::new(), Node::another());
    one.up();
    two.up();
    one.kubectl("create namespace only-here");
    assert!(two.cluster.kubectl(&["get", "namespace", "only-here"]).is_err());
    two.down();
    assert!(one.kubectl("get nodes").contains(" Ready "));
    one.run_web();
    assert!(one.get("http://127.0.0.1:30080/").contains("probe web-"));
}

#[test]
#[ignore = "starts a part of a node: make node"]
fn what_a_component_says_is_shown_when_it_does_not_start() {
    let node = Node::new();
    let state = node.cluster.state();
    fs::create_dir_all(state.root()).expect("a folder");
    fs::write(state.file("cluster.lock"), "").expect("a file");
    fs::write(state.file("etcd"), "not a folder").expect("a file");
    let output = node.platform(&["up"]).output().expect("the driver runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("etcd ended") && errors.contains("not a directory"), "{errors}");
    assert!(errors.lines().count() < 20, "{errors}");
    assert!(state.node().is_none(), "nothing of it runs on");
}
