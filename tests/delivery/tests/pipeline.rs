//! The pipeline as gitlab-ci-local reads it: valid for GitLab's schema, no job without what it needs, and only those
//! jobs that an event calls for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use delivery::checkout::{Checkout, git};
use delivery::process::{find, stdout_of};
use delivery::repository_root;
use tempfile::TempDir;

const MERGE_REQUEST: [&str; 4] =
    ["--variable", "CI_PIPELINE_SOURCE=merge_request_event", "--ignore-predefined-vars", "CI_PIPELINE_SOURCE"];

fn checkout() -> (TempDir, Checkout) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let checkout =
        Checkout::of_head(&repository_root(), &folder.path().join("source")).expect("HEAD can be checked out");
    (folder, checkout)
}

fn gitlab_ci_local(checkout: &Checkout, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(find("gitlab-ci-local")?);
    command.arg("--no-color").args(arguments).current_dir(checkout.root()).env("HOME", checkout.root());
    stdout_of(&mut command)
}

fn replace(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).expect("the file is there");
    assert!(text.contains(old), "{} has no `{old}`", file.display());
    fs::write(file, text.replacen(old, new, 1)).expect("the checkout is writable");
}

/// Names of the jobs that would run.
fn jobs(checkout: &Checkout, arguments: &[&str]) -> BTreeSet<String> {
    let mut all = vec!["--list-json"];
    all.extend(arguments);
    let listed = gitlab_ci_local(checkout, &all).expect("the pipeline can be listed");
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("a list in JSON");
    let running = listed.as_array().expect("a list").iter().filter(|job| job["when"] != "never");
    running.filter_map(|job| job["name"].as_str().map(str::to_owned)).collect()
}

/// A branch on top of the checkout that changes `file` only.
fn change_only(checkout: &Checkout, file: &str) {
    let root = checkout.root();
    git(root, &["switch", "--quiet", "--create", "change"]).expect("a new branch");
    let path = root.join(file);
    let text = fs::read_to_string(&path).expect("the file is there");
    fs::write(&path, format!("{text}# changed\n")).expect("the checkout is writable");
    let author = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"];
    git(root, &[&author[..], &["commit", "--quiet", "--all", "--message", "Change one file"]].concat())
        .expect("a commit");
}

#[test]
fn the_pipeline_is_valid_for_the_schema_of_gitlab_and_every_need_is_met() {
    let (_folder, checkout) = checkout();
    gitlab_ci_local(&checkout, &["--preview"]).expect("valid");
    gitlab_ci_local(&checkout, &["--validate-dependency-chain"]).expect("every need is met");
}

#[test]
fn an_unknown_keyword_and_a_missing_need_are_refused() {
    let (_folder, checkout) = checkout();
    let file = checkout.root().join("ci/check.yml");
    replace(&file, "  stage: check\n", "  stagee: check\n  stage: check\n");
    let error = gitlab_ci_local(&checkout, &["--list"]).expect_err("`stagee` is no keyword");
    assert!(error.contains("stagee"), "{error}");

    replace(&file, "  stagee: check\n", "");
    replace(&file, "needs: []", "needs: [nobody]");
    let error = gitlab_ci_local(&checkout, &["--validate-dependency-chain"]).expect_err("there is no job `nobody`");
    assert!(error.contains("nobody"), "{error}");
}

#[test]
fn the_default_branch_goes_from_check_to_propose() {
    let (_folder, checkout) = checkout();
    let jobs = jobs(&checkout, &["--no-evaluate-rule-changes"]);
    for job in ["fmt", "clippy", "manifest-lint", "unit: [1/2]", "images: [hello]", "images: [hello-load]", "propose"] {
        assert!(jobs.contains(job), "{job} is not among {jobs:?}");
    }
}

/// GitLab's `workflow:rules` make no pipeline at all of it; gitlab-ci-local leaves the one job that has no rules.
#[test]
fn a_branch_without_a_merge_request_builds_nothing() {
    let (_folder, checkout) = checkout();
    change_only(&checkout, "hello/build.rs");
    let jobs = jobs(&checkout, &["--no-evaluate-rule-changes"]);
    assert!(jobs.iter().all(|job| job == "manifest-lint"), "{jobs:?}");
}

#[test]
fn a_proposed_deployment_is_linted_and_verified_and_builds_nothing() {
    let (_folder, checkout) = checkout();
    change_only(&checkout, "clusters/minikube/apps.yaml");
    let jobs = jobs(&checkout, &MERGE_REQUEST);
    assert_eq!(jobs, BTreeSet::from(["manifest-lint", "verify-proposal"].map(str::to_owned)));
}

#[test]
fn a_merge_request_with_code_is_tested_and_pushes_no_image() {
    let (_folder, checkout) = checkout();
    change_only(&checkout, "hello/build.rs");
    let jobs = jobs(&checkout, &MERGE_REQUEST);
    assert!(jobs.contains("clippy") && jobs.contains("unit: [2/2]"), "{jobs:?}");
    assert!(!jobs.iter().any(|job| job.starts_with("images") || job == "propose"), "{jobs:?}");
}

#[test]
fn nothing_in_the_pipeline_or_its_commits_skips_a_pipeline() {
    let root = repository_root();
    let mut files = vec![root.join(".gitlab-ci.yml")];
    files.extend(fs::read_dir(root.join("ci")).expect("there is ci/").map(|entry| entry.expect("an entry").path()));
    for file in files {
        let text = fs::read_to_string(&file).expect("text").to_lowercase();
        for trap in ["[skip ci]", "[ci skip]", "ci.skip", ":latest"] {
            assert!(!text.contains(trap), "{} contains {trap}", file.display());
        }
    }
}
