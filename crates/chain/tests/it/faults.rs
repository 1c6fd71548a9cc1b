//! Makes writes of an import fail, and goes on with the store as it is on disk then.

use std::{sync::Arc, time::Duration};

use alloy_primitives::Bytes;
use tandem_chain::{Batch, ChainError, Checked, Commit, Observer, StageTimes, state_root};
use tandem_corpus::{
    Case, Chain, ChainBlock, ChainBlocks, GenerateOptions, Workload, encode_block, generate,
};
use tandem_state::{StateError, Store, StoreConfig, store::Fault};

use crate::stored;

const BLOCKS: usize = 24;

/// A chain of generated blocks, as often as it is asked for.
struct Generated {
    cases: Vec<Case>,
    genesis: alloy_consensus::Header,
}

impl Generated {
    fn new(seed: u64) -> Self {
        let options = GenerateOptions {
            blocks: BLOCKS,
            txs_per_block: 6,
            state_root: Some(state_root),
            ..GenerateOptions::default()
        };
        let genesis = generate(Workload::Mixed, seed, options).genesis_header().unwrap();
        let cases = generate(Workload::Mixed, seed, options).map(Result::unwrap).collect();
        Self { cases, genesis }
    }

    fn chain(&self) -> Chain {
        let first = &self.cases[0];
        Chain {
            source: "generated".to_owned(),
            spec: Arc::clone(&first.spec),
            genesis: self.genesis.clone(),
            genesis_hash: None,
            state: Arc::clone(&first.state),
            blocks: self.blocks(),
            last_hash: None,
            post_state: None,
        }
    }

    fn blocks(&self) -> ChainBlocks {
        let rlps: Vec<Bytes> = self.cases.iter().map(|case| encode_block(&case.block).into()).collect();
        let block = |rlp| ChainBlock { rlp, hash: None, expected_exception: None, place: String::new() };
        Box::new(rlps.into_iter().map(move |rlp| Ok(block(rlp))))
    }
}

/// The last block that was said to be on disk.
#[derive(Default)]
struct Told(u64);

impl Observer for Told {
    fn checked(&mut self, _: &Checked<'_>) {}

    fn committed(&mut self, commit: &Commit, _: &StageTimes) {
        self.0 = commit.base.id.number;
    }
}

/// After each failed write the store opens at a block, its root is right, nothing that was told is lost, and the import
/// goes on from there.
fn failing_writes(count: usize, seed: u64) {
    let generated = Generated::new(seed);
    let chain = generated.chain();
    let batch = Batch { blocks: 3, items: usize::MAX, time: Duration::MAX };
    let mut scratch = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    drop(stored::store(&chain, scratch.path()));
    let mut failed = 0;
    for round in 0.. {
        let genesis = chain.genesis_header(state_root(&chain.state)).unwrap().hash_slow();
        let store = Store::open(scratch.path(), StoreConfig::default(), genesis).unwrap();
        store.check().unwrap();
        let head = store.head();
        assert!(head.number >= told.0, "round {round}: head {}, told {}", head.number, told.0);
        if head.number > 0 {
            assert_eq!(head.hash, generated.cases[head.number as usize - 1].block.hash);
        }
        if head.number as usize == BLOCKS {
            if failed >= count {
                return;
            }
            drop(store);
            scratch = tempfile::tempdir().unwrap();
            told = Told::default();
            drop(stored::store(&chain, scratch.path()));
            continue;
        }
        // A pinned sequence: both faults, at the first to fourth write.
        let fault = if round % 2 == 0 { Fault::Refused } else { Fault::Unacknowledged };
        if failed < count {
            store.inject(fault, (round * 7 + round / 5) % 4);
        }
        let mut host = stored::host(store, &chain, batch);
        match host.import_all(generated.blocks(), &|| false, &mut told).failure {
            None => {}
            Some(failure) => {
                let ChainError::State(error) = *failure.error else { panic!("round {round}: {failure}") };
                assert!(matches!(error, StateError::Injected), "round {round}: {error}");
                failed += 1;
            }
        }
    }
}

#[test]
fn failed_writes_lose_nothing_that_was_told() {
    failing_writes(6, 31);
}

#[test]
#[ignore = "takes a minute: cargo test --release -p tandem-chain --test it -- --ignored hundred_failed_writes"]
fn hundred_failed_writes() {
    failing_writes(100, 32);
}
