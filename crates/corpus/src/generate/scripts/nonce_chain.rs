//! Sends everything from one account.

use alloy_primitives::U256;

use super::Script;
use crate::generate::{
    accounts::Role,
    calls,
    contracts::{Contract, TOKENS},
    draft::Draft,
    request::Request,
};

/// One user pays users and sends them tokens.
#[derive(Debug)]
pub(super) struct NonceChain;

impl Script for NonceChain {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.accounts.get(Role::User, 0);
        let to = draft.world.any_address(Role::User);
        let random = &mut draft.world.random;
        if random.chance(2, 3) {
            let wei = random.below(1_000_000_000);
            draft.push(Request::pay(from, to, wei));
        } else {
            let token = Contract::Token(random.below(u64::from(TOKENS)) as u8);
            let call = calls::Token::transferCall { to, value: U256::from(random.below(1_000_000)) };
            draft.push(Request::call(from, token, &call, super::transfers::TRANSFER_GAS));
        }
    }
}
