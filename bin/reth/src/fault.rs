//! Makes executions wrong on purpose, to show what follows from a divergence.
//!
//! Exists with the feature `fault-injection` only.

use std::error::Error;

use clap::ValueEnum;
use tandem_compare::{
    Evidence, Parallel,
    evidence::{FaultEvidence, FaultKindEvidence},
};
use tandem_executor::{FaultKind, Trust, TxIndex};
use tandem_exex::Sink;
use tandem_report::BlockRecord;

use crate::config::Factory;

/// Gas that a transaction uses too much.
const EXCESS: u64 = 1;

/// What goes wrong.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Fault {
    /// Attempts are committed without being validated.
    Stale,
    /// The first transaction of each block uses one gas too many, also in blocks that the node builds.
    Gas,
}

impl Fault {
    /// Makes the node's executions wrong.
    pub(crate) fn in_factory(self, factory: Factory) -> Factory {
        match self {
            Self::Stale => factory.with_trust(Trust::Everything),
            Self::Gas => {
                let kind = FaultKind::Gas { excess: EXCESS };
                factory.with_fault(Some(tandem_executor::Fault { tx: TxIndex(0), kind }))
            }
        }
    }

    /// Makes the validator's executions wrong.
    pub(crate) fn in_engine(self, engine: Parallel) -> Parallel {
        match self {
            Self::Stale => Parallel { trust: Trust::Everything, ..engine },
            Self::Gas => engine,
        }
    }
}

/// Names the fault in evidence, so that it is injected again where evidence is explained.
#[derive(Debug)]
pub(crate) struct Naming<S> {
    pub(crate) fault: Option<Fault>,
    pub(crate) sink: S,
}

impl<S: Sink> Sink for Naming<S> {
    fn record(
        &mut self,
        record: BlockRecord,
        mut evidence: Option<Box<Evidence>>,
    ) -> Result<BlockRecord, Box<dyn Error + Send + Sync>> {
        if let (Some(Fault::Gas), Some(evidence)) = (self.fault, &mut evidence)
            && let Some(tx) = evidence.block.block()?.transactions.first()
        {
            let kind = FaultKindEvidence::Gas { excess: EXCESS };
            evidence.fault = Some(FaultEvidence { tx: *tx.tx_hash(), kind });
        }
        self.sink.record(record, evidence)
    }
}
