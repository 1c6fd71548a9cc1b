//! Validates what a host imports, on a thread of its own.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use alloy_eips::BlockNumHash;
use tandem_report::{BlockRecord, record::Verdict};

use crate::{
    check::{Checked, check, unchecked},
    control::Control,
    error::ExexError,
    feed::{End, Event, Feed, Left},
    host::{Host, HostError, ImportedBlock},
    journal::Journal,
    meters,
    notification::Notification,
    record,
    settings::{Policy, Settings},
    sink::Sink,
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
        let left = left_meanwhile(&*host, &journal)?;
        let standing = journal.standing().find(|record| !left.iter().any(|left| left.hash == record.hash));
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

/// Finds the records whose blocks are no longer canonical; what is above the host's head may come again.
fn left_meanwhile<H: Host>(host: &H, journal: &Journal) -> Result<Vec<BlockRecord>, ExexError> {
    let mut left = Vec::new();
    for record in journal.standing() {
        match host.canonical_hash(record.number)? {
            Some(hash) if hash == record.hash => break,
            Some(_) => left.push(record.clone()),
            None => {}
        }
    }
    left.reverse();
    Ok(left)
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

/// The validator's thread.
struct Worker<H: Host, S: Sink> {
    host: Arc<H>,
    settings: Settings,
    feed: Arc<Feed<H::Block>>,
    control: Control,
    journal: Journal,
    sink: S,
}

impl<H: Host, S: Sink> Worker<H, S> {
    fn run(mut self, left: Vec<BlockRecord>) -> Result<S, ExexError> {
        for record in left {
            self.write(Checked { record: BlockRecord { reverted: true, ..record }, evidence: None })?;
        }
        while let Some(event) = self.feed.next() {
            match event {
                Event::Check(block) => self.check(block)?,
                Event::Backfill(number) => self.backfill(number)?,
                Event::Left(left) => self.leave(*left)?,
            }
        }
        self.journal.save()?;
        Ok(self.sink)
    }

    /// Checks a block and records it.
    fn check(&mut self, block: H::Block) -> Result<(), ExexError> {
        let id = block.id();
        // Records of blocks that the host lost, and has others for now: their leaving was never told.
        for record in self.journal.overtaken_by(id) {
            self.write(Checked { record: BlockRecord { reverted: true, ..record }, evidence: None })?;
        }
        let mut checked = check(&*self.host, self.settings.mode, &self.settings.parallel, block);
        checked.record.repeated = self.journal.record_of(id).is_some();
        self.write(checked)?;
        self.done(id);
        Ok(())
    }

    /// Reads a block back and checks it, unless it was, or is too far back.
    fn backfill(&mut self, number: u64) -> Result<(), ExexError> {
        let Some(hash) = self.host.canonical_hash(number)? else {
            // It left, and its notification is on the way.
            return Ok(());
        };
        let id = BlockNumHash::new(number, hash);
        if self.journal.record_of(id).is_some() {
            return Ok(());
        }
        meters::backfilled();
        let block = match self.host.canonical_block(number) {
            Ok(block) if block.id() == id => block,
            // It left just now.
            _ if self.host.canonical_hash(number)? != Some(hash) => return Ok(()),
            Ok(block) => {
                let (what, is) = (format!("block {number}"), block.id().hash);
                return Err(HostError::failed(what, format!("expected {hash}, found {is}")).into());
            }
            Err(error) => return Err(error.into()),
        };
        let behind = self.feed.head().saturating_sub(number);
        let limit = self.settings.bounds.backfill_blocks;
        if behind <= limit {
            return self.check(block);
        }
        let reason =
            format!("not checked: the validator is {behind} blocks behind, and reads back at most {limit}");
        let record = unchecked(&*self.host, &block, reason);
        self.write(Checked { record, evidence: None })?;
        self.done(id);
        Ok(())
    }

    /// Records that a block left the chain, with what was found out about it.
    fn leave(&mut self, left: Left) -> Result<(), ExexError> {
        let Left { hash, header, txs, source } = left;
        let id = BlockNumHash::new(header.number, hash);
        let record = self.journal.record_of(id).cloned().unwrap_or_else(|| {
            let reason = "left the chain before it was checked".to_owned();
            let verdict = Verdict::Inconclusive { reason };
            record::outline(&source, &self.host.spec(), (hash, &header), txs, verdict)
        });
        self.write(Checked { record: BlockRecord { reverted: true, ..record }, evidence: None })
    }

    /// Writes a record, and draws what follows from it.
    fn write(&mut self, checked: Checked) -> Result<(), ExexError> {
        let Checked { record, evidence } = checked;
        let record = self.sink.record(record, evidence).map_err(ExexError::Sink)?;
        meters::recorded(&record);
        if record.verdict == Verdict::Diverged && !record.reverted {
            self.follow(&record);
        }
        self.journal.note(record)
    }

    /// Applies the policy to a divergence.
    fn follow(&self, record: &BlockRecord) {
        let what = record.divergence.as_ref().map(|divergence| divergence.what.as_str());
        tracing::error!(number = record.number, hash = %record.hash, what, policy = ?self.settings.policy, "diverged");
        match self.settings.policy {
            Policy::Report => {}
            Policy::Fallback => {
                if self.control.fall_back() {
                    meters::fallback(true);
                    tracing::warn!(number = record.number, "blocks execute sequentially from now on");
                }
            }
            Policy::Halt => {
                self.control.halt();
                self.feed.end(End::Now);
            }
        }
        if let Some(alert) = &self.settings.alert {
            alert.run(record);
        }
    }

    /// Tells how far the validator is.
    fn done(&self, block: BlockNumHash) {
        meters::position(block.number, self.feed.head());
        self.host.finished(block);
    }
}
