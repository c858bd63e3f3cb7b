//! Where a misplaced field belongs: the usual reason is a wrong indentation.

use super::check::{Step, print};
use super::shape::{Schema, Types};
use super::table::View;
use crate::yaml::{Node, Value};

const DEPTH: usize = 4;
/// A field that many objects have is no hint.
const MAX_PLACES: usize = 3;
const MAX_SCHEMAS: usize = 3000;

/// The object, as a path, that has a field `name` which `value` would fit: one of those around it, else the nearest
/// inside, else the nearest of the whole kind. `trail` are the schemas from the root to the object, `path` its path.
pub(super) fn elsewhere(view: View, trail: &[&Schema], path: &[Step<'_>], name: &str, value: &Node) -> Option<String> {
    let (here, above) = trail.split_last()?;
    for (depth, schema) in above.iter().enumerate().rev() {
        if has(view, schema, name, value) {
            return Some(print(path.get(..depth)?));
        }
    }
    let prefix = print(path);
    inside(view, here, name, value).map(|found| join(&prefix, &found)).or_else(|| {
        let root = above.first()?;
        inside(view, root, name, value)
    })
}

fn join(prefix: &str, rest: &str) -> String {
    if prefix.is_empty() { rest.to_owned() } else { format!("{prefix}.{rest}") }
}

fn has(view: View, schema: &Schema, name: &str, value: &Node) -> bool {
    schema.property(name).is_some_and(|field| fits(view.child(field), value))
}

fn fits(schema: &Schema, value: &Node) -> bool {
    let found = match value.value {
        Value::Mapping(_) => Types::OBJECT,
        Value::Sequence(_) => Types::ARRAY,
        Value::Scalar(_) => Types(Types::STRING.0 | Types::INTEGER.0 | Types::NUMBER.0 | Types::BOOLEAN.0),
    };
    schema.types.any() || schema.types.has(found)
}

/// Breadth first below `from`; the first of the nearest places, unless there are many.
fn inside(view: View, from: &Schema, name: &str, value: &Node) -> Option<String> {
    let mut level = vec![(String::new(), from)];
    let mut seen = 0;
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for (path, schema) in level {
            for (field, child) in schema.properties.iter().flatten() {
                if field == "status" && path.is_empty() {
                    continue;
                }
                seen += 1;
                let child = view.child(child);
                let (suffix, inner) = match &child.items {
                    Some(items) => ("[]", view.child(items)),
                    None => ("", child),
                };
                next.push((format!("{}{suffix}", join(&path, field)), inner));
            }
        }
        let places: Vec<&String> =
            next.iter().filter(|(_, schema)| has(view, schema, name, value)).map(|(path, _)| path).collect();
        match places.first() {
            Some(first) if places.len() <= MAX_PLACES => return Some((*first).clone()),
            Some(_) => return None,
            None if seen > MAX_SCHEMAS => return None,
            None => level = next,
        }
    }
    None
}
