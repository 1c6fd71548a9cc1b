//! Keeps what replays a block of which the parallel execution contradicted the header and the sequential one did not.

use std::sync::Arc;

use alloy_consensus::Header;
use alloy_rlp::Decodable;
use eyre::{Result, ensure, eyre};
use tandem_chain::{ChainError, Contradiction, Imported};
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
    parallel: &Contradiction,
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
        parallel: parallel.to_string(),
        evidence: None,
    });
    Ok(Judged::executed(record, &case, None))
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use alloy_primitives::Bytes;
    use tandem_chain::{
        Batch, Checked, Commit, Executor, Host, HostSettings, Keep, Observer, StageTimes, state_root,
    };
    use tandem_compare::{Engine, Observe, Reference};
    use tandem_corpus::{Case, ChainBlock, GenerateOptions, Workload, encode_block, generate};
    use tandem_executor::{FaultKind, Strategy, WorkerPool};
    use tandem_state::{GenesisAccount, StoreConfig};

    use super::*;

    struct Nobody;

    impl Observer for Nobody {
        fn checked(&mut self, _: &Checked<'_>) {}

        fn committed(&mut self, _: &Commit, _: &StageTimes) {}
    }

    fn store(case: &Case, genesis: &Header, dir: &std::path::Path) -> Store {
        let code = |hash| case.state.contracts.get(hash).map(|code| code.original_bytes());
        let accounts = case.state.accounts.iter().map(|(address, account)| GenesisAccount {
            address: *address,
            nonce: account.info.nonce,
            balance: account.info.balance,
            code: code(&account.info.code_hash).unwrap_or_default(),
            storage: account.storage.iter().map(|(slot, value)| (*slot, *value)).collect(),
        });
        Store::create(dir, StoreConfig::default(), genesis, accounts).unwrap()
    }

    /// Gas that is wrong in one transaction of the second block: the first is on disk, and the second has evidence that
    /// executes sequentially as its header says.
    #[test]
    fn a_wrong_parallel_execution_ends_the_import_and_leaves_evidence() {
        let options = GenerateOptions {
            blocks: 3,
            txs_per_block: 20,
            state_root: Some(state_root),
            ..GenerateOptions::default()
        };
        let genesis = generate(Workload::Mixed, 5, options).genesis_header().unwrap();
        let cases: Vec<_> = generate(Workload::Mixed, 5, options).map(Result::unwrap).collect();
        let spec = Arc::clone(&cases[0].spec);
        let broken = cases[1].block.hash;
        tandem_chain::fault::inject(*cases[1].block.transactions[7].tx_hash(), FaultKind::Gas { excess: 1 });

        let scratch = tempfile::tempdir().unwrap();
        let threads = NonZero::new(2).unwrap();
        let pool = Arc::new(WorkerPool::new(threads).unwrap());
        let executor = Executor { pool, strategy: Strategy::Parallel, fallback: Arc::default() };
        let settings = HostSettings { executor, threads, keep: Keep::Stored, batch: Batch::default() };
        let store = Arc::new(store(&cases[0], &genesis, scratch.path()));
        let mut host = Host::open(Arc::clone(&store), Arc::clone(&spec), settings).unwrap();
        let blocks: Vec<Bytes> = cases.iter().map(|case| encode_block(&case.block).into()).collect();
        let blocks = blocks.into_iter().map(|rlp| {
            Ok(ChainBlock {
                rlp,
                hash: None,
                expected_exception: None,
                place: "chain.rlp: offset 7".to_owned(),
            })
        });
        let imported = host.import_all(Box::new(blocks), &|| false, &mut Nobody);
        assert_eq!(store.head().hash, cases[0].block.hash);

        let judged = of(&store, &spec, &imported).expect("a divergence").unwrap();
        let Judged { record, proof, .. } = judged;
        assert_eq!((record.verdict, record.hash), (Verdict::Diverged, broken));
        assert_eq!(record.source, "chain.rlp: offset 7");
        assert!(record.divergence.unwrap().parallel.contains("gas"), "what differs is not said");
        let case = proof.expect("evidence").witness_case().expect("a witness").unwrap();
        assert_eq!(case.block.hash, broken);
        let output = Reference::default().execute(&case, Observe::Output).result.unwrap();
        assert_eq!(output.result.gas_used, case.block.header.gas_used);
    }
}
