//! Decides which blocks of the sources belong to a run.

use tandem_report::Part;

use crate::args::Shard;

/// Counts blocks in the order of the sources: first the limit is applied, then the shard.
#[derive(Debug)]
pub(crate) struct Portion {
    shard: Shard,
    limit: Option<u64>,
    position: u64,
}

/// Whether a block belongs to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// It does.
    Mine,
    /// It belongs to another part of the run.
    Other,
    /// It comes after the last block of the run.
    Beyond,
}

impl Portion {
    /// Starts before the first block.
    pub(crate) const fn new(shard: Shard, limit: Option<u64>) -> Self {
        Self { shard, limit, position: 0 }
    }

    /// Says whether all blocks of the run are through.
    pub(crate) fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.position >= limit)
    }

    /// Names the part of the run that was done, and how many blocks the run has, if all of them went by.
    pub(crate) fn part(&self, has_ended: bool) -> Option<Part> {
        self.shard.part(has_ended.then_some(self.position))
    }

    /// Counts the next block and says whose it is.
    pub(crate) fn take(&mut self) -> Share {
        if self.is_over() {
            return Share::Beyond;
        }
        let is_mine = self.shard.has(self.position);
        self.position += 1;
        if is_mine { Share::Mine } else { Share::Other }
    }
}

#[cfg(test)]
mod tests {
    use super::{Portion, Share};

    #[test]
    fn limit_applies_before_the_shard() {
        let mut portion = Portion::new("1/2".parse().unwrap(), Some(3));
        let shares: Vec<_> = (0..4).map(|_| portion.take()).collect();
        assert_eq!(shares, [Share::Other, Share::Mine, Share::Other, Share::Beyond]);
        assert!(portion.is_over());
    }
}
