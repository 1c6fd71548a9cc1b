//! Finds the shortest beginning of a block in which executions differ.
//!
//! For differences that only outputs show: nobody observes the steps of an execution that merges its changes.

use crate::{
    compare::{Comparison, Expectation, StateRoot, Terms, compare},
    engine::{Engine, Observe},
    place::Place,
    selection::select,
    verdict::Verdict,
};
use tandem_corpus::Case;

/// The terms on which parts of a block are compared: no header is theirs.
pub(crate) const fn terms<'a, S>() -> Terms<'a, S> {
    Terms { expectation: Expectation::Agreement, state_root: StateRoot::Unchecked }
}

/// Returns the transaction that ends the shortest beginning whose outputs differ, and how they do.
///
/// By bisection: exact where a difference that is there stays there to the block's end, and does not depend on the
/// schedule, which with fewer transactions is another one; else it may be a later transaction. Without a transaction the
/// difference is in the steps around them; nothing where no beginning differs.
pub fn shortest_beginning<S>(
    case: &Case<S>,
    sequential: &dyn Engine<S>,
    parallel: &dyn Engine<S>,
) -> Option<(Option<Place>, Comparison)> {
    let differs = |count: usize| {
        let beginning = select(case, 0..count);
        let one = sequential.execute(&beginning, Observe::Output);
        let two = parallel.execute(&beginning, Observe::Output);
        let comparison = compare(&beginning, &one, &two, &terms());
        (comparison.verdict == Verdict::Diverged).then_some(comparison)
    };
    if let Some(comparison) = differs(0) {
        return Some((None, comparison));
    }
    // So many transactions do not differ; so many do.
    let (mut equal, mut different) = (0, case.block.transactions.len());
    let mut found = differs(different)?;
    while different - equal > 1 {
        let middle = equal + (different - equal) / 2;
        match differs(middle) {
            Some(comparison) => (different, found) = (middle, comparison),
            None => equal = middle,
        }
    }
    Some((Some(Place::tx(different - 1)), found))
}
