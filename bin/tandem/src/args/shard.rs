//! Reads which part of a run is to be done.

use std::{num::NonZero, str::FromStr};

use tandem_report::Part;

/// One of equal parts of a run: every `count`-th block, from the `index`-th on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    index: u64,
    count: NonZero<u64>,
}

impl Shard {
    /// All of it.
    pub(crate) const WHOLE: Self = Self { index: 0, count: NonZero::<u64>::MIN };

    /// Names this part of a run of so many blocks, if it was walked to its end; nothing for a run in one part.
    pub(crate) fn part(self, blocks: Option<u64>) -> Option<Part> {
        let (index, count) = (self.index, self.count.get());
        (count > 1).then_some(Part { index, count, blocks })
    }

    /// Says whether the block at a position of the run belongs to this part.
    pub(crate) const fn has(self, position: u64) -> bool {
        position % self.count.get() == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(index, count)| {
            let (index, count) = (index.parse().ok()?, count.parse::<NonZero<u64>>().ok()?);
            (index < count.get()).then_some(Self { index, count })
        });
        parsed.ok_or_else(|| "expected I/N with I from 0 to N - 1, as 0/4".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_is_in_exactly_one_part() {
        let parts = ["0/3", "1/3", "2/3"].map(|text| text.parse::<Shard>().unwrap());
        for position in 0..10 {
            assert_eq!(parts.iter().filter(|part| part.has(position)).count(), 1);
        }
        assert!((0..10).all(|position| Shard::WHOLE.has(position)));
    }

    #[test]
    fn parts_that_do_not_exist_are_refused() {
        for text in ["3/3", "0/0", "1", "/", "-1/2", "0/3/4", "a/b"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
