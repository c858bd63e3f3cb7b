//! The embedded schema table: `data/schemas.bin`, made by `schemas/generate`. Only the nodes that are asked for are
//! decoded, each once.
//!
//! Numbers are LEB128, lists are preceded by their length:
//!
//! ```text
//! magic, strings (length, UTF-8), nodes (length, record), definitions (string), versions (minor, changes
//! (definition, node + 1, or 0 where it is gone)), kinds (group, version, kind, definition, set of versions),
//! custom kinds (group, version, kind, node, source)
//! ```
//! A record is a set of flags and, for each flag that has one, its part in the order of the flags, as `Table::decode` reads them.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use super::shape::{Child, Format, Junction, ListType, Literal, Pattern, Schema, Types};

pub(super) static DATA: &[u8] = include_bytes!("../../schemas/data/schemas.bin");
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const MAGIC: &[u8] = b"manifest-lint 1\n";

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(DATA));

/// The table, read when it is first asked for.
pub(super) fn table() -> &'static Table {
    &TABLE
}

/// A built-in kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    definition: u32,
    versions: u32,
}

/// A kind of a well-known CRD.
#[derive(Debug)]
pub(super) struct Custom {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    node: u32,
}

#[derive(Debug)]
pub(super) struct Table {
    strings: Vec<&'static str>,
    records: Vec<&'static [u8]>,
    nodes: Vec<OnceLock<Schema>>,
    /// Minor version and the node of each definition, 0 where it has none, else plus one.
    versions: Vec<(u16, Vec<u32>)>,
    kinds: Vec<Kind>,
    custom: Vec<Custom>,
    object_meta: u32,
}

/// One Kubernetes version of the table, which names are resolved in.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    table: &'static Table,
    version: usize,
}

impl View {
    /// The schemas of Kubernetes 1.`minor`.
    pub(super) fn new(minor: u16) -> Option<Self> {
        let version = table().versions.iter().position(|(known, _)| *known == minor)?;
        Some(Self { table: table(), version })
    }

    pub(super) fn definition(self, id: u32) -> Option<&'static Schema> {
        let node = self.table.versions[self.version].1[id as usize].checked_sub(1)?;
        Some(self.table.node(node))
    }

    /// The metadata of every object, built-in or not.
    pub(super) fn object_meta(self) -> &'static Schema {
        self.definition(self.table.object_meta).expect("every version has it")
    }

    /// The schema behind `child`, and behind a reference it may be.
    pub(super) fn child(self, child: &Child) -> &Schema {
        static ANYTHING: LazyLock<Schema> = LazyLock::new(Schema::anything);
        let schema = match child {
            Child::Owned(schema) => schema,
            Child::Node(id) => self.table.node(*id),
            Child::Definition(id) => self.definition(*id).unwrap_or(&ANYTHING),
        };
        match schema.reference {
            Some(id) => self.definition(id).unwrap_or(&ANYTHING),
            None => schema,
        }
    }

    /// The schema of a built-in kind, if this version has it.
    pub(super) fn built_in(self, group: &str, version: &str, kind: &str) -> Option<&'static Schema> {
        let wanted = (group, version, kind);
        let at =
            self.table.kinds.binary_search_by(|known| (known.group, known.version, known.kind).cmp(&wanted)).ok()?;
        let known = &self.table.kinds[at];
        self.serves(known).then(|| self.definition(known.definition)).flatten()
    }

    pub(super) fn serves(self, kind: &Kind) -> bool {
        kind.versions >> self.version & 1 == 1
    }

    pub(super) fn custom(self, group: &str, version: &str, kind: &str) -> Option<&'static Schema> {
        let wanted = (group, version, kind);
        let at =
            self.table.custom.binary_search_by(|known| (known.group, known.version, known.kind).cmp(&wanted)).ok()?;
        Some(self.table.node(self.table.custom[at].node))
    }

    pub(super) fn kinds(self) -> &'static [Kind] {
        &self.table.kinds
    }

    pub(super) fn customs(self) -> &'static [Custom] {
        &self.table.custom
    }
}

