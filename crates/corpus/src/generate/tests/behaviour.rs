//! Checks that each workload has the conflicts that it names.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};

use super::*;
use crate::generate::{calls, contracts::Contract};

fn slot_zero(state: &PlainState, contract: Contract) -> U256 {
    let storage = &state.accounts[&contract.address()].storage;
    storage.get(&U256::ZERO).copied().unwrap_or_default()
}

fn senders(block: &Executed) -> BTreeSet<Address> {
    block.case.block.transactions.iter().map(|tx| tx.signer()).collect()
}

#[test]
fn native_transfers_have_one_transaction_a_sender_and_all_succeed() {
    for block in executed(Workload::NativeTransfers, 1, options(2, 100)) {
        assert_eq!(senders(&block).len(), 100);
        assert_eq!(block.succeeded(), 100);
    }
}

#[test]
fn token_transfers_emit_one_transfer_each() {
    for workload in [Workload::Erc20Transfers, Workload::Erc20OneRecipient] {
        for block in executed(workload, 1, options(2, 100)) {
            let transfers = block.events::<calls::Token::Transfer>();
            assert_eq!((transfers.len(), block.succeeded()), (100, 100));
            let recipients: BTreeSet<_> = transfers.iter().map(|(_, transfer)| transfer.to).collect();
            assert_eq!(recipients.len() == 1, workload == Workload::Erc20OneRecipient);
        }
    }
}

#[test]
fn swaps_spread_over_pools_as_named() {
    for (workload, pools_min, pools_max) in
        [(Workload::SwapsOnePool, 1, 1), (Workload::SwapsManyPools, 15, 28)]
    {
        for block in executed(workload, 1, options(2, 100)) {
            let pairs: BTreeSet<_> = (0..28).map(|pair| Contract::Pair(pair).address()).collect();
            let logs = block.outcomes.iter().flat_map(|outcome| outcome.logs());
            let used: BTreeSet<_> =
                logs.map(|log| log.address).filter(|address| pairs.contains(address)).collect();
            assert!((pools_min..=pools_max).contains(&used.len()), "{workload}: {} pools", used.len());
            assert_eq!(block.succeeded(), 100);
        }
    }
}

#[test]
fn mints_count_up_and_all_succeed() {
    for (at, block) in executed(Workload::MintRush, 1, options(3, 100)).iter().enumerate() {
        assert_eq!(block.succeeded(), 100);
        assert_eq!(slot_zero(&block.after, Contract::Nft), U256::from(100 * (at + 1)));
    }
}

#[test]
fn counter_takes_part_in_every_transaction() {
    for block in executed(Workload::HotCounter, 1, options(2, 100)) {
        assert_eq!(block.succeeded(), 100);
        assert_ne!(
            slot_zero(&block.after, Contract::Counter),
            slot_zero(&block.case.state, Contract::Counter)
        );
    }
}

#[test]
fn game_moves_change_rounds_cells_and_players() {
    let blocks = executed(Workload::GameMoves, 1, options(3, 200));
    assert!(blocks.iter().all(|block| block.succeeded() == 200));
    let after = &blocks.last().unwrap().after;
    assert!(slot_zero(after, Contract::Game) > U256::from(2));
    let storage = &after.accounts[&Contract::Game.address()].storage;
    assert!(storage.len() > 200, "{} slots", storage.len());
}

#[test]
fn rollup_blocks_are_full_of_blobs_and_go_on_in_calldata() {
    for block in executed(Workload::RollupBatches, 1, options(3, 100)) {
        let header = &block.case.block.header;
        let params = block.case.spec.blob_params_at(header.timestamp).unwrap();
        assert_eq!(header.blob_gas_used, Some(params.max_blob_gas_per_block()));
        let blob_txs = block.case.block.transactions.iter().filter(|tx| tx.is_eip4844()).count();
        assert!(blob_txs >= 3, "{blob_txs}");
        let batches = block.events::<calls::RollupInbox::Batch>();
        assert!(batches.len() > blob_txs + 20, "{}", batches.len());
        let rollups: BTreeSet<_> = batches.iter().map(|(_, batch)| batch.rollup).collect();
        assert_eq!(rollups.len(), 4);
        assert_eq!(block.succeeded(), 100);
    }
    let before_blobs = GenerateOptions { fork: Fork::Shanghai, ..options(1, 100) };
    assert!(executed(Workload::RollupBatches, 1, before_blobs).iter().all(|block| block.succeeded() == 100));
}

