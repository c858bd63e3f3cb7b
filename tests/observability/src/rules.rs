//! `PrometheusRule` objects as the rule files Prometheus itself reads.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::flux;
use crate::repo::{Manifest, list, of_kind, text};

/// What the operator hands to Prometheus: the object's `spec`.
pub fn groups(manifest: &Manifest) -> Value {
    let spec = manifest.value.get("spec").unwrap_or_else(|| panic!("{}: no `spec`", manifest.shown()));
    flux::substituted(spec)
}

/// Writes the rule file of one object to `dir`. JSON is YAML, so no writer of YAML is needed.
pub fn write(manifest: &Manifest, groups: &Value, dir: &Path) -> PathBuf {
    let namespace = manifest.namespace().unwrap_or("default");
    let path = dir.join(format!("{namespace}-{}.rules.yaml", manifest.name()));
    std::fs::write(&path, groups.to_string()).expect("the directory of a test is writable");
    path
}

/// The same rules with time made short: evaluated each second, alerts without waiting.
///
/// Expressions, labels and annotations stay as they are.
pub fn hurried(mut groups: Value) -> Value {
    for group in groups.get_mut("groups").and_then(Value::as_array_mut).into_iter().flatten() {
        group["interval"] = json!("1s");
        for rule in group.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(rule) = rule.as_object_mut() {
                rule.remove("for");
                rule.remove("keep_firing_for");
            }
        }
    }
    groups
}

/// Every rule of every `PrometheusRule`, with the object it stands in.
pub fn all() -> Vec<(Manifest, Value)> {
    let mut found = Vec::new();
    for manifest in of_kind("PrometheusRule") {
        for group in list(&manifest.value, "/spec/groups") {
            found.extend(list(group, "/rules").iter().map(|rule| (manifest.clone(), rule.clone())));
        }
    }
    found
}

/// Names under the key `alert` or `record`.
pub fn names(key: &str) -> Vec<String> {
    let pointer = format!("/{key}");
    let mut names: Vec<_> = all().iter().filter_map(|(_, rule)| text(rule, &pointer).map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}
