//! The program as a user meets it: arguments, exit status, files it writes, pipes it writes into.
#![expect(clippy::disallowed_methods, reason = "tests make and read files")]
#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n";
const BROKEN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  name: shop\n";
const UNLISTED: &str = "resources: []\n";

struct Repository(TempDir);

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        for (path, text) in files {
            let full = folder.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str]) -> Output {
        command(self.path()).args(args).output().unwrap()
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifest-lint"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_clean_repository_is_status_0_and_says_what_was_read() {
    let output = Repository::new(&[("a.yaml", GOOD)]).run(&["check"]);
    assert_eq!((status(&output), text(&output.stdout)), (0, "no findings in 1 file and 1 object\n"));
}

#[test]
fn a_finding_is_status_1_and_marked_in_its_line() {
    let output = Repository::new(&[("a.yaml", BROKEN)]).run(&["check"]);
    assert_eq!(status(&output), 1);
    let expected = "\
error[yaml/duplicate-key]: `name` stands twice in one object
 --> a.yaml:5:3
  |
4 |   name: web
  |   ---- it stands here first
5 |   name: shop
  |   ^^^^
  |
  = help: keep one of them; kustomize refuses the file, other readers take the last one

1 error in 1 file and 1 object
";
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn warnings_fail_only_when_asked_for() {
    let repository = Repository::new(&[("kustomization.yaml", UNLISTED), ("a.yaml", GOOD)]);
    assert_eq!(status(&repository.run(&["check"])), 0);
    assert_eq!(status(&repository.run(&["check", "--fail-on", "warning"])), 1);
}

#[test]
fn what_cannot_run_is_status_2_with_the_reason() {
    let repository = Repository::new(&[("README.md", "")]);
    let cases: [(&[&str], &str); 5] = [
        (&["check"], "nothing was linted"),
        (&["check", "nowhere"], "nowhere: No such file or directory"),
        (&["check", "--only", "yaml/sintax"], "did you mean `yaml/syntax`?"),
        (&["check", "--kubernetes-version", "1.2"], "1.2"),
        (&["explain", "nothing"], "no such rule"),
    ];
    for (args, reason) in cases {
        let output = repository.run(args);
        assert_eq!(status(&output), 2, "{args:?}");
        assert!(text(&output.stderr).contains(reason), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_finding_and_not_silence() {
    let repository = Repository::new(&[("a.yaml", GOOD)]);
    fs::write(repository.path().join("latin.yaml"), b"name: caf\xe9\n").unwrap();
    let output = repository.run(&["check", "--format", "concise"]);
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).starts_with("latin.yaml:1:1: error[yaml/syntax] the file cannot be read: byte 9"));
}

#[test]
fn paths_narrow_the_report_and_not_the_view() {
    let files = [("apps/kustomization.yaml", "resources: [missing.yaml]\n"), ("other/a.yaml", BROKEN)];
    let repository = Repository::new(&files);
    let output = repository.run(&["check", "--format", "concise", "apps"]);
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).contains("apps/kustomization.yaml:1:13"));
    assert!(!text(&output.stdout).contains("other/"));
    let clean = Repository::new(&[("a.yaml", GOOD), ("b.yaml", BROKEN)]);
    assert_eq!(status(&clean.run(&["check", "a.yaml"])), 0);
}

