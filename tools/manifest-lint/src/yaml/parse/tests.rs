use super::{Stream, parse};
use crate::source::Sources;
use crate::yaml::{Node, Value};

fn read(text: &str) -> (Sources, Stream) {
    let mut sources = Sources::new();
    let file = sources.add("a.yaml", text.as_bytes().to_vec());
    let stream = parse(file, text);
    (sources, stream)
}

/// Every scalar with the text its span covers, to compare with what a person would mark.
fn spans(sources: &Sources, node: &Node, into: &mut Vec<String>) {
    match &node.value {
        Value::Scalar(_) => into.push(sources.text(node.span).to_owned()),
        Value::Sequence(items) => items.iter().for_each(|item| spans(sources, item, into)),
        Value::Mapping(entries) => entries.iter().for_each(|entry| {
            spans(sources, &entry.key, into);
            spans(sources, &entry.value, into);
        }),
    }
}

fn scalar_spans(text: &str) -> Vec<String> {
    let (sources, stream) = read(text);
    assert_eq!(stream.errors, []);
    let mut found = Vec::new();
    stream.documents.iter().for_each(|document| spans(&sources, &document.root, &mut found));
    found
}

#[test]
fn every_scalar_has_the_span_of_its_text() {
    let text = "a: b  # note\r\n'c': \"d\"\r\ne:\r\n- f\r\n- {g: h, i: [j]}\r\n";
    assert_eq!(scalar_spans(text), ["a", "b", "'c'", "\"d\"", "e", "f", "g", "h", "i", "j"]);
    assert_eq!(scalar_spans("t: |\n  one\n\n  two\n\nn: 1\n"), ["t", "one\n\n  two", "n", "1"]);
    assert_eq!(scalar_spans("\u{feff}a: é\n---\nb:\n"), ["a", "é", "b", ""]);
}

#[test]
fn a_collection_ends_where_its_last_child_ends() {
    let (sources, stream) = read("a:\n  b: 1\n  c:\n  - x\n\n# far away\nd: [1,\n  2]\n");
    let root = &stream.documents[0].root;
    assert_eq!(sources.text(root.get("a").unwrap().span), "b: 1\n  c:\n  - x");
    assert_eq!(sources.text(root.get("d").unwrap().span), "[1,\n  2]");
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let (sources, stream) = read("a: 1\n---\nb: [1\n---\nc: 3\n");
    assert_eq!(stream.documents.len(), 2);
    assert_eq!(stream.errors.len(), 1);
    assert_eq!(sources.location(stream.errors[0].span).line, 3);
}

#[test]
fn merge_keys_and_aliases_keep_the_place_of_the_anchored_text() {
    let (sources, stream) = read("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
    let used = stream.documents[0].root.get("use").unwrap();
    assert_eq!(used.get("y").unwrap().text(), Some("3"));
    assert_eq!(sources.location(used.get("x").unwrap().span).line, 1);
    assert_eq!(stream.documents[0].duplicate_keys, []);
}

#[test]
fn aliases_cannot_make_a_document_explode() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let reference = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![reference; 10].join(", "));
    }
    let (_, stream) = read(&text);
    assert!(stream.errors[0].message.contains("aliases make this document larger"), "{:?}", stream.errors);
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
        assert_eq!(read(&text).1.errors.len(), 1);
    }
}

#[test]
fn duplicate_keys_are_found_in_small_and_large_mappings() {
    let large: String = (0..40).map(|n| format!("k{n}: 1\n")).collect();
    for text in ["a: 1\nb: 2\na: 3\n".to_owned(), format!("{large}k3: 2\n")] {
        let (sources, stream) = read(&text);
        let [duplicate] = &stream.documents[0].duplicate_keys[..] else { panic!("{text}") };
        assert_eq!(sources.text(duplicate.first), sources.text(duplicate.second));
        assert!(duplicate.first < duplicate.second);
    }
}

#[test]
fn errors_name_the_cause_and_the_place() {
    let cases = [
        ("a:\n\tb: 1\n", "a tab is used for indentation", 2, 1),
        ("a: 'x\nb: 1\n", "a quoted text is not closed", 1, 4),
        ("a: [1, 2\nb: 1\n", "`:` is not allowed here", 2, 2),
        ("a: b: c\n", "`: ` is not allowed here", 1, 5),
        ("a: *x\n", "no anchor of this name comes before", 1, 4),
        ("a: {{ .Values.x }}\n", "an object cannot be a key", 1, 5),
        ("a: 1\n  b: 2\n", "`: ` is not allowed here", 2, 4),
        ("a: @x\n", "a value cannot begin with `@`", 1, 4),
        ("a: 1\nb\nc: 2\n", "a key without `:`", 2, 1),
    ];
    for (text, message, line, column) in cases {
        let (sources, stream) = read(text);
        let [error] = &stream.errors[..] else { panic!("{text}: {:?}", stream.errors) };
        let place = sources.location(error.span);
        assert_eq!((&*error.message, place.line, place.column), (message, line, column), "{text}");
    }
}

#[test]
fn comments_are_kept_with_their_place() {
    let (sources, stream) = read("# top\na: 1 # right\n");
    let comments = &stream.documents[0].comments;
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert!(comments[0].own_line && !comments[1].own_line);
    assert_eq!(sources.text(comments[1].span), "# right");
}

mod properties {
    use proptest::prelude::{ProptestConfig, proptest};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC*") {
            super::read(&text);
        }

        #[test]
        fn text_made_of_yaml_tokens_is_read_without_a_panic(
            tokens in proptest::collection::vec(
                proptest::sample::select(vec![
                    "a", ": ", "- ", "\n", "  ", "\t", "|", ">-", "&x ", "*x", "<<: ", "[", "]", "{", "}", ",", "'", "\"",
                    "#", "---", "...", "? ", "!!str ", "%YAML 1.2", "\r\n", "é", "\u{feff}", "$patch",
                ]),
                0..60,
            )
        ) {
            let text: String = tokens.concat();
            let (sources, stream) = super::read(&text);
            for document in &stream.documents {
                super::spans(&sources, &document.root, &mut Vec::new());
            }
            for error in &stream.errors {
                sources.location(error.span);
            }
        }
    }
}
