//! Applies the rules that hold after execution.

use tandem_chain::{ExecutionOutput, IntermediateRoots, validate_output};
use tandem_compare::Output;
use tandem_corpus::{Case, PlainState};

use super::{intermediate, twins::Examined};

/// Returns the state after a block on which both executions agree, or why they and the rules reject it.
pub(crate) fn validated(case: &Case, examined: &Examined) -> Result<PlainState, String> {
    let comparison = &examined.comparison;
    if let Some(rejection) = &comparison.rejection {
        return Err(rejection.clone());
    }
    let output = examined.sequential.result.as_ref().map_err(ToString::to_string)?;
    let post_state = post_state(case, output);
    let roots = intermediate::roots(case);
    let result = ExecutionOutput {
        gas_used: output.result.gas_used,
        blob_gas_used: output.result.blob_gas_used,
        receipts: &output.result.receipts,
        intermediate_roots: roots.as_deref().map_or(IntermediateRoots::Unknown, IntermediateRoots::Known),
        requests: &output.result.requests,
        state_root: comparison.state_roots.sequential,
        post_state: Some(&post_state),
        block_access_list_hash: output.digest().bal_hash,
    };
    validate_output(&case.spec, &case.block.header, &result).map_err(|rule| rule.to_string())?;
    Ok(post_state)
}

/// Returns the state after a block.
pub(crate) fn post_state(case: &Case, output: &Output) -> PlainState {
    let mut state = (*case.state).clone();
    state.apply(&output.bundle);
    state
}
