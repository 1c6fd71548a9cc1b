//! Sends everybody to one account, one contract, or one slot.

use alloy_primitives::U256;

use super::Script;
use crate::generate::{accounts::Role, calls, contracts::Contract, draft::Draft, request::Request};

const COUNTER_GAS: u64 = 50_000;
const VAULT_GAS: u64 = 80_000;
const READ_GAS: u64 = 60_000;

/// Everybody adds to one number.
#[derive(Debug)]
pub(super) struct HotCounter;

impl Script for HotCounter {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let request = if draft.world.random.chance(1, 4) {
            Request::call(from, Contract::Counter, &calls::Counter::mixCall {}, COUNTER_GAS)
        } else {
            Request::call(from, Contract::Counter, &calls::Counter::incrementCall {}, COUNTER_GAS)
        };
        draft.push(request);
    }
}

/// Everybody pays one account, which pays back; everybody puts into and takes out of one vault; some look.
#[derive(Debug)]
pub(super) struct HotAccount;

impl Script for HotAccount {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let hub = draft.world.accounts.get(Role::Hub, 0);
        let hub_address = draft.world.address(hub);
        let user = draft.world.next_user();
        let user_address = draft.world.address(user);
        let random = &mut draft.world.random;
        let wei = random.below(1_000_000_000);
        let request = match random.below(20) {
            0..=9 => Request::pay(user, hub_address, wei),
            10..=11 => Request::pay(hub, user_address, wei),
            12 => Request::pay(hub, hub_address, wei),
            13..=15 => Request::raw(user, Contract::Vault.address(), Vec::new(), VAULT_GAS).value(wei.into()),
            16..=18 => {
                let call = calls::Vault::withdrawCall { value: U256::from(wei / 1000) };
                Request::call(user, Contract::Vault, &call, VAULT_GAS)
            }
            _ => {
                let accounts = vec![hub_address, Contract::Vault.address()];
                Request::call(user, Contract::Reader, &calls::Reader::readCall { accounts }, READ_GAS)
            }
        };
        draft.push(request);
    }
}
