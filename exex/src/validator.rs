//! Starts and ends the thread that validates what a host imports.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use alloy_eips::BlockNumHash;

use crate::{
    control::Control,
    error::ExexError,
    feed::{End, Feed},
    host::{Host, ImportedBlock},
    journal::Journal,
    meters,
    notification::Notification,
    settings::Settings,
    sink::Sink,
    worker::Worker,
};

/// A running validator. Dropping it ends it after the block at hand; what is left is validated after a restart.
#[derive(Debug)]
pub struct Validator<H: Host, S: Sink> {
    feed: Arc<Feed<H::Block>>,
    thread: Option<JoinHandle<Result<S, ExexError>>>,
}

impl<H: Host, S: Sink> Validator<H, S> {
    /// Goes on where an earlier validator stopped, or begins after the host's head.
    ///
    /// Blocks that were imported meanwhile are read back and validated first; those that left the chain meanwhile are
    /// recorded as such. The host must not import between this and its first [`notify`](Self::notify), or notify of what
    /// it imported.
    ///
    /// `control` is what the host asks for consequences. The sink writes to the directory that the settings name; it is
    /// opened by `sink` once the directory is known to be this chain's.
    pub fn start<E>(
        host: Arc<H>,
        settings: Settings,
        control: Control,
        sink: impl FnOnce() -> Result<S, E>,
    ) -> Result<Self, ExexError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let head = host.head()?;
        let journal = Journal::open(settings.report_dir.as_deref(), host.genesis(), head)?;
        let left = journal.standing().left(|number| host.canonical_hash(number))?;
        let standing =
            journal.standing().latest().find(|record| !left.iter().any(|left| left.hash == record.hash));
        let next = standing.map_or(journal.first(), |record| record.number + 1);
        let finished = standing.map(|record| BlockNumHash::new(record.number, record.hash));
        if let Some(block) = finished.or_else(|| journal.finished()) {
            host.finished(block);
        }
        meters::fallback(false);
        meters::position(next.saturating_sub(1), head.number);
        let feed =
            Arc::new(Feed::new(settings.bounds, settings.overflow, Some(next..=head.number), head.number));
        let worker = Worker {
            sink: sink().map_err(|error| ExexError::Sink(error.into()))?,
            feed: Arc::clone(&feed),
            control,
            host,
            settings,
            journal,
        };
        let thread = thread::Builder::new().name("validator".to_owned()).spawn(move || {
            // Whatever ends the worker, a panic too, nobody waits for room any more.
            let _guard = EndGuard(Arc::clone(&worker.feed), worker.control.clone());
            worker.run(left)
        });
        Ok(Self { feed, thread: Some(thread.map_err(ExexError::Thread)?) })
    }

    /// Tells what became of the chain, once it is durable. Waits no longer than [`Overflow`](crate::Overflow) says.
    pub fn notify(&self, notification: Notification<H::Block>) {
        self.feed.notify(notification);
    }

    /// Ends after the block at hand, without waiting for that; takes nothing in any more.
    pub fn interrupt(&self) {
        self.feed.end(End::Now);
    }

    /// Waits until everything that was told is validated, and returns the sink.
    pub fn finish(self) -> Result<S, ExexError> {
        self.end(End::Drained)
    }

    /// Ends after the block at hand and returns the sink; the rest is validated after a restart.
    pub fn stop(self) -> Result<S, ExexError> {
        self.end(End::Now)
    }

    fn end(mut self, end: End) -> Result<S, ExexError> {
        self.feed.end(end);
        let thread = self.thread.take().ok_or(ExexError::Panicked)?;
        thread.join().unwrap_or(Err(ExexError::Panicked))
    }
}

impl<H: Host, S: Sink> Drop for Validator<H, S> {
    fn drop(&mut self) {
        self.feed.end(End::Now);
        if let Some(thread) = self.thread.take() {
            // Its result has nobody to go to.
            drop(thread.join());
        }
    }
}

/// Frees whoever waits when the worker ends; where it was not asked to, the host is asked to stop.
struct EndGuard<B: ImportedBlock>(Arc<Feed<B>>, Control);

impl<B: ImportedBlock> Drop for EndGuard<B> {
    fn drop(&mut self) {
        if self.0.end(End::Now) == End::Open {
            self.1.halt();
        }
    }
}
