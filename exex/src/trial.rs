//! Follows a block that a host executes in parallel to its verdict, through a second execution where it needs one.

use std::sync::Arc;

use alloy_primitives::B256;
use parking_lot::Mutex;

use crate::{contradiction::Contradiction, host::HostExecution};

/// The block at hand of a host that judges one at a time. Clones share it.
///
/// A host whose parallel execution contradicts the header executes the block once more, sequentially, before it calls it
/// invalid. What it hears of other blocks meanwhile changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Trial(Arc<Mutex<Option<(B256, Stage)>>>);

#[derive(Debug)]
enum Stage {
    /// How it executes is not known, or sequentially.
    Begun,
    /// It executes in parallel.
    Parallel,
    /// What its parallel execution gave contradicts the header.
    Contradicted(Box<HostExecution>),
    /// It executes once more.
    Again,
}

/// How a parallel execution ended that cannot stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an error of the execution.
    Failed,
    /// Otherwise: only a contradiction that was told of is the execution's.
    Judged,
}

impl Trial {
    /// Takes a block on.
    pub fn begin(&self, block: B256) {
        *self.0.lock() = Some((block, Stage::Begun));
    }

    /// Notes that a block executes in parallel.
    pub fn executes_in_parallel(&self, block: B256) {
        self.step(block, |stage| match stage {
            Stage::Begun => Some(Stage::Parallel),
            _ => None,
        });
    }

    /// Notes what a parallel execution gave that contradicts the header. False where there was none: the block is wrong.
    pub fn contradicts(&self, block: B256, given: impl FnOnce() -> HostExecution) -> bool {
        self.step(block, |stage| match stage {
            Stage::Parallel => Some(Stage::Contradicted(Box::new(given()))),
            _ => None,
        })
    }

    /// Returns what went wrong with the parallel execution of a block that is about to be called invalid, if that may
    /// be what is wrong: the host then executes it once more.
    pub fn again(&self, block: B256, end: End, what: impl FnOnce() -> String) -> Option<Contradiction> {
        let mut trial = self.0.lock();
        let (_, stage) = trial.as_mut().filter(|(at_hand, _)| *at_hand == block)?;
        let executed = match (std::mem::replace(stage, Stage::Again), end) {
            (Stage::Contradicted(given), _) => Some(*given),
            (Stage::Parallel, End::Failed) => None,
            (before, _) => {
                *stage = before;
                return None;
            }
        };
        Some(Contradiction { what: what(), executed })
    }

    /// Whether the block at hand executes once more, and so sequentially.
    pub fn is_again(&self) -> bool {
        matches!(*self.0.lock(), Some((_, Stage::Again)))
    }

    /// Is done with the block at hand.
    pub fn end(&self) {
        *self.0.lock() = None;
    }

    /// Takes the block at hand a step further, if it is this one.
    fn step(&self, block: B256, next: impl FnOnce(&Stage) -> Option<Stage>) -> bool {
        let mut trial = self.0.lock();
        let Some((_, stage)) = trial.as_mut().filter(|(at_hand, _)| *at_hand == block) else { return false };
        let Some(next) = next(stage) else { return false };
        *stage = next;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tandem_compare::Output;

    use super::*;

    const BLOCK: B256 = B256::repeat_byte(1);
    const OTHER: B256 = B256::repeat_byte(2);

    fn given() -> HostExecution {
        let output = Output { result: Default::default(), bundle: Default::default(), bal: None };
        HostExecution { output, state_root: None, stats: Default::default(), duration: Duration::ZERO }
    }

    fn parallel() -> Trial {
        let trial = Trial::default();
        trial.begin(BLOCK);
        trial.executes_in_parallel(BLOCK);
        trial
    }

    fn again(trial: &Trial, end: End) -> Option<Contradiction> {
        trial.again(BLOCK, end, || "gas".to_owned())
    }

    #[test]
    fn parallel_execution_that_contradicts_is_executed_again() {
        let trial = parallel();
        assert!(trial.contradicts(BLOCK, given));
        assert!(!trial.is_again());
        assert!(again(&trial, End::Judged).is_some_and(|wrong| wrong.executed.is_some()));
        assert!(trial.is_again());
        // The sequential one decides.
        assert!(!trial.contradicts(BLOCK, given));
        assert!(again(&trial, End::Judged).is_none());
        trial.end();
        assert!(!trial.is_again());
    }

    #[test]
    fn parallel_execution_that_fails_is_executed_again() {
        assert!(again(&parallel(), End::Failed).is_some_and(|wrong| wrong.executed.is_none()));
    }

    #[test]
    fn sequential_execution_is_believed() {
        let trial = Trial::default();
        trial.begin(BLOCK);
        assert!(!trial.contradicts(BLOCK, given));
        assert!(again(&trial, End::Failed).is_none());
    }

    #[test]
    fn block_that_is_wrong_before_its_execution_is_not_executed_again() {
        let trial = parallel();
        assert!(again(&trial, End::Judged).is_none());
        assert!(!trial.is_again());
    }

    #[test]
    fn other_blocks_are_not_on_trial() {
        let trial = parallel();
        assert!(!trial.contradicts(OTHER, given));
        assert!(trial.again(OTHER, End::Failed, String::new).is_none());
        trial.executes_in_parallel(OTHER);
        assert!(trial.contradicts(BLOCK, given));
    }
}
