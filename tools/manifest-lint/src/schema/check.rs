//! One object against its schema.
//!
//! Strict, as the API server with `fieldValidation=Strict`: an unknown field is a fault. A field that is null counts
//! as absent, because the server drops it before it validates.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::crd::number_of;
use super::defaults;
use super::formats;
use super::hint;
use super::problem::{Fault, Problem};
use super::shape::{Bounds, Format, Junction, ListType, Literal, Schema, Types};
use super::table::View;
use crate::source::Span;
use crate::suggest::nearest;
use crate::yaml::{Dialect, Entry, Node, Resolved, Scalar, Style, Value};

static STRING: LazyLock<Schema> = LazyLock::new(|| Schema::of(Types::STRING));

/// How an object is to be looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) dialect: Dialect,
    /// Only a part of the object is there: nothing is missing.
    pub(super) partial: bool,
    /// A custom resource, whose metadata its own schema does not describe.
    pub(super) custom: bool,
}

/// A part of a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

pub(super) fn check(view: View, schema: &Schema, root: &Node, manner: Manner) -> Vec<Problem> {
    let mut checker = Checker::new(view, manner, false);
    let anchor = root.entry("kind").map_or(root.span, |entry| entry.value.span);
    checker.value(schema, root, anchor);
    checker.problems
}

/// Whether Flux substitutes a part of `text` (`${name}`, `${name:=default}`): what arrives in the cluster is not known here.
fn holds_variable(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| {
        let inside = &text[at + 2..];
        inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && inside.contains('}')
    })
}

