//! Turns Ctrl-C into a wish to stop after the current block.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use eyre::{Result, WrapErr};

use crate::exit::Exit;

/// Whether somebody asked to stop. Clones ask about the same wish.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP; once a process.
    ///
    /// The first one is remembered. The second one ends the process at once; records that are written by then are
    /// complete lines, because each is one write.
    pub(crate) fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let wish = interrupt.clone();
        ctrlc::set_handler(move || {
            if wish.0.swap(true, Ordering::Relaxed) {
                std::process::exit(Exit::Interrupted.status().into());
            }
        })
        .wrap_err("cannot listen for Ctrl-C")?;
        Ok(interrupt)
    }

    /// Says whether to stop.
    pub(crate) fn is_wanted(&self) -> bool {
        // Nothing else is published with the flag, so no ordering is needed.
        self.0.load(Ordering::Relaxed)
    }
}
