//! A linter for whole GitOps repositories: reads every file once, works out what each one is, and judges it.
//!
//! [`lint`] is the one way in, for the command line, tests and benchmarks alike. After [`walk`] nothing reads a disk
//! or a network, so a folder, a test's few files and an editor's unsaved text are judged by the same code.

pub mod cli;
pub mod diagnostic;
pub mod document;
pub mod image;
pub mod object;
pub mod render;
pub mod repo;
pub mod report;
pub mod rule;
pub mod rules;
pub mod schema;
pub mod set_image;
pub mod source;
mod suggest;
pub mod walk;
pub mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use diagnostic::{Diagnostic, Severity};
use document::Kind;
use object::Gvk;
use repo::Repo;
use rule::Rule;
use schema::{Schemas, Verdict};
use source::Sources;

/// What to judge, and against which Kubernetes.
#[derive(Clone, Debug)]
pub struct Options {
    pub kubernetes: schema::Minor,
    pub rules: Vec<&'static Rule>,
}

impl Default for Options {
    fn default() -> Self {
        Self { kubernetes: schema::Minor::default(), rules: rules::all().collect() }
    }
}

/// What came out: the findings, sorted by place, and what they were found in.
#[derive(Debug)]
pub struct Outcome {
    pub diagnostics: Vec<Diagnostic>,
    pub summary: Summary,
    repo: Repo,
}

impl Outcome {
    pub fn sources(&self) -> &Sources {
        self.repo.sources()
    }

    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// The summary of the files whose paths `is_wanted`.
    pub fn summarize(&self, is_wanted: impl Fn(&str) -> bool) -> Summary {
        Summary::of(&self.repo, is_wanted)
    }

    /// How many findings are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
}

/// What was read and what was not: a run that skipped something says so.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub files: usize,
    /// Documents by what they are.
    pub documents: BTreeMap<Kind, usize>,
    pub objects: usize,
    /// Kinds without a schema, with the number of their objects: nothing but their YAML was checked.
    pub unknown_kinds: BTreeMap<Gvk, usize>,
}

impl Summary {
    fn of(repo: &Repo, is_wanted: impl Fn(&str) -> bool) -> Self {
        let is_wanted = |file| is_wanted(repo.sources().file(file).path());
        let mut summary = Self::default();
        let mut files = BTreeSet::new();
        for document in repo.documents().iter().filter(|document| is_wanted(document.file)) {
            *summary.documents.entry(document.kind).or_default() += 1;
            files.insert(document.file);
        }
        summary.files = files.len();
        for object in repo.objects().iter().filter(|object| is_wanted(object.root.span.file)) {
            summary.objects += 1;
            if matches!(repo.verdict(object), Verdict::UnknownKind(_)) {
                *summary.unknown_kinds.entry(object.gvk.clone()).or_default() += 1;
            }
        }
        summary
    }

    pub fn documents_of(&self, kind: Kind) -> usize {
        self.documents.get(&kind).copied().unwrap_or(0)
    }

    /// Whether anything at all was there to be judged.
    pub fn is_empty(&self) -> bool {
        self.documents.keys().all(|kind| matches!(kind, Kind::Other | Kind::Empty))
    }
}

/// Judges a repository. The result depends on the content of `sources` alone, not on the order of its files.
pub fn lint(sources: Sources, options: &Options) -> Outcome {
    let repo = Repo::new(sources, Schemas::new(options.kubernetes));
    let found: Vec<Vec<Diagnostic>> = options.rules.par_iter().map(|rule| rule.run(&repo).into_diagnostics()).collect();
    let mut diagnostics: Vec<Diagnostic> = found.into_iter().flatten().collect();
    let place = |diagnostic: &Diagnostic| {
        (repo.sources().path(diagnostic.primary), diagnostic.primary.start, diagnostic.primary.end, diagnostic.rule.id)
    };
    diagnostics.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message)));
    Outcome { summary: Summary::of(&repo, |_| true), diagnostics, repo }
}
