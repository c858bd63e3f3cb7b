//! The jobs of the pipeline at work: gitlab-ci-local runs check, test, image, propose and verify from a clean checkout;
//! then the image is pulled back by its digest and asked, and the proposal read line by line.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use delivery::checkout::{Checkout, bare, git, proposals};
use delivery::image::{Pulled, built};
use delivery::process::{Running, find};
use delivery::registry::Registry;
use delivery::{APPS, repository_root};

/// Folders that outlive a run, so that the next one builds only what changed.
const LASTING: &str = "target/pipeline";
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// All jobs of a push but `observability`, which needs nothing from the pipeline and is a proof of its own.
const JOBS: [&str; 13] = [
    "fmt",
    "clippy",
    "deny",
    "manifest-lint",
    "rule-pages",
    "chart",
    "terraform",
    "unit: [1/2]",
    "unit: [2/2]",
    "images: [hello]",
    "images: [hello-load]",
    "propose",
    "verify-image",
];

fn run_pipeline(checkout: &Checkout, registry: &Registry, remote: &Path) -> String {
    let lasting = repository_root().join(LASTING);
    let mut command = Command::new(find("gitlab-ci-local").expect("it is installed"));
    command.current_dir(checkout.root()).env("HOME", std::env::var_os("HOME").unwrap_or_default());
    command.args(["--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source", "--no-color"]);
    command.args(["--no-evaluate-rule-changes", "--concurrency", "2", "--ignore-predefined-vars", "CI_REGISTRY_IMAGE"]);
    let home = std::env::var("HOME").unwrap_or_default();
    let tools = std::env::var("HELLO_TOOLS").unwrap_or_else(|_| format!("{home}/.cache/hello-delivery/tools"));
    let cargo_home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let variables = [
        ("CARGO_HOME", cargo_home),
        ("CARGO_TARGET_DIR", lasting.join("cargo").display().to_string()),
        ("HELLO_TOOLS", tools),
        ("IMAGE_BUILDER", "buildah".to_owned()),
        ("BUILDAH_STORAGE", lasting.join("buildah").display().to_string()),
        ("CI_REGISTRY_IMAGE", registry.project()),
        ("REGISTRY_PLAIN_HTTP", "1".to_owned()),
        ("DEPLOY_REMOTE", remote.display().to_string()),
    ];
    for (name, value) in variables {
        command.arg("--variable").arg(format!("{name}={value}"));
    }
    // make and nextest speak to their children through these; the jobs' own make and nextest are not their children.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NEXTEST") || name.contains("MAKE")) {
        command.env_remove(name);
    }
    for name in ["CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR", "JUNIT", "PARTITION", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command.args(JOBS);
    let log = lasting.join("pipeline.log");
    let running = Running::start("the pipeline", &command, &log).expect("gitlab-ci-local starts");
    running.wait(LIMIT, |_, _| ()).unwrap_or_else(|error| panic!("{error}"));
    fs::read_to_string(&log).expect("the log was written")
}

