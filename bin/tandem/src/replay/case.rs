//! Judges a recorded or generated block.

use tandem_compare::{CarriedState, Expectation, StateRoot, Terms};
use tandem_corpus::{Absent, Case, PlainState};

use super::{judged::Judged, missing::Parent, twins::Twins};

/// Executes a case both ways and says what came out.
///
/// A case is a valid block, so the header must match. Where its state is the whole world the state root is the
/// header's; where it is a part, the executions' roots over that part must agree.
pub(crate) fn judge(case: &Case, twins: &mut Twins) -> Judged {
    let state_root = match case.state.absent {
        Absent::Empty => StateRoot::Header(&CarriedState),
        Absent::Unknown | Absent::Presumed => StateRoot::Agreement(&CarriedState),
    };
    let examined = twins.examine(case, &Terms { expectation: Expectation::Valid, state_root });
    let record = examined.record(&case.source, &case.spec, &case.block);
    match PlainState::input_error(case, &examined) {
        Some(error) => Judged::unusable(record, error),
        None => Judged::executed(record, case, examined.comparison.first_difference()),
    }
}
