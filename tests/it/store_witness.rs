//! Witnesses that the store makes of a generated chain's blocks replay like any other.

use std::{fs, num::NonZeroUsize, path::Path, sync::Arc};

use alloy_primitives::{U256, hex};
use serde_json::{Value, json};
use tandem_compare::{Engine, Observe, Output, Reference};
use tandem_corpus::{Case, PlainState, Workload};
use tandem_state::{
    ExecutedBlock, ExecutionWitness, GenesisAccount, StateUpdate, Store, StoreConfig, update_root,
};
use tandem_tests::{
    data::folder,
    program::run,
    sources::{Generated, block_rlp, chain_config, generated, write_json},
};

fn genesis_accounts(state: &PlainState) -> impl Iterator<Item = GenesisAccount> + '_ {
    state.accounts.iter().map(|(address, account)| GenesisAccount {
        address: *address,
        nonce: account.info.nonce,
        balance: account.info.balance,
        code: state
            .contracts
            .get(&account.info.code_hash)
            .map(|code| code.original_bytes())
            .unwrap_or_default(),
        storage: account.storage.iter().map(|(slot, value)| (*slot, *value)).collect(),
    })
}

/// Executes a block on what the store has of its parent, and returns the output with the witness.
fn executed(store: &Store, case: &Case) -> (Output, ExecutionWitness) {
    let state = Arc::new(store.witness_recorder(case.block.header.number - 1).unwrap());
    let Case { source, spec, block, .. } = case.clone();
    let recorded = Case { source, spec, block, state: state.clone() };
    let output = Reference::default().execute(&recorded, Observe::Output).result.unwrap();
    drop(recorded);
    let root = state.cover(&StateUpdate::from_bundle(&output.bundle)).unwrap();
    assert_eq!(root, case.block.header.state_root);
    let witness = Arc::into_inner(state).unwrap().finish(store).unwrap();
    (output, witness)
}

fn commit(store: &Store, case: &Case, output: Output) {
    let update = StateUpdate::from_bundle(&output.bundle);
    let trie = store.trie().unwrap();
    let updated = update_root(&trie, trie.root(), &update, NonZeroUsize::MIN).unwrap();
    let block = &case.block;
    let transactions = block.transactions.iter().map(|transaction| transaction.inner().clone()).collect();
    let executed = ExecutedBlock {
        hash: block.hash,
        header: block.header.clone(),
        body: alloy_consensus::BlockBody {
            transactions,
            ommers: Vec::new(),
            withdrawals: block.withdrawals.clone(),
        },
        receipts: output.result.receipts,
        total_difficulty: U256::ZERO,
        update: Arc::new(update),
        trie: Arc::new(updated),
    };
    store.commit(&[executed]).unwrap();
}

fn witness_json(case: &Case, witness: &ExecutionWitness) -> Value {
    let ExecutionWitness { state, codes, keys, headers } = witness;
    json!({
        "chain": chain_config(case.spec.chain_id),
        "block": hex::encode_prefixed(block_rlp(&case.block)),
        "executionWitness": { "state": state, "codes": codes, "keys": keys, "headers": headers },
    })
}

/// Imports a chain into a store and writes a witness of each block.
fn write_witnesses(chain: &Generated, directory: &Path) {
    let datadir = directory.join("store");
    let config = StoreConfig { cache_bytes: 8 << 20, ..StoreConfig::default() };
    let genesis = genesis_accounts(&chain.cases[0].state);
    let store = Store::create(&datadir, config, &chain.genesis, genesis).unwrap();
    fs::create_dir(directory.join("in")).unwrap();
    let mut now = Vec::new();
    for case in &chain.cases {
        let (output, witness) = executed(&store, case);
        commit(&store, case, output);
        write_json(
            &directory.join(format!("in/{}.json", case.block.header.number)),
            &witness_json(case, &witness),
        );
        now.push(witness);
    }
    // From the head back: what was the state at the block's parent gives the same witness later.
    for (case, witness) in chain.cases.iter().zip(now) {
        assert_eq!(executed(&store, case).1, witness, "block {}", case.block.header.number);
    }
}

