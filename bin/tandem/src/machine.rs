//! Looks at the computer, because times mean nothing without it.

use std::{fs, thread};

use tandem_report::Machine;

/// Describes this computer; what the system does not say is empty or zero.
pub(crate) fn machine() -> Machine {
    Machine {
        cpu: value("/proc/cpuinfo", "model name").unwrap_or_default(),
        cores: core_count(),
        memory_bytes: memory_bytes().unwrap_or_default(),
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// Returns how many threads the system runs at once for this process.
pub(crate) fn core_count() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

fn memory_bytes() -> Option<u64> {
    let kib: u64 = value("/proc/meminfo", "MemTotal")?.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Returns the value of the first line `key : value`.
fn value(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Returns the time of the system's clock as RFC 3339 in UTC.
pub(crate) fn now() -> Option<String> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(rfc3339(since.as_secs()))
}

/// Writes seconds since 1970 as a date and time.
///
/// Days to date as in "chrono-compatible low-level Date Algorithms", H. Hinnant, `civil_from_days`.
fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_735_689_599), "2024-12-31T23:59:59Z");
    }
}