#[test]
fn the_jobs_check_test_build_push_and_propose_one_line_per_app() {
    let lasting = repository_root().join(LASTING);
    fs::create_dir_all(&lasting).expect("target is writable");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let checkout = Checkout::of_head(&repository_root(), &lasting.join("source")).expect("HEAD can be checked out");
    let commit = checkout.commit().expect("it has a commit");
    let registry_folder = folder.path().join("registry");
    fs::create_dir(&registry_folder).expect("a folder");
    let registry = Registry::start(&registry_folder).expect("a registry");
    let remote = folder.path().join("deploy.git");
    bare(&remote).expect("a bare repository");

    let log = run_pipeline(&checkout, &registry, &remote);
    for job in JOBS {
        assert!(
            log.lines().any(|line| line.trim_start().starts_with("PASS") && line.contains(job)),
            "{job} did not pass:\n{log}"
        );
    }

    let branches = git(&remote, &["for-each-ref", "--format=%(refname:short)", "refs/heads/deploy"]).expect("branches");
    let branch = branches.trim();
    let proposed = proposals(&remote, &commit, branch).expect("the branch is on top of the commit");
    assert_eq!(proposed.len(), APPS.len(), "one commit per app: {proposed:?}");
    let artifacts = checkout.root().join(".gitlab-ci-local/artifacts");
    for app in APPS {
        let subject = format!("Deploy {app}:");
        let proposal = proposed.iter().find(|proposal| proposal.subject.starts_with(&subject));
        let proposal = proposal.unwrap_or_else(|| panic!("no commit for {app}: {proposed:?}"));
        let reference = built(&artifacts_of(&artifacts, app), app).expect("the job left its reference");
        assert_eq!(branch, format!("deploy/minikube/{}", reference.tag));
        assert!(reference.tag.ends_with(&format!("-{}", &commit[..8])), "{reference}");
        assert_eq!(proposal.files, ["clusters/minikube/apps.yaml"]);
        let key = app.replace('-', "_");
        assert_eq!(proposal.added, [format!("      {key}_image: {reference}")], "{proposal:?}");
        assert_eq!(proposal.removed.len(), 1, "{proposal:?}");
        assert!(proposal.removed[0].starts_with(&format!("      {key}_image: {app}:")), "{proposal:?}");
        assert!(registry.manifest(app, &reference.digest).is_ok() && registry.manifest(app, &reference.tag).is_ok());
    }

    let hello = built(&artifacts_of(&artifacts, "hello"), "hello").expect("the job left its reference");
    let storage = folder.path().join("pulled");
    let pulled = Pulled::by_digest(&registry, &hello, &storage).expect("the registry has it under its digest");
    assert_eq!(pulled.files().expect("files"), ["/hello"], "one static program and nothing else");
    let config = pulled.config().expect("a configuration");
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Labels"]["org.opencontainers.image.revision"], commit.as_str());
    let answer = pulled.answer("/", &folder.path().join("hello.log")).expect("hello answers");
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON, as asked for");
    assert_eq!(answer["revision"], commit.as_str());
    assert_eq!(answer["version"].as_str().map(|version| hello.tag.starts_with(version)), Some(true));

    a_wrong_digest_is_refused(&checkout, &registry, folder.path());
}

/// The verify job must be able to fail: an image nobody pushed, and a tag that moved.
fn a_wrong_digest_is_refused(checkout: &Checkout, registry: &Registry, folder: &Path) {
    let verify = |text: &str| {
        let file = folder.join("wrong.yaml");
        fs::write(&file, text).expect("writable");
        let mut command = Command::new(checkout.root().join("ci/verify"));
        command.arg(&file).env("CI_REGISTRY_IMAGE", registry.project()).env("REGISTRY_PLAIN_HTTP", "1");
        let output = command.output().expect("ci/verify starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, error) = verify(&format!("image: hello:0.1.0@sha256:{}\n", "ab".repeat(32)));
    assert!(status == Some(1) && error.contains("wrong.yaml:1") && error.contains("404"), "{status:?} {error}");
    let (status, error) = verify("image: hello:0.1.0\n");
    assert!(status == Some(2) && error.contains("nothing was verified"), "{status:?} {error}");
}

/// The artifacts of a job of the matrix; gitlab-ci-local names their folder after the job, in its own way.
fn artifacts_of(artifacts: &Path, app: &str) -> std::path::PathBuf {
    let folders = fs::read_dir(artifacts).expect("jobs left artifacts").map(|entry| entry.expect("an entry").path());
    let mut images = folders
        .map(|folder| folder.join("target/images"))
        .filter(|folder| folder.join(format!("{app}.image")).is_file());
    images.next().unwrap_or_else(|| panic!("no artifact {app}.image below {}", artifacts.display()))
}
