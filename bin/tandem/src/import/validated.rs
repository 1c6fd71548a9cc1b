//! Imports with a validator behind the import.

use std::{path::Path, sync::Arc, thread};

use eyre::{Result, eyre};
use tandem_chain::{Host, Imported};
use tandem_corpus::{ChainBlocks, ChainSpec};
use tandem_exex::{Control, ExexError, Settings, Validator};

use super::{
    exex::{Chain, forward},
    watch::Watch,
};
use crate::{interrupt::Interrupt, replay::results::Results};

/// Notifications that wait for the validator's queue, each a batch of blocks.
const NOTIFICATIONS: usize = 1;

/// What an import with a validator needs.
pub(crate) struct Validated<'a> {
    pub(crate) datadir: &'a Path,
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) settings: Settings,
    /// What the host asks for consequences.
    pub(crate) control: Control,
    pub(crate) interrupt: &'a Interrupt,
}

impl Validated<'_> {
    /// Imports blocks and validates what is on disk; returns how the import ended and what the validator wrote.
    ///
    /// After an interrupt the validator ends with the block at hand. What is left then, or after a kill, is validated by
    /// the next run.
    pub(crate) fn import(
        self,
        mut host: Host,
        blocks: ChainBlocks,
        watch: &mut Watch,
        open: impl FnOnce() -> Result<Results>,
    ) -> Result<(Imported, Results)> {
        let subscription = host.subscribe(0, NOTIFICATIONS)?.skip_missed();
        let chain =
            Chain::new(Arc::clone(host.store()), self.spec, self.datadir, subscription.finished_handle())?;
        let chain = Arc::new(chain);
        let validator = Validator::start(Arc::clone(&chain), self.settings, self.control.clone(), open)?;
        let stops = || self.interrupt.is_wanted() || self.control.is_halted();
        let (imported, forwarded) = thread::scope(|scope| {
            let forwarder = scope.spawn(|| forward(subscription, &chain, &validator));
            let imported = host.import_all(blocks, &stops, watch);
            if self.interrupt.is_wanted() {
                validator.interrupt();
            }
            // The subscription ends with its host.
            drop(host);
            (imported, forwarder.join())
        });
        let results = if self.interrupt.is_wanted() { validator.stop() } else { validator.finish() };
        forwarded.map_err(|_| eyre!("broken invariant: the forwarder panicked"))??;
        Ok((imported, results.map_err(unwrapped)?))
    }
}

/// Lets the error of a file be said as it is.
fn unwrapped(error: ExexError) -> eyre::Report {
    match error {
        ExexError::Sink(error) => eyre!("{error}"),
        error => error.into(),
    }
}
