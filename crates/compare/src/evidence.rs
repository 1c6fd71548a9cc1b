//! Keeps all that is needed to execute a diverging block again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tandem_corpus::Case;
use tandem_state::WitnessState;

use crate::difference::Difference;

mod block;
mod chain;
mod error;
mod fault;
mod file;
mod reduction;
mod schedule;
mod shrunken;
mod state;
mod witness;

pub use block::BlockEvidence;
pub use chain::{Activation, BlobEvidence, ChainEvidence};
pub use error::EvidenceError;
pub use fault::{FaultEvidence, FaultKindEvidence, INJECTS_FAULTS};
pub use reduction::{Reduction, ReductionEnd};
pub use schedule::{ChangesEvidence, ScheduleEvidence};
pub use shrunken::Shrinking;
pub use state::{AbsentEvidence, AccountEvidence, StateEvidence};
pub use witness::WitnessEvidence;

/// The version of the format; a reader refuses later ones.
///
/// 2 added `schedule`, `fault` and `reduction`, which evidence of version 1 lacks.
pub const SCHEMA: u32 = 2;

/// One divergence with everything that replays it. The types spell the format out and derive nothing from the types
/// of execution, so that a change there cannot change files silently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`SCHEMA`], or an earlier version.
    pub schema: u32,
    /// What made it.
    pub provenance: Provenance,
    /// How the block was executed.
    pub run: Run,
    /// The seeded schedule of the run; absent where threads ran as they liked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleEvidence>,
    /// What went wrong on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultEvidence>,
    /// What was left out; absent where nobody tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduction: Option<Reduction>,
    /// Where the block came from, for people.
    pub source: String,
    /// The first difference in block order.
    pub divergence: Option<Difference>,
    /// The chain's rules.
    pub chain: ChainEvidence,
    /// The block.
    pub block: BlockEvidence,
    /// The state before the block; of a witness its codes, block hashes and what was changed before the block.
    pub state: StateEvidence,
    /// The rest of a state that is held as a witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessEvidence>,
}

/// A state that can be written down.
pub trait Evident {
    /// Writes a state down, all of it.
    fn evidence(&self) -> (StateEvidence, Option<WitnessEvidence>);
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
    pub fn new<S: Evident>(
        case: &Case<S>,
        run: Run,
        provenance: Provenance,
        divergence: Option<Difference>,
    ) -> Self {
        let (state, witness) = case.state.evidence();
        Self {
            schema: SCHEMA,
            provenance,
            run,
            schedule: None,
            fault: None,
            reduction: None,
            source: case.source.clone(),
            divergence,
            chain: ChainEvidence::of(&case.spec),
            block: BlockEvidence::of(&case.block),
            state,
            witness,
        }
    }

    /// Rebuilds the case, on a state that is held as it is.
    pub fn case(&self) -> Result<Case, EvidenceError> {
        self.on(self.state.state()?)
    }

    /// Rebuilds the case on a state that is held as a witness, if it was one.
    pub fn witness_case(&self) -> Option<Result<Case<WitnessState>, EvidenceError>> {
        let witness = self.witness.as_ref()?;
        Some(witness.state(&self.state).and_then(|state| self.on(state)))
    }

    fn on<S>(&self, state: S) -> Result<Case<S>, EvidenceError> {
        Ok(Case {
            source: self.source.clone(),
            spec: self.chain.spec()?.into(),
            block: self.block.block()?,
            state: state.into(),
        })
    }
}
