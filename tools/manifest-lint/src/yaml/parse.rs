//! Events of the parser crate to trees of nodes, one document at a time.

use std::collections::HashMap;

use granit_parser::{Event, Parser, Placement, ScalarStyle, ScanError, Tag};

use super::{Entry, Node, Scalar, Style, Value};
use crate::source::{FileId, Span};

/// A document that parsed. An empty one has a null root.
#[derive(Debug)]
pub struct YamlDocument {
    pub root: Node,
    pub duplicate_keys: Vec<DuplicateKey>,
    pub comments: Vec<Comment>,
}

/// A key that stands twice in one mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateKey {
    pub key: Box<str>,
    pub first: Span,
    pub second: Span,
}

/// A comment with its place; `text` is without the `#` and outer blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub span: Span,
    pub text: Box<str>,
    /// Whether nothing else stands on its line.
    pub own_line: bool,
}

/// A document that did not parse, and why, in the words of somebody who edits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    pub message: String,
    pub help: Option<&'static str>,
}

/// What one file holds.
#[derive(Debug, Default)]
pub struct Stream {
    pub documents: Vec<YamlDocument>,
    pub errors: Vec<SyntaxError>,
}

/// Aliases may make a document this many nodes large; the API server stops at about the same size.
const MAX_NODES_FROM_ALIASES: usize = 200_000;
/// No Kubernetes object nests deeper; the limit keeps recursion over nodes safe.
const MAX_DEPTH: usize = 255;

/// Reads every document of `text`. One that is broken does not hide the others.
pub fn parse(file: FileId, text: &str) -> Stream {
    let mut stream = Stream::default();
    for (start, chunk) in split_documents(text) {
        let mut builder = Builder::new(file, start, chunk);
        match builder.run() {
            Ok(()) => {}
            Err(error) => stream.errors.push(error),
        }
        stream.documents.append(&mut builder.documents);
    }
    stream
}

/// Cuts at `---` lines, which end a document wherever they stand. Files with directives stay whole: a
/// directive belongs to the document after it.
fn split_documents(text: &str) -> Vec<(usize, &str)> {
    if text.lines().any(|line| line.starts_with('%')) {
        return vec![(0, text)];
    }
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let marker =
            line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marker && line_start > 0 {
            chunks.push((start, &text[start..line_start]));
            start = line_start;
        }
        line_start += line.len();
    }
    chunks.push((start, &text[start..]));
    chunks
}

struct Frame {
    span: Span,
    anchor: usize,
    children: Children,
}

enum Children {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<Node> },
}

struct Builder<'a> {
    file: FileId,
    offset: usize,
    text: &'a str,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, Size)>,
    from_aliases: usize,
    current: Option<Node>,
    duplicate_keys: Vec<DuplicateKey>,
    comments: Vec<Comment>,
    documents: Vec<YamlDocument>,
}

#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    depth: usize,
}

impl<'a> Builder<'a> {
    fn new(file: FileId, offset: usize, text: &'a str) -> Self {
        Self {
            file,
            offset,
            text,
            stack: Vec::new(),
            anchors: HashMap::new(),
            from_aliases: 0,
            current: None,
            duplicate_keys: Vec::new(),
            comments: Vec::new(),
            documents: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), SyntaxError> {
        let options = granit_parser::options! {
            block_scalar_eof_without_line_feed: true,
            max_buffered_comment_events: usize::MAX,
            simple_key_max_lookahead: 1 << 16,
            block_nesting_limit: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
        };
        for next in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = next.map_err(|error| self.explain(&error))?;
            self.event(event, self.place(&span))?;
        }
        Ok(())
    }