pub(super) struct Checker<'a> {
    view: View,
    manner: Manner,
    /// Inside `oneOf` and the like, which speak of values only.
    probe: bool,
    path: Vec<Step<'a>>,
    /// The schemas above the value that is looked at, from the root.
    trail: Vec<&'a Schema>,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn new(view: View, manner: Manner, probe: bool) -> Self {
        Self { view, manner, probe, path: Vec::new(), trail: Vec::new(), problems: Vec::new() }
    }

    fn report(&mut self, span: Span, fault: Fault) {
        self.problems.push(Problem { fault, path: print(&self.path), span });
    }

    /// The server writes `status`; what a manifest has there is replaced.
    fn in_status(&self) -> bool {
        matches!(self.path.first(), Some(Step::Field("status")))
    }

    /// `anchor` is the key of the value, or of the object around it.
    fn value(&mut self, schema: &'a Schema, node: &'a Node, anchor: Span) {
        match &node.value {
            Value::Mapping(entries) => {
                if self.has_type(schema, Types::OBJECT, node, anchor) {
                    self.trail.push(schema);
                    self.object(schema, node, entries, anchor);
                    self.trail.pop();
                }
            }
            Value::Sequence(items) => {
                if self.has_type(schema, Types::ARRAY, node, anchor) {
                    self.trail.push(schema);
                    self.list(schema, items, anchor);
                    self.trail.pop();
                }
            }
            Value::Scalar(scalar) if holds_variable(&scalar.text) => return,
            Value::Scalar(scalar) => self.scalar(schema, scalar, node),
        }
        if !self.manner.partial && !self.in_status() {
            self.junctions(schema, node, anchor);
        }
    }

    fn has_type(&mut self, schema: &Schema, found: Types, node: &Node, anchor: Span) -> bool {
        let fits = if schema.int_or_string { false } else { schema.types.any() || schema.types.has(found) };
        if !fits {
            let hint = match found {
                Types::OBJECT if schema.types.has(Types::ARRAY) => Some("begin each item with `- `".to_owned()),
                Types::ARRAY if schema.types.has(Types::OBJECT) => Some("remove the `-`".to_owned()),
                _ => None,
            };
            let found = node.type_name(self.manner.dialect);
            self.report(anchor, Fault::WrongType { expected: schema.expected(), found, hint });
        }
        fits
    }

    fn object(&mut self, schema: &'a Schema, node: &'a Node, entries: &'a [Entry], anchor: Span) {
        for (at, entry) in entries.iter().enumerate() {
            let Some(name) = entry.key.text() else { continue };
            // Of two equal keys the last one counts; another rule speaks of the first.
            if entries[at + 1..].iter().any(|later| later.key.text() == Some(name)) {
                continue;
            }
            match self.field(schema, name) {
                Field::Known(_) | Field::Free if entry.value.is_null() => {}
                Field::Known(field) => {
                    self.path.push(Step::Field(name));
                    self.value(field, &entry.value, entry.key.span);
                    self.path.pop();
                }
                Field::Free => {}
                Field::Unknown if self.probe || self.is_directive(name, entry) => {}
                Field::Unknown => self.unknown_field(schema, name, entry),
            }
        }
        if self.manner.partial || self.in_status() {
            return;
        }
        for name in &schema.required {
            let null_will_do = |node: &Node| {
                let field = schema.property(name).map(|field| self.view.child(field));
                self.manner.custom && field.is_some_and(|field| field.nullable) || !node.is_null()
            };
            let defaulted = || schema.property(name).is_some_and(|field| self.view.child(field).default.is_some());
            if !node.get(name).is_some_and(null_will_do) && !defaulted() {
                self.report(anchor, Fault::MissingField { field: name.clone().into_owned() });
            }
        }
        if let Some(bounds) = &schema.bounds {
            self.count((bounds.min_properties, bounds.max_properties), entries.len(), "field", anchor);
        }
    }

    fn field(&self, schema: &'a Schema, name: &str) -> Field<'a> {
        let whole_object = schema.embedded || self.manner.custom && self.trail.len() == 1;
        if whole_object && !self.probe {
            match name {
                "apiVersion" | "kind" => return Field::Known(&STRING),
                "metadata" => return Field::Known(self.view.object_meta()),
                _ => {}
            }
        }
        if let Some(child) = schema.property(name).or(schema.additional.as_ref()) {
            return Field::Known(self.view.child(child));
        }
        let nothing_known = schema.properties.is_none() && schema.types.any();
        if schema.preserve_unknown || nothing_known { Field::Free } else { Field::Unknown }
    }

    /// What tools on the way to the server take out: `$patch` of a merge, the metadata of SOPS.
    fn is_directive(&self, name: &str, entry: &Entry) -> bool {
        let of_merge = self.manner.partial && name.starts_with('$');
        of_merge || name == "sops" && self.path.is_empty() && entry.value.get("mac").is_some()
    }

    fn unknown_field(&mut self, schema: &'a Schema, name: &'a str, entry: &'a Entry) {
        let near = nearest(name, schema.names()).map(str::to_owned);
        let elsewhere = match near {
            Some(_) => None,
            None => hint::elsewhere(self.view, &self.trail, &self.path, name, &entry.value),
        };
        self.path.push(Step::Field(name));
        let fault = Fault::UnknownField { field: name.to_owned(), nearest: near, elsewhere };
        self.report(entry.key.span, fault);
        self.path.pop();
    }

    fn list(&mut self, schema: &'a Schema, items: &'a [Node], anchor: Span) {
        if let Some(child) = &schema.items {
            let inner = self.view.child(child);
            for (at, item) in items.iter().enumerate() {
                self.path.push(Step::Index(at));
                if item.is_null() {
                    self.null_item(inner, item);
                } else {
                    let first = item.entries().first().map_or(anchor, |entry| entry.key.span);
                    self.value(inner, item, first);
                }
                self.path.pop();
            }
        }
        if self.in_status() {
            return;
        }
        match schema.list_type {
            ListType::Atomic => {}
            ListType::Set => {
                self.duplicates(items, |checker, item| checker.identity(item).map(|key| (key.clone(), key)))
            }
            ListType::Map => {
                let inner = schema.items.as_ref().map(|child| self.view.child(child));
                self.duplicates(items, |checker, item| checker.list_key(schema, inner?, item));
            }
        }
        if let (Some(bounds), false) = (&schema.bounds, self.manner.partial) {
            self.count((bounds.min_items, bounds.max_items), items.len(), "item", anchor);
        }
    }

    /// Built-in kinds read null as an empty item; custom resources refuse it.
    fn null_item(&mut self, schema: &Schema, item: &Node) {
        if self.manner.custom && !schema.nullable && !schema.types.any() {
            self.report(item.span, Fault::WrongType { expected: schema.expected(), found: "null", hint: None });
        }
    }

    fn duplicates(&mut self, items: &'a [Node], key: impl Fn(&Self, &Node) -> Option<(String, String)>) {
        if items.len() < 2 {
            return;
        }
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for item in items {
            let Some((identity, words)) = key(self, item) else { continue };
            let span = item.entries().first().map_or(item.span, |entry| entry.key.span.to(entry.value.span));
            match seen.get(&identity) {
                Some(&first) => self.report(span, Fault::Duplicate { key: words, first }),
                None => drop(seen.insert(identity, span)),
            }
        }
    }

    /// What tells scalars of different values apart; `None` for collections.
    fn identity(&self, node: &Node) -> Option<String> {
        Some(match node.resolve(self.manner.dialect)? {
            Resolved::String(text) => format!("`{text}`"),
            Resolved::Bool(truth) => truth.to_string(),
            Resolved::Null => "null".to_owned(),
            number => number_of(&number).map(|number| number.to_string())?,
        })
    }

    /// The values of the list's keys, an absent one by its default: to compare, and in words.
    fn list_key(&self, schema: &Schema, inner: &Schema, item: &Node) -> Option<(String, String)> {
        let mut identity = String::new();
        let mut words = Vec::new();
        for key in &schema.list_keys {
            let written = item.get(key).filter(|value| !value.is_null());
            let value = match written {
                Some(value) => self.identity(value)?,
                None => match &self.view.child(inner.property(key)?).default {
                    Some(Literal::String(text)) => format!("`{text}`"),
                    Some(Literal::Number(number)) => number.to_string(),
                    Some(Literal::Bool(truth)) => truth.to_string(),
                    Some(Literal::Null) | None => String::new(),
                },
            };
            if let Some(value) = written.and_then(Node::text) {
                words.push(format!("{key} `{value}`"));
            }
            identity.push_str(&value);
            identity.push('\0');
        }
        (!words.is_empty()).then(|| (identity, words.join(" and ")))
    }

    fn scalar(&mut self, schema: &Schema, scalar: &Scalar, node: &Node) {
        let value = scalar.resolve(self.manner.dialect);
        let text = &*scalar.text;
        if value == Resolved::Null || is_replaced_later(text) {
            return;
        }
        if !has_scalar_type(schema, &value) {
            let hint = type_hint(schema, scalar, self.manner.dialect);
            self.report(node.span, Fault::WrongType { expected: schema.expected(), found: value.type_name(), hint });
            return;
        }
        if let Some(format) = schema.format.filter(|format| !formats::is_valid(*format, &value, text)) {
            self.report(node.span, Fault::Format { value: shorten(text, format), format });
        }
        if self.in_status() {
            return;
        }
        if !schema.values.is_empty() && !schema.values.iter().any(|allowed| is_equal(allowed, &value)) {
            self.not_allowed(schema, text, node.span);
        }
        if let (Some(pattern), Resolved::String(text)) = (&schema.pattern, &value)
            && !pattern.matches(text)
        {
            let fault = Fault::Pattern { value: (*text).to_owned(), pattern: pattern.text.clone().into_owned() };
            self.report(node.span, fault);
        }
        if let Some(bounds) = &schema.bounds {
            match (&value, number_of(&value)) {
                (Resolved::String(text), _) => {
                    let length = text.chars().count();
                    self.count((bounds.min_length, bounds.max_length), length, "character", node.span);
                }
                (_, Some(number)) => self.number(bounds, number, text, node.span),
                _ => {}
            }
        }
    }

    fn not_allowed(&mut self, schema: &Schema, text: &str, span: Span) {
        // An empty field of a built-in kind gets its default.
        if text.is_empty() && !self.manner.custom {
            return;
        }
        let names: Vec<String> = schema.values.iter().map(literal_text).collect();
        let same = names.iter().find(|name| name.eq_ignore_ascii_case(text)).map(String::as_str);
        let near = same.or_else(|| nearest(text, names.iter().map(String::as_str))).map(str::to_owned);
        self.report(span, Fault::NotAllowed { value: text.to_owned(), allowed: names, nearest: near });
    }

    fn count(&mut self, (min, max): (Option<f64>, Option<f64>), found: usize, unit: &str, span: Span) {
        #[expect(clippy::cast_precision_loss, reason = "a file has fewer than 2^32 of anything")]
        let number = found as f64;
        let words = |limit: f64| if limit == 1.0 { format!("{limit} {unit}") } else { format!("{limit} {unit}s") };
        let limit = match (min, max) {
            (Some(min), _) if number < min => format!("at least {}", words(min)),
            (_, Some(max)) if number > max => format!("at most {}", words(max)),
            _ => return,
        };
        self.report(span, Fault::Bound { value: found.to_string(), limit });
    }

    fn number(&mut self, bounds: &Bounds, number: f64, text: &str, span: Span) {
        let limit = match (bounds.minimum, bounds.maximum) {
            (Some(min), _) if bounds.exclusive_minimum && number <= min => format!("greater than {min}"),
            (Some(min), _) if number < min => format!("at least {min}"),
            (_, Some(max)) if bounds.exclusive_maximum && number >= max => format!("less than {max}"),
            (_, Some(max)) if number > max => format!("at most {max}"),
            _ => match bounds.multiple_of {
                Some(step) if step > 0.0 && (number / step).fract() != 0.0 => format!("a multiple of {step}"),
                _ => return,
            },
        };
        self.report(span, Fault::Bound { value: text.to_owned(), limit });
    }

    fn junctions(&mut self, schema: &'a Schema, node: &'a Node, anchor: Span) {
        if schema.junctions.is_empty() {
            return;
        }
        let complete = defaults::filled(self.view, schema, node);
        for (junction, members) in &schema.junctions {
            let members: Vec<&Schema> = members.iter().map(|member| self.view.child(member)).collect();
            let matching = members.iter().filter(|member| self.matches(member, &complete)).count();
            let (holds, wanted) = match junction {
                Junction::All => (matching == members.len(), "all of"),
                Junction::Any => (matching > 0, "at least one of"),
                Junction::One => (matching == 1, "exactly one of"),
                Junction::Not => (matching == 0, "none of"),
            };
            if !holds {
                let fields = members.iter().map(|member| {
                    let names: Vec<_> = member.required.iter().map(|name| format!("`{name}`")).collect();
                    names.join(" + ")
                });
                let mut forms: Vec<String> = fields.filter(|fields| !fields.is_empty()).collect();
                forms.dedup();
                self.report(anchor, Fault::NoForm { wanted, forms });
            }
        }
    }

    fn matches(&self, schema: &Schema, node: &Node) -> bool {
        let mut probe = Checker::new(self.view, self.manner, true);
        probe.value(schema, node, node.span);
        probe.problems.is_empty()
    }
}

