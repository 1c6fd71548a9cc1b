//! Builds the header and state of a geth genesis.

use alloy_consensus::{EMPTY_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::{eip1559::INITIAL_BASE_FEE, eip7685::EMPTY_REQUESTS_HASH};
use alloy_genesis::Genesis;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, KECCAK256_EMPTY, U256, b256, map::HashMap};
use revm::state::AccountInfo;

use crate::{
    chain_spec::ChainSpec,
    state::{PlainAccount, PlainState},
};

/// Hash of an empty block access list: keccak256 of the RLP of an empty list (EIP-7928).
const EMPTY_BAL_HASH: B256 = b256!("0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");

/// Builds the header of a genesis with the fields of the fork that is active in it, as geth's `Genesis.ToBlock` does.
///
/// The state root is computed from the allocation by the caller.
pub fn genesis_header(genesis: &Genesis, spec: &ChainSpec, state_root: B256) -> Header {
    let (number, timestamp) = (genesis.number.unwrap_or_default(), genesis.timestamp);
    let mut header = Header {
        parent_hash: genesis.parent_hash.unwrap_or_default(),
        beneficiary: genesis.coinbase,
        state_root,
        transactions_root: EMPTY_ROOT_HASH,
        receipts_root: EMPTY_ROOT_HASH,
        difficulty: genesis.difficulty,
        number,
        gas_limit: genesis.gas_limit,
        timestamp,
        extra_data: genesis.extra_data.clone(),
        mix_hash: genesis.mix_hash,
        nonce: genesis.nonce.into(),
        ..Header::default()
    };
    if spec.is_london_active_at_block(number) {
        let base_fee = genesis.base_fee_per_gas.map(|fee| u64::try_from(fee).unwrap_or(u64::MAX));
        header.base_fee_per_gas = Some(base_fee.unwrap_or(INITIAL_BASE_FEE));
    }
    if spec.is_shanghai_active_at_timestamp(timestamp) {
        header.withdrawals_root = Some(EMPTY_WITHDRAWALS);
    }
    if spec.is_cancun_active_at_timestamp(timestamp) {
        header.parent_beacon_block_root = Some(B256::ZERO);
        header.blob_gas_used = Some(genesis.blob_gas_used.unwrap_or_default());
        header.excess_blob_gas = Some(genesis.excess_blob_gas.unwrap_or_default());
    }
    if spec.is_prague_active_at_timestamp(timestamp) {
        header.requests_hash = Some(EMPTY_REQUESTS_HASH);
    }
    if spec.is_amsterdam_active_at_timestamp(timestamp) {
        header.block_access_list_hash = Some(EMPTY_BAL_HASH);
        header.slot_number = Some(0);
    }
    header
}

/// Returns the state of a genesis allocation.
pub(super) fn genesis_state(genesis: Genesis) -> PlainState {
    let mut state = PlainState::default();
    for (address, account) in genesis.alloc {
        let code_hash = account.code.map_or(KECCAK256_EMPTY, |code| state.insert_code(code));
        let info = AccountInfo {
            balance: account.balance,
            nonce: account.nonce.unwrap_or_default(),
            code_hash,
            code: None,
            ..AccountInfo::default()
        };
        let slots = account.storage.unwrap_or_default().into_iter();
        let storage: HashMap<U256, U256> = slots
            .filter(|(_, value)| !value.is_zero())
            .map(|(slot, value)| (slot.into(), value.into()))
            .collect();
        state.accounts.insert(address, PlainAccount { info, storage });
    }
    state
}
