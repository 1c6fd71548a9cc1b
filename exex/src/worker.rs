//! Does what the feed says, one block after the other.

use std::sync::Arc;

use alloy_eips::BlockNumHash;
use tandem_report::{BlockRecord, record::Verdict};

use crate::{
    check::{Checked, check, unchecked},
    control::Control,
    error::ExexError,
    feed::{End, Event, Feed, Left},
    host::{Host, HostError, ImportedBlock},
    journal::Journal,
    meters, record,
    settings::{Policy, Settings},
    sink::Sink,
};

/// The validator's thread.
pub(crate) struct Worker<H: Host, S: Sink> {
    pub(crate) host: Arc<H>,
    pub(crate) settings: Settings,
    pub(crate) feed: Arc<Feed<H::Block>>,
    pub(crate) control: Control,
    pub(crate) journal: Journal,
    pub(crate) sink: S,
}

impl<H: Host, S: Sink> Worker<H, S> {
    /// Records what left meanwhile, and then does what the feed says, to its end.
    pub(crate) fn run(mut self, left: Vec<BlockRecord>) -> Result<S, ExexError> {
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
        for record in self.journal.standing().overtaken_by(id) {
            self.write(Checked { record: BlockRecord { reverted: true, ..record }, evidence: None })?;
        }
        let mut checked = check(&*self.host, self.settings.mode, &self.settings.parallel, block);
        checked.record.repeated = self.journal.standing().record_of(id).is_some();
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
        if self.journal.standing().record_of(id).is_some() {
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
        let record = self.journal.standing().record_of(id).cloned().unwrap_or_else(|| {
            let reason = "left the chain before it was checked".to_owned();
            let verdict = Verdict::Inconclusive { reason };
            record::outline(&source, &self.host.spec(), (hash, &header), txs, verdict)
        });
        self.write(Checked { record: BlockRecord { reverted: true, ..record }, evidence: None })
    }

    /// Writes a record, and draws what follows from it.
    fn write(&mut self, checked: Checked) -> Result<(), ExexError> {
        let Checked { record, evidence } = checked;
        let diverged = record.verdict == Verdict::Diverged && !record.reverted;
        if diverged {
            self.react(record.number);
        }
        let record = self.sink.record(record, evidence).map_err(ExexError::Sink)?;
        meters::recorded(&record);
        if diverged {
            self.tell(&record);
        }
        self.journal.note(record)
    }

    /// Applies the policy to a divergence, at once: to write evidence takes time.
    fn react(&self, number: u64) {
        match self.settings.policy {
            Policy::Report => {}
            Policy::Fallback => self.control.fall_back(number),
            Policy::Halt => {
                self.control.halt();
                self.feed.end(End::Now);
            }
        }
    }

    /// Tells of a divergence whose evidence is written.
    fn tell(&self, record: &BlockRecord) {
        let what = record.divergence.as_ref().map(|divergence| divergence.what.as_str());
        tracing::error!(number = record.number, hash = %record.hash, what, policy = ?self.settings.policy, "diverged");
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
