//! The front page, written once at the start: HTML for browsers, JSON for who asks for it.

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, VARY};
use serde::Serialize;

use crate::build::{REVISION, VERSION};
use crate::response::{Reply, reply};

const TEMPLATE: &str = include_str!("page.html");

/// Nothing is loaded from anywhere; the style and the icon are in the page.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

/// Both forms of the front page.
#[derive(Debug)]
pub(crate) struct Home {
    html: Bytes,
    json: Bytes,
}

#[derive(Serialize)]
struct Facts<'a> {
    greeting: &'a str,
    version: &'a str,
    revision: &'a str,
    pod: &'a str,
    color: &'a str,
}

impl Home {
    pub(crate) fn new(greeting: &str, color: &str, pod: &str) -> Self {
        let facts = Facts { greeting, version: VERSION, revision: REVISION, pod, color };
        let pod = if pod.is_empty() { "not in a pod" } else { pod };
        let html = fill(
            TEMPLATE,
            &[
                ("greeting", greeting),
                ("version", VERSION),
                ("revision", REVISION),
                ("pod", pod),
                ("icon-color", &color.replace('#', "%23")),
                ("color", color),
            ],
        );
        let json = serde_json::to_string(&facts).unwrap_or_default() + "\n";
        Self { html: html.into(), json: json.into() }
    }

    pub(crate) fn reply(&self, accept: Option<&HeaderValue>) -> Reply {
        let json = accept.and_then(|accept| accept.to_str().ok()).is_some_and(prefers_json);
        let mut reply = if json {
            reply(StatusCode::OK, "application/json", self.json.clone())
        } else {
            let mut page = reply(StatusCode::OK, "text/html; charset=utf-8", self.html.clone());
            page.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            page
        };
        reply.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
        reply
    }
}

/// Replaces `{{name}}`, escaped for text and quoted attributes. One pass: what is put in is not looked at again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, inner)| Some((before, inner.split_once("}}")?)))
    {
        page.push_str(before);
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        for character in value.chars() {
            match character {
                '&' => page.push_str("&amp;"),
                '<' => page.push_str("&lt;"),
                '>' => page.push_str("&gt;"),
                '"' => page.push_str("&quot;"),
                '\'' => page.push_str("&#39;"),
                _ => page.push(character),
            }
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Whether an `Accept` header (RFC 9110 §12.5.1) likes JSON better than HTML. At equal weight the type named more exactly
/// wins, so that `application/json, */*` is JSON; a bare `*/*` is HTML.
fn prefers_json(accept: &str) -> bool {
    weight(accept, "application/json") > weight(accept, "text/html")
}

/// Weight in thousandths and exactness (2 type, 1 `type/*`, 0 `*/*`) that `accept` gives to a media type.
fn weight(accept: &str, media_type: &str) -> (u16, u8) {
    let main = media_type.split('/').next().unwrap_or_default();
    let of_range = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let exactness = match name.split_once('/') {
            _ if name == media_type => 2,
            Some((range_main, "*")) if range_main == main => 1,
            Some(("*", "*")) => 0,
            _ => return None,
        };
        let q = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
        Some((exactness, (q.clamp(0.0, 1.0) * 1000.0) as u16))
    };
    let best = accept.split(',').filter_map(of_range).max();
    best.filter(|(_, q)| *q > 0).map_or((0, 0), |(exactness, q)| (q, exactness))
}

#[cfg(test)]
mod tests {
    use super::{fill, prefers_json};

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        let json = [
            "application/json",
            "application/json, text/plain, */*",
            "text/html;q=0.5, application/json;q=0.9",
            "APPLICATION/JSON",
            "application/*",
            "text/html;q=0, */*",
        ];
        let html = [
            "",
            "*/*",
            "text/html",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/*",
            "application/json;q=0.1, text/html",
            "application/json;q=0",
            ";;q=,,/",
            "application/json;q=nan, text/html",
        ];
        for accept in json {
            assert!(prefers_json(accept), "{accept}");
        }
        for accept in html {
            assert!(!prefers_json(accept), "{accept}");
        }
    }

    #[test]
    fn what_is_filled_in_is_escaped_and_not_filled_again() {
        assert_eq!(
            fill("<p>{{a}}</p>{{none}}{{", &[("a", "<{{a}} & 'x'>")]),
            "<p>&lt;{{a}} &amp; &#39;x&#39;&gt;</p>{{"
        );
    }
}
