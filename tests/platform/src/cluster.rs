//! A cluster as seen from outside: started, looked at, entered and removed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::binaries::{KUBE, PAUSE, Say};
use crate::cgroup::Hierarchies;
use crate::image::Image;
use crate::logs::lines_that_matter;
use crate::process::{STEP, find, poll, stdout_of};
use crate::state::State;
use crate::{Error, Result, at, requirements};

/// Names that `kube` answers to.
const ROLES: [&str; 8] = [
    "coredns",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
];
const PAUSE_IMAGE: &str = "platform.local/pause:1";
/// More than the node gives itself.
const UP: Duration = Duration::from_secs(15 * 60);
const END: Duration = Duration::from_secs(30);

/// One node with everything that belongs to it, in a folder.
#[derive(Debug)]
pub struct Cluster {
    state: State,
}

/// What `up` found or did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Up {
    Already,
    After(Duration),
}

/// A component: its number in the node, and how often it had to be started again.
pub type Components = BTreeMap<String, (u32, u32)>;

impl Cluster {
    /// The cluster in `folder`, which need not exist.
    ///
    /// # Errors
    ///
    /// When no cluster can be there.
    pub fn at(folder: &Path) -> Result<Self> {
        Ok(Self { state: State::new(folder)? })
    }

    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Starts the node and waits until it is Ready. One that was killed goes on with the data it had.
    ///
    /// # Errors
    ///
    /// When this machine lacks something, or a component does not start.
    pub fn up(&self, say: Say<'_>) -> Result<Up> {
        requirements::rights()?;
        requirements::programs()?;
        let hierarchies = Hierarchies::of_this_machine()?;
        let (kube, pause) = (KUBE.build(say)?, PAUSE.build(say)?);
        let _lock = self.state.lock()?;
        if self.state.is_ready() {
            return Ok(Up::Already);
        }
        let start = Instant::now();
        // Another driver may have been killed while its node was starting: that one is waited for as well.
        let child = if self.state.node().is_some() { None } else { Some(self.start(&hierarchies, &kube, &pause)?) };
        self.wait_until_ready(child)?;
        Ok(Up::After(start.elapsed()))
    }

    fn start(&self, hierarchies: &Hierarchies, kube: &Path, pause: &Path) -> Result<Child> {
        let (state, cgroup) = (&self.state, self.state.cgroup());
        for file in ["ready", "failure", "node.pid", "timeline", "components.json"] {
            remove_file(&state.file(file))?;
        }
        hierarchies.remove(&cgroup, &state.file("cgroup-controllers"), END)?;
        hierarchies.create(&cgroup, &state.file("cgroup-controllers"))?;
        for folder in ["bin", "images"] {
            fs::create_dir_all(state.file(folder)).map_err(at(state.root()))?;
        }
        for role in ROLES {
            let link = state.file("bin").join(role);
            remove_file(&link)?;
            symlink(kube, &link).map_err(at(&link))?;
        }
        let pause = Image { reference: PAUSE_IMAGE, program: pause, entry: "/pause", user: 65535 };
        pause.write(&state.file("images").join("pause.tar"))?;

        let log = state.log("node");
        let log_file = File::options().create(true).append(true).open(&log).map_err(at(&log))?;
        let errors = log_file.try_clone().map_err(at(&log))?;
        let mut command = Command::new(program("unshare")?);
        command.args(["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--propagation", "private", "--"]);
        command.arg(std::env::current_exe().map_err(at("this program"))?);
        command.arg("--state").arg(state.root()).arg("node");
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root");
        command.current_dir("/").stdin(Stdio::null()).stdout(log_file).stderr(errors);
        command.spawn().map_err(at("unshare"))
    }

