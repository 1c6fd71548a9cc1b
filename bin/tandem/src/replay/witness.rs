//! Judges a block on a state that is held as a witness.

use std::sync::Arc;

use alloy_consensus::Header;
use tandem_chain::{
    ConsensusError, ExecutionOutput, HeaderContext, IntermediateRoots, validate_body, validate_header,
    validate_output,
};
use tandem_compare::{CarriedState, Expectation, StateRoot, Terms};
use tandem_corpus::{Case, ChainSpec, Witness};
use tandem_exex::record;
use tandem_report::Verdict;
use tandem_state::WitnessState;

use super::{
    eip779, intermediate,
    judged::Judged,
    missing::Parent,
    twins::{Examined, Twins},
};

/// A block with the state that its witness proves.
#[derive(Debug)]
pub(crate) struct Proved {
    /// The block on that state, by the rules that are left for its transactions ([`eip779`]).
    pub(crate) case: Case<WitnessState>,
    /// The chain's rules.
    spec: Arc<ChainSpec>,
    /// The parent's header, where the witness has it.
    parent: Option<Header>,
}

impl Proved {
    /// Holds the witness against its root; fails where it does not begin there.
    pub(crate) fn new(witness: Witness) -> Result<Self, String> {
        let Witness { source, spec, block, parent, parent_state_root, state, codes, block_hashes } = witness;
        let number = block.header.number;
        let unusable = |error| format!("{source}: block {number}: {error}");
        let state = WitnessState::new(parent_state_root, state, codes, block_hashes).map_err(unusable)?;
        let spec = spec.at(&block.header);
        let (left, state) =
            eip779::before_witnessed_transactions(spec.clone(), number, state).map_err(unusable)?;
        let case = Case { spec: left, block, state: state.into(), source };
        Ok(Self { case, spec, parent })
    }
}

/// Applies the rules, executes both ways on the witness, compares down to the header's state root, applies the rules
/// that hold after execution, and says what came out.
pub(crate) fn judge(proved: &Proved, twins: &mut Twins) -> Judged {
    let Proved { case, spec, .. } = proved;
    if let Err(rule) = before(proved) {
        let record = record::unexecuted(&case.source, spec, &case.block, Verdict::Match);
        let mut judged = Judged::new(record);
        judged.fail_expectation(&format!("rejected, {rule}"), "a valid block");
        return judged;
    }
    let state_root = StateRoot::Header(&CarriedState);
    let examined = twins.examine(case, &Terms { expectation: Expectation::Valid, state_root });
    let record = examined.record(&case.source, spec, &case.block);
    if let Some(error) = WitnessState::input_error(case, &examined) {
        return Judged::unusable(record, error);
    }
    if record.verdict != Verdict::Match {
        return Judged::executed(record, case, examined.comparison.first_difference());
    }
    match after(proved, &examined) {
        Ok(Ok(())) => Judged::new(record),
        Ok(Err(rule)) => {
            let mut judged = Judged::new(record);
            judged.fail_expectation(&format!("rejected, {rule}"), "a valid block");
            judged.keep_case(case, None);
            judged
        }
        Err(error) => Judged::unusable(record, error),
    }
}

/// Applies the rules that hold before execution: those of the body, and of the header where the parent's is known.
///
/// Ommers' headers need more ancestors than a witness has and are not looked at. Whether the total difficulty of the
/// merge is reached no witness shows, so a header without difficulty is taken for one after it.
fn before(proved: &Proved) -> Result<(), ConsensusError> {
    let Proved { case: Case { block, .. }, spec, parent } = proved;
    if let Some(parent) = parent {
        let merge = spec.terminal_total_difficulty().unwrap_or_default();
        let context = HeaderContext {
            spec,
            parent,
            parent_hash: block.header.parent_hash,
            parent_total_difficulty: if block.header.difficulty.is_zero() {
                merge
            } else {
                parent.difficulty
            },
        };
        validate_header(&context, &block.header)?;
    }
    validate_body(spec, block)
}

/// Applies the rules that hold after execution; fails with an input error where the witness does not reach.
///
/// What compare has done already is not done again, except where receipts carry the state root after their transaction.
fn after(proved: &Proved, examined: &Examined) -> Result<Result<(), ConsensusError>, String> {
    let case = &proved.case;
    let Ok(output) = &examined.sequential.result else { return Ok(Ok(())) };
    let roots = intermediate::witnessed_roots(case).map_err(|error| {
        let number = case.block.header.number;
        format!("{}: block {number}: its receipts carry state roots, and {error}", case.source)
    })?;
    let result = ExecutionOutput {
        gas_used: output.result.gas_used,
        blob_gas_used: output.result.blob_gas_used,
        receipts: &output.result.receipts,
        intermediate_roots: roots.as_deref().map_or(IntermediateRoots::Unknown, IntermediateRoots::Known),
        requests: &output.result.requests,
        state_root: examined.comparison.state_roots.sequential,
        post_state: None,
        block_access_list_hash: output.digest().bal_hash,
    };
    Ok(validate_output(&proved.spec, &case.block.header, &result))
}
