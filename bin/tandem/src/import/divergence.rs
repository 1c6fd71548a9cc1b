//! Keeps what replays a block of which the parallel execution contradicted the header and the sequential one did not.

use std::sync::Arc;

use alloy_consensus::Header;
use alloy_rlp::Decodable;
use eyre::{Result, ensure, eyre};
use tandem_chain::{ChainError, Imported};
use tandem_corpus::{Block, ChainSpec, Witness};
use tandem_exex::record;
use tandem_report::{Divergence, Verdict};
use tandem_state::{ExecutionWitness, Store};

use super::witness;
use crate::replay::{judged::Judged, witness::Proved};

/// Returns what is to be told of the divergence that ended an import, if one did.
///
/// Everything before the block is on disk by then, so that its parent's state is the store's.
pub(crate) fn of(store: &Store, spec: &Arc<ChainSpec>, imported: &Imported) -> Option<Result<Judged>> {
    let failure = imported.failure.as_ref()?;
    let ChainError::Diverged { block, parallel } = &*failure.error else { return None };
    let source = failure.place.split_once(": block ").map_or(&*failure.place, |(source, _)| source);
    Some(judge(store, spec, source, block, parallel))
}

/// Makes the record, and the evidence: the block, and what it needs of its parent's state, with proofs.
fn judge(
    store: &Store,
    spec: &Arc<ChainSpec>,
    source: &str,
    block: &Block,
    parallel: &str,
) -> Result<Judged> {
    ensure!(store.head().hash == block.header.parent_hash, "the block's parent is not the head on disk");
    let parent = store.header(block.header.parent_hash)?.ok_or_else(|| eyre!("the parent has no header"))?;
    let ExecutionWitness { state, codes, headers, .. } = witness::of_block(store, spec, block.clone())?;
    let ancestors = headers.iter().map(|rlp| Header::decode(&mut &rlp[..]));
    let ancestors = ancestors.map(|header| header.map(|header| (header.number, header.hash_slow())));
    let proved = Proved::new(Witness {
        source: source.to_owned(),
        spec: Arc::clone(spec),
        block: block.clone(),
        parent_state_root: parent.state_root,
        parent: Some(parent),
        state,
        codes,
        block_hashes: ancestors.collect::<Result<_, _>>()?,
    });
    let case = proved.map_err(|error| eyre!(error))?.case;

    let mut record = record::unexecuted(source, &spec.at(&block.header), block, Verdict::Diverged);
    record.divergence = Some(Divergence {
        tx: None,
        what: "header".to_owned(),
        address: None,
        slot: None,
        sequential: "agrees with the header".to_owned(),
        parallel: parallel.to_owned(),
        evidence: None,
    });
    Ok(Judged::executed(record, &case, None))
}
