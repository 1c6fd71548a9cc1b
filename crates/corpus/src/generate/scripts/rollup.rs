//! Posts the batches of several rollups.

use alloy_primitives::{B256, U256};

use super::Script;
use crate::generate::{
    accounts::Role,
    calls::RollupInbox,
    contracts::Contract,
    draft::Draft,
    request::{Request, Shape},
};

const POST_GAS: u64 = 150_000;
/// First byte of a blob's versioned hash (EIP-4844).
const KZG_VERSION: u8 = 1;

/// Sequencers post in blobs while the block has room, then in calldata; users deposit; anybody finalizes.
#[derive(Debug)]
pub(super) struct Batches;

impl Script for Batches {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let rollup = draft.world.random.index(draft.world.accounts.count(Role::Sequencer));
        match draft.world.random.below(10) {
            0..=4 => post(draft, rollup),
            5..=8 => deposit(draft, rollup),
            _ => finalize(draft, rollup),
        }
    }
}

fn post(draft: &mut Draft<'_>, rollup: usize) {
    let from = draft.world.accounts.get(Role::Sequencer, rollup);
    let id = U256::from(rollup);
    let room = draft.blob_count_max();
    if room > 0 {
        let count = 1 + draft.world.random.below(room.min(3));
        let hashes = (0..count).map(|_| versioned_hash(draft.world.random.word())).collect();
        let call = RollupInbox::postBlobsCall { id };
        let request = Request::call(from, Contract::RollupInbox, &call, POST_GAS);
        draft.push(request.shape(Shape::Blobs(hashes)));
    } else {
        let len = 64 + draft.world.random.index(1024);
        let batch = draft.world.random.bytes(len).into();
        let call = RollupInbox::postCalldataCall { id, batch };
        draft.push(Request::call(from, Contract::RollupInbox, &call, POST_GAS));
    }
}

fn deposit(draft: &mut Draft<'_>, rollup: usize) {
    let from = draft.world.next_user();
    let call = RollupInbox::depositCall { id: U256::from(rollup) };
    let wei = u128::from(draft.world.random.below(1_000_000_000_000));
    draft.push(Request::call(from, Contract::RollupInbox, &call, POST_GAS).value(wei));
}

fn finalize(draft: &mut Draft<'_>, rollup: usize) {
    let from = draft.world.next_user();
    let call = RollupInbox::finalizeCall { id: U256::from(rollup), root: draft.world.random.word() };
    draft.push(Request::call(from, Contract::RollupInbox, &call, POST_GAS));
}

fn versioned_hash(mut hash: B256) -> B256 {
    hash[0] = KZG_VERSION;
    hash
}
