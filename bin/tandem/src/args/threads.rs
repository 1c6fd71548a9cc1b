//! Reads a number of threads.

use std::{fmt, num::NonZero, str::FromStr};

use crate::machine;

/// More threads than any block has use for; a greater number is a slip of the finger.
const THREADS_MAX: usize = 1024;

/// How many threads execute a block, the calling one included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Threads {
    /// As many as the computer runs at once.
    #[default]
    Auto,
    /// So many.
    Count(NonZero<usize>),
}

impl Threads {
    /// Returns the number.
    pub(crate) fn count(self) -> NonZero<usize> {
        match self {
            Self::Auto => NonZero::new(machine::core_count()).unwrap_or(NonZero::<usize>::MIN),
            Self::Count(count) => count,
        }
    }

    /// Returns several numbers in ascending order, each once.
    pub(crate) fn counts(list: &[Self]) -> Vec<NonZero<usize>> {
        let mut counts: Vec<_> = list.iter().map(|threads| threads.count()).collect();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}

impl FromStr for Threads {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        match text.parse::<NonZero<usize>>() {
            Ok(count) if count.get() <= THREADS_MAX => Ok(Self::Count(count)),
            _ => Err(format!("expected a number from 1 to {THREADS_MAX}, or auto")),
        }
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Count(count) => count.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_auto_are_read_and_nothing_else() {
        assert_eq!("auto".parse(), Ok(Threads::Auto));
        assert_eq!("8".parse::<Threads>().map(Threads::count), Ok(NonZero::new(8).unwrap()));
        for text in ["0", "-1", "two", "", "1025", "8 "] {
            assert!(text.parse::<Threads>().is_err(), "{text}");
        }
    }
}
