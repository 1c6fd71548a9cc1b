//! Lets a test break the parallel execution of a transaction.
//!
//! Exists with the feature `fault-injection` only.

use std::sync::{Mutex, PoisonError};

use alloy_consensus::transaction::Recovered;
use alloy_primitives::{B256, map::B256Map};
use tandem_corpus::Transaction;
use tandem_executor::{Fault, FaultKind, Strategy, TxIndex};

static FAULTS: Mutex<Option<B256Map<FaultKind>>> = Mutex::new(None);

/// Makes every parallel execution of a transaction go wrong, in the whole process.
pub fn inject(tx: B256, kind: FaultKind) {
    let mut faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    faults.get_or_insert_default().insert(tx, kind);
}

/// Returns what goes wrong among a block's transactions, the first of it.
pub(crate) fn of(transactions: &[Recovered<Transaction>], strategy: Strategy) -> Option<Fault> {
    let faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    let faults = faults.as_ref().filter(|_| strategy != Strategy::Sequential)?;
    transactions.iter().enumerate().find_map(|(index, tx)| {
        let kind = *faults.get(tx.tx_hash())?;
        Some(Fault { tx: TxIndex(index), kind })
    })
}
