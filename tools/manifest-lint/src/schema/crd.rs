//! CustomResourceDefinitions of the repository: their YAML to schemas.

use super::shape::{Bounds, Child, Format, Junction, ListType, Literal, Pattern, Schema, Text, Types};
use crate::object::Gvk;
use crate::yaml::{Dialect, Node, Resolved};

/// The versions a definition serves, each with its schema; `None` for something that is no usable definition.
pub(super) fn read(definition: &Node) -> Option<Vec<(Gvk, Schema)>> {
    let spec = definition.get("spec")?;
    let group = spec.get("group")?.text()?;
    let kind = spec.at(&["names", "kind"])?.text()?;
    let for_all = spec.at(&["validation", "openAPIV3Schema"]);
    let gvk = |version: &str| Gvk { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() };
    let versions = spec.get("versions").map(Node::items).unwrap_or_default().iter();
    let served = versions.filter(|version| version.get("served").is_none_or(is_true));
    let mut found: Vec<_> = served
        .filter_map(|version| {
            let schema = version.at(&["schema", "openAPIV3Schema"]).or(for_all);
            Some((gvk(version.get("name")?.text()?), schema.map_or_else(Schema::anything, schema_of)))
        })
        .collect();
    // `v1beta1` of CustomResourceDefinition had one version outside of the list.
    if let (true, Some(version)) = (found.is_empty(), spec.get("version").and_then(Node::text)) {
        found.push((gvk(version), for_all.map_or_else(Schema::anything, schema_of)));
    }
    Some(found)
}

fn is_true(node: &Node) -> bool {
    node.resolve(Dialect::Kubectl) == Some(Resolved::Bool(true))
}

fn schema_of(node: &Node) -> Schema {
    let flag = |name: &str| node.get(name).is_some_and(is_true);
    let text = |name: &str| node.get(name).and_then(Node::text);
    let mut schema = Schema {
        types: text("type").map(Types::named).unwrap_or_default(),
        nullable: flag("nullable"),
        int_or_string: flag("x-kubernetes-int-or-string"),
        preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
        embedded: flag("x-kubernetes-embedded-resource"),
        format: text("format").and_then(Format::named),
        items: node.get("items").filter(|items| items.is_mapping()).map(child),
        required: names(node.get("required")),
        list_keys: names(node.get("x-kubernetes-list-map-keys")),
        pattern: text("pattern").map(|pattern| Pattern::new(owned(pattern))),
        default: node.get("default").map(literal),
        bounds: bounds(node),
        ..Schema::default()
    };
    schema.list_type = match text("x-kubernetes-list-type") {
        Some("set") => ListType::Set,
        Some("map") => ListType::Map,
        _ => ListType::Atomic,
    };
    schema.properties = node.get("properties").map(|properties| {
        let entries = properties.entries().iter();
        let mut fields: Vec<(Text, Child)> =
            entries.filter_map(|entry| Some((owned(entry.key.text()?), child(&entry.value)))).collect();
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        fields
    });
    match node.get("additionalProperties") {
        Some(additional) if additional.is_mapping() => schema.additional = Some(child(additional)),
        Some(additional) if is_true(additional) => schema.preserve_unknown = true,
        _ => {}
    }
    schema.values = node.get("enum").map(Node::items).unwrap_or_default().iter().map(literal).collect();
    schema.junctions = junctions(node, schema.int_or_string);
    schema
}

fn child(node: &Node) -> Child {
    Child::Owned(Box::new(schema_of(node)))
}

fn owned(text: &str) -> Text {
    Text::Owned(text.to_owned())
}

fn names(node: Option<&Node>) -> Vec<Text> {
    node.map(Node::items).unwrap_or_default().iter().filter_map(|name| name.text().map(owned)).collect()
}

fn literal(node: &Node) -> Literal {
    match node.resolve(Dialect::Kubectl) {
        Some(Resolved::Bool(truth)) => Literal::Bool(truth),
        Some(Resolved::String(text)) => Literal::String(owned(text)),
        Some(Resolved::Null) | None => Literal::Null,
        Some(number) => number_of(&number).map_or(Literal::Null, Literal::Number),
    }
}

pub(super) fn number_of(value: &Resolved<'_>) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "limits of CRDs are JSON numbers, which are floats as well")]
        Resolved::Int(number) => Some(*number as f64),
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        Resolved::UInt(number) => Some(*number as f64),
        Resolved::Float(number) => Some(*number),
        _ => None,
    }
}

fn bounds(node: &Node) -> Option<Box<Bounds>> {
    let mut bounds = Bounds::default();
    let mut found = false;
    for entry in node.entries() {
        let Some(name) = entry.key.text() else { continue };
        match name {
            "exclusiveMinimum" => bounds.exclusive_minimum = is_true(&entry.value),
            "exclusiveMaximum" => bounds.exclusive_maximum = is_true(&entry.value),
            _ => {
                let Some(limit) = bounds.named(name) else { continue };
                *limit = entry.value.resolve(Dialect::Kubectl).and_then(|value| number_of(&value));
                found |= limit.is_some();
            }
        }
    }
    found.then(|| Box::new(bounds))
}

fn junctions(node: &Node, int_or_string: bool) -> Vec<(Junction, Vec<Child>)> {
    let mut found = Vec::new();
    for (name, junction) in [("allOf", Junction::All), ("anyOf", Junction::Any), ("oneOf", Junction::One)] {
        let members = node.get(name).map(Node::items).unwrap_or_default();
        let types = || members.iter().filter_map(|member| member.get("type")?.text());
        let says_nothing_new = int_or_string && types().eq(["integer", "string"]);
        if !members.is_empty() && !says_nothing_new {
            found.push((junction, members.iter().map(child).collect()));
        }
    }
    if let Some(not) = node.get("not") {
        found.push((Junction::Not, vec![child(not)]));
    }
    found
}
