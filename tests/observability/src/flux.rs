//! What Flux does to a manifest before the cluster sees it.

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

use crate::repo::of_kind;

/// `${name}` and `${name:=default}` in every text, replaced by what the Kustomizations under clusters/ substitute.
///
/// Panics on a name without value and default, which is what Flux 2.9 refuses as well.
pub fn substituted(value: &Value) -> Value {
    let mut known = Map::new();
    for kustomization in of_kind("Kustomization") {
        let own = kustomization.value.pointer("/spec/postBuild/substitute").and_then(Value::as_object);
        known.extend(own.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    }
    replaced(value, &|text| expand(text, &known))
}

fn expand(text: &str, known: &Map<String, Value>) -> String {
    let pattern = Regex::new(r"\$\{(\w+)(?::?=([^}]*))?\}").expect("a valid pattern");
    let new = pattern.replace_all(text, |found: &Captures<'_>| {
        let given = known.get(&found[1]).and_then(Value::as_str).map(str::to_owned);
        let default = || found.get(2).map(|default| default.as_str().to_owned());
        given.or_else(default).unwrap_or_else(|| panic!("nothing substitutes `{}`", &found[0]))
    });
    new.into_owned()
}

fn replaced(value: &Value, with: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(value) => json!(with(value)),
        Value::Array(items) => items.iter().map(|item| replaced(item, with)).collect(),
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), replaced(item, with))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::expand;
    use serde_json::{Map, json};

    #[test]
    fn a_given_value_wins_over_the_default() {
        let known = Map::from_iter([("a".to_owned(), json!("1"))]);
        assert_eq!(expand("${a:=2}/${b:=x.y/z}", &known), "1/x.y/z");
    }

    #[test]
    #[should_panic(expected = "nothing substitutes `${c}`")]
    fn a_name_nobody_gives_a_value_is_refused() {
        expand("${c}", &Map::new());
    }
}
