//! The text of every file, read once, and places in it. Knows no YAML.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

/// A file of one [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A byte range of one file. Lines and columns are made only when printing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The range `start..end` of `file`; an inverted range becomes empty at its start.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let start = clamp(start);
        Self { file, start, end: clamp(end).max(start) }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of `self` to the end of `other`, which lies in the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }
}

// Files of 4 GiB and more are refused when they are added.
fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Where a span begins and ends, for people: lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// Why a file has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Byte offset of the first byte that is not UTF-8.
    NotUtf8(usize),
    /// Byte offset of a NUL.
    Nul(usize),
    /// The operating system refused it.
    Io(String),
    /// Larger than [`MAX_FILE_BYTES`].
    TooLarge(u64),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8(at) => write!(f, "byte {at} is not UTF-8; save the file as UTF-8"),
            Self::Nul(at) => write!(f, "byte {at} is NUL, which no YAML file may contain (is it UTF-16 or binary?)"),
            Self::Io(error) => write!(f, "{error}"),
            Self::TooLarge(bytes) => write!(f, "{bytes} bytes are more than the limit of {MAX_FILE_BYTES}"),
        }
    }
}

/// Files above this are not read: no manifest is this large, and spans count in 32 bits.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// One file. `text` is empty for files whose content nobody asked for: they only exist.
#[derive(Debug)]
pub struct File {
    path: String,
    text: String,
    unreadable: Option<Unreadable>,
    line_starts: OnceLock<Vec<u32>>,
}

impl File {
    /// The path below the root of the repository, with `/` on every platform.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.unreadable.as_ref()
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| clamp(at + 1))).collect()
        })
    }

    /// Line and column, both from 1, of a byte offset; an offset past the end means the end.
    fn position(&self, offset: u32) -> (usize, usize) {
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start <= offset);
        let start = starts[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |before| before.chars().count()) + 1;
        (line, column)
    }
}

/// All files of a repository, in the order of their paths.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<File>,
    by_path: BTreeMap<String, FileId>,
}

impl Sources {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with its bytes. A byte order mark stays in the text; the YAML reader knows it.
    pub fn add(&mut self, path: impl Into<String>, bytes: Vec<u8>) -> FileId {
        let (text, unreadable) = match String::from_utf8(bytes) {
            Ok(text) => match text.bytes().position(|byte| byte == 0) {
                Some(at) => (String::new(), Some(Unreadable::Nul(at))),
                None => (text, None),
            },
            Err(error) => (String::new(), Some(Unreadable::NotUtf8(error.utf8_error().valid_up_to()))),
        };
        self.push(path.into(), text, unreadable)
    }

    /// Adds a file that should have been read and could not be.
    pub fn add_unreadable(&mut self, path: impl Into<String>, why: Unreadable) -> FileId {
        self.push(path.into(), String::new(), Some(why))
    }

    /// Adds a file of which only the existence matters.
    pub fn add_path(&mut self, path: impl Into<String>) -> FileId {
        self.push(path.into(), String::new(), None)
    }

    fn push(&mut self, path: String, text: String, unreadable: Option<Unreadable>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("a repository has fewer than 2^32 files"));
        self.by_path.insert(path.clone(), id);
        self.files.push(File { path, text, unreadable, line_starts: OnceLock::new() });
        id
    }

    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.0 as usize]
    }

    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Whether `path` is a folder that holds a file, at any depth. The root (`""`) always is.
    pub fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.below(path).next().is_some()
    }

    /// The files below the folder `path`, at any depth, in the order of their paths.
    pub fn below(&self, path: &str) -> impl Iterator<Item = (&str, FileId)> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let found = self.by_path.range(prefix.clone()..);
        found.take_while(move |(path, _)| path.starts_with(&prefix)).map(|(path, &id)| (path.as_str(), id))
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &File)> {
        self.by_path.values().map(|&id| (id, self.file(id)))
    }

    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.range()).unwrap_or_default()
    }

    pub fn path(&self, span: Span) -> &str {
        &self.file(span.file).path
    }

    pub fn location(&self, span: Span) -> Location {
        let file = self.file(span.file);
        let (line, column) = file.position(span.start);
        let (end_line, end_column) = file.position(span.end);
        Location { line, column, end_line, end_column }
    }
}

impl<P: Into<String>, B: Into<Vec<u8>>> FromIterator<(P, B)> for Sources {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let mut sources = Self::new();
        for (path, bytes) in files {
            sources.add(path, bytes.into());
        }
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::{Location, Sources, Span, Unreadable};

    #[test]
    fn columns_count_characters_and_lines_end_at_the_line_feed() {
        let sources: Sources = [("a.yaml", "é: 1\r\nb: ü2\n")].into_iter().collect();
        let file = sources.find("a.yaml").unwrap();
        let place = |start, end| sources.location(Span::new(file, start, end));
        assert_eq!(place(0, 2), Location { line: 1, column: 1, end_line: 1, end_column: 2 });
        assert_eq!(place(10, 13), Location { line: 2, column: 4, end_line: 2, end_column: 6 });
        assert_eq!(place(99, 99), Location { line: 3, column: 1, end_line: 3, end_column: 1 });
    }

    #[test]
    fn a_folder_is_known_by_its_files_only() {
        let sources: Sources = [("a/b/c.yaml", ""), ("a.b/d.yaml", "")].into_iter().collect();
        assert!(sources.is_folder("a") && sources.is_folder("a/b") && sources.is_folder(""));
        assert!(!sources.is_folder("a/b/c.yaml") && !sources.is_folder("b"));
        assert_eq!(sources.below("a").count(), 1);
    }

    #[test]
    fn text_that_is_not_utf8_or_holds_nul_is_refused_with_its_place() {
        let mut sources = Sources::new();
        let latin = sources.add("latin.yaml", b"name: caf\xe9".to_vec());
        let nul = sources.add("nul.yaml", b"a\0b".to_vec());
        assert_eq!(sources.file(latin).unreadable(), Some(&Unreadable::NotUtf8(9)));
        assert_eq!(sources.file(nul).unreadable(), Some(&Unreadable::Nul(1)));
    }
}
