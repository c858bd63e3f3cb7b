//! The API server fills in defaults before it validates.

use super::shape::{Literal, Schema};
use super::table::View;
use crate::source::Span;
use crate::yaml::{Entry, Node, Scalar, Style, Value};

/// `node` with the scalar defaults of its schema where it says nothing.
pub(super) fn filled(view: View, schema: &Schema, node: &Node) -> Node {
    let value = match &node.value {
        Value::Mapping(entries) => Value::Mapping(mapping(view, schema, node.span, entries)),
        Value::Sequence(items) => match &schema.items {
            Some(child) => Value::Sequence(items.iter().map(|item| filled(view, view.child(child), item)).collect()),
            None => return node.clone(),
        },
        Value::Scalar(_) => return node.clone(),
    };
    Node { span: node.span, value }
}

fn mapping(view: View, schema: &Schema, span: Span, entries: &[Entry]) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries.iter().filter(|entry| !entry.value.is_null()) {
        let child = entry.key.text().and_then(|name| schema.property(name));
        let value = child.map_or_else(|| entry.value.clone(), |child| filled(view, view.child(child), &entry.value));
        all.push(Entry { key: entry.key.clone(), value });
    }
    for (name, child) in schema.properties.iter().flatten() {
        let Some(value) = view.child(child).default.as_ref().and_then(|default| scalar(default, span)) else {
            continue;
        };
        if !all.iter().any(|entry| entry.key.text() == Some(name)) {
            all.push(Entry { key: string(name, span), value });
        }
    }
    all
}

fn scalar(literal: &Literal, span: Span) -> Option<Node> {
    let text = match literal {
        Literal::Null => return None,
        Literal::String(text) => return Some(string(text, span)),
        Literal::Bool(truth) => truth.to_string(),
        Literal::Number(number) => number.to_string(),
    };
    Some(Node { span, value: Value::Scalar(Scalar { text: text.into(), style: Style::Plain, tagged_string: false }) })
}

fn string(text: &str, span: Span) -> Node {
    Node { span, value: Value::Scalar(Scalar { text: text.into(), style: Style::DoubleQuoted, tagged_string: false }) }
}
