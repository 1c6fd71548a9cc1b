//! Lets the host ask what follows from divergences.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::meters;

/// A handle that host and validator share. Both flags are only ever set.
///
/// They order nothing else: a host that sees one a block later executes that block as before, which its own check covers.
#[derive(Clone, Debug, Default)]
pub struct Control {
    fallback: Arc<AtomicBool>,
    halt: Arc<AtomicBool>,
}

impl Control {
    /// Tells whether the host is to execute sequentially.
    pub fn is_fallback(&self) -> bool {
        self.fallback.load(Ordering::Acquire)
    }

    /// Tells whether the host is to stop.
    pub fn is_halted(&self) -> bool {
        self.halt.load(Ordering::Acquire)
    }

    /// Returns the flag behind [`is_fallback`](Self::is_fallback), for hosts that know nothing of this crate.
    pub fn fallback_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.fallback)
    }

    /// Asks for sequential execution, because of a block of this number.
    pub fn fall_back(&self, number: u64) {
        if !self.fallback.swap(true, Ordering::AcqRel) {
            meters::fallback(true);
            tracing::warn!(number, "blocks execute sequentially from now on");
        }
    }

    /// Asks to stop.
    pub(crate) fn halt(&self) {
        self.halt.store(true, Ordering::Release);
    }
}
