//! What the text of a scalar means. Kubernetes tools disagree, so every reading names its dialect.
//!
//! Follows `resolve` of go-yaml as `sigs.k8s.io/yaml` and kustomize's `kyaml` vendor it; the table in
//! `docs/manifest-lint/reading.md` is tested against the real programs.

use super::{Scalar, Style};

/// Who reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `kubectl apply` of a plain file: YAML 1.1 booleans.
    Kubectl,
    /// A file that passes through `kustomize build`: `yes` and `on` stay strings.
    Kustomize,
    /// Helm values: as kubectl, and every number is a float.
    Helm,
}

/// A scalar as one dialect reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    Float(f64),
    String(&'a str),
}

impl Resolved<'_> {
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::UInt(_) => "an integer",
            Self::Float(_) => "a number",
            Self::String(_) => "a string",
        }
    }
}

impl Scalar {
    pub fn resolve(&self, dialect: Dialect) -> Resolved<'_> {
        if self.style != Style::Plain || self.tagged_string {
            return Resolved::String(&self.text);
        }
        resolve_plain(&self.text, dialect)
    }
}

fn resolve_plain(text: &str, dialect: Dialect) -> Resolved<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Bool(true),
        "false" | "False" | "FALSE" => return Resolved::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        _ => {}
    }
    if dialect != Dialect::Kustomize
        && let Some(truth) = yaml_1_1_bool(text)
    {
        return Resolved::Bool(truth);
    }
    match text.as_bytes()[0] {
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text).unwrap_or(Resolved::String(text)),
        _ => Resolved::String(text),
    }
}

fn yaml_1_1_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// Go's `ParseInt(text, 0, 64)`, then its `ParseUint`, then a decimal float; underscores are dropped first.
fn number(text: &str) -> Option<Resolved<'static>> {
    let plain: String = text.chars().filter(|&c| c != '_').collect();
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, &plain[..]),
    };
    if let Some(magnitude) = integer(digits) {
        if negative {
            if let Some(value) = 0i64.checked_sub_unsigned(magnitude) {
                return Some(Resolved::Int(value));
            }
        } else {
            return Some(i64::try_from(magnitude).map_or(Resolved::UInt(magnitude), Resolved::Int));
        }
    }
    if !is_decimal_float(digits) {
        return None;
    }
    plain.parse().ok().filter(|value: &f64| value.is_finite()).map(Resolved::Float)
}

fn integer(digits: &str) -> Option<u64> {
    let lower = digits.as_bytes();
    let (radix, rest) = match lower {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    u64::from_str_radix(rest, radix).ok()
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_ok = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_ok && exponent_ok
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Resolved, resolve_plain};

    #[test]
    fn the_same_text_is_read_differently_by_kubectl_and_kustomize() {
        for text in ["on", "yes", "y", "Yes"] {
            assert_eq!(resolve_plain(text, Dialect::Kubectl), Resolved::Bool(true), "{text}");
            assert_eq!(resolve_plain(text, Dialect::Helm), Resolved::Bool(true), "{text}");
            assert_eq!(resolve_plain(text, Dialect::Kustomize), Resolved::String(text));
        }
    }

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let cases = [
            ("0755", Resolved::Int(493)),
            ("0o755", Resolved::Int(493)),
            ("0x1F", Resolved::Int(31)),
            ("-0b11", Resolved::Int(-3)),
            ("08", Resolved::Float(8.0)),
            ("1_000", Resolved::Int(1000)),
            ("+12", Resolved::Int(12)),
            ("1e3", Resolved::Float(1000.0)),
            (".5", Resolved::Float(0.5)),
            ("18446744073709551615", Resolved::UInt(u64::MAX)),
            ("-9223372036854775808", Resolved::Int(i64::MIN)),
            ("012345678901234567890", Resolved::Float(12_345_678_901_234_567_000.0)),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve_plain(text, Dialect::Kubectl), expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_stays_a_string() {
        for text in ["12:30:45", "2020-01-01", "1.2.3", "0x", "1e", "-", ".", "1Gi", "100m", "+", "0b2", "1__e"] {
            assert_eq!(resolve_plain(text, Dialect::Kubectl), Resolved::String(text));
        }
    }
}
