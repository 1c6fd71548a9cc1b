//! Encodes and decodes the values of tables.

use alloy_consensus::Header;
use alloy_primitives::{B256, U256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

use super::BlockId;
use crate::update::Account;

/// An account as it is stored.
#[derive(RlpEncodable, RlpDecodable)]
struct StoredAccount {
    nonce: u64,
    balance: U256,
    code_hash: B256,
}

pub(super) fn encode_account(account: &Account) -> Vec<u8> {
    let Account { nonce, balance, code_hash } = *account;
    alloy_rlp::encode(StoredAccount { nonce, balance, code_hash })
}

pub(super) fn decode_account(value: &[u8]) -> Option<Account> {
    let StoredAccount { nonce, balance, code_hash } = decode_exact(value)?;
    Some(Account { nonce, balance, code_hash })
}

/// A slot's value without leading zeros; zero is empty, and only a change set holds it.
pub(super) fn encode_slot(value: U256) -> Vec<u8> {
    value.to_be_bytes_trimmed_vec()
}

pub(super) fn decode_slot(value: &[u8]) -> Option<U256> {
    U256::try_from_be_slice(value)
}

/// A header with the sum of difficulties up to it.
#[derive(RlpEncodable, RlpDecodable)]
pub(super) struct StoredHeader {
    pub(super) total_difficulty: U256,
    pub(super) header: Header,
}

/// The head, and how many writes there were, which tells whether one was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct StoredHead {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) write_count: u64,
    /// The oldest block whose state the change sets lead back to.
    pub(super) oldest_state: u64,
}

impl StoredHead {
    pub(super) const fn block(&self) -> BlockId {
        BlockId { number: self.number, hash: self.hash }
    }
}

pub(super) fn encode(value: &impl Encodable) -> Vec<u8> {
    alloy_rlp::encode(value)
}

pub(super) fn decode_exact<T: Decodable>(mut value: &[u8]) -> Option<T> {
    let decoded = T::decode(&mut value).ok()?;
    value.is_empty().then_some(decoded)
}
