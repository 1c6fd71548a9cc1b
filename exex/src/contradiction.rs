//! Keeps what a host's parallel executions got wrong until the validator comes to their blocks.

use std::{collections::VecDeque, sync::Arc};

use alloy_eips::BlockNumHash;
use alloy_primitives::B256;
use parking_lot::Mutex;

use crate::host::HostExecution;

/// A parallel execution that is wrong: it contradicts its block's header, with which the sequential one agrees.
#[derive(Debug)]
pub struct Contradiction {
    /// What it contradicts, or why it ended.
    pub what: String,
    /// What it gave, unless it ended with an error.
    pub executed: Option<HostExecution>,
}

/// The latest contradictions, for a host that executed their blocks sequentially then. Clones share them.
///
/// A validator that is behind asks late. So that this does not grow with its lag, only so many are remembered, and what
/// was executed of fewer: of an older one is left that there was one, and [`Contradiction::what`].
#[derive(Clone, Debug, Default)]
pub struct Contradictions(Arc<Mutex<VecDeque<(BlockNumHash, Contradiction)>>>);

/// Contradictions that are remembered.
const REMEMBERED: usize = 16 * 1024;

/// Executions that are kept; each holds a block's receipts and changes.
const EXECUTIONS: usize = 64;

impl Contradictions {
    /// Remembers what went wrong with a block; a block has one contradiction.
    pub fn add(&self, block: BlockNumHash, contradiction: Contradiction) {
        let mut latest = self.0.lock();
        if let Some((_, first)) = latest.iter_mut().rfind(|(known, _)| *known == block) {
            first.what = format!("{}; {}", first.what, contradiction.what);
            return;
        }
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back((block, contradiction));
        if let Some(older) = latest.len().checked_sub(EXECUTIONS + 1) {
            latest[older].1.executed = None;
        }
    }

    /// Returns the blocks with which anything went wrong.
    pub fn blocks(&self) -> Vec<BlockNumHash> {
        self.0.lock().iter().map(|(block, _)| *block).collect()
    }

    /// Hands out what went wrong with a block, if anything did; once.
    pub fn take(&self, block: B256) -> Option<Contradiction> {
        let mut latest = self.0.lock();
        let at = latest.iter().rposition(|(known, _)| known.hash == block)?;
        latest.remove(at).map(|(_, contradiction)| contradiction)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tandem_compare::Output;

    use super::*;

    fn contradiction() -> Contradiction {
        let output = Output { result: Default::default(), bundle: Default::default(), bal: None };
        let executed =
            HostExecution { output, state_root: None, stats: Default::default(), duration: Duration::ZERO };
        Contradiction { what: "gas".to_owned(), executed: Some(executed) }
    }

    fn block(number: usize) -> BlockNumHash {
        BlockNumHash::new(number as u64, hash(number))
    }

    fn hash(number: usize) -> B256 {
        B256::left_padding_from(&number.to_be_bytes())
    }

    #[test]
    fn each_is_handed_out_once() {
        let contradictions = Contradictions::default();
        let shared = contradictions.clone();
        shared.add(block(1), contradiction());
        shared.add(block(2), contradiction());
        assert!(contradictions.take(hash(2)).is_some_and(|told| told.executed.is_some()));
        assert!(contradictions.take(hash(2)).is_none());
        assert!(contradictions.take(hash(1)).is_some());
    }

    #[test]
    fn block_has_one() {
        let contradictions = Contradictions::default();
        contradictions.add(block(1), contradiction());
        contradictions.add(block(1), Contradiction { what: "state root".to_owned(), executed: None });
        let told = contradictions.take(hash(1)).expect("was added");
        assert_eq!(told.what, "gas; state root");
        assert!(told.executed.is_some());
        assert!(contradictions.blocks().is_empty());
    }

    #[test]
    fn an_older_one_is_told_without_its_execution() {
        let contradictions = Contradictions::default();
        (0..=EXECUTIONS).for_each(|number| contradictions.add(block(number), contradiction()));
        assert!(contradictions.take(hash(0)).is_some_and(|told| told.executed.is_none()));
        assert!(contradictions.take(hash(1)).is_some_and(|told| told.executed.is_some()));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let contradictions = Contradictions::default();
        (0..=REMEMBERED).for_each(|number| contradictions.add(block(number), contradiction()));
        assert!(contradictions.take(hash(0)).is_none());
        assert!(contradictions.take(hash(1)).is_some());
    }
}
