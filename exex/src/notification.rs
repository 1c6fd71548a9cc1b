//! Tells the validator what became of the canonical chain.

/// A change of the canonical chain. Blocks are in the order of their numbers, without gaps.
#[derive(Clone, Debug)]
pub enum Notification<B> {
    /// Blocks were added to the head.
    Committed {
        /// What joined.
        new: Vec<B>,
    },
    /// Blocks were replaced.
    Reorged {
        /// What left.
        old: Vec<B>,
        /// What joined, from the same number on.
        new: Vec<B>,
    },
    /// Blocks were taken away from the head.
    Reverted {
        /// What left.
        old: Vec<B>,
    },
}

impl<B> Notification<B> {
    /// Splits it into what left and what joined.
    pub fn into_parts(self) -> (Vec<B>, Vec<B>) {
        match self {
            Self::Committed { new } => (Vec::new(), new),
            Self::Reorged { old, new } => (old, new),
            Self::Reverted { old } => (old, Vec::new()),
        }
    }
}
