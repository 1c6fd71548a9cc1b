//! Delegates accounts to code (EIP-7702), elsewhere, and back to none, and calls them in between.

use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, Bytes, U256, address};
use alloy_sol_types::SolCall;

use super::Script;
use crate::generate::{
    accounts::{AccountId, Role},
    calls::{self, Wallet},
    contracts::Contract,
    draft::Draft,
    fork::CHAIN_ID,
    request::{Request, Shape},
};

const EXECUTE_GAS: u64 = 250_000;
const READ_GAS: u64 = 120_000;
/// The precompile that returns its input.
const IDENTITY: Address = address!("0000000000000000000000000000000000000004");

/// Authorizations, calls to the accounts that gave them, and reads of their code, interleaved.
#[derive(Debug)]
pub(super) struct Delegations;

impl Script for Delegations {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let role = if draft.world.random.chance(1, 5) { Role::NewAuthority } else { Role::Authority };
        let authority = draft.world.any(role);
        match draft.world.random.below(20) {
            0..=5 => delegate_by_sponsor(draft, authority),
            6 | 7 if role == Role::Authority => delegate_by_oneself(draft, authority),
            8 => delegate_twice_at_once(draft, authority),
            9 => authorize_in_vain(draft, authority),
            10 if role == Role::Authority => pay_oneself_out(draft, authority),
            11 => read(draft, authority),
            _ => execute(draft, authority),
        }
    }
}

/// Draws code to delegate to: two wallets mostly; no code, foreign code, a precompile, another account.
fn draw_delegate(draft: &mut Draft<'_>) -> Address {
    match draft.world.random.below(12) {
        0..=3 => Contract::Wallet.address(),
        4..=7 => Contract::WalletV2.address(),
        8 => Contract::Counter.address(),
        9 => draft.world.random.pick([IDENTITY, Contract::Vault.address()]),
        10 => draft.world.any_address(Role::Authority),
        _ => Address::ZERO,
    }
}

/// A user's transaction carries the authorization and calls the account at once, under its new code.
fn delegate_by_sponsor(draft: &mut Draft<'_>, authority: AccountId) {
    let from = draft.world.next_user();
    let delegate = draw_delegate(draft);
    let authorization = draft.authorize(authority, delegate);
    let request = execution(draft, from, authority);
    draft.push(request.shape(Shape::Authorizations(vec![authorization])));
}

/// The account's own transaction carries the authorization, whose nonce is the one after the transaction's.
fn delegate_by_oneself(draft: &mut Draft<'_>, authority: AccountId) {
    let nonce = draft.world.accounts[authority].nonce;
    draft.world.accounts[authority].nonce += 1;
    let delegate = draw_delegate(draft);
    let authorization = draft.authorize(authority, delegate);
    let request = execution(draft, authority, authority);
    draft.push_with_nonce(request.shape(Shape::Authorizations(vec![authorization])), nonce);
}

/// Two authorizations of one account in one transaction: the second holds.
fn delegate_twice_at_once(draft: &mut Draft<'_>, authority: AccountId) {
    let from = draft.world.next_user();
    let (first, second) = (draw_delegate(draft), draw_delegate(draft));
    let list = vec![draft.authorize(authority, first), draft.authorize(authority, second)];
    let request = execution(draft, from, authority);
    draft.push(request.shape(Shape::Authorizations(list)));
}

/// Authorizations that are skipped: of another chain, of a later and an earlier nonce, of no valid signature.
///
/// Before the first nonce comes the last that there is, which is refused as such (EIP-2681).
fn authorize_in_vain(draft: &mut Draft<'_>, authority: AccountId) {
    let from = draft.world.next_user();
    let nonce = draft.world.accounts[authority].nonce;
    let delegate = draw_delegate(draft);
    let inner = Authorization { chain_id: U256::from(CHAIN_ID), address: delegate, nonce };
    let list = vec![
        draft.sign_authorization(authority, delegate, nonce, CHAIN_ID + 1),
        draft.sign_authorization(authority, delegate, nonce + 7, CHAIN_ID),
        draft.sign_authorization(authority, delegate, nonce.wrapping_sub(1), CHAIN_ID),
        SignedAuthorization::new_unchecked(inner, 1, U256::ONE, U256::MAX),
    ];
    let request = execution(draft, from, authority);
    draft.push(request.shape(Shape::Authorizations(list)));
}

/// An account that may have code sends like any other.
fn pay_oneself_out(draft: &mut Draft<'_>, authority: AccountId) {
    let to = draft.world.any_address(Role::User);
    let wei = draft.world.random.below(1_000_000);
    draft.push(Request::pay(authority, to, wei));
}

/// Reads balance, code hash and code size of accounts, which show the delegation.
fn read(draft: &mut Draft<'_>, authority: AccountId) {
    let from = draft.world.next_user();
    let accounts = vec![draft.world.address(authority), draft.world.any_address(Role::NewAuthority)];
    draft.push(Request::call(from, Contract::Reader, &calls::Reader::readCall { accounts }, READ_GAS));
}

fn execute(draft: &mut Draft<'_>, authority: AccountId) {
    let from = draft.world.next_user();
    let request = execution(draft, from, authority);
    draft.push(request);
}

/// Calls an account as if it were a wallet: the batch pays a user, sends tokens, counts.
fn execution(draft: &mut Draft<'_>, from: AccountId, authority: AccountId) -> Request {
    let mut batch = Vec::new();
    for _ in 0..=draft.world.random.index(3) {
        let to = draft.world.any_address(Role::User);
        let value = U256::from(draft.world.random.below(4));
        batch.push(match draft.world.random.below(3) {
            0 => Wallet::Call { to, value, data: Bytes::new() },
            1 => {
                let data = calls::Token::transferCall { to, value }.abi_encode();
                Wallet::Call { to: Contract::Token(0).address(), value: U256::ZERO, data: data.into() }
            }
            _ => {
                let data = calls::Counter::incrementCall {}.abi_encode();
                Wallet::Call { to: Contract::Counter.address(), value: U256::ZERO, data: data.into() }
            }
        });
    }
    let input = Wallet::executeCall { calls: batch }.abi_encode();
    Request::raw(from, draft.world.address(authority), input, EXECUTE_GAS).value(3)
}
