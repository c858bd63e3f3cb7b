//! All documents and objects of a repository, and the index that rules ask. Immutable once built.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::document::{Context, Document, Kind, classify, file_name, folder, is_kustomization_path};
use crate::object::Object;
use crate::render::{self, Dependency, FluxPath, Kustomization, PatchedKinds, Reference};
use crate::schema::{Problem, Schemas, Verdict};
use crate::source::{FileId, Sources, Span};
use crate::yaml::{self, Dialect, Node, Stream, SyntaxError};

#[derive(Debug)]
pub struct Repo {
    sources: Sources,
    documents: Vec<Document>,
    objects: Vec<Object>,
    verdicts: Vec<Verdict>,
    kustomizations: Vec<Kustomization>,
    flux_paths: Vec<FluxPath>,
    dependencies: Vec<Dependency>,
    patched: PatchedKinds,
}

impl Repo {
    /// Reads every document of `sources` and indexes it; `schemas` learns the CRDs it meets.
    pub fn new(sources: Sources, schemas: Schemas) -> Self {
        let charts = chart_folders(&sources);
        let parsed = parse_all(&sources, &charts);
        let kustomizations = read_kustomizations(&sources, &parsed);
        let documents = into_documents(&sources, parsed, &charts, &kustomizations);
        let objects = objects(&sources, &documents, &kustomizations);
        let verdicts = validate(schemas, &objects);
        let flux_paths = render::flux_paths(&sources, &objects);
        let dependencies = render::dependencies(&objects);
        let patched = PatchedKinds::of(&documents);
        Self { sources, documents, objects, verdicts, kustomizations, flux_paths, dependencies, patched }
    }

    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// In the order of their paths, then of their places.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// In the order of their documents; the items of a `List` one by one.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    pub fn kustomizations(&self) -> &[Kustomization] {
        &self.kustomizations
    }

    pub fn flux_paths(&self) -> &[FluxPath] {
        &self.flux_paths
    }

    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// Whether a patch somewhere may add to objects of this kind, so that what one lacks may come from there.
    pub fn may_be_patched(&self, object: &Object) -> bool {
        self.patched.contains(&object.gvk.kind)
    }

    /// Every folder that holds a file, at any depth; the root is `""`.
    pub fn folders(&self) -> BTreeSet<&str> {
        let mut folders = BTreeSet::from([""]);
        for (_, file) in self.sources.iter() {
            let mut rest = folder(file.path());
            while !rest.is_empty() && folders.insert(rest) {
                rest = folder(rest);
            }
        }
        folders
    }

    /// What the schema of its kind says about `object`, which is one of [`Repo::objects`].
    pub fn verdict(&self, object: &Object) -> &Verdict {
        &self.verdicts[object.id]
    }

    /// The schema problems of `object`; none for a kind that is not known.
    pub fn problems(&self, object: &Object) -> &[Problem] {
        match self.verdict(object) {
            Verdict::Checked(problems) => problems,
            Verdict::UnknownKind(_) => &[],
        }
    }
}

/// The folders of charts, by their `Chart.yaml`.
fn chart_folders(sources: &Sources) -> BTreeSet<String> {
    let charts = sources.iter().filter(|(_, file)| file_name(file.path()) == "Chart.yaml");
    charts.map(|(_, file)| folder(file.path()).to_owned()).collect()
}

fn is_chart_template(path: &str, charts: &BTreeSet<String>) -> bool {
    path.match_indices("templates/").any(|(at, _)| match at {
        0 => charts.contains(""),
        at => path.as_bytes()[at - 1] == b'/' && charts.contains(&path[..at - 1]),
    })
}

fn is_chart_values(path: &str, charts: &BTreeSet<String>) -> bool {
    let (folder, name) = (folder(path), file_name(path));
    let in_ci = folder.strip_suffix("ci").map(|parent| parent.trim_end_matches('/'));
    charts.contains(folder) && (name.starts_with("values") || name.ends_with("values.yaml"))
        || in_ci.is_some_and(|parent| charts.contains(parent)) && name.contains("values")
}

fn may_hold_documents(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json") || is_kustomization_path(path)
}

/// Not parsed here, but counted: Helm has to render it first.
enum Parsed {
    Template,
    Stream(Stream),
}

fn parse_all(sources: &Sources, charts: &BTreeSet<String>) -> Vec<(FileId, Parsed)> {
    let files: Vec<_> = sources.iter().filter(|(_, file)| may_hold_documents(file.path())).collect();
    files
        .into_par_iter()
        .map(|(id, file)| {
            if is_chart_template(file.path(), charts) {
                return (id, Parsed::Template);
            }
            let stream = match file.unreadable() {
                Some(why) => Stream { documents: Vec::new(), errors: vec![unreadable(id, why.to_string())] },
                None => yaml::parse(id, file.text()),
            };
            (id, Parsed::Stream(stream))
        })
        .collect()
}

fn unreadable(file: FileId, why: String) -> SyntaxError {
    SyntaxError { span: Span::new(file, 0, 0), message: format!("the file cannot be read: {why}"), help: None }
}

