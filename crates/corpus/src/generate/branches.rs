//! Decides where branches begin that the chain leaves again.

use super::GenerateError;

/// The deepest reorg: two epochs of proof of stake, after which a block is final.
pub const REORG_DEPTH_MAX: usize = 64;

/// Where branches begin, and how long they are: of 1 to [`REORG_DEPTH_MAX`] blocks in turn.
///
/// A branch begins when the chain has outgrown the one before, so that no reorg is deeper than its branch is long.
#[derive(Debug)]
pub(super) struct Branches {
    reorgs: usize,
    made: usize,
    begins_at: usize,
}

impl Branches {
    /// Plans branches for a chain of so many blocks.
    pub(super) fn new(reorgs: usize, blocks: usize) -> Result<Self, GenerateError> {
        let needed = 1 + (0..reorgs).map(|index| length(index) + 1).sum::<usize>();
        if reorgs > 0 && blocks < needed {
            return Err(GenerateError::TooShort { reorgs, needed, blocks });
        }
        Ok(Self { reorgs, made: 0, begins_at: 1 })
    }

    /// Returns the number and the length of the branch that begins after so many blocks of the chain, if one does.
    pub(super) fn at(&mut self, blocks: usize) -> Option<(usize, usize)> {
        if self.made == self.reorgs || blocks != self.begins_at {
            return None;
        }
        let branch = (self.made, length(self.made));
        self.made += 1;
        self.begins_at += branch.1 + 1;
        Some(branch)
    }
}

const fn length(index: usize) -> usize {
    index % REORG_DEPTH_MAX + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_branch_begins_when_the_chain_has_outgrown_the_one_before() {
        let mut branches = Branches::new(3, 10).unwrap();
        let begun: Vec<_> = (0..10).filter_map(|blocks| Some((blocks, branches.at(blocks)?))).collect();
        assert_eq!(begun, [(1, (0, 1)), (3, (1, 2)), (6, (2, 3))]);
    }

    #[test]
    fn a_chain_that_is_too_short_is_refused() {
        let error = Branches::new(200, 100).unwrap_err().to_string();
        assert_eq!(error, "200 reorgs take a chain of 6477 blocks at least, got 100");
        assert!(Branches::new(200, 6477).is_ok());
    }
}
