//! How long a whole run takes: this repository, beside `kubectl kustomize` of one of its folders, and a large generated one.
//!
//! Whole processes, in turn, so that a machine that slows down slows both; what is printed are medians and their ratio.

#![expect(clippy::disallowed_methods, reason = "writes the repository that is measured")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![expect(clippy::unwrap_used, reason = "a benchmark whose set-up fails has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const APPS: usize = 500;

fn main() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..ROUNDS {
        ours.push(time(linter(&repository)));
        theirs.extend(time_if_there(Command::new("kubectl").args(["kustomize", "apps"]).current_dir(&repository)));
    }
    let ours = median(ours);
    println!("this repository:  manifest-lint check  {:6.1} ms", millis(ours));
    if theirs.is_empty() {
        println!("                  kubectl is not on the PATH");
    } else {
        let theirs = median(theirs);
        println!("one folder of it: kubectl kustomize    {:6.1} ms", millis(theirs));
        println!("ratio             {:.0} times as fast", theirs.as_secs_f64() / ours.as_secs_f64());
    }

    let large = tempfile::tempdir().unwrap();
    generate(large.path());
    let runs = (0..ROUNDS).map(|_| time(linter(large.path()))).collect();
    println!("{} files:       manifest-lint check  {:6.1} ms", APPS * 4 + 1, millis(median(runs)));
}

fn linter(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifest-lint"));
    command.args(["check", "--format", "concise"]).current_dir(folder);
    command
}

fn time(mut command: Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status().unwrap();
    assert!(status.success(), "{command:?} failed");
    start.elapsed()
}

fn time_if_there(command: &mut Command) -> Option<Duration> {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    status.success().then(|| start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Apps as teams have them: a Deployment, a Service and a kustomization each, and a Flux Kustomization.
fn generate(root: &Path) {
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::create_dir_all(root.join("clusters/lab")).unwrap();
    fs::write(root.join("README.md"), "").unwrap();
    for n in 0..APPS {
        let folder = root.join(format!("apps/app-{n}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("kustomization.yaml"), "resources:\n- deployment.yaml\n- service.yaml\n").unwrap();
        fs::write(
            folder.join("deployment.yaml"),
            format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{n}\n  namespace: apps\nspec:\n  replicas: 2\n  \
                 selector:\n    matchLabels:\n      app: app-{n}\n  template:\n    metadata:\n      labels:\n        app: app-{n}\n    \
                 spec:\n      containers:\n      - name: app\n        image: registry.example.com/app-{n}:1.2.{n}\n        ports:\n        \
                 - name: http\n          containerPort: 8080\n        resources:\n          requests:\n            cpu: 10m\n            \
                 memory: 32Mi\n          limits:\n            memory: 64Mi\n        readinessProbe:\n          httpGet:\n            \
                 path: /\n            port: http\n"
            ),
        )
        .unwrap();
        fs::write(
            folder.join("service.yaml"),
            format!(
                "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: app-{n}\n  namespace: apps\nspec:\n  ports:\n  - name: http\n    \
                 port: 80\n    targetPort: http\n  selector:\n    app: app-{n}\n"
            ),
        )
        .unwrap();
        fs::write(
            root.join(format!("clusters/lab/app-{n}.yaml")),
            format!(
                "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: app-{n}\n  namespace: \
                 flux-system\nspec:\n  interval: 10m\n  path: ./apps/app-{n}\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    \
                 name: flux-system\n"
            ),
        )
        .unwrap();
    }
}