    /// `child` is the parent of the node's first process, when we started it.
    fn wait_until_ready(&self, mut child: Option<Child>) -> Result<()> {
        let state = &self.state;
        let outcome = poll(UP, || {
            if state.is_ready() {
                return Ok(Some(()));
            }
            let ended = match &mut child {
                Some(child) => child.try_wait().map_err(at("unshare"))?.is_some(),
                None => state.node().is_none(),
            };
            if !ended {
                return Ok(None);
            }
            let why =
                fs::read_to_string(state.file("failure")).unwrap_or_else(|_| lines_that_matter(&state.log("node"), 10));
            Err(Error::Failed(format!("the node did not start: {}", why.trim_end())))
        });
        let late = || Error::Failed(format!("the node was not ready after {} s", UP.as_secs()));
        let logs = |error| Error::Failed(format!("{error}\nlogs: {}", state.file("logs").display()));
        outcome.and_then(|ready| ready.ok_or_else(late)).map_err(logs)
    }

    /// What each step of the last start took.
    #[must_use]
    pub fn timeline(&self) -> String {
        fs::read_to_string(self.state.file("timeline")).unwrap_or_default()
    }

    /// Its processes, when it is up.
    #[must_use]
    pub fn components(&self) -> Components {
        let text = fs::read_to_string(self.state.file("components.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A command that runs `program` in the node, in the caller's folder, with `kubectl` on its `PATH`.
    ///
    /// # Errors
    ///
    /// When the node does not run, or we may not enter it.
    pub fn command(&self, program_name: &str) -> Result<Command> {
        requirements::rights()?;
        let node = self.state.node().ok_or_else(|| {
            Error::CannotRun(format!(
                "no node runs in {}: run `platform up`, or `make up`",
                self.state.root().display()
            ))
        })?;
        let folder = std::env::current_dir().map_err(at("."))?;
        let mut command = Command::new(program("nsenter")?);
        command.args(["--mount", "--net", "--pid", "--uts", "--ipc", "--target", &node.pid.to_string()]);
        command.arg(format!("--wdns={}", folder.display())).arg("--").arg(program_name);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            std::iter::once(self.state.file("bin")).chain(std::env::split_paths(&path)).chain(["/usr/sbin".into()]);
        let path = std::env::join_paths(folders).map_err(at("PATH"))?;
        command.env("PATH", path).env("KUBECONFIG", self.state.file("pki/admin.kubeconfig"));
        Ok(command)
    }

    /// What kubectl answers, as the administrator.
    ///
    /// # Errors
    ///
    /// When it fails; with what it says.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        stdout_of(self.command("kubectl")?.args(arguments))
    }

    /// Puts an image into the node, as if it had been pulled.
    ///
    /// # Errors
    ///
    /// When containerd does not take it.
    pub fn load(&self, image: Image<'_>) -> Result<()> {
        let file = self.state.file("images").join(format!("{}.tar", image.reference.replace(['/', ':'], "_")));
        image.write(&file)?;
        stdout_of(self.command("ctr")?.args(["-n", "k8s.io", "images", "import"]).arg(&file)).map(drop)
    }

    /// Ends the node and removes everything that was its own; whether there was anything.
    ///
    /// # Errors
    ///
    /// When something cannot be removed.
    pub fn down(&self) -> Result<bool> {
        if !self.state.exists() {
            return Ok(false);
        }
        requirements::rights()?;
        let _lock = self.state.lock()?;
        if let Some(node) = self.state.node() {
            // It is in the namespaces as well, and has nothing more to do.
            let holder = node.parent("unshare");
            node.kill(END)?;
            holder.map_or(Ok(()), |holder| holder.kill(END))?;
        }
        let hierarchies = Hierarchies::of_this_machine()?;
        hierarchies.remove(&self.state.cgroup(), &self.state.file("cgroup-controllers"), END)?;
        let start = Instant::now();
        // The kernel takes the mounts away a moment after the last process.
        while let Err(error) = fs::remove_dir_all(self.state.root()) {
            if error.kind() == ErrorKind::NotFound {
                break;
            }
            if start.elapsed() > END {
                return Err(at(self.state.root())(error));
            }
            sleep(STEP);
        }
        Ok(true)
    }
}

fn program(name: &str) -> Result<PathBuf> {
    find(name).ok_or_else(|| Error::CannotRun(format!("`{name}` is missing")))
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}