fn read_kustomizations(sources: &Sources, parsed: &[(FileId, Parsed)]) -> Vec<Kustomization> {
    let streams = parsed.iter().filter_map(|(id, parsed)| match parsed {
        Parsed::Stream(stream) if is_kustomization_path(sources.file(*id).path()) => Some((*id, stream)),
        _ => None,
    });
    streams.filter_map(|(id, stream)| Some(render::read(sources, id, &stream.documents.first()?.root))).collect()
}

fn into_documents(
    sources: &Sources,
    parsed: Vec<(FileId, Parsed)>,
    charts: &BTreeSet<String>,
    kustomizations: &[Kustomization],
) -> Vec<Document> {
    let named = |fields: &[&str]| -> BTreeSet<FileId> {
        let references = kustomizations.iter().flat_map(|kustomization| &kustomization.references);
        let named = references.filter(|reference| fields.contains(&reference.field));
        named.filter_map(Reference::file).collect()
    };
    let patches = named(&["patches", "patchesStrategicMerge", "patchesJson6902"]);
    let chart_values = named(&["helmCharts"]);
    let transformers = named(&["configurations", "generators", "transformers", "validators"]);
    let mut documents = Vec::new();
    for (file, parsed) in parsed {
        let path = sources.file(file).path();
        let stream = match parsed {
            Parsed::Template => {
                documents.push(empty_document(file, Kind::ChartTemplate, None));
                continue;
            }
            Parsed::Stream(stream) => stream,
        };
        let context = Context {
            values: chart_values.contains(&file) || is_chart_values(path, charts),
            patch: patches.contains(&file),
            transformer: transformers.contains(&file),
        };
        for document in stream.documents {
            documents.push(Document {
                file,
                kind: classify(path, &document.root, context),
                root: Arc::new(document.root),
                duplicate_keys: document.duplicate_keys,
                comments: document.comments,
                error: None,
            });
        }
        for error in stream.errors {
            documents.push(empty_document(file, Kind::Broken, Some(error)));
        }
    }
    documents
}

fn empty_document(file: FileId, kind: Kind, error: Option<SyntaxError>) -> Document {
    let span = error.as_ref().map_or(Span::new(file, 0, 0), |error| error.span);
    let root = Arc::new(Node::null(span));
    Document { file, kind, root, duplicate_keys: Vec::new(), comments: Vec::new(), error }
}

/// Files that a kustomization lists are read as kustomize reads them, all others as kubectl does.
fn objects(sources: &Sources, documents: &[Document], kustomizations: &[Kustomization]) -> Vec<Object> {
    let references = kustomizations.iter().flat_map(|kustomization| &kustomization.references);
    let kustomized: BTreeSet<FileId> =
        references.filter_map(Reference::file).chain(flux_applied(sources, documents)).collect();
    let mut objects = Vec::new();
    for document in documents {
        let dialect = if kustomized.contains(&document.file) { Dialect::Kustomize } else { Dialect::Kubectl };
        match document.kind {
            Kind::Resource => add_object(&document.root, dialect, &mut objects),
            Kind::Patch => add_patches(&document.root, &mut objects),
            _ => {}
        }
    }
    objects
}

/// Below a path that a Flux Kustomization applies, files reach the cluster through kustomize even unlisted.
fn flux_applied(sources: &Sources, documents: &[Document]) -> Vec<FileId> {
    let is_kustomization = |root: &Node| {
        let text = |key| root.get(key).and_then(Node::text).unwrap_or_default();
        text("kind") == "Kustomization" && text("apiVersion").starts_with("kustomize.toolkit.fluxcd.io/")
    };
    let roots = documents.iter().filter(|document| is_kustomization(&document.root));
    let paths: BTreeSet<String> =
        roots.filter_map(|document| document.root.at(&["spec", "path"])?.text()).map(render::clamped).collect();
    paths.iter().flat_map(|path| sources.below(path).map(|(_, id)| id)).collect()
}

fn add_object(root: &Arc<Node>, dialect: Dialect, into: &mut Vec<Object>) {
    let items = root.get("items").filter(|items| items.is_sequence());
    let kind = root.get("kind").and_then(Node::text).unwrap_or_default();
    match items {
        Some(items) if kind == "List" || (kind.ends_with("List") && root.at(&["metadata", "name"]).is_none()) => {
            for item in items.items() {
                into.push(Object::new(into.len(), Arc::new(item.clone()), dialect));
            }
        }
        _ => into.push(Object::new(into.len(), Arc::clone(root), dialect)),
    }
}

/// Strategic-merge patches are objects of which only a part is there; JSON 6902 patches are lists.
fn add_patches(root: &Arc<Node>, into: &mut Vec<Object>) {
    if root.get("apiVersion").is_some() && root.get("kind").is_some() {
        let mut object = Object::new(into.len(), Arc::clone(root), Dialect::Kustomize);
        object.partial = true;
        into.push(object);
    }
}

fn validate(mut schemas: Schemas, objects: &[Object]) -> Vec<Verdict> {
    for object in objects.iter().filter(|object| object.gvk.is("apiextensions.k8s.io", "CustomResourceDefinition")) {
        schemas.learn(&object.root);
    }
    objects.par_iter().map(|object| schemas.check(object)).collect()
}
