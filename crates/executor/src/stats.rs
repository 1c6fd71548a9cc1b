//! Counts what parallel execution of a block took.

use alloy_primitives::{Address, U256, map::HashMap};

/// The smallest unit of conflict that a failed validation can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// An account's balance, nonce, code or existence.
    Account(Address),
    /// A storage slot.
    Slot(Address, U256),
    /// The hash of an ancestor, by its number.
    BlockHash(u64),
}

/// A location at which attempts failed validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where.
    pub location: Location,
    /// How many attempts failed there.
    pub count: usize,
}

/// Counters of one block.
#[derive(Clone, Debug, Default)]
pub struct BlockStats {
    /// Threads that took part, the frontier's included.
    pub threads: usize,
    /// Speculative attempts that finished.
    pub attempts: usize,
    /// Transactions that were speculated on and executed again by the frontier.
    pub reexecuted: usize,
    /// Transactions that the frontier executed.
    pub frontier_executed: usize,
    /// Transactions whose speculative attempt was committed.
    pub committed_attempts: usize,
    /// Payments that the frontier applied without an EVM.
    pub paid: usize,
    pub(crate) by_location: HashMap<Location, usize>,
}

impl BlockStats {
    /// Counts a failed validation.
    pub fn add_conflict(&mut self, location: Location) {
        *self.by_location.entry(location).or_default() += 1;
    }

    /// Returns conflicts, the most frequent first.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts: Vec<_> = self
            .by_location
            .iter()
            .map(|(location, count)| Conflict { location: *location, count: *count })
            .collect();
        conflicts.sort_by(|a, b| b.count.cmp(&a.count).then(a.location.cmp(&b.location)));
        conflicts
    }
}
