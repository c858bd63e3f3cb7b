//! Runs the page of every rule, each case with only its own rule on. `BLESS=1` writes what is found into the pages.

#![expect(clippy::disallowed_methods, reason = "tests make and read files")]

#[path = "pages/page.rs"]
mod page;

use std::fs;
use std::path::{Path, PathBuf};

use manifest_lint::report::findings;
use manifest_lint::rule::Rule;
use manifest_lint::{Options, lint, rules};
use page::{Case, cases};

const FAILING: &str = "Example";
const CLEAN: [&str; 2] = ["Fix", "Not reported"];

fn rules_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules")
}

fn page_path(rule: &Rule) -> PathBuf {
    rules_folder().join(format!("{}.md", rule.id.replace('-', "_")))
}

fn found(rule: &'static Rule, case: &Case) -> String {
    let options = Options { rules: vec![rule], ..Options::default() };
    findings(&lint(case.sources(), &options))
}

#[test]
fn every_case_of_every_page_says_what_the_rule_finds() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let mut text = fs::read_to_string(page_path(rule)).unwrap();
        for case in cases(&text).iter().rev() {
            let found = found(rule, case);
            let expected = case.expected.as_ref().map_or("", |(text, _)| text);
            if found == expected {
                continue;
            }
            match &case.expected {
                // A clean case never becomes a failing one, nor the other way round, by blessing.
                Some((_, range)) if bless && !found.is_empty() => text.replace_range(range.clone(), &found),
                _ => wrong.push(format!("{} / {}\nexpected:\n{expected}\nfound:\n{found}", rule.id, case.heading)),
            }
        }
        if bless {
            fs::write(page_path(rule), text).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_page_has_a_failing_a_fixed_and_a_clean_case() {
    for rule in rules::all() {
        let text = fs::read_to_string(page_path(rule)).unwrap();
        let cases = cases(&text);
        let find = |heading: &str| cases.iter().filter(|case| case.heading == heading).collect::<Vec<_>>();
        assert!(find(FAILING).iter().any(|case| case.expected.is_some()), "{}: no failing case", rule.id);
        for heading in CLEAN {
            let clean = find(heading);
            assert!(!clean.is_empty(), "{}: no case under `{heading}`", rule.id);
            assert!(clean.iter().all(|case| case.expected.is_none()), "{}: `{heading}` expects findings", rule.id);
        }
        assert!(text.starts_with(&format!("# {}\n", rule.id)), "{}: the title is not the id", rule.id);
        assert!(text.contains("\n## References\n"), "{}: no references", rule.id);
        assert!(text.lines().all(|line| line.chars().count() <= 150), "{}: a line is too long to read", rule.id);
    }
}

#[test]
fn every_rule_file_has_a_page_and_is_listed() {
    let mut listed: Vec<String> = rules::all().map(|rule| rule.id.replace('-', "_")).collect();
    listed.sort();
    for extension in ["rs", "md"] {
        let mut files = Vec::new();
        for family in
            fs::read_dir(rules_folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
        {
            for file in fs::read_dir(&family).unwrap().map(|entry| entry.unwrap().path()) {
                let stem = file.file_stem().unwrap().to_str().unwrap();
                if stem != "mod" && file.extension().is_some_and(|found| found == extension) {
                    files.push(format!("{}/{stem}", family.file_name().unwrap().to_str().unwrap()));
                }
            }
        }
        files.sort();
        assert_eq!(files, listed, "*.{extension} and the lists in mod.rs differ");
    }
}

#[test]
fn ids_and_aliases_name_one_rule_each() {
    let mut names: Vec<&str> = rules::all().flat_map(|rule| rule.aliases.iter().chain([&rule.id])).copied().collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(rules::all().all(|rule| rule.id.split('/').count() == 2 && rule.id == rule.id.to_lowercase()));
}
