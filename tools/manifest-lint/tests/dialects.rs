//! Scalars are read as the real programs read them: every text goes through `kubectl` and through `kubectl kustomize`.

#![expect(clippy::disallowed_methods, reason = "tests make and read files")]
#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use manifest_lint::source::Sources;
use manifest_lint::yaml::{Dialect, Resolved, parse};
use serde_json::Value;

const TEXTS: &str = "y Y yes Yes YES n N no No NO on On ON off Off OFF true True TRUE false False FALSE \
    null Null NULL ~ nan inf tRue oN 0 1 -1 +1 12 0755 0o755 0O17 08 09.5 0x1F 0xfg 0b101 -0b11 -0x10 1_000 1__0 1_ \
    1e3 1E3 1e+3 1.5 .5 5. 1.2.3 12:30:45 1:2 100m 1Gi 9223372036854775807 9223372036854775808 \
    18446744073709551615 18446744073709551616 -9223372036854775808 012345678901234567890 1e400 0.1 -0 +0.0 \
    - . + -. 1- 0x 0b 0o 1e e1 '0755' \"yes\" 'null' a-b 1a";

fn kubectl(arguments: &[&str], folder: &Path) -> Vec<u8> {
    let output = Command::new("kubectl")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("KUBECONFIG")
        .output()
        .expect("kubectl is on the PATH: `tools/setup/install python` brings it, `make unit` looks there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What the API server would be sent, without asking one.
fn as_json(folder: &Path, file: &str) -> Value {
    let json = kubectl(&["label", "--local", "--overwrite", "-f", file, "a=b", "-o", "json"], folder);
    serde_json::from_slice(&json).unwrap()
}

fn same(ours: Resolved<'_>, theirs: &Value) -> bool {
    match ours {
        Resolved::Null => theirs.is_null(),
        Resolved::Bool(truth) => theirs == &Value::Bool(truth),
        // JSON as kubectl prints it has passed through float64 where the number is no int64.
        Resolved::Int(number) => theirs.as_i64() == Some(number) || theirs.as_f64() == Some(number as f64),
        Resolved::UInt(number) => theirs.as_u64() == Some(number) || theirs.as_f64() == Some(number as f64),
        Resolved::Float(number) => theirs.as_f64() == Some(number),
        Resolved::String(text) => theirs == text,
    }
}

#[test]
fn every_text_means_what_kubectl_and_kustomize_make_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = String::from("apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: a\nspec:\n");
    for (number, text) in TEXTS.split(' ').enumerate() {
        // A dash alone would begin a list, and a full stop is a string either way.
        if text != "-" {
            writeln!(manifest, "  k{number}: {text}").unwrap();
        }
    }
    fs::write(folder.path().join("thing.yaml"), &manifest).unwrap();
    fs::write(folder.path().join("kustomization.yaml"), "resources: [thing.yaml]\n").unwrap();
    let built = kubectl(&["kustomize", "."], folder.path());
    fs::write(folder.path().join("built.yaml"), built).unwrap();

    let sources: Sources = [("thing.yaml", manifest.as_str())].into_iter().collect();
    let stream = parse(sources.find("thing.yaml").unwrap(), &manifest);
    let mut wrong = String::new();
    for (dialect, file) in [(Dialect::Kubectl, "thing.yaml"), (Dialect::Kustomize, "built.yaml")] {
        let json = as_json(folder.path(), file);
        for entry in stream.documents[0].root.get("spec").unwrap().entries() {
            let key = entry.key.text().unwrap();
            let (ours, theirs) = (entry.value.resolve(dialect).unwrap(), &json["spec"][key]);
            if !same(ours, theirs) {
                writeln!(wrong, "{dialect:?} {:?}: ours {ours:?}, theirs {theirs}", entry.value.text().unwrap())
                    .unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