enum Field<'a> {
    Known(&'a Schema),
    /// Any value will do.
    Free,
    Unknown,
}

/// `spec.ports[0].name`; a name with a dot is put in brackets.
pub(super) fn print(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(at) => text.push_str(&format!("[{at}]")),
            Step::Field(name) if name.contains(['.', '[', '/']) => text.push_str(&format!("[{name}]")),
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => text.push_str(&format!(".{name}")),
        }
    }
    text
}

/// Whether Flux puts another text here, which may be of another type too: kustomize drops quotes that a text does not
/// need before Flux replaces `${name}`; what SOPS encrypted is decrypted before it is applied.
fn is_replaced_later(text: &str) -> bool {
    let starts_name =
        |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && rest.contains('}');
    let substituted = text.match_indices("${").any(|(at, found)| starts_name(&text[at + found.len()..]));
    substituted || text.starts_with("ENC[") && text.ends_with(']')
}

fn has_scalar_type(schema: &Schema, value: &Resolved<'_>) -> bool {
    // 1e21 is where Go's JSON begins to write an exponent, which no integer may have.
    let whole = matches!(value, Resolved::Float(number) if number.fract() == 0.0 && number.abs() < 1e21);
    let found = match value {
        Resolved::Null => return schema.nullable,
        Resolved::Bool(_) => Types::BOOLEAN,
        Resolved::String(_) => Types::STRING,
        Resolved::Int(_) | Resolved::UInt(_) => Types(Types::INTEGER.0 | Types::NUMBER.0),
        Resolved::Float(_) if whole => Types(Types::INTEGER.0 | Types::NUMBER.0),
        Resolved::Float(_) => Types::NUMBER,
    };
    if schema.int_or_string {
        return found.has(Types(Types::STRING.0 | Types::INTEGER.0));
    }
    schema.types.any() || schema.types.has(found)
}

