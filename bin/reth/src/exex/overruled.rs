//! Records the blocks of an import whose parallel executions were wrong; there is no validator behind it.

use std::{path::Path, sync::Arc};

use eyre::eyre;
use reth_chainspec::ChainSpec;
use reth_ethereum_primitives::Block;
use reth_storage_api::{BlockNumReader, BlockReader, StateProviderFactory};
use tandem_exex::{Checked, Host, Mode, Policy, Sink, check};
use tokio::sync::mpsc;

use super::{engine, host::RethHost, sink};
use crate::args::Options;

/// What an import has to record.
#[derive(Debug)]
pub(crate) struct Overruled<'a> {
    options: &'a Options,
    spec: &'a ChainSpec,
    report_dir: &'a Path,
}

/// What follows for the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// It goes on.
    GoOn,
    /// It ends.
    Halt,
}

impl<'a> Overruled<'a> {
    pub(crate) const fn new(options: &'a Options, spec: &'a ChainSpec, report_dir: &'a Path) -> Self {
        Self { options, spec, report_dir }
    }

    /// Records the blocks, which are written by now, with what replays each divergence.
    pub(crate) fn record<P>(&self, provider: P) -> eyre::Result<Consequence>
    where
        P: BlockReader<Block = Block> + BlockNumReader + StateProviderFactory + Clone + Sync + 'static,
    {
        let blocks = self.options.contradictions.blocks();
        if blocks.is_empty() {
            return Ok(Consequence::GoOn);
        }
        // Nobody is told what is finished.
        let (events, _) = mpsc::unbounded_channel();
        let host = RethHost::new(
            provider,
            Arc::new(tandem_corpus::ChainSpec::from_genesis(self.spec.genesis())),
            self.spec.genesis_hash(),
            events,
            self.options.contradictions.clone(),
        );
        let mut sink = sink(self.options, Mode::Live, self.report_dir)?;
        for block in blocks {
            if host.canonical_hash(block.number)? != Some(block.hash) {
                self.options.contradictions.take(block.hash);
                tracing::error!(number = block.number, hash = %block.hash, "was unwound, so that it has no record");
                continue;
            }
            let written = host.canonical_block(block.number)?;
            let Checked { record, evidence } = check(&host, Mode::Live, &engine(self.options), written);
            let record = sink.record(record, evidence).map_err(|error| eyre!(error))?;
            tracing::error!(number = record.number, hash = %record.hash, verdict = record.verdict.name(), "recorded");
        }
        Ok(match self.options.policy {
            Policy::Halt => Consequence::Halt,
            Policy::Report | Policy::Fallback => Consequence::GoOn,
        })
    }
}
