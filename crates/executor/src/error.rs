//! Names what can go wrong in the executor itself.

/// A worker panicked: we are wrong, not the block; the block ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker panicked while speculating: {message}")]
pub struct WorkerPanic {
    /// What the panic said.
    pub message: String,
}
