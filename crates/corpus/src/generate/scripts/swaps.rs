//! Swaps tokens in pools.

use alloy_primitives::U256;

use super::Script;
use crate::generate::{
    calls,
    contracts::{Contract, PAIRS},
    draft::Draft,
    request::Request,
};

const SWAP_GAS: u64 = 250_000;

/// Swaps over all pools; half of them over a quarter of the pools.
#[derive(Debug)]
pub(super) struct ManyPools;

impl Script for ManyPools {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let pools = u64::from(if draft.world.random.chance(1, 2) { PAIRS / 4 } else { PAIRS });
        let pool = draft.world.random.below(pools) as u8;
        swap(draft, pool);
    }
}

/// Swaps over one pool.
#[derive(Debug)]
pub(super) struct OnePool;

impl Script for OnePool {
    fn step(&mut self, draft: &mut Draft<'_>) {
        swap(draft, 0);
    }
}

fn swap(draft: &mut Draft<'_>, pool: u8) {
    let from = draft.world.next_user();
    let random = &mut draft.world.random;
    let call = calls::Router::swapCall {
        pair: Contract::Pair(pool).address(),
        zeroForOne: random.chance(1, 2),
        amountIn: U256::from(1_000 + random.below(1_000_000_000_000)),
        amountOutMin: U256::ONE,
    };
    draft.push(Request::call(from, Contract::Router, &call, SWAP_GAS));
}
