//! Keeps all that is needed to execute a diverging block again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tandem_corpus::Case;

use crate::difference::Difference;

mod block;
mod chain;
mod error;
mod file;
mod state;

pub use block::BlockEvidence;
pub use chain::{Activation, BlobEvidence, ChainEvidence};
pub use error::EvidenceError;
pub use state::{AbsentEvidence, AccountEvidence, StateEvidence};

/// The version of the format; a reader refuses any other.
pub const SCHEMA: u32 = 1;

/// One divergence with everything that replays it. The types spell the format out and derive nothing from the types
/// of execution, so that a change there cannot change files silently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What made it.
    pub provenance: Provenance,
    /// How the block was executed.
    pub run: Run,
    /// Where the block came from, for people.
    pub source: String,
    /// The first difference in block order.
    pub divergence: Option<Difference>,
    /// The chain's rules.
    pub chain: ChainEvidence,
    /// The block.
    pub block: BlockEvidence,
    /// The state before the block.
    pub state: StateEvidence,
}

/// What made evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of the program.
    pub version: String,
    /// Commit it was built from.
    pub commit: String,
    /// Versions of the crates that execute, by name.
    pub crates: BTreeMap<String, String>,
}

/// How a block was executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The strategy's name.
    pub strategy: String,
    /// Number of threads.
    pub threads: usize,
    /// The seed of whatever was drawn.
    pub seed: Option<u64>,
}

impl Evidence {
    /// Collects the evidence of a case.
    pub fn new(case: &Case, run: Run, provenance: Provenance, divergence: Option<Difference>) -> Self {
        Self {
            schema: SCHEMA,
            provenance,
            run,
            source: case.source.clone(),
            divergence,
            chain: ChainEvidence::of(&case.spec),
            block: BlockEvidence::of(&case.block),
            state: StateEvidence::of(&case.state),
        }
    }

    /// Rebuilds the case.
    pub fn case(&self) -> Result<Case, EvidenceError> {
        Ok(Case {
            source: self.source.clone(),
            spec: self.chain.spec()?.into(),
            block: self.block.block()?,
            state: self.state.state()?.into(),
        })
    }
}
