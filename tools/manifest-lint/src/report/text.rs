//! For people: the lines in question with the place marked, drawn by rustc's own renderer.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::summary_lines;
use crate::Outcome;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Sources, Span};

pub(super) fn render(outcome: &Outcome, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in &outcome.diagnostics {
        out.push_str(&finding(&renderer, outcome.sources(), diagnostic));
        out.push_str("\n\n");
    }
    for line in summary_lines(outcome) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// A mark: its place, its words, and whether it is the one the message is about.
type Mark<'a> = (Span, &'a str, AnnotationKind);

fn finding(renderer: &Renderer, sources: &Sources, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut marks: Vec<Mark> = vec![(diagnostic.primary, "", AnnotationKind::Primary)];
    marks.extend(diagnostic.labels.iter().map(|label| (label.span, label.text.as_str(), AnnotationKind::Context)));
    let via: Vec<String> = diagnostic.via.steps.iter().map(|step| format!("via {}", step.what)).collect();
    let steps = diagnostic.via.steps.iter().zip(&via);
    marks.extend(steps.map(|(step, text)| (step.span, text.as_str(), AnnotationKind::Context)));

    let mut files: Vec<FileId> = Vec::new();
    for (span, ..) in &marks {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    let mut group = level.primary_title(diagnostic.message.as_str()).id(diagnostic.rule.id).elements(
        files.into_iter().map(|file| snippet(sources, file, marks.iter().filter(|mark| mark.0.file == file))),
    );
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

fn snippet<'a>(
    sources: &'a Sources,
    file: FileId,
    marks: impl Iterator<Item = &'a Mark<'a>> + Clone,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let text = sources.file(file).text();
    // Only the lines around the marks: the renderer's cost grows with the text it is given.
    let first = marks.clone().map(|mark| mark.0.start as usize).min().unwrap_or(0).min(text.len());
    let last = marks.clone().map(|mark| mark.0.start as usize).max().unwrap_or(0).min(text.len());
    let from = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let to = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let line = text[..from].bytes().filter(|&byte| byte == b'\n').count() + 1;
    let annotations = marks.map(|&(span, words, kind)| {
        let range = first_line(text, span);
        let annotation = kind.span(range.start - from..range.end - from);
        if words.is_empty() { annotation } else { annotation.label(words) }
    });
    Snippet::source(&text[from..to]).path(sources.file(file).path()).line_start(line).annotations(annotations)
}

/// Marks do not run over several lines: the first says enough.
fn first_line(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = (span.start as usize).min(text.len());
    let end = (span.end as usize).clamp(start, text.len());
    let line = text[start..].find('\n').map_or(text.len(), |at| start + at);
    start..end.min(line)
}