#[test]
fn witnesses_of_imported_blocks_match_with_2_and_8_threads() {
    for workload in [Workload::Mixed, Workload::Create2Selfdestruct] {
        let scratch = tempfile::tempdir().unwrap();
        write_witnesses(&generated(workload, 4, 40), scratch.path());
        for (threads, seam) in [("2", "block"), ("8", "transaction")] {
            let arguments = ["replay", "in", "--threads", threads, "--seam", seam, "--format", "json"];
            let ended = run(scratch.path(), arguments);
            assert_eq!(ended.status, Some(0), "{workload} {threads} {seam}: {ended:?}");
            let told: Value = serde_json::from_str(&ended.stdout).unwrap();
            assert_eq!(told["summary"]["matched"], 4);
            assert_eq!(told["summary"]["checks"]["state_root"]["header_checked"], 4);
        }
    }
}

/// Nothing in a witness is there for nothing: without any one node, code or header the block cannot be checked.
#[test]
fn every_part_of_a_made_witness_is_needed() {
    let scratch = tempfile::tempdir().unwrap();
    let chain = generated(Workload::HotCounter, 1, 5);
    write_witnesses(&chain, scratch.path());
    let whole: Value = serde_json::from_slice(&fs::read(scratch.path().join("in/1.json")).unwrap()).unwrap();
    fs::create_dir(scratch.path().join("less")).unwrap();
    let mut count = 0;
    for part in ["state", "codes", "headers"] {
        for index in 0..whole["executionWitness"][part].as_array().unwrap().len() {
            let mut less = whole.clone();
            less["executionWitness"][part].as_array_mut().unwrap().remove(index);
            write_json(&scratch.path().join(format!("less/{part}-{index}.json")), &less);
            count += 1;
        }
    }
    let ended = run(scratch.path(), ["replay", "less", "--format", "json"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told["summary"]["input_errors"].as_array().unwrap().len(), count, "{}", ended.stderr);
    assert!(count > 10, "{count}");
    assert_eq!((&told["summary"]["matched"], &told["summary"]["diverged"]), (&json!(0), &json!(0)));
}

/// Imports a chain, has a witness of each block written, and replays them.
fn import_and_replay(directory: &Path, chain: &Path, blocks: u64) {
    let (genesis, rlp) = (chain.join("genesis.json"), chain.join("chain.rlp"));
    let (genesis, rlp) = (genesis.to_str().unwrap(), rlp.to_str().unwrap());
    let imported = run(directory, ["import", "--datadir", "data", "--genesis", genesis, rlp]);
    assert_eq!(imported.status, Some(0), "{imported:?}");
    let mut arguments = vec!["witness", "--datadir", "data", "--genesis", genesis, "--out", "in"];
    let numbers: Vec<String> = (1..=blocks).map(|number| number.to_string()).collect();
    arguments.extend(numbers.iter().map(String::as_str));
    let written = run(directory, &arguments);
    assert_eq!(written.status, Some(0), "{written:?}");
    let ended = run(directory, ["replay", "in", "--threads", "2", "--format", "json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told["summary"]["matched"], blocks);
    assert_eq!(told["summary"]["checks"]["state_root"]["header_checked"], blocks);
}

#[test]
fn the_program_writes_witnesses_of_what_it_imported() {
    let scratch = tempfile::tempdir().unwrap();
    let made = run(scratch.path(), ["generate", "mixed:5:30", "--out", "chain"]);
    assert_eq!(made.status, Some(0), "{made:?}");
    import_and_replay(scratch.path(), &scratch.path().join("chain"), 5);
    let arguments = ["witness", "--datadir", "none", "--genesis", "chain/genesis.json", "--out", "in", "1"];
    let refused = run(scratch.path(), arguments);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert_eq!(refused.stderr, "error: none: expected a store that tandem import made, found none\n");
    let arguments = ["witness", "--datadir", "data", "--genesis", "chain/genesis.json", "--out", "in", "6"];
    let refused = run(scratch.path(), arguments);
    assert_eq!(refused.stderr, "error: data: block 6: expected a block at or below the head\n");
}

#[test]
fn witnesses_of_a_chain_through_every_fork_match() {
    let Some(chain) = folder("witnesses of every fork", "chain/all-forks") else { return };
    import_and_replay(tempfile::tempdir().unwrap().path(), &chain, 54);
}