    fn place(&self, span: &granit_parser::Span) -> Span {
        let start = span.start.byte_offset().unwrap_or(0);
        let end = span.end.byte_offset().unwrap_or(start).max(start);
        Span::new(self.file, self.offset + start, self.offset + end)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = Value::Scalar(scalar(&text, style, tag.as_deref()));
                self.attach(Node { span: self.trim(span, style), value }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.open(span, anchor, Children::Sequence(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.open(span, anchor, Children::Mapping { entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::Comment(text, placement) => {
                let own_line = placement != Placement::Right;
                self.comments.push(Comment { span, text: text.trim().into(), own_line });
                Ok(())
            }
            Event::DocumentEnd => {
                self.end_document(span);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Block scalars end before their last line break, plain ones before trailing blanks.
    fn trim(&self, span: Span, style: ScalarStyle) -> Span {
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            return span;
        }
        let range = span.start as usize - self.offset..span.end as usize - self.offset;
        let kept = self.text.get(range).map_or(0, |text| text.trim_end().len());
        Span::new(span.file, span.start as usize, span.start as usize + kept)
    }

    fn open(&mut self, span: Span, anchor: usize, children: Children) -> Result<(), SyntaxError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.stack.push(Frame { span, anchor, children });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), SyntaxError> {
        let frame = self.stack.pop().expect("the parser closes only what it opened");
        let (value, last) = match frame.children {
            Children::Sequence(items) => {
                let last = items.last().map(|item| item.span);
                (Value::Sequence(items), last)
            }
            Children::Mapping { entries, .. } => {
                let last = entries.last().map(|entry| entry.key.span.to(entry.value.span));
                self.find_duplicates(&entries);
                (Value::Mapping(merge(entries)?), last)
            }
        };
        // A block collection ends, for the parser, where the next token begins: take its last child's end instead.
        let block = end.start == end.end;
        let span = match last {
            Some(last) if block && last.file == frame.span.file && last.end > frame.span.start => {
                Span { end: last.end.min(end.end), ..frame.span }
            }
            _ => frame.span.to(end),
        };
        self.attach(Node { span, value }, frame.anchor)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), SyntaxError> {
        let Some((node, size)) = self.anchors.get(&id) else {
            return Err(SyntaxError {
                span,
                message: "an alias stands inside the node it names".to_owned(),
                help: Some("an anchor can be used only after the node it is on has ended"),
            });
        };
        self.from_aliases += size.nodes;
        if self.from_aliases > MAX_NODES_FROM_ALIASES {
            return Err(SyntaxError {
                span,
                message: format!("aliases make this document larger than {MAX_NODES_FROM_ALIASES} nodes"),
                help: Some("aliases of aliases grow exponentially; the API server refuses such documents too"),
            });
        }
        if self.stack.len() + size.depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        let node = node.clone();
        self.attach(node, 0)
    }

    fn attach(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        if anchor != 0 {
            let size = measure(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.stack.last_mut().map(|frame| &mut frame.children) {
            None => self.current = Some(node),
            Some(Children::Sequence(items)) => items.push(node),
            Some(Children::Mapping { entries, key }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None if node.scalar().is_none() => {
                    return Err(SyntaxError {
                        span: node.span,
                        message: format!("{} cannot be a key", node.type_name(super::Dialect::Kubectl)),
                        help: Some("if this is a template marker such as `{{ … }}`, quote it"),
                    });
                }
                None => *key = Some(node),
            },
        }
        Ok(())
    }

    fn end_document(&mut self, span: Span) {
        let root = self.current.take().unwrap_or_else(|| Node::null(span));
        self.documents.push(YamlDocument {
            root,
            duplicate_keys: std::mem::take(&mut self.duplicate_keys),
            comments: std::mem::take(&mut self.comments),
        });
        self.anchors.clear();
        self.from_aliases = 0;
    }

    fn find_duplicates(&mut self, entries: &[Entry]) {
        let mut report = |first: &Entry, second: &Entry| {
            self.duplicate_keys.push(DuplicateKey {
                key: second.key.text().unwrap_or_default().into(),
                first: first.key.span,
                second: second.key.span,
            });
        };
        if entries.len() <= 16 {
            for (at, entry) in entries.iter().enumerate() {
                if let Some(first) = entries[..at].iter().find(|other| same_key(other, entry)) {
                    report(first, entry);
                }
            }
            return;
        }
        let mut seen: HashMap<&str, &Entry> = HashMap::with_capacity(entries.len());
        for entry in entries {
            let Some(key) = entry.key.text().filter(|&key| key != "<<") else { continue };
            match seen.get(key) {
                Some(first) => report(first, entry),
                None => drop(seen.insert(key, entry)),
            }
        }
    }

    fn explain(&self, error: &ScanError) -> SyntaxError {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        super::explain::explain(self.text, at, error.kind(), |start, end| {
            Span::new(self.file, self.offset + start, self.offset + end)
        })
    }
}

fn same_key(a: &Entry, b: &Entry) -> bool {
    a.key.text() == b.key.text() && a.key.text() != Some("<<")
}

fn too_deep(span: Span) -> SyntaxError {
    SyntaxError { span, message: format!("nested deeper than {MAX_DEPTH} levels"), help: None }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Scalar {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    };
    let tagged_string = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
    Scalar { text: text.into(), style, tagged_string }
}

fn measure(node: &Node) -> Size {
    let children: Vec<Size> = match &node.value {
        Value::Scalar(_) => return Size { nodes: 1, depth: 0 },
        Value::Sequence(items) => items.iter().map(measure).collect(),
        Value::Mapping(entries) => entries.iter().map(|entry| measure(&entry.value)).collect(),
    };
    let deepest = children.iter().map(|child| child.depth).max().unwrap_or(0);
    Size { nodes: children.iter().map(|child| child.nodes).sum::<usize>() + 1, depth: deepest + 1 }
}

/// Resolves `<<`: the entries of the merged mappings that are not written here follow the written ones.
fn merge(entries: Vec<Entry>) -> Result<Vec<Entry>, SyntaxError> {
    let is_merge =
        |entry: &Entry| entry.key.scalar().is_some_and(|key| &*key.text == "<<" && key.style == Style::Plain);
    if !entries.iter().any(is_merge) {
        return Ok(entries);
    }
    let (merges, mut written): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_merge);
    for Entry { value, .. } in merges {
        let sources = if value.is_mapping() { vec![value] } else { value.items().to_vec() };
        for source in sources {
            if !source.is_mapping() {
                return Err(SyntaxError {
                    span: source.span,
                    message: "`<<` merges objects only".to_owned(),
                    help: Some("give `<<` an alias of an object, or a list of such aliases"),
                });
            }
            for entry in source.entries() {
                if !written.iter().any(|other| same_key(other, entry)) {
                    written.push(entry.clone());
                }
            }
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
