//! Whatever the files hold, a report comes out, in every format.

use manifest_lint::report::{Format, render};
use manifest_lint::source::Sources;
use manifest_lint::{Options, lint};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use proptest::sample::select;

const PATHS: [&str; 10] = [
    "a.yaml",
    "kustomization.yaml",
    "apps/kustomization.yaml",
    "apps/web.yaml",
    "chart/Chart.yaml",
    "chart/values.yaml",
    "chart/templates/a.yaml",
    ".gitlab-ci.yml",
    "board.json",
    "ü/Kustomization",
];

const LINES: [&str; 40] = [
    "---\n",
    "apiVersion: v1\n",
    "apiVersion: apps/v1\n",
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\n",
    "kind: ConfigMap\n",
    "kind: Deployment\n",
    "kind: Kustomization\n",
    "kind: List\n",
    "kind: CustomResourceDefinition\n",
    "items:\n",
    "metadata:\n",
    "metadata: {name: é, namespace: b}\n",
    "  name: a\n",
    "spec:\n",
    "  path: ../../x\n",
    "  sourceRef: {kind: GitRepository, name: flux-system}\n",
    "  dependsOn: [{name: a}]\n",
    "  versions: [{name: v1, schema: {openAPIV3Schema: {type: object}}}]\n",
    "  template: {spec: {containers: [{image: a}]}}\n",
    "  replicas: ${x}\n",
    "  ports: [{port: 80}, {port: 80}]\n",
    "resources: [web.yaml, ../.., 'https://x/y', chart]\n",
    "patches: [{path: web.yaml, target: {kind: A|B}}]\n",
    "patches:\n- patch: |\n    spec:\n      patches: []\n",
    "configMapGenerator: [{files: [a=b], env: c}]\n",
    "- a\n",
    "- - b: c\n",
    "  - {a: [1, 2], b: }\n",
    "x: &a {b: c}\n",
    "y: *a\n",
    "<<: *a\n",
    "z: |\n  text\n\n",
    "'q': \"\\u00e9\"\n",
    "? complex\n",
    "\t\n",
    "{\"title\": 1, \"panels\": []}\n",
    "[]\n",
    "# comment é\n",
    "\u{feff}",
    "a: 1\r\n",
];

fn file() -> impl Strategy<Value = (String, Vec<u8>)> {
    let text = vec(select(LINES.to_vec()), 0..12).prop_map(|lines| lines.concat().into_bytes());
    let bytes = vec(proptest::num::u8::ANY, 0..40);
    (select(PATHS.to_vec()).prop_map(str::to_owned), prop_oneof![9 => text, 1 => bytes, 1 => Just(Vec::new())])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn any_repository_gets_a_report(files in vec(file(), 1..6)) {
        let files: std::collections::BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        let sources: Sources = files.into_iter().collect();
        let outcome = lint(sources, &Options::default());
        for format in [Format::Text, Format::Concise, Format::Json, Format::Gitlab, Format::Junit, Format::Sarif] {
            render(&outcome, format, false);
        }
    }
}