impl Table {
    fn read(data: &'static [u8]) -> Self {
        let mut reader = Reader(data.strip_prefix(MAGIC).expect("the table was made for this reader"));
        let count = reader.count();
        let strings: Vec<_> = (0..count).map(|_| reader.text()).collect();
        let count = reader.count();
        let records: Vec<_> = (0..count).map(|_| reader.bytes()).collect();
        let definitions: Vec<_> = reader.list(|reader| strings[reader.index()]);
        let mut nodes = vec![0; definitions.len()];
        let versions = reader.list(|reader| {
            let minor = u16::try_from(reader.number()).expect("a minor version is small");
            for (definition, node) in reader.list(|reader| (reader.index(), reader.number())) {
                nodes[definition] = node;
            }
            (minor, nodes.clone())
        });
        let kinds = reader.list(|reader| {
            let [group, version, kind] = [(); 3].map(|()| strings[reader.index()]);
            Kind { group, version, kind, definition: reader.number(), versions: reader.number() }
        });
        let custom = reader.list(|reader| {
            let [group, version, kind] = [(); 3].map(|()| strings[reader.index()]);
            let node = reader.number();
            let _source = reader.number();
            Custom { group, version, kind, node }
        });
        let nodes = records.iter().map(|_| OnceLock::new()).collect();
        let object_meta = definitions.iter().position(|name| *name == OBJECT_META).expect("the table has it");
        let object_meta = u32::try_from(object_meta).expect("read from 32 bits");
        Self { strings, records, nodes, versions, kinds, custom, object_meta }
    }

    fn node(&self, id: u32) -> &Schema {
        self.nodes[id as usize].get_or_init(|| self.decode(Reader(self.records[id as usize])))
    }

    fn decode(&self, mut from: Reader) -> Schema {
        let flags = from.number();
        let is = |bit: u32| flags >> bit & 1 == 1;
        let string = |from: &mut Reader| Cow::Borrowed(self.strings[from.index()]);
        let mut schema = Schema {
            types: Types((flags & 0x3f) as u8),
            nullable: is(6),
            int_or_string: is(7),
            preserve_unknown: is(8),
            embedded: is(9),
            ..Schema::default()
        };
        schema.reference = is(11).then(|| from.number());
        schema.format = is(12).then(|| Format::named(&string(&mut from))).flatten();
        schema.properties = is(13).then(|| from.list(|from| (string(from), from.child())));
        schema.additional = is(14).then(|| from.child());
        schema.items = is(15).then(|| from.child());
        if is(16) {
            schema.required = from.list(string);
        }
        if is(17) {
            schema.list_type = match from.number() {
                2 => ListType::Set,
                3 => ListType::Map,
                _ => ListType::Atomic,
            };
            schema.list_keys = from.list(string);
        }
        if is(18) {
            schema.values = from.list(|from| Literal::from_json(&string(from)));
        }
        schema.pattern = is(19).then(|| Pattern::new(string(&mut from)));
        if is(20) {
            let bounds = schema.bounds.insert(Box::default());
            for (kind, value) in from.list(|from| (from.index(), string(from))) {
                match BOUNDS.get(kind) {
                    Some(name) => *bounds.named(name).expect("a name of the list") = value.parse().ok(),
                    None if kind == BOUNDS.len() => bounds.exclusive_minimum = true,
                    None => bounds.exclusive_maximum = true,
                }
            }
        }
        schema.default = is(21).then(|| Literal::from_json(&string(&mut from)));
        // Strategy and key of a strategic merge, CEL rules and their messages: not asked for here.
        if is(22) {
            let _ = (from.number(), from.number());
        }
        if is(23) {
            let _ = from.list(|from| (from.number(), from.number()));
        }
        if is(24) {
            schema.junctions = from.list(|from| {
                let kind = [Junction::All, Junction::Any, Junction::One, Junction::Not][from.index()];
                (kind, from.list(|from| Child::Node(from.number())))
            });
        }
        debug_assert!(from.0.is_empty(), "the generator writes parts this reader does not know");
        schema
    }
}

/// In the order of the generator.
const BOUNDS: [&str; 9] = [
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
];

