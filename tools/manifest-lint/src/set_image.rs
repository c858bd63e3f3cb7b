//! Changes one image reference in place and leaves every other byte as it is.

use std::fmt;

use crate::image::Reference;
use crate::source::{FileId, Sources, Span};
use crate::yaml::{self, Node, Style, Value};

/// Why nothing was changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    NotAReference(String),
    /// No image of this repository in the files given.
    NotFound(String),
    /// More than one, by their `path:line:column`.
    Ambiguous(String, Vec<String>),
    /// It stands in a block scalar, or in a file that does not parse.
    NotEditable(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAReference(text) => write!(f, "`{text}` is not an image reference with a tag or a digest"),
            Self::NotFound(repository) => write!(f, "no image `{repository}` with a tag or a digest in these files"),
            Self::Ambiguous(repository, places) => {
                write!(f, "`{repository}` stands in several places; name a narrower path:")?;
                places.iter().try_for_each(|place| write!(f, "\n  {place}"))
            }
            Self::NotEditable(place) => write!(f, "{place}: the image is not a scalar on one line"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The one place to change: its old text and the whole new text of its file.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    pub file: FileId,
    pub line: usize,
    pub column: usize,
    pub old: String,
    pub new: String,
    pub text: String,
}

/// Finds the one scalar in `sources` that is an image of the repository of `wanted`, and replaces it.
///
/// An image is a value with a digest, or one with a tag under a key that ends in `image`: `web:8080` is not.
///
/// # Errors
///
/// When `wanted` has neither tag nor digest, or when there is not exactly one such place.
pub fn set_image(sources: &Sources, wanted: &str) -> Result<Edit, Refusal> {
    let reference = Reference::parse(wanted).filter(|found| found.tag.is_some() || found.digest.is_some());
    let reference = reference.ok_or_else(|| Refusal::NotAReference(wanted.to_owned()))?;
    let mut found = Vec::new();
    for (id, file) in sources.iter() {
        for document in yaml::parse(id, file.text()).documents {
            collect(&document.root, reference.repository, &mut found);
        }
    }
    // An anchored image is met once more at each of its aliases.
    found.sort_by_key(|(span, _)| *span);
    found.dedup_by_key(|(span, _)| *span);
    match &found[..] {
        [] => Err(Refusal::NotFound(reference.repository.to_owned())),
        [(span, style)] => replace(sources, *span, *style, wanted),
        several => {
            let places = several.iter().map(|(span, _)| format!("{}: {}", place(sources, *span), sources.text(*span)));
            Err(Refusal::Ambiguous(reference.repository.to_owned(), places.collect()))
        }
    }
}

fn collect(node: &Node, repository: &str, found: &mut Vec<(Span, Style)>) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, repository, found)),
        Value::Mapping(entries) => {
            for entry in entries {
                let named_image = entry.key.text().is_some_and(|key| key.to_lowercase().ends_with("image"));
                if let Some(scalar) = entry.value.scalar()
                    && let Some(image) = Reference::parse(&scalar.text)
                    && image.repository == repository
                    && (image.digest.is_some() || (image.tag.is_some() && named_image))
                {
                    found.push((entry.value.span, scalar.style));
                }
                collect(&entry.value, repository, found);
            }
        }
    }
}

fn replace(sources: &Sources, span: Span, style: Style, wanted: &str) -> Result<Edit, Refusal> {
    let old = sources.text(span);
    let new = match style {
        Style::Plain => wanted.to_owned(),
        Style::SingleQuoted => format!("'{wanted}'"),
        Style::DoubleQuoted => format!("\"{wanted}\""),
        Style::Literal | Style::Folded => return Err(Refusal::NotEditable(place(sources, span))),
    };
    if old.contains('\n') {
        return Err(Refusal::NotEditable(place(sources, span)));
    }
    let mut text = sources.file(span.file).text().to_owned();
    text.replace_range(span.range(), &new);
    let at = sources.location(span);
    let old = old.trim_matches(['"', '\'']).to_owned();
    Ok(Edit { file: span.file, line: at.line, column: at.column, old, new: wanted.to_owned(), text })
}

fn place(sources: &Sources, span: Span) -> String {
    let at = sources.location(span);
    format!("{}:{}:{}", sources.path(span), at.line, at.column)
}

#[cfg(test)]
mod tests {
    use super::{Refusal, set_image};
    use crate::source::Sources;

    const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    fn edited(text: &str, wanted: &str) -> Result<String, Refusal> {
        let sources: Sources = [("apps.yaml", text)].into_iter().collect();
        set_image(&sources, wanted).map(|edit| edit.text)
    }

    #[test]
    fn one_scalar_changes_and_every_other_byte_stays() {
        let text =
            "# note\r\nname: web\r\nport: web:8080\r\nweb_image:   web:1.0 # deployed\r\nother: {image: 'db:2'}\r\n";
        let wanted = format!("web:1.1@{DIGEST}");
        assert_eq!(edited(text, &wanted).unwrap(), text.replace("web:1.0", &wanted));
        assert_eq!(edited(text, "db:3").unwrap(), text.replace("'db:2'", "'db:3'"));
    }

    #[test]
    fn a_digest_makes_an_image_under_any_key() {
        let text = format!("hello: registry.example.com/hello:1@{DIGEST}\n");
        assert_eq!(edited(&text, "registry.example.com/hello:2").unwrap(), "hello: registry.example.com/hello:2\n");
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(edited("image: web:1\n", "web"), Err(Refusal::NotAReference("web".into())));
        assert_eq!(edited("image: web:1\n", "shop:1"), Err(Refusal::NotFound("shop".into())));
        assert!(
            matches!(edited("a: {image: web:1}\nb: {image: web:1}\n", "web:2"), Err(Refusal::Ambiguous(_, places)) if places.len() == 2)
        );
        assert!(matches!(edited("image: |-\n  web:1\n", "web:2"), Err(Refusal::NotEditable(_))));
    }

    #[test]
    fn an_anchored_image_is_one_place() {
        assert_eq!(
            edited("a: {image: &i web:1}\nb: {image: *i}\n", "web:2").unwrap(),
            "a: {image: &i web:2}\nb: {image: *i}\n"
        );
    }
}
