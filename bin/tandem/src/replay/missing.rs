//! Tells a case that lacks state from a divergence.

use std::collections::BTreeSet;

use alloy_consensus::Transaction;
use alloy_primitives::Address;
use tandem_compare::{Engine, ExecuteError, Observe, Reference, Verdict};
use tandem_corpus::{Absent, Case};

use super::twins::Examined;

/// Returns the input error behind an outcome, if the case's state is to blame for it.
///
/// It is where a read had no answer; and where both executions agree, the header does not, and an account was read
/// that the tracer should have recorded.
pub(crate) fn input_error(case: &Case, examined: &Examined) -> Option<String> {
    if let Err(ExecuteError::World { reason }) = &examined.sequential.result {
        let number = case.block.header.number;
        return Some(format!(
            "{}: block {number}: expected all that execution reads, but {reason}",
            case.source
        ));
    }
    let comparison = &examined.comparison;
    let agrees = comparison.differences.iter().all(|difference| difference.is_from_header_only());
    if case.state.absent != Absent::Presumed || comparison.verdict != Verdict::Diverged || !agrees {
        return None;
    }
    case.missing_account(&absent_accounts(case)).map(|error| error.to_string())
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
