//! Imports with a validator behind the import.

use std::{iter, path::Path, sync::Arc, thread};

use eyre::{Result, eyre};
use tandem_chain::{ChainError, Failure, Host, Imported};
use tandem_corpus::{ChainBlock, ChainBlocks, ChainSpec, encode_block};
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
        blocks: impl Fn() -> ChainBlocks,
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
            let imported = import_all(&mut host, blocks, &stops, watch);
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

/// Imports blocks. What a parallel execution got wrong is executed sequentially and goes on: the validator tells of it,
/// and what follows is up to the policy.
fn import_all(
    host: &mut Host,
    blocks: impl Fn() -> ChainBlocks,
    stops: &(dyn Fn() -> bool + Sync),
    watch: &mut Watch,
) -> Imported {
    let mut whole = host.import_all(blocks(), stops, watch);
    while let Some(Failure { place, error }) = whole.failure.take() {
        let ChainError::Diverged { parallel, block } = *error else {
            whole.failure = Some(Failure { place, error });
            break;
        };
        host.distrust(block.hash, parallel);
        // First by itself, whatever wants to stop, so that what was seen is told. If its branch is in memory only, it comes
        // with the others.
        let alone =
            ChainBlock { rlp: encode_block(&block).into(), hash: None, expected_exception: None, place };
        let alone = host.import_all(Box::new(iter::once(Ok(alone))), &|| false, watch);
        let rest = host.import_all(blocks(), stops, watch);
        whole.times = whole.times + alone.times + rest.times;
        whole.failure = rest.failure;
    }
    whole
}

/// Lets the error of a file be said as it is.
fn unwrapped(error: ExexError) -> eyre::Report {
    match error {
        ExexError::Sink(error) => eyre!("{error}"),
        error => error.into(),
    }
}
