//! What a dashboard must hold so that Grafana loads it, shows it as meant, and a person can read it.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::{panels, variable_pattern};
use crate::repo::{list, text};

/// Everything wrong with a dashboard's shape, in the words of its author.
pub fn faults(dashboard: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    head(dashboard, &mut faults);
    variables(dashboard, &mut faults);
    ids(dashboard, &mut faults);
    for panel in panels(dashboard) {
        for fault in panel_faults(panel) {
            faults.push(format!("panel `{}`: {fault}", text(panel, "/title").unwrap_or("?")));
        }
    }
    overlaps(dashboard, &mut faults);
    faults
}

fn head(dashboard: &Value, faults: &mut Vec<String>) {
    for field in ["uid", "title", "description", "refresh"] {
        if text(dashboard, &format!("/{field}")).is_none_or(str::is_empty) {
            faults.push(format!("no `{field}`"));
        }
    }
    if !dashboard["id"].is_null() {
        faults.push("`id` belongs to one Grafana: must be null".to_owned());
    }
    if dashboard["editable"] != false {
        faults.push("`editable` is not false, but what is changed by hand is lost".to_owned());
    }
    // Grafana 12.0 wrote 41; what is older passes through migrations at each load.
    if dashboard["schemaVersion"].as_u64().is_none_or(|version| version < 41) {
        faults.push("`schemaVersion` is older than Grafana 12".to_owned());
    }
    if list(dashboard, "/tags").is_empty() || list(dashboard, "/links").is_empty() {
        faults.push("no tags or no links".to_owned());
    }
    if dashboard.get("__inputs").is_some() || dashboard.get("__requires").is_some() {
        faults.push("left-over of an export: `__inputs` or `__requires`".to_owned());
    }
    // `${` is Flux's own substitution as well; `$name` says the same to Grafana.
    if dashboard.to_string().contains("${") {
        faults.push("`${…}` would be replaced by Flux".to_owned());
    }
    let slow = Regex::new(r"^(3[0-9]s|[4-9][0-9]s|[1-9][0-9]*[mh])$").expect("a valid pattern");
    let offered = list(dashboard, "/timepicker/refresh_intervals").iter().filter_map(Value::as_str);
    for refresh in offered.chain(text(dashboard, "/refresh")).filter(|refresh| !slow.is_match(refresh)) {
        faults.push(format!("refresh `{refresh}` is faster than 30 s"));
    }
}

fn variables(dashboard: &Value, faults: &mut Vec<String>) {
    let mut defined = BTreeSet::new();
    for variable in list(dashboard, "/templating/list") {
        let name = text(variable, "/name").unwrap_or_default();
        if !defined.insert(name) {
            faults.push(format!("variable `{name}` is defined twice"));
        }
        if variable["type"] == "query" && (variable["refresh"] != 2 || variable["datasource"]["uid"] != "$datasource") {
            faults.push(format!("variable `{name}` does not follow the time range or the data source"));
        }
        if ["label", "description"].iter().any(|field| variable[field].as_str().is_none_or(str::is_empty)) {
            faults.push(format!("variable `{name}` has no label or no description"));
        }
    }
    let sources = list(dashboard, "/templating/list").iter().filter(|variable| variable["type"] == "datasource");
    if sources.filter(|source| source["name"] == "datasource" && source["query"] == "prometheus").count() != 1 {
        faults.push("no variable `datasource` of the type datasource for Prometheus".to_owned());
    }
    let everything = dashboard.to_string();
    let pattern = variable_pattern();
    let used: BTreeSet<_> =
        pattern.captures_iter(&everything).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    for name in used.iter().filter(|name| !name.starts_with("__") && !defined.contains(*name)) {
        faults.push(format!("variable `{name}` is used and not defined"));
    }
    for name in defined.iter().filter(|name| !used.contains(*name)) {
        faults.push(format!("variable `{name}` is defined and not used"));
    }
}

fn ids(dashboard: &Value, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for panel in panels(dashboard) {
        match panel["id"].as_u64() {
            Some(id) if seen.insert(id) => {}
            other => faults.push(format!("panel id {other:?} is missing or used twice")),
        }
    }
}

fn panel_faults(panel: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if text(panel, "/title").is_none_or(str::is_empty) {
        faults.push("no title".to_owned());
    }
    if panel["type"] == "row" {
        return faults;
    }
    if text(panel, "/description").is_none_or(str::is_empty) {
        faults.push("no description".to_owned());
    }
    if text(panel, "/fieldConfig/defaults/unit").is_none_or(str::is_empty) {
        faults.push("no unit".to_owned());
    }
    if list(panel, "/targets").is_empty() {
        faults.push("no query".to_owned());
    }
    let mut ids = BTreeSet::new();
    for target in list(panel, "/targets") {
        let id = text(target, "/refId").unwrap_or_default();
        if id.is_empty() || !ids.insert(id) {
            faults.push(format!("refId `{id}` is missing or used twice"));
        }
        faults.extend(expression_faults(text(target, "/expr").unwrap_or_default()));
    }
    let own = std::iter::once(panel).chain(list(panel, "/targets"));
    if own.into_iter().any(|place| place["datasource"]["uid"] != "$datasource") {
        faults.push("its data source is not `$datasource`".to_owned());
    }
    faults
}

/// A fixed window in `rate` shows gaps or smears when the range or the scrape interval changes.
fn expression_faults(expression: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if expression.is_empty() {
        faults.push("an empty query".to_owned());
    }
    let strings = Regex::new(r#""[^"]*""#).expect("a valid pattern");
    let rate = Regex::new(r"\bi?rate\([^\[]*\[([^\]]*)\]").expect("a valid pattern");
    for found in
        rate.captures_iter(&strings.replace_all(expression, "")).filter(|found| &found[1] != "$__rate_interval")
    {
        faults.push(format!("`rate` over `{}` instead of `$__rate_interval`", &found[1]));
    }
    faults
}

fn overlaps(dashboard: &Value, faults: &mut Vec<String>) {
    let mut taken: Vec<(&str, [u64; 4])> = Vec::new();
    for panel in list(dashboard, "/panels") {
        let title = text(panel, "/title").unwrap_or("?");
        let Some(place) = place(panel) else {
            faults.push(format!("panel `{title}` has no place on the grid of 24 columns"));
            continue;
        };
        for (other, theirs) in taken.iter().filter(|(_, theirs)| touches(*theirs, place)) {
            faults.push(format!("panels `{other}` at {theirs:?} and `{title}` at {place:?} overlap"));
        }
        taken.push((title, place));
    }
}

/// Left, top, right, bottom.
fn place(panel: &Value) -> Option<[u64; 4]> {
    let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64());
    let (x, y, w, h) = (x?, y?, w?, h?);
    (w > 0 && h > 0 && x + w <= 24).then_some([x, y, x + w, y + h])
}

fn touches(a: [u64; 4], b: [u64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}
