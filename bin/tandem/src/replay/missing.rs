//! Tells a block that lacks state from a divergence.

use std::collections::BTreeSet;

use alloy_consensus::Transaction;
use alloy_primitives::Address;
use tandem_compare::{Engine, Evident, ExecuteError, Observe, ParentState, Reference, Verdict};
use tandem_corpus::{Absent, Case, PlainState};
use tandem_state::WitnessState;

use super::twins::Examined;

/// A state before a block that says what it lacks.
pub(crate) trait Parent: ParentState + Evident {
    /// Returns the input error behind an outcome, if the state is to blame for it.
    fn input_error(case: &Case<Self>, examined: &Examined) -> Option<String>
    where
        Self: Sized;
}

impl Parent for PlainState {
    /// It is where a read had no answer; and where both executions agree, the header does not, and an account was read
    /// that the tracer should have recorded.
    fn input_error(case: &Case, examined: &Examined) -> Option<String> {
        if let Some(error) = unanswered(case, examined) {
            return Some(error);
        }
        let comparison = &examined.comparison;
        let agrees = comparison.differences.iter().all(|difference| difference.is_from_header_only());
        if case.state.absent != Absent::Presumed || comparison.verdict != Verdict::Diverged || !agrees {
            return None;
        }
        case.missing_account(&absent_accounts(case)).map(|error| error.to_string())
    }
}

impl Parent for WitnessState {
    /// It is where a read had no answer, or the new root cannot be computed. What the nodes do prove is so.
    fn input_error(case: &Case<Self>, examined: &Examined) -> Option<String> {
        unanswered(case, examined).or_else(|| match &examined.comparison.verdict {
            Verdict::Inconclusive { reason } => {
                Some(format!("{}: block {}: {reason}", case.source, case.block.header.number))
            }
            Verdict::Match | Verdict::Diverged => None,
        })
    }
}

/// Returns the error where a read had no answer.
fn unanswered<S>(case: &Case<S>, examined: &Examined) -> Option<String> {
    let Err(ExecuteError::World { reason }) = &examined.sequential.result else { return None };
    let number = case.block.header.number;
    Some(format!("{}: block {number}: expected all that execution reads, but {reason}", case.source))
}

/// Executes the case sequentially once more and returns the accounts that were read and are not in its state.
///
/// A transaction that cannot be executed shows nothing of what it read, so its sender and recipient count as read.
fn absent_accounts(case: &Case) -> BTreeSet<Address> {
    let execution = Reference::default().execute(case, Observe::Commits);
    let mut accounts: BTreeSet<Address> = execution
        .trace
        .iter()
        .flat_map(|trace| &trace.commits)
        .flat_map(|commit| commit.state.keys().copied())
        .collect();
    if let Err(error) = &execution.result
        && let Some(index) = error.form(&case.block).place.and_then(|place| place.tx_index())
        && let Some(transaction) = case.block.transactions.get(index.0)
    {
        accounts.insert(transaction.signer());
        accounts.extend(transaction.to());
    }
    accounts.retain(|address| !case.state.accounts.contains_key(address));
    accounts
}
