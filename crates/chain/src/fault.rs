//! Lets a test break the parallel execution of one block.
//!
//! Exists with the feature `fault-injection` only.

use std::sync::{Mutex, PoisonError};

use alloy_primitives::{B256, map::B256Map};
use tandem_executor::{Fault, Strategy};

static FAULTS: Mutex<Option<B256Map<Fault>>> = Mutex::new(None);

/// Makes every parallel execution of a block go wrong, in the whole process.
pub fn inject(block: B256, fault: Fault) {
    let mut faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    faults.get_or_insert_default().insert(block, fault);
}

/// Returns what goes wrong in a block.
pub(crate) fn of(block: B256, strategy: Strategy) -> Option<Fault> {
    let faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    faults.as_ref().filter(|_| strategy != Strategy::Sequential)?.get(&block).copied()
}
