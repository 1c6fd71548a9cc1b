//! Tells what an import does: records, metrics, log, progress, and what comes out.

use std::{fmt::Write, sync::Arc, time::Instant};

use eyre::Result;
use tandem_chain::{Checked, Commit, Imported, Observer, Stage, StageTimes};
use tandem_corpus::ChainSpec;
use tandem_report::RunInfo;
use tandem_state::BlockId;

use super::records::Records;
use crate::{
    args::Format,
    exit::Exit,
    replay::{findings::Findings, judged::Judged, results::Results},
    terminal,
};

/// Watches an import.
#[derive(Debug)]
pub(crate) struct Watch {
    records: Option<Records>,
    spec: Arc<ChainSpec>,
    format: Format,
    started: Instant,
    written: Totals,
    /// Why no record could be written.
    failure: Option<eyre::Report>,
}

/// What is on disk since the start.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    blocks: usize,
    txs: usize,
    gas_used: u64,
}

impl Watch {
    /// Starts the clock. Without records, somebody else writes them.
    pub(crate) fn new(records: Option<Records>, spec: Arc<ChainSpec>, format: Format) -> Self {
        let (started, written) = (Instant::now(), Totals::default());
        Self { records, spec, format, started, written, failure: None }
    }

    /// Takes the records out; fails where one could not be written.
    pub(crate) fn take_records(&mut self) -> Result<Option<Records>> {
        match self.failure.take() {
            Some(error) => Err(error),
            None => Ok(self.records.take()),
        }
    }

    /// Says how the import ended.
    ///
    /// `diverged` is what is to be told of the divergence that ended it.
    pub(crate) fn finish(
        self,
        mut results: Results,
        imported: &Imported,
        diverged: Option<Result<Judged>>,
        head: BlockId,
        info: RunInfo,
    ) -> Result<Exit> {
        let text = self.text(imported, head);
        if let Some(failure) = &imported.failure {
            results.unusable(&terminal::chain_of(failure));
        }
        let is_diverged = diverged.is_some();
        match diverged {
            Some(Ok(judged)) => results.judged(judged)?,
            Some(Err(error)) => terminal::error(&format!("no evidence: {error:#}")),
            None => {}
        }
        if is_diverged {
            metrics::counter!("tandem_divergences_total").increment(1);
            metrics::counter!("tandem_blocks_total", "verdict" => "diverged").increment(1);
        }
        let exit = results.finish(info)?;
        match self.format {
            Format::Table => terminal::print(&text)?,
            Format::Json | Format::Jsonl => terminal::note(&text),
        }
        Ok(if is_diverged { Exit::Diverged } else { exit })
    }

    /// Says how much was imported, how fast, and where the time went.
    fn text(&self, imported: &Imported, head: BlockId) -> String {
        let Totals { blocks, txs, gas_used } = self.written;
        let seconds = self.started.elapsed().as_secs_f64().max(f64::EPSILON);
        let mut text = format!(
            "imported    {blocks} blocks, {txs} transactions, {:.1} Mgas in {seconds:.2} s: {:.1} blocks/s, {:.1} Mgas/s\n",
            gas_used as f64 / 1e6,
            blocks as f64 / seconds,
            gas_used as f64 / 1e6 / seconds,
        );
        text.push_str("stages     ");
        for stage in Stage::ALL {
            // Writing to a string does not fail.
            let _ = write!(text, " {} {:.2} s", stage.name(), imported.times.of(stage).as_secs_f64());
        }
        let _ = write!(text, "\nhead        {} {}", head.number, head.hash);
        if imported.known > 0 {
            let _ = write!(text, " ({} blocks were on disk before)", imported.known);
        }
        text.push('\n');
        text
    }
}

impl Observer for Watch {
    fn checked(&mut self, checked: &Checked<'_>) {
        let Some(records) = &mut self.records else { return };
        metrics::counter!("tandem_reexecutions_total").increment(checked.stats.reexecuted as u64);
        let path = if checked.stats.threads > 1 { "parallel" } else { "sequential" };
        metrics::histogram!("tandem_execution_seconds", "path" => path).record(checked.duration);
        if let Err(error) = records.checked(&self.spec, checked) {
            self.failure.get_or_insert(error);
        }
    }

    fn committed(&mut self, commit: &Commit, times: &StageTimes) {
        if let Some(Err(error)) = self.records.as_mut().map(Records::committed) {
            self.failure.get_or_insert(error);
        }
        let head = commit.base.id;
        self.written.blocks += commit.blocks;
        self.written.txs += commit.txs;
        self.written.gas_used += commit.gas_used;
        metrics::gauge!("tandem_head_block").set(head.number as f64);
        metrics::counter!("tandem_committed_blocks_total").increment(commit.blocks as u64);
        metrics::counter!("tandem_committed_transactions_total").increment(commit.txs as u64);
        metrics::counter!("tandem_committed_gas_total").increment(commit.gas_used);
        for stage in Stage::ALL {
            metrics::gauge!("tandem_stage_seconds", "stage" => stage.name())
                .set(times.of(stage).as_secs_f64());
        }
        tracing::info!(number = head.number, hash = %head.hash, blocks = commit.blocks, "committed");
    }
}
