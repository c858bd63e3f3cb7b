//! Parser errors in the words of somebody who edits the file.

use granit_parser::ErrorKind;

use super::SyntaxError;
use crate::source::Span;

/// Says what is wrong at byte `at` of `text`, pointing at what has to change.
pub(super) fn explain(text: &str, at: usize, kind: &ErrorKind, span: impl Fn(usize, usize) -> Span) -> SyntaxError {
    let line = line_at(text, at);
    let (place, message, help): (_, String, _) = match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => {
            let tab = text[line.clone()].find('\t').map_or(at, |found| line.start + found);
            (tab..tab + 1, "a tab is used for indentation".into(), Some("indent with spaces"))
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            (one(text, at), "a quoted text is not closed".into(), Some("add the closing quote"))
        }
        ErrorKind::UnclosedFlowCollection { open } => (
            one(text, at),
            format!("`{open}` is not closed"),
            Some("close it, or quote the text if it is not meant as a list or an object"),
        ),
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => {
            (one(text, at), "a list in brackets is not closed".into(), Some("expected `,` or `]`"))
        }
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator => (
            one(text, at),
            "an object in braces is not closed".into(),
            Some("expected `,` or `}`; if this is a template marker such as `{{ … }}`, quote it"),
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidMappingValueWhitespace => (
            one(text, at),
            "`: ` is not allowed here".into(),
            Some("quote a text that contains `: `; or the line is indented differently from its neighbours"),
        ),
        ErrorKind::InvalidColonPlacement => (
            one(text, at),
            "`:` is not allowed here".into(),
            Some("close the list or object that was opened above, or quote the text"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            let line = content_before(text, at);
            (line, "a key without `:`".into(), Some("write `key: value`, or indent the line as part of the text above"))
        }
        ErrorKind::UnknownAnchor => {
            (word(text, at), "no anchor of this name comes before".into(), Some("define it with `&name` first"))
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidBlockScalarIndent => (
            content(text, &line),
            "the line is indented differently from its neighbours".into(),
            Some("give all keys of one object, and all items of one list, the same indentation"),
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => (
            one(text, at),
            "a list item is not allowed here".into(),
            Some("put the list on its own lines below the key"),
        ),
        ErrorKind::UnexpectedCharacter { character } => (
            one(text, at),
            format!("a value cannot begin with `{character}`"),
            Some("quote the text; if it is a template marker, this file is not YAML until it is rendered"),
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            one(text, at),
            "unknown escape in a quoted text".into(),
            Some("double the backslash, or use single quotes"),
        ),
        ErrorKind::RecursionLimitExceeded => (one(text, at), "nested too deeply".into(), None),
        ErrorKind::ExpectedDocumentStart => (
            content(text, &line),
            "this does not belong to the document above".into(),
            Some("start a new document with `---`, or indent the line"),
        ),
        other => (one(text, at), other.to_string(), None),
    };
    SyntaxError { span: span(place.start, place.end), message, help }
}

fn line_at(text: &str, at: usize) -> std::ops::Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let end = text[at..].find('\n').map_or(text.len(), |found| at + found);
    start..end
}

/// The character at `at`; at the end of the text, or of a line, the last one before it.
fn one(text: &str, at: usize) -> std::ops::Range<usize> {
    match text[at..].chars().next() {
        Some(c) if c != '\n' && c != '\r' => at..at + c.len_utf8(),
        _ => {
            let before = text[..at].trim_end();
            let width = before.chars().next_back().map_or(0, char::len_utf8);
            before.len() - width..before.len()
        }
    }
}

fn word(text: &str, at: usize) -> std::ops::Range<usize> {
    let len = text[at..].find([' ', '\n', '\r', ',', ']', '}']).unwrap_or(text.len() - at);
    at..at + len
}

fn content(text: &str, line: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let inner = &text[line.clone()];
    let start = line.start + (inner.len() - inner.trim_start().len());
    start..(line.start + inner.trim_end().len()).max(start)
}

/// The line at `at`, or, where that is empty, the last line before it that is not.
fn content_before(text: &str, at: usize) -> std::ops::Range<usize> {
    let here = content(text, &line_at(text, at));
    if !here.is_empty() {
        return here;
    }
    let end = text[..at].trim_end().len();
    content(text, &line_at(text, end))
}
