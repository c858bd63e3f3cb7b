//! Whole repositories: each page under `repos/` is one, judged with every rule on. `BLESS=1` writes what is found.

#![expect(clippy::disallowed_methods, reason = "tests make and read files")]
#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

#[path = "pages/page.rs"]
mod page;

use std::fs;
use std::path::{Path, PathBuf};

use manifest_lint::report::{Format, render};
use manifest_lint::source::Sources;
use manifest_lint::{Options, lint};
use page::{Case, cases};

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repos");
    let mut pages: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    assert!(!pages.is_empty());
    pages
}

fn report(sources: Sources) -> String {
    render(&lint(sources, &Options::default()), Format::Concise, false)
}

#[test]
fn every_repository_is_reported_as_its_page_says() {
    let bless = std::env::var_os("BLESS").is_some();
    for path in pages() {
        let mut text = fs::read_to_string(&path).unwrap();
        for case in cases(&text).iter().rev() {
            let found = report(case.sources());
            let (expected, range) = case.expected.as_ref().unwrap();
            if bless {
                text.replace_range(range.clone(), &found);
            } else {
                assert_eq!(&found, expected, "{} / {}", path.display(), case.heading);
            }
        }
        if bless {
            fs::write(&path, text).unwrap();
        }
    }
}

#[test]
fn the_order_of_files_changes_nothing() {
    let shuffled = |case: &Case| -> Sources {
        let half = case.files.len() / 2;
        let (first, second) = case.files.split_at(half);
        second.iter().rev().chain(first).map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect()
    };
    for path in pages() {
        for case in cases(&fs::read_to_string(&path).unwrap()) {
            assert_eq!(report(shuffled(&case)), report(case.sources()), "{}", path.display());
        }
    }
}
