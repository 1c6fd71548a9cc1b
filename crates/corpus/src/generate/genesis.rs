//! Makes the state and the header that a generated chain starts from.

use alloy_consensus::Header;
use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip6110::MAINNET_DEPOSIT_CONTRACT_ADDRESS,
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_PREDEPLOY_CODE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_CODE},
    eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use revm::{bytecode::Bytecode, state::AccountInfo};

use super::{
    accounts::{Account, Accounts, Role},
    contracts::{Artifact, Contract, PAIRS, TOKENS},
    fork::Fork,
};
use crate::{PlainAccount, PlainState};

/// Wei of every rich account: a million ether.
const RICH: u128 = 1_000_000_000_000_000_000_000_000;
/// Tokens of every rich account and of each side of a pool.
const TOKENS_EACH: u128 = 1_000_000_000_000_000_000_000_000;
/// Wei that every user has in the vault at genesis.
const VAULT_EACH: u128 = 1_000_000_000_000_000_000;
/// Seconds since the epoch.
const GENESIS_TIME: u64 = 1_750_000_000;

/// Returns the header before the first generated block; its state root is given.
pub(super) fn header(fork: Fork, gas_limit: u64, state_root: B256) -> Header {
    let cancun = fork >= Fork::Cancun;
    Header {
        gas_limit,
        state_root,
        timestamp: GENESIS_TIME,
        base_fee_per_gas: Some(1_000_000_000),
        withdrawals_root: Some(alloy_consensus::constants::EMPTY_WITHDRAWALS),
        blob_gas_used: cancun.then_some(0),
        excess_blob_gas: cancun.then_some(0),
        parent_beacon_block_root: cancun.then_some(B256::ZERO),
        requests_hash: (fork >= Fork::Prague).then_some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}

/// Returns the state of the genesis block: rich accounts, our contracts, and the fork's system contracts.
pub(super) fn state(accounts: &Accounts, fork: Fork) -> PlainState {
    let mut state = PlainState::default();
    for role in [Role::User, Role::FeeRecipient, Role::Authority, Role::Sequencer, Role::Hub] {
        for account in accounts.of(role) {
            state.accounts.entry(account.address).or_default().info = info(U256::from(RICH), 0);
        }
    }
    for contract in Contract::all() {
        put_code(&mut state, contract.address(), &contract.artifact().runtime);
    }
    give_tokens(&mut state, accounts);
    fill_pools(&mut state);
    fill_vault(&mut state, accounts.of(Role::User));
    put_system_contracts(&mut state, fork);
    state
}

/// Returns the slot of a mapping's element (Solidity's storage layout).
pub(super) fn slot_of(key: Address, slot: B256) -> B256 {
    keccak256([key.into_word(), slot].concat())
}

fn info(balance: U256, nonce: u64) -> AccountInfo {
    AccountInfo { balance, nonce, code: None, ..AccountInfo::default() }
}

fn put_code(state: &mut PlainState, address: Address, code: &Bytes) {
    let code = Bytecode::new_raw(code.clone());
    let account = state.accounts.entry(address).or_default();
    account.info = AccountInfo { code_hash: code.hash_slow(), ..info(account.info.balance, 1) };
    state.contracts.insert(account.info.code_hash, code);
}

fn put_system_contracts(state: &mut PlainState, fork: Fork) {
    let deposits = Artifact::deposit_contract();
    put_code(state, MAINNET_DEPOSIT_CONTRACT_ADDRESS, &deposits.runtime);
    let account = state.accounts.entry(MAINNET_DEPOSIT_CONTRACT_ADDRESS).or_default();
    account.storage.extend(deposits.storage.into_iter().map(|(slot, value)| (slot, value.into())));
    if fork >= Fork::Cancun {
        put_code(state, BEACON_ROOTS_ADDRESS, &BEACON_ROOTS_CODE);
    }
    if fork >= Fork::Prague {
        put_code(state, HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE);
        put_code(state, WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, &WITHDRAWAL_REQUEST_PREDEPLOY_CODE);
        put_code(state, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, &CONSOLIDATION_REQUEST_PREDEPLOY_CODE);
    }
}

/// Gives every rich account every token, and lets the router take them.
fn give_tokens(state: &mut PlainState, accounts: &Accounts) {
    let holders: Vec<_> =
        [Role::User, Role::Authority].iter().flat_map(|role| accounts.of(*role)).map(|a| a.address).collect();
    for token in 0..TOKENS {
        let account = account_of(state, Contract::Token(token));
        for holder in &holders {
            add_tokens(account, *holder);
            let allowances = slot_of(*holder, B256::with_last_byte(1));
            account.storage.insert(slot_of(Contract::Router.address(), allowances).into(), U256::MAX);
        }
    }
}

fn fill_pools(state: &mut PlainState) {
    for pair in 0..PAIRS {
        let (first, second) = Contract::tokens_of_pair(pair);
        for token in [first, second] {
            add_tokens(account_of(state, Contract::Token(token)), Contract::Pair(pair).address());
        }
        let storage = &mut account_of(state, Contract::Pair(pair)).storage;
        storage.insert(U256::ZERO, Contract::Token(first).address().into_word().into());
        storage.insert(U256::ONE, Contract::Token(second).address().into_word().into());
        let reserve = U256::from(TOKENS_EACH);
        storage.insert(U256::from(2), reserve | (reserve << 112));
    }
}

fn fill_vault(state: &mut PlainState, users: &[Account]) {
    let vault = account_of(state, Contract::Vault);
    for user in users {
        vault.storage.insert(slot_of(user.address, B256::ZERO).into(), U256::from(VAULT_EACH));
    }
    vault.info.balance = U256::from(VAULT_EACH) * U256::from(users.len());
}

fn add_tokens(token: &mut PlainAccount, holder: Address) {
    let amount = U256::from(TOKENS_EACH);
    *token.storage.entry(slot_of(holder, B256::ZERO).into()).or_default() += amount;
    *token.storage.entry(U256::from(2)).or_default() += amount;
}

fn account_of(state: &mut PlainState, contract: Contract) -> &mut PlainAccount {
    state.accounts.entry(contract.address()).or_default()
}
