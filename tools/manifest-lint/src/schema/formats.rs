//! Text formats that the API server enforces.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::shape::Format;
use crate::yaml::Resolved;

/// Whether `value`, written as `text`, is of `format`. Formats of other types than its own say yes.
pub(super) fn is_valid(format: Format, value: &Resolved<'_>, text: &str) -> bool {
    match (format, value) {
        (Format::Int32, Resolved::Int(number)) => i32::try_from(*number).is_ok(),
        (Format::Int32, Resolved::Float(number)) => number.abs() <= f64::from(i32::MAX),
        (Format::Int32 | Format::Int64, Resolved::UInt(_)) => false,
        (Format::Int64, Resolved::Float(number)) => number.abs() < 9.3e18,
        (Format::Byte, Resolved::String(text)) => is_base64(text),
        (Format::DateTime, Resolved::String(text)) => is_date_time(text),
        (Format::Date, Resolved::String(text)) => is_date(text),
        (Format::Ipv4, Resolved::String(text)) => text.parse::<Ipv4Addr>().is_ok(),
        (Format::Ipv6, Resolved::String(text)) => text.parse::<Ipv6Addr>().is_ok(),
        (Format::Cidr, Resolved::String(text)) => is_cidr(text),
        (Format::Quantity, Resolved::String(_) | Resolved::Int(_) | Resolved::UInt(_) | Resolved::Float(_)) => {
            is_quantity(text)
        }
        _ => true,
    }
}

/// Standard base64 with padding; line breaks are skipped, as Go's decoder does.
fn is_base64(text: &str) -> bool {
    let bytes: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = bytes.iter().rev().take_while(|&&byte| byte == b'=').count();
    bytes.len().is_multiple_of(4)
        && padding <= 2
        && bytes[..bytes.len() - padding].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// RFC 3339 with any number of fractional digits.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else { return false };
    let Some(time) = time.strip_prefix(['T', 't']) else { return false };
    let Some((clock, rest)) = time.split_at_checked(8) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
        None => rest,
    };
    is_date(date) && is_clock(clock) && is_zone(zone)
}

fn is_date(text: &str) -> bool {
    let [Some(year), Some(month), Some(day)] = numbers(text, "-", [4, 2, 2]) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_clock(text: &str) -> bool {
    matches!(numbers(text, ":", [2, 2, 2]), [Some(0..=23), Some(0..=59), Some(0..=59)])
}

fn is_zone(text: &str) -> bool {
    match text.strip_prefix(['+', '-']) {
        Some(offset) => {
            let mut parts = offset.split(':').map(|part| digits(part, 2));
            matches!((parts.next(), parts.next(), parts.next()), (Some(Some(0..=23)), Some(Some(0..=59)), None))
        }
        None => matches!(text, "Z" | "z"),
    }
}

fn numbers(text: &str, separator: &str, widths: [usize; 3]) -> [Option<u32>; 3] {
    let mut parts = text.split(separator);
    let found = widths.map(|width| parts.next().and_then(|part| digits(part, width)));
    if parts.next().is_some() { [None; 3] } else { found }
}

fn digits(text: &str, width: usize) -> Option<u32> {
    let plain = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else { return false };
    let longest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    prefix.bytes().all(|byte| byte.is_ascii_digit()) && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= longest)
}

/// `<number><suffix>`: sign, digits with at most one point, then a decimal exponent or a unit.
fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let number = unsigned.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, suffix) = unsigned.split_at(number);
    let has_digit = number.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digit || number.matches('.').count() > 1 {
        return false;
    }
    match suffix {
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" => true,
        "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => true,
        exponent => exponent.strip_prefix(['e', 'E']).is_some_and(|digits| {
            let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_base64, is_cidr, is_date_time, is_quantity};

    #[test]
    fn quantities_are_numbers_with_one_of_the_known_units() {
        for good in ["0", "1", "-1", "+.5", "1.", "100m", "0.5", "1Gi", "1e3", "1E-3", "2E", "64k", "12Ki", "1n"] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in ["", ".", "m", "1 Gi", "1gi", "1GB", "1K", "100mm", "1.2.3", "1e", "0x10", "1,5", "half"] {
            assert!(!is_quantity(bad), "{bad}");
        }
    }

    #[test]
    fn times_are_rfc_3339() {
        for good in ["2026-11-24T02:30:00Z", "2024-02-29T23:59:59.123456789+05:30", "0001-01-01T00:00:00-00:00"] {
            assert!(is_date_time(good), "{good}");
        }
        let bad = ["2026-11-24", "2026-11-24 02:30:00Z", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "now", ""];
        for bad in bad.into_iter().chain(["2026-11-24T24:00:00Z", "2026-11-24T02:30:00", "2026-11-24T02:30:00.Z"]) {
            assert!(!is_date_time(bad), "{bad}");
        }
        assert!(!is_date_time("2026-11-2éT02:30:00Z"));
    }

    #[test]
    fn networks_have_an_address_and_a_prefix_that_fits_it() {
        assert!(is_cidr("10.0.0.0/8") && is_cidr("2001:db8::/32"));
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/+8", "/8"] {
            assert!(!is_cidr(bad), "{bad}");
        }
    }

    #[test]
    fn base64_is_padded_and_may_be_wrapped() {
        for good in ["", "aGVsbG8=", "aGVs\nbG8=\n", "+/+/"] {
            assert!(is_base64(good), "{good}");
        }
        for bad in ["hello", "aGVsbG8", "aGVs bG8=", "a===", "====", "aGVsbG8_"] {
            assert!(!is_base64(bad), "{bad}");
        }
    }
}
