//! Pays ether and tokens between users.

use alloy_primitives::U256;

use super::Script;
use crate::generate::{
    accounts::Role,
    calls,
    contracts::{Contract, TOKENS},
    draft::Draft,
    request::Request,
};

/// Gas that a token transfer to a new holder takes, rounded up.
pub(super) const TRANSFER_GAS: u64 = 70_000;

/// Payments of ether: every user in turn pays another user, or now and then somebody new.
#[derive(Debug)]
pub(super) struct Native;

impl Script for Native {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let new = draft.world.random.chance(1, 10);
        let to = if new { draft.world.random.address() } else { draft.world.any_address(Role::User) };
        let wei = draft.world.random.below(1_000_000_000_000);
        draft.push(Request::pay(from, to, wei));
    }
}

/// Transfers of one token at a time, which changes from block to block.
#[derive(Debug)]
pub(super) struct Erc20;

impl Script for Erc20 {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let to = draft.world.any_address(Role::User);
        let value = U256::from(draft.world.random.below(1_000_000));
        let token = Contract::Token((draft.header.number % u64::from(TOKENS)) as u8);
        draft.push(Request::call(from, token, &calls::Token::transferCall { to, value }, TRANSFER_GAS));
    }
}

/// Transfers of one token to the same recipient.
#[derive(Debug)]
pub(super) struct Erc20OneRecipient;

impl Script for Erc20OneRecipient {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let hub = draft.world.accounts.get(Role::Hub, 0);
        let to = draft.world.address(hub);
        let value = U256::from(1 + draft.world.random.below(1_000_000));
        let call = calls::Token::transferCall { to, value };
        draft.push(Request::call(from, Contract::Token(0), &call, TRANSFER_GAS));
    }
}
