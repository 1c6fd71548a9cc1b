//! Calls every precompile, by a contract and directly.

use alloy_primitives::{Address, U256};

use super::{
    Script,
    precompile_inputs::{self, Precompile},
};
use crate::generate::{calls, contracts::Contract, draft::Draft, request::Request};

/// Covers the dearest call (a pairing) on its way through the contract, which grants a precompile 200,000.
const CALL_GAS: u64 = 300_000;

/// All precompiles in turn, with valid input three times out of four.
#[derive(Debug, Default)]
pub(super) struct Calls {
    next: usize,
}

impl Script for Calls {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let precompile = Precompile::ALL[self.next % Precompile::ALL.len()];
        self.next += 1;
        let valid = draft.world.random.chance(3, 4);
        let input = precompile_inputs::draw(precompile, valid, draft);
        let from = draft.world.next_user();
        let address = Address::from_word(U256::from(precompile as u16).into());
        let request = if draft.world.random.chance(1, 5) {
            Request::raw(from, address, input, CALL_GAS)
        } else {
            let call = calls::Precompiles::runCall { precompile: address, input: input.into() };
            Request::call(from, Contract::Precompiles, &call, CALL_GAS)
        };
        draft.push(request);
    }
}
