//! Names a transaction's position in its block.

/// Position of a transaction in its block, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxIndex(pub usize);

impl TxIndex {
    /// Returns the next position.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
