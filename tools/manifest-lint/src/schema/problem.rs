//! What the schema does not allow, in words.

use super::shape::Format;
use crate::source::Span;

/// One fault of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub fault: Fault,
    /// The field it is about, from the root of the object: `spec.ports[0].protocol`.
    pub path: String,
    /// The text to change: the key of an unknown field, a wrong value, the key of an object that lacks a field.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The API server drops the field, or refuses the object.
    UnknownField {
        field: String,
        /// A field of the same object with nearly this name.
        nearest: Option<String>,
        /// Where the kind has a field of this name: `spec.template.spec`.
        elsewhere: Option<String>,
    },
    WrongType {
        /// `a string or an integer`.
        expected: String,
        /// `a list`.
        found: &'static str,
        hint: Option<String>,
    },
    MissingField {
        field: String,
    },
    NotAllowed {
        value: String,
        allowed: Vec<String>,
        nearest: Option<String>,
    },
    Pattern {
        value: String,
        pattern: String,
    },
    /// A number, length or count outside of its limits.
    Bound {
        value: String,
        /// `at least 1 item`.
        limit: String,
    },
    Format {
        value: String,
        format: Format,
    },
    /// Two items of a list that must differ.
    Duplicate {
        /// ``name `http` ``, or the item itself.
        key: String,
        first: Span,
    },
    /// None, or more than one, of the forms the schema offers.
    NoForm {
        /// `exactly one of`, `at least one of`, `none of`, `all of`.
        wanted: &'static str,
        /// The fields each form asks for; empty where forms differ in something else.
        forms: Vec<String>,
    },
}

/// Longer lists of allowed values are cut.
const MAX_LISTED: usize = 12;

impl Problem {
    /// What is wrong: lower case, no full stop, names in backticks.
    pub fn message(&self) -> String {
        let path = &self.path;
        match &self.fault {
            Fault::UnknownField { .. } => format!("unknown field `{path}`"),
            Fault::WrongType { expected, found, .. } => format!("`{path}` must be {expected}, not {found}"),
            Fault::MissingField { field } if path.is_empty() => format!("the field `{field}` is missing"),
            Fault::MissingField { field } => format!("`{path}` needs the field `{field}`"),
            Fault::NotAllowed { value, .. } => format!("`{path}` cannot be `{value}`"),
            Fault::Pattern { value, pattern } => format!("`{path}` is `{value}`, which does not match `{pattern}`"),
            Fault::Bound { value, limit } => format!("`{path}` must be {limit}, not {value}"),
            Fault::Format { value, format } => format!("`{path}` must be {}, not `{value}`", format.describe()),
            Fault::Duplicate { key, .. } => format!("`{path}` has two items with {key}"),
            Fault::NoForm { wanted, forms } if forms.is_empty() => {
                format!("`{path}` must match {wanted} the forms of its schema")
            }
            Fault::NoForm { wanted, forms } => format!("`{path}` needs {wanted} {}", forms.join(", ")),
        }
    }

    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        match &self.fault {
            Fault::UnknownField { nearest: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Fault::UnknownField { elsewhere: Some(place), .. } if place.is_empty() => {
                Some("it belongs to the object itself; check the indentation".to_owned())
            }
            Fault::UnknownField { elsewhere: Some(place), .. } => {
                Some(format!("it belongs to `{place}`; check the indentation"))
            }
            Fault::WrongType { hint, .. } => hint.clone(),
            Fault::NotAllowed { nearest: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Fault::NotAllowed { allowed, .. } => Some(format!("allowed: {}", list(allowed))),
            _ => None,
        }
    }

    /// Another place that explains this one.
    pub fn label(&self) -> Option<(Span, String)> {
        match &self.fault {
            Fault::Duplicate { first, .. } => Some((*first, "the first one".to_owned())),
            _ => None,
        }
    }
}

fn list(values: &[String]) -> String {
    let shown = values.iter().take(MAX_LISTED).map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    if values.len() > MAX_LISTED { format!("{shown}, …") } else { shown }
}
