//! Imports whole chains into a store, in parallel and with incremental roots: the same results as in memory.

use std::{num::NonZero, path::Path, sync::Arc};

use tandem_chain::{Batch, Executor, Host, HostSettings, Keep, Place, state_root};
use tandem_corpus::{Chain, PostState, decode_block};
use tandem_executor::{Strategy, WorkerPool};
use tandem_state::{GenesisAccount, Store, StoreConfig};

use crate::{
    blockchain_tests::{Counts, run_each},
    known::Way,
    reject::Reject,
};

/// Makes a store with a chain's genesis.
pub(crate) fn store(chain: &Chain, datadir: &Path) -> Store {
    let genesis = chain.genesis_header(state_root(&chain.state)).unwrap();
    let accounts = chain.state.accounts.iter().map(|(address, account)| GenesisAccount {
        address: *address,
        nonce: account.info.nonce,
        balance: account.info.balance,
        code: chain
            .state
            .contracts
            .get(&account.info.code_hash)
            .map(|code| code.original_bytes())
            .unwrap_or_default(),
        storage: account.storage.iter().map(|(slot, value)| (*slot, *value)).collect(),
    });
    Store::create(datadir, StoreConfig::default(), &genesis, accounts).unwrap()
}

/// Opens the chain of a store, to execute in parallel.
pub(crate) fn host(store: Store, chain: &Chain, batch: Batch) -> Host {
    let threads = NonZero::new(2).unwrap();
    let executor = Executor {
        pool: Arc::new(WorkerPool::new(threads).unwrap()),
        strategy: Strategy::Parallel,
        fallback: Default::default(),
    };
    let settings = HostSettings { executor, threads, keep: Keep::Stored, batch };
    Host::open(Arc::new(store), Arc::clone(&chain.spec), settings).unwrap()
}

fn import(host: &mut Host, rlp: &[u8]) -> Result<Place, Reject> {
    let block = decode_block(rlp, host.tree().spec())?;
    Ok(host.import(block)?)
}

fn run(chain: &mut Chain, counts: &mut Counts) -> Result<(), String> {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = host(store(chain, scratch.path()), chain, Batch::SINGLE);
    for (index, block) in chain.blocks.by_ref().enumerate() {
        let block = block.map_err(|error| error.to_string())?;
        match (import(&mut host, &block.rlp), &block.expected_exception) {
            (Ok(_), None) => counts.accepted += 1,
            (Err(reject), Some(expected)) if reject.is(expected) => counts.rejected += 1,
            (Ok(_), Some(expected)) => return Err(format!("block {index} accepted, expected {expected}")),
            (Err(reject), expected) => {
                return Err(format!("block {index} rejected: {reject}; expected {expected:?}"));
            }
        }
        let durable = host.store().head();
        if durable.hash != host.tree().head() {
            return Err(format!("head on disk is {durable:?}, in the tree {}", host.tree().head()));
        }
    }
    if chain.last_hash.is_some_and(|expected| expected != host.tree().head()) {
        return Err(format!("head is {}, expected {:?}", host.tree().head(), chain.last_hash));
    }
    let expected = match &chain.post_state {
        Some(PostState::Accounts(state)) => state_root(state),
        Some(PostState::Root(root)) => *root,
        None => host.tree().header(&host.tree().head()).unwrap().state_root,
    };
    let got = host.store().recompute_root().map_err(|error| error.to_string())?;
    if got == expected { Ok(()) } else { Err(format!("state root is {got}, expected {expected}")) }
}

/// Those with reorgs, before the merge and into it; [`everything`] has all of them.
#[test]
fn ethereum_tests_with_reorgs() {
    for directory in [
        "ethereum-tests/InvalidBlocks/bcMultiChainTest",
        "ethereum-tests/TransitionTests",
        "ethereum-tests/ValidBlocks/bcForkStressTest",
    ] {
        run_each(directory, Way::Store, 1, run);
    }
}

/// Every two-hundredth test; [`everything`] has all of them.
#[test]
fn eest_stable() {
    run_each("eest/stable", Way::Store, 200, run);
}

#[test]
fn chain_through_all_forks() {
    run_each("chain/all-forks", Way::Store, 1, run);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-chain --test it -- --ignored everything"]
fn everything() {
    for directory in ["ethereum-tests", "eest/stable"] {
        run_each(directory, Way::Store, 1, run);
    }
}
