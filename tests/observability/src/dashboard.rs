//! Grafana dashboards: their queries, and their variables resolved as Grafana would.

mod shape;

use regex::Regex;
use serde_json::Value;

use crate::prometheus::Prometheus;
use crate::repo::{files, list, root, shown, text};

pub use shape::faults;

/// A dashboard and the file it stands in.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// Path from the top of the repository.
    pub path: String,
    pub value: Value,
}

/// A PromQL expression and where it stands.
#[derive(Clone, Debug)]
pub struct Query {
    pub place: String,
    pub expression: String,
}

/// Every dashboard under `grafana/`.
pub fn all() -> Vec<Dashboard> {
    let mut found = Vec::new();
    for path in files(&root().join("grafana")) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let json = std::fs::read_to_string(&path).expect("a listed file can be read");
            let value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{}: {error}", shown(&path)));
            found.push(Dashboard { path: shown(&path), value });
        }
    }
    assert!(!found.is_empty(), "no dashboard under grafana/");
    found
}

/// All panels, those inside collapsed rows as well.
pub fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = list(dashboard, "/panels");
    top.iter().flat_map(|panel| std::iter::once(panel).chain(list(panel, "/panels"))).collect()
}

impl Dashboard {
    /// The queries of all panels and annotations.
    pub fn queries(&self) -> Vec<Query> {
        let mut found = Vec::new();
        for panel in panels(&self.value) {
            for target in list(panel, "/targets") {
                let title = text(panel, "/title").unwrap_or("?");
                let id = text(target, "/refId").unwrap_or("?");
                let expression = text(target, "/expr").unwrap_or_default().to_owned();
                found.push(Query { place: format!("{}: panel `{title}` {id}", self.path), expression });
            }
        }
        for annotation in list(&self.value, "/annotations/list") {
            if let Some(expression) = text(annotation, "/expr") {
                let name = text(annotation, "/name").unwrap_or("?");
                let place = format!("{}: annotation `{name}`", self.path);
                found.push(Query { place, expression: expression.to_owned() });
            }
        }
        found
    }

    /// A value for each variable, asked from Prometheus in the order Grafana does; `Err` when a list stays empty.
    pub fn resolve(&self, prometheus: &Prometheus) -> Result<Vec<(String, String)>, String> {
        let mut values = vec![
            ("__rate_interval".to_owned(), "10s".to_owned()),
            ("__interval".to_owned(), "10s".to_owned()),
            ("__range".to_owned(), "1m".to_owned()),
        ];
        for variable in list(&self.value, "/templating/list") {
            let name = text(variable, "/name").unwrap_or_default();
            let value = match text(variable, "/type") {
                Some("datasource") => continue,
                Some("textbox") => text(variable, "/query").unwrap_or_default().to_owned(),
                Some("query") => choose(variable, &options(variable, &values, prometheus)?)
                    .ok_or_else(|| format!("{}: variable `{name}` offers nothing", self.path))?,
                other => return Err(format!("{}: variable `{name}` has the type {other:?}", self.path)),
            };
            values.push((name.to_owned(), value));
        }
        Ok(values)
    }
}

/// `expression` with every `$name` replaced.
pub fn substitute(expression: &str, values: &[(String, String)]) -> Result<String, String> {
    let mut unknown = None;
    let replaced = variable_pattern().replace_all(expression, |found: &regex::Captures<'_>| {
        let value = values.iter().find(|(name, _)| *name == found[1]).map(|(_, value)| value.clone());
        value.unwrap_or_else(|| {
            unknown = Some(found[1].to_owned());
            String::new()
        })
    });
    let replaced = replaced.into_owned();
    unknown.map_or(Ok(replaced), |name| Err(format!("`${name}` is no variable")))
}

/// `$name`; a `$1` of `label_replace` is none.
fn variable_pattern() -> Regex {
    Regex::new(r"\$([A-Za-z_]\w*)").expect("a valid pattern")
}

/// What the drop-down of a query variable would offer.
fn options(variable: &Value, values: &[(String, String)], prometheus: &Prometheus) -> Result<Vec<String>, String> {
    let query = text(variable, "/query/query").unwrap_or_default();
    let query = substitute(query, values)?;
    let call = Regex::new(r"^label_values\((.+), *(\w+)\)$").expect("a valid pattern");
    let call = call.captures(&query).ok_or_else(|| format!("`{query}` is no label_values(selector, label)"))?;
    let path = format!("/api/v1/label/{}/values", &call[2]);
    let data = prometheus.api(&path, &[("match[]", &call[1])])?;
    let found = data.as_array().into_iter().flatten().filter_map(Value::as_str);
    let Some(pattern) = text(variable, "/regex").filter(|pattern| !pattern.is_empty()) else {
        return Ok(found.map(str::to_owned).collect());
    };
    let pattern = Regex::new(pattern.trim_matches('/')).map_err(|error| error.to_string())?;
    Ok(found.filter_map(|value| Some(pattern.captures(value)?.get(1)?.as_str().to_owned())).collect())
}

fn choose(variable: &Value, options: &[String]) -> Option<String> {
    let first = options.first()?;
    Some(text(variable, "/allValue").unwrap_or(first).to_owned())
}

/// Metric names in an expression: what stands before a selector or a range, or alone as a word with an underscore.
pub fn metrics(expression: &str) -> Vec<String> {
    let bare = Regex::new(r#""[^"]*""#).expect("a valid pattern").replace_all(expression, "\"\"").into_owned();
    let bare = Regex::new(r"\{[^}]*\}").expect("a valid pattern").replace_all(&bare, "{}").into_owned();
    let clauses = r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)";
    let bare = Regex::new(clauses).expect("a valid pattern").replace_all(&bare, " ").into_owned();
    let name = Regex::new(r"([A-Za-z_:][\w:]*)\s*([({\[]?)").expect("a valid pattern");
    let known_words = ["or", "and", "unless", "bool", "offset"];
    let mut names: Vec<String> = name
        .captures_iter(&bare)
        .filter(|found| {
            let after_number = found.get(1).is_some_and(|word| {
                bare[..word.start()]
                    .chars()
                    .next_back()
                    .is_some_and(|before| before.is_ascii_alphanumeric() || before == '$')
            });
            &found[2] != "(" && !after_number && !known_words.contains(&&found[1])
        })
        .map(|found| found[1].to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::{metrics, substitute};

    #[test]
    fn metric_names_are_told_from_functions_labels_and_durations() {
        let query = r#"histogram_quantile(0.99, sum by (le, role) (label_replace(rate(a_bucket{b=~"c|d"}[5m]), "x", "$1", "y", "z")
            * on (namespace) group_left (v) max by (v) (info))) or 0 * slo:errors:ratio_rate1h and up"#;
        assert_eq!(metrics(query), ["a_bucket", "info", "slo:errors:ratio_rate1h", "up"]);
    }

    #[test]
    fn a_variable_nobody_defined_is_an_error() {
        let values = [("namespace".to_owned(), "hello".to_owned())];
        assert_eq!(substitute("a{b=\"$namespace-x\", c=\"$1\"}", &values), Ok("a{b=\"hello-x\", c=\"$1\"}".to_owned()));
        assert_eq!(substitute("a{b=\"$nobody\"}", &values), Err("`$nobody` is no variable".to_owned()));
    }
}
