//! Regular expressions of CRDs are Go's; the crate's differ in a few places.

use regex::{Regex, RegexBuilder};

const SIZE_LIMIT: usize = 1 << 20;

/// `None` when neither reading works.
pub(super) fn compile(go: &str) -> Option<Regex> {
    RegexBuilder::new(&translate(go)).size_limit(SIZE_LIMIT).build().ok()
}

/// In Go `\d`, `\w`, `\s` and `\b` are ASCII, and a class knows neither nesting nor `&&`, `--` and `~~`.
fn translate(go: &str) -> String {
    let mut rust = String::with_capacity(go.len() + 16);
    let mut class: Option<usize> = None;
    let mut rest = go.chars().peekable();
    while let Some(c) = rest.next() {
        let seen = class.map_or(0, |seen| seen);
        match (c, class) {
            ('\\', _) => escape(rest.next(), class.is_some(), &mut rust),
            ('[', None) => {
                rust.push('[');
                if rest.peek() == Some(&'^') {
                    rust.extend(rest.next());
                }
                class = Some(0);
                continue;
            }
            ('[', Some(_)) if rest.peek() == Some(&':') => {
                rust.push('[');
                for inner in rest.by_ref() {
                    rust.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            // A bracket right after the opening one stands for itself.
            (']', Some(0)) => rust.push_str(r"\]"),
            (']', Some(_)) => {
                rust.push(']');
                class = None;
                continue;
            }
            ('[' | '&' | '~', Some(_)) => rust.extend(['\\', c]),
            ('-', Some(0)) => rust.push_str(r"\-"),
            // A range up to the minus sign.
            ('-', Some(_)) if rest.peek() == Some(&'-') => {
                rest.next();
                rust.push_str(r"-\-");
            }
            _ => rust.push(c),
        }
        class = class.map(|_| seen + 1);
    }
    rust
}

fn escape(next: Option<char>, in_class: bool, rust: &mut String) {
    let ascii = match next {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => r"[\t\n\f\r ]",
        Some('S') => r"[^\t\n\f\r ]",
        Some('b') if !in_class => r"(?-u:\b)",
        // `(?-u:\B)` may match inside a character, which the crate refuses; Unicode words are near enough.
        other => {
            rust.push('\\');
            rust.extend(other);
            return;
        }
    };
    rust.push_str(ascii);
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn classes_are_read_as_go_reads_them() {
        let cases = [
            (r"^[a-z[]+$", "a[b", true),
            (r"^[]a]+$", "]a", true),
            (r"^[^]a]+$", "]", false),
            (r"^[a&&b]+$", "&ab", true),
            (r"^[\w.-]+$", "a_b.c-1", true),
            (r"^[\w.-]+$", "é", false),
            (r"^\d+$", "٣", false),
            (r"^[[:alpha:]_]+$", "ab_", true),
            (r"^[+--]+$", ",-", true),
            (r"^[--/]+$", "-.", true),
            (r"^(?P<a>x)\b$", "x", true),
            (r"^a.c$", "aéc", true),
        ];
        for (pattern, text, matches) in cases {
            let regex = compile(pattern).unwrap_or_else(|| panic!("{pattern} compiles"));
            assert_eq!(regex.is_match(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in ["(", "a**)", "[b-a]", r"\q"] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
