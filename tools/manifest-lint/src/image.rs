//! Image references: `registry/repository:tag@digest`.

/// A reference taken apart. Without a registry, a client adds its own default; here it stays as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// With the registry, where one is written.
    pub repository: &'a str,
    pub tag: Option<&'a str>,
    /// With its algorithm: `sha256:…`.
    pub digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// `None` where `text` is not a reference, for example because it holds a variable.
    /// The grammar is that of `distribution/reference`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[last..].split_once(':') {
            Some((short, tag)) => (&name[..last + short.len()], Some(tag)),
            None => (name, None),
        };
        let valid = is_repository(repository) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        valid.then_some(Self { repository, tag, digest })
    }
}

fn is_repository(text: &str) -> bool {
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    let is_host = text.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let first_ok = if is_host { is_host_name(first) } else { is_path_part(first) };
    first_ok && parts.all(is_path_part)
}

fn is_host_name(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "0"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    !host.is_empty() && host.chars().all(allowed) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_path_part(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let allowed = |c: char| edge(c) || matches!(c, '.' | '_' | '-');
    text.starts_with(edge) && text.ends_with(edge) && text.chars().all(allowed)
}

fn is_tag(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (1..=128).contains(&text.len()) && !text.starts_with(['.', '-']) && text.chars().all(allowed)
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn references_are_taken_apart() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let full = format!("registry.example.com:5000/team/web:1.2@{digest}");
        let cases = [
            ("nginx", "nginx", None, None),
            ("nginx:1.2", "nginx", Some("1.2"), None),
            ("localhost/web", "localhost/web", None, None),
            (full.as_str(), "registry.example.com:5000/team/web", Some("1.2"), Some(digest.as_str())),
        ];
        for (text, repository, tag, digest) in cases {
            assert_eq!(Reference::parse(text), Some(Reference { repository, tag, digest }), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_reference_is_refused() {
        for text in ["", "${image}", "Nginx", "nginx:", "a b", "nginx@sha256:xyz", "-a", "a//b", "https://x/y", "a:b:c"]
        {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }
}
