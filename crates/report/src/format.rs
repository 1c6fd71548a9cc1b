//! Numbers and names as people read them.

/// A count with separators: `12,345`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 block`, `2 blocks`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A duration: `870 µs`, `6.96 ms`, `12.3 s`, `4 min 10 s`.
pub(crate) fn duration_us(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", three_digits(us as f64 / 1e3)),
        1_000_000..120_000_000 => format!("{} s", three_digits(us as f64 / 1e6)),
        _ => format!("{} min {:02} s", count(us / 60_000_000), us / 1_000_000 % 60),
    }
}

/// An amount of gas: `21,000`, `10.4 M`, `1.25 G`.
pub(crate) fn gas(gas: u64) -> String {
    match gas {
        0..1_000_000 => count(gas),
        1_000_000..1_000_000_000 => format!("{} M", three_digits(gas as f64 / 1e6)),
        1_000_000_000..1_000_000_000_000 => format!("{} G", three_digits(gas as f64 / 1e9)),
        _ => format!("{} T", three_digits(gas as f64 / 1e12)),
    }
}

/// An amount of memory: `7.75 GiB`.
pub(crate) fn memory_bytes(bytes: u64) -> String {
    const GIB: f64 = (1u64 << 30) as f64;
    format!("{} GiB", three_digits(bytes as f64 / GIB))
}

/// A throughput: `1,234 Mgas/s`. Gas per microsecond is Mgas per second.
pub(crate) fn throughput(gas_used: u64, us: u64) -> Option<String> {
    let mgas_s = (us > 0).then(|| gas_used as f64 / us as f64)?;
    let number = if mgas_s < 1_000.0 { three_digits(mgas_s) } else { count(mgas_s.round() as u64) };
    Some(format!("{number} Mgas/s"))
}

/// Rounds to so many decimals.
pub(crate) fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

/// A ratio: `1.73×`.
pub(crate) fn ratio(ratio: f64) -> String {
    if ratio < 100.0 { format!("{ratio:.2}×") } else { format!("{ratio:.0}×") }
}

/// A ratio, or a dash where there is none.
pub(crate) fn ratio_or_dash(value: Option<f64>) -> String {
    value.map_or_else(dash, ratio)
}

/// What stands for a missing value.
pub(crate) fn dash() -> String {
    "–".to_owned()
}

/// A share, never rounded up to all nor down to nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return dash();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        p if part == 0 || part == whole => format!("{p:.0}%"),
        p if p < 0.1 => "<\u{a0}0.1%".to_owned(),
        p if p > 99.9 => ">\u{a0}99.9%".to_owned(),
        p => format!("{p:.1}%"),
    }
}

/// Shortens a name in its middle to at most `chars_max` characters.
pub(crate) fn shorten(name: &str, chars_max: usize) -> String {
    let len = name.chars().count();
    if len <= chars_max {
        return name.to_owned();
    }
    let tail = (chars_max - 1) * 2 / 3;
    let head = chars_max - 1 - tail;
    name.chars().take(head).chain(['…']).chain(name.chars().skip(len - tail)).collect()
}

/// Replaces control characters, so that a file name cannot steer a terminal.
pub(crate) fn printable(name: &str) -> String {
    name.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

fn three_digits(number: f64) -> String {
    match number {
        n if n < 9.995 => format!("{n:.2}"),
        n if n < 99.95 => format!("{n:.1}"),
        n => format!("{n:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(duration_us(870), "870 µs");
        assert_eq!(duration_us(6_956), "6.96 ms");
        assert_eq!(duration_us(12_340_000), "12.3 s");
        assert_eq!(duration_us(250_000_000), "4 min 10 s");
        assert_eq!(gas(10_421_765), "10.4 M");
        assert_eq!(throughput(10_421_765, 6_956).as_deref(), Some("1,498 Mgas/s"));
        assert_eq!(throughput(1, 0), None);
    }

    #[test]
    fn a_share_is_never_rounded_to_all() {
        assert_eq!(percent(9_999_999, 10_000_000), ">\u{a0}99.9%");
        assert_eq!(percent(1, 10_000_000), "<\u{a0}0.1%");
        assert_eq!(percent(10, 10), "100%");
        assert_eq!(percent(0, 0), "–");
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shorten("mainnet/19932703", 40), "mainnet/19932703");
        assert_eq!(shorten("abcdefghijklmnop", 7), "ab…mnop");
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    }
}