#[test]
fn nonce_chain_has_one_sender() {
    for block in executed(Workload::NonceChain, 1, options(2, 100)) {
        assert_eq!(senders(&block).len(), 1);
        assert_eq!(block.succeeded(), 100);
    }
}

#[test]
fn hot_account_pays_is_paid_and_is_read() {
    let blocks = executed(Workload::HotAccount, 1, options(2, 200));
    let hub = blocks[0].case.block.transactions.iter().filter_map(|tx| tx.to());
    let mut paid = BTreeMap::<Address, usize>::new();
    hub.for_each(|to| *paid.entry(to).or_default() += 1);
    let (hub, count) = paid.into_iter().max_by_key(|(_, count)| *count).unwrap();
    assert!(count > 80, "{count}");
    for block in &blocks {
        assert!(block.case.block.transactions.iter().filter(|tx| tx.signer() == hub).count() > 10);
        assert!(block.events::<calls::Reader::Saw>().iter().any(|(_, saw)| saw.account == hub));
        assert_eq!(block.succeeded(), 200);
    }
}

#[test]
fn every_precompile_answers() {
    let blocks = executed(Workload::Precompiles, 1, options(3, 200));
    let mut answers = BTreeMap::<Address, Vec<bool>>::new();
    for (_, answer) in blocks.iter().flat_map(|block| block.events::<calls::Precompiles::Answered>()) {
        let useful = answer.success && answer.output.iter().any(|byte| *byte != 0);
        answers.entry(answer.precompile).or_default().push(useful);
    }
    let expected = (1..=0x11u64).chain([0x100]).map(|n| Address::from_word(U256::from(n).into()));
    assert_eq!(answers.keys().copied().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    for (precompile, useful) in &answers {
        assert!(useful.contains(&true), "{precompile} never answered");
        let takes_anything = (2..=5).contains(&precompile[19]) && precompile[18] == 0;
        assert!(takes_anything || useful.contains(&false), "{precompile} got no invalid input");
    }
    let direct = blocks.iter().flat_map(|block| block.case.block.transactions.iter());
    assert!(direct.filter(|tx| tx.to() != Some(Contract::Precompiles.address())).count() > 30);
}

#[test]
fn mixed_has_all_envelopes_requests_and_contracts() {
    let blocks = executed(Workload::Mixed, 1, options(3, 200));
    let transactions: Vec<_> =
        blocks.iter().flat_map(|block| block.case.block.transactions.iter().cloned()).collect();
    let envelopes: BTreeSet<u8> = transactions.iter().map(|tx| tx.tx_type() as u8).collect();
    assert_eq!(envelopes, BTreeSet::from([0, 1, 2, 3, 4]));
    let called: BTreeSet<_> = transactions.iter().filter_map(|tx| tx.to()).collect();
    for contract in Contract::all() {
        let by_others = matches!(
            contract,
            Contract::Pair(_)
                | Contract::Wallet
                | Contract::WalletV2
                | Contract::Token(_)
                | Contract::Factory(_)
        );
        assert!(by_others || called.contains(&contract.address()), "{contract:?} is never called");
    }
    let no_requests = alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
    assert!(blocks.iter().all(|block| block.case.block.header.requests_hash != Some(no_requests)));
}

#[test]
fn deposits_withdrawals_and_consolidations_become_requests() {
    let blocks = executed(Workload::Mixed, 1, options(4, 200));
    let kinds = blocks.iter().flat_map(|block| request_kinds(&block.case));
    assert_eq!(kinds.collect::<BTreeSet<u8>>(), BTreeSet::from([0, 1, 2]));
}

/// Executes a case with the executor's own whole-block function and returns the kinds of its requests (EIP-7685).
fn request_kinds(case: &Case) -> Vec<u8> {
    let (result, _) = crate::generate::seal::execute(&case.block, &case.spec, &case.state).unwrap();
    result.requests.iter().map(|request| request[0]).collect()
}