#[test]
fn several_reports_come_out_of_one_run() {
    let repository = Repository::new(&[("apps/a.yaml", BROKEN), ("b.yaml", BROKEN)]);
    let outputs = ["--output", "gitlab=quality.json", "--output", "sarif=out.sarif", "--output", "junit=junit.xml"];
    let output = repository.run(&[&["check", "--format", "json"][..], &outputs].concat());
    let read = |path: &str| fs::read_to_string(repository.path().join(path)).unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["findings"][0]["place"]["line"], 5);
    assert_eq!(json["summary"]["errors"], 2);

    let quality: Value = serde_json::from_str(&read("quality.json")).unwrap();
    let issues = quality.as_array().unwrap();
    assert_eq!(issues.len(), 2);
    assert_ne!(issues[0]["fingerprint"], issues[1]["fingerprint"]);
    for issue in issues {
        for field in ["description", "check_name", "fingerprint", "severity", "location"] {
            assert!(!issue[field].is_null(), "{field}");
        }
        assert_eq!(issue["location"]["lines"]["begin"], 5);
    }

    let sarif: Value = serde_json::from_str(&read("out.sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "apps/a.yaml");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startColumn"], 3);

    let junit = read("junit.xml");
    assert!(junit.contains("<testsuites name=\"manifest-lint\" tests=\"2\" failures=\"2\">"), "{junit}");
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let repository = Repository::new(&[("a.yaml", BROKEN)]);
    let print = || {
        let output = repository.run(&["check", "--format", "json"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["findings"][0]["fingerprint"].clone()
    };
    let before = print();
    fs::write(repository.path().join("a.yaml"), format!("# a comment\n\n{BROKEN}")).unwrap();
    assert_eq!(print(), before);
}

#[test]
fn a_closed_pipe_is_status_0() {
    let many: String = (0..2000).map(|n| format!("a{n}: 1\na{n}: 2\n")).collect();
    let repository = Repository::new(&[(
        "a.yaml",
        &format!("{GOOD}data:\n{}", many.replace("\na", "\n  a").replacen('a', "  a", 1)),
    )]);
    let mut child = command(repository.path())
        .args(["check", "--format", "concise"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((status(&output), text(&output.stderr)), (0, ""));
}

#[test]
fn two_runs_give_the_same_bytes() {
    let files: Vec<(String, &str)> = (0..40).map(|n| (format!("apps/{n}/a.yaml"), BROKEN)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let repository = Repository::new(&files);
    assert_eq!(repository.run(&["check"]).stdout, repository.run(&["check"]).stdout);
}

#[test]
fn colour_is_never_written_to_a_pipe_unless_asked_for() {
    let repository = Repository::new(&[("a.yaml", BROKEN)]);
    assert!(!text(&repository.run(&["check"]).stdout).contains('\x1b'));
    assert!(text(&repository.run(&["check", "--color", "always"]).stdout).contains('\x1b'));
}

#[test]
fn rules_are_listed_and_explained() {
    let repository = Repository::new(&[]);
    let rules = repository.run(&["rules"]);
    assert!(text(&rules.stdout).lines().any(|line| line.starts_with("yaml/syntax ") && line.contains("error")));
    let page = repository.run(&["explain", "latest-tag"]);
    assert!(text(&page.stdout).starts_with("# image/floating-tag\n"));
}

#[test]
fn set_image_changes_one_scalar_and_keeps_the_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let digest = format!("sha256:{}", "a".repeat(64));
    let before = "# the line the pipeline edits\nspec:\n  hello_image: hello:0.1.0 # deployed\n  name: hello\n";
    let repository = Repository::new(&[("clusters/apps.yaml", before)]);
    let path = repository.path().join("clusters/apps.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let output = repository.run(&["set-image", &format!("hello:0.2.0@{digest}"), "clusters"]);
    assert_eq!(status(&output), 0, "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), format!("clusters/apps.yaml:3:16: hello:0.1.0 -> hello:0.2.0@{digest}\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), before.replace("hello:0.1.0", &format!("hello:0.2.0@{digest}")));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);

    let again = repository.run(&["set-image", &format!("hello:0.2.0@{digest}"), "clusters"]);
    assert_eq!((status(&again), text(&again.stdout).contains("already")), (0, true));
    let unknown = repository.run(&["set-image", "shop:1", "clusters"]);
    assert_eq!(status(&unknown), 2);
    assert_eq!(text(&unknown.stderr), "manifest-lint: no image `shop` with a tag or a digest in these files\n");
}