/// Reads the table. It is part of this program, so what does not fit is a bug and panics.
struct Reader(&'static [u8]);

impl Reader {
    fn number(&mut self) -> u32 {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let (&byte, rest) = self.0.split_first().expect("the table ends where a number ends");
            self.0 = rest;
            number |= u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return number;
            }
        }
    }

    fn index(&mut self) -> usize {
        self.number() as usize
    }

    fn count(&mut self) -> usize {
        self.number() as usize
    }

    fn bytes(&mut self) -> &'static [u8] {
        let length = self.count();
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    fn text(&mut self) -> &'static str {
        std::str::from_utf8(self.bytes()).expect("the generator writes UTF-8")
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.count()).map(|_| item(self)).collect()
    }

    fn child(&mut self) -> Child {
        let number = self.number();
        if number & 1 == 1 { Child::Definition(number >> 1) } else { Child::Node(number >> 1) }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::super::pattern;
    use super::super::shape::{Child, Schema};
    use super::{DATA, View, table};

    const SOURCES: &str = include_str!("../../schemas/SOURCES.json");
    const GENERATOR: &[u8] = include_bytes!("../../schemas/generate");
    const FACTS: &[u8] = include_bytes!("../../schemas/facts.txt");

    #[test]
    fn the_table_is_what_the_generator_made_of_the_named_sources() {
        let sources: serde_json::Value = serde_json::from_str(SOURCES).unwrap();
        for (name, data) in [("sha256", DATA), ("generator sha256", GENERATOR), ("facts sha256", FACTS)] {
            let hex: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(sources["table"][name], hex, "{name}: run tools/manifest-lint/schemas/generate");
        }
        assert_eq!(sources["table"]["bytes"], DATA.len());
        assert_eq!(sources["table"]["nodes"], table().nodes.len());
        assert_eq!(sources["table"]["kinds"], table().kinds.len());
        assert_eq!(sources["table"]["custom kinds"], table().custom.len());
        let minors: Vec<u16> = table().versions.iter().map(|(minor, _)| *minor).collect();
        assert_eq!(sources["kubernetes"]["minors"], serde_json::json!(minors));
    }

    #[test]
    fn every_node_decodes_and_every_pattern_compiles() {
        for id in 0..u32::try_from(table().nodes.len()).unwrap() {
            let schema = table().node(id);
            assert!(schema.properties.iter().flatten().is_sorted_by(|(one, _), (next, _)| one < next), "{id}");
            if let Some(pattern) = &schema.pattern {
                assert!(pattern::compile(&pattern.text).is_some(), "{}", pattern.text);
            }
        }
    }

    #[test]
    fn every_reference_has_its_definition_in_every_version() {
        for (version, (minor, nodes)) in table().versions.iter().enumerate() {
            let view = View { table: table(), version };
            let present: Vec<_> =
                (0..u32::try_from(nodes.len()).unwrap()).filter_map(|id| view.definition(id)).collect();
            assert!(present.len() > 600, "1.{minor}");
            for schema in present {
                references(schema).for_each(|id| assert!(view.definition(id).is_some(), "1.{minor}: {schema:?}"));
            }
        }
    }

    fn references(schema: &Schema) -> impl Iterator<Item = u32> {
        let inside = schema.properties.iter().flatten().map(|(_, child)| child);
        let inside = inside.chain(&schema.items).chain(&schema.additional);
        let inside = inside.filter_map(|child| if let Child::Definition(id) = child { Some(*id) } else { None });
        schema.reference.into_iter().chain(inside)
    }

    #[test]
    fn kinds_are_sorted_and_each_is_in_some_version() {
        assert!(table().kinds.is_sorted_by_key(|kind| (kind.group, kind.version, kind.kind)));
        assert!(table().custom.is_sorted_by_key(|kind| (kind.group, kind.version, kind.kind)));
        for kind in &table().kinds {
            let views = (0..table().versions.len()).map(|version| View { table: table(), version });
            let served: Vec<_> = views.filter(|view| view.serves(kind)).collect();
            assert!(!served.is_empty(), "{kind:?}");
            for view in served {
                assert!(view.built_in(kind.group, kind.version, kind.kind).is_some(), "{kind:?}");
            }
        }
    }
}