fn type_hint(schema: &Schema, scalar: &Scalar, dialect: Dialect) -> Option<String> {
    let text = &*scalar.text;
    if schema.types.has(Types::STRING) || schema.int_or_string {
        return Some(format!("quote it: `\"{text}\"`"));
    }
    if schema.types.has(Types::ARRAY) {
        return Some(format!("make it a list: `- {text}`"));
    }
    let bare = Scalar { text: text.into(), style: Style::Plain, tagged_string: false };
    if has_scalar_type(schema, &bare.resolve(dialect)) && scalar.style != Style::Plain {
        return Some("remove the quotes".to_owned());
    }
    if schema.types.has(Types::BOOLEAN) {
        return Some("write `true` or `false`".to_owned());
    }
    None
}

fn is_equal(allowed: &Literal, value: &Resolved<'_>) -> bool {
    match (allowed, value) {
        (Literal::String(allowed), Resolved::String(text)) => allowed == text,
        (Literal::Bool(allowed), Resolved::Bool(truth)) => allowed == truth,
        (Literal::Null, Resolved::Null) => true,
        (Literal::Number(allowed), value) => number_of(value).is_some_and(|number| number == *allowed),
        _ => false,
    }
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(truth) => truth.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::String(text) => text.clone().into_owned(),
    }
}

/// Values of secrets do not belong into a report.
fn shorten(text: &str, format: Format) -> String {
    match format {
        Format::Byte => "…".to_owned(),
        _ => text.to_owned(),
    }
}
