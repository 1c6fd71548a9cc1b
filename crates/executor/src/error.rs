//! Names what can go wrong in the executor itself.

use alloy_evm::block::BlockExecutionError;

/// A worker panicked: we are wrong, not the block; the block ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker panicked while speculating: {message}")]
pub struct WorkerPanic {
    /// What the panic said.
    pub message: String,
}

/// Tells whether it may be the fault of a parallel execution that it failed: a block was found wrong, or a worker panicked.
///
/// A state that cannot be read is nobody's.
pub fn may_be_ours(error: &BlockExecutionError) -> bool {
    match error {
        BlockExecutionError::Validation(_) => true,
        BlockExecutionError::Internal(error) => error.is_other::<WorkerPanic>(),
    }
}
