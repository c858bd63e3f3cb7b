//! What one value may look like: the part of a structural schema that says yes or no, in the shape the checker reads.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::Regex;

use super::pattern;

pub(super) type Text = Cow<'static, str>;

/// The JSON types a value may have; none means any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(pub(super) u8);

impl Types {
    pub(super) const OBJECT: Self = Self(1);
    pub(super) const ARRAY: Self = Self(2);
    pub(super) const STRING: Self = Self(4);
    pub(super) const INTEGER: Self = Self(8);
    pub(super) const NUMBER: Self = Self(16);
    pub(super) const BOOLEAN: Self = Self(32);
    const NAMES: [(Self, &'static str, &'static str); 6] = [
        (Self::OBJECT, "object", "an object"),
        (Self::ARRAY, "array", "a list"),
        (Self::STRING, "string", "a string"),
        (Self::INTEGER, "integer", "an integer"),
        (Self::NUMBER, "number", "a number"),
        (Self::BOOLEAN, "boolean", "a boolean"),
    ];

    pub(super) fn named(name: &str) -> Self {
        Self::NAMES.iter().find(|(_, known, _)| *known == name).map_or(Self(0), |(types, ..)| *types)
    }

    pub(super) fn any(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// `a string or an integer`.
    pub(super) fn describe(self) -> String {
        let names = Self::NAMES.iter().filter(|(types, ..)| self.has(*types)).map(|(_, _, words)| *words);
        names.collect::<Vec<_>>().join(" or ")
    }
}

/// Formats the API server enforces. Others are hints for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Int32,
    Int64,
    /// Base64 with padding.
    Byte,
    /// RFC 3339.
    DateTime,
    /// `500m`, `1Gi`, `0.5`.
    Quantity,
    Ipv4,
    Ipv6,
    /// An address and the length of its prefix.
    Cidr,
    /// `2026-01-31`.
    Date,
}

impl Format {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "byte" => Self::Byte,
            "date-time" => Self::DateTime,
            "quantity" => Self::Quantity,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "date" => Self::Date,
            _ => return None,
        })
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Int32 => "an integer of 32 bits",
            Self::Int64 => "an integer of 64 bits",
            Self::Byte => "base64",
            Self::DateTime => "a time such as `2026-01-31T12:00:00Z`",
            Self::Quantity => "a quantity such as `500m` or `1Gi`",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Cidr => "a network such as `10.0.0.0/8`",
            Self::Date => "a date such as `2026-01-31`",
        }
    }
}

/// A schema inside another one.
#[derive(Debug)]
pub(super) enum Child {
    /// A node of the embedded table.
    Node(u32),
    /// A definition of the embedded table, which differs between Kubernetes versions.
    Definition(u32),
    Owned(Box<Schema>),
}

/// What makes two items of a list the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ListType {
    #[default]
    Atomic,
    /// Equal scalars.
    Set,
    /// Equal values of [`Schema::list_keys`].
    Map,
}

/// A scalar as JSON has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    String(Text),
}

impl Literal {
    /// From its JSON text. Objects and lists, which occur as defaults only, become null.
    pub(super) fn from_json(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(serde_json::Value::Bool(truth)) => Self::Bool(truth),
            Ok(serde_json::Value::Number(number)) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Ok(serde_json::Value::String(text)) => Self::String(text.into()),
            _ => Self::Null,
        }
    }
}

/// Limits on numbers, lengths and counts.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) min_length: Option<f64>,
    pub(super) max_length: Option<f64>,
    pub(super) min_items: Option<f64>,
    pub(super) max_items: Option<f64>,
    pub(super) min_properties: Option<f64>,
    pub(super) max_properties: Option<f64>,
    pub(super) multiple_of: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
}

impl Bounds {
    /// The limit that OpenAPI calls `name`; `None` for a name that is not a limit.
    pub(super) fn named(&mut self, name: &str) -> Option<&mut Option<f64>> {
        Some(match name {
            "minimum" => &mut self.minimum,
            "maximum" => &mut self.maximum,
            "minLength" => &mut self.min_length,
            "maxLength" => &mut self.max_length,
            "minItems" => &mut self.min_items,
            "maxItems" => &mut self.max_items,
            "minProperties" => &mut self.min_properties,
            "maxProperties" => &mut self.max_properties,
            "multipleOf" => &mut self.multiple_of,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Junction {
    All,
    Any,
    One,
    Not,
}

/// A regular expression, compiled when it is first needed.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: Text,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(text: Text) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// One that cannot be compiled matches everything: the API server would not have taken the CRD.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.compiled.get_or_init(|| pattern::compile(&self.text)).as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) types: Types,
    pub(super) nullable: bool,
    pub(super) int_or_string: bool,
    /// Fields that are not known are kept.
    pub(super) preserve_unknown: bool,
    /// A whole object, with `apiVersion`, `kind` and `metadata`.
    pub(super) embedded: bool,
    pub(super) format: Option<Format>,
    /// A definition this one adds to.
    pub(super) reference: Option<u32>,
    /// Sorted by name. `None` where any field is a value of `additional`, or where nothing is known.
    pub(super) properties: Option<Vec<(Text, Child)>>,
    pub(super) additional: Option<Child>,
    pub(super) items: Option<Child>,
    pub(super) required: Vec<Text>,
    pub(super) list_type: ListType,
    pub(super) list_keys: Vec<Text>,
    pub(super) values: Vec<Literal>,
    pub(super) pattern: Option<Pattern>,
    pub(super) bounds: Option<Box<Bounds>>,
    pub(super) default: Option<Literal>,
    pub(super) junctions: Vec<(Junction, Vec<Child>)>,
}

impl Schema {
    /// A value about which nothing is known.
    pub(super) fn anything() -> Self {
        Self { preserve_unknown: true, ..Self::default() }
    }

    pub(super) fn of(types: Types) -> Self {
        Self { types, ..Self::default() }
    }

    pub(super) fn property(&self, name: &str) -> Option<&Child> {
        let properties = self.properties.as_ref()?;
        let at = properties.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&properties[at].1)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().flatten().map(|(name, _)| &**name)
    }

    /// `a string`, `a string or an integer`, `a quantity`, … as messages say it.
    pub(super) fn expected(&self) -> String {
        match self.format {
            Some(Format::Quantity) => Format::Quantity.describe().to_owned(),
            _ if self.int_or_string => "an integer or a string".to_owned(),
            _ if self.types.any() => "a value".to_owned(),
            _ => self.types.describe(),
        }
    }
}
