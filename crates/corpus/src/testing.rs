//! Builds tiny sources for the tests of this crate.

use std::{fs, path::Path};

use alloy_consensus::{
    Block, BlockBody, Header, SignableTransaction, TxLegacy,
    proofs::calculate_transaction_root,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex};
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};

use crate::{block::Transaction, chain_spec::ChainSpec};

/// A block before it has senders.
pub(crate) type RawBlock = Block<Transaction>;

/// Returns a transfer of one wei, signed with a fixed key.
pub(crate) fn transfer(nonce: u64, chain_id: Option<u64>) -> Transaction {
    let transaction = TxLegacy {
        chain_id,
        nonce,
        gas_price: 1,
        gas_limit: 21_000,
        to: TxKind::Call(Address::repeat_byte(0x22)),
        value: U256::from(1),
        input: Bytes::new(),
    };
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let (signature, recovery) =
        key.sign_prehash_recoverable(transaction.signature_hash().as_slice()).unwrap();
    let bytes = signature.to_bytes();
    let signature = Signature::from_bytes_and_parity(&bytes, recovery.is_y_odd());
    transaction.into_signed(signature).into()
}

/// Returns the sender of [`transfer`].
pub(crate) fn sender() -> Address {
    transfer(0, None).recover_signer().unwrap()
}

/// Returns a block of these transactions.
pub(crate) fn block(number: u64, parent_hash: B256, transactions: Vec<Transaction>) -> RawBlock {
    let header = Header {
        number,
        parent_hash,
        gas_limit: 5_000_000,
        difficulty: U256::from(0x20000),
        timestamp: number * 10,
        transactions_root: calculate_transaction_root(&transactions),
        ..Header::default()
    };
    Block::new(header, BlockBody { transactions, ..BlockBody::default() })
}

/// Returns a block as a node's RPC gives it.
pub(crate) fn block_json(block: &RawBlock) -> Value {
    let rpc = |transaction: Transaction| alloy_rpc_types_eth::Transaction {
        inner: Recovered::new_unchecked(transaction, sender()),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    };
    let block = alloy_rpc_types_eth::Block::from_consensus(block.clone(), None).map_transactions(rpc);
    serde_json::to_value(block).unwrap()
}

/// Returns a blockchain test of an empty genesis and one empty block.
pub(crate) fn test_json(network: &str) -> Value {
    let genesis = block(0, B256::ZERO, vec![]);
    let next = block(1, genesis.header.hash_slow(), vec![]);
    let rlp = |block: &RawBlock| hex::encode_prefixed(alloy_rlp::encode(block));
    json!({
        "network": network,
        "genesisBlockHeader": {"hash": genesis.header.hash_slow()},
        "genesisRLP": rlp(&genesis),
        "pre": {"0x2222222222222222222222222222222222222222":
            {"balance": "0x0a", "nonce": "0x01", "code": "0x6001", "storage": {"0x01": "0x02", "0x03": "0x00"}}},
        "blocks": [
            {"rlp": rlp(&next), "blockHeader": {"hash": next.header.hash_slow()}},
            {"rlp": "0xc0", "expectException": "BlockException.RLP_STRUCTURES_ENCODING"},
        ],
        "lastblockhash": next.header.hash_slow(),
        "postStateHash": B256::repeat_byte(5),
        "config": {"network": network, "chainid": "0x07"},
    })
}

/// Returns rules without a fork after Frontier.
pub(crate) fn frontier() -> ChainSpec {
    ChainSpec::network("Frontier").unwrap()
}

/// Writes a file and the directories that it needs.
pub(crate) fn write(directory: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Writes a case of one transfer with this nonce.
pub(crate) fn write_case(directory: &Path, nonce: u64) {
    let block = block(46_147, B256::repeat_byte(1), vec![transfer(nonce, None)]);
    write(directory, "block.json", block_json(&block).to_string());
    let state = format!("{{\"{}\":{{\"balance\":\"0xffffff\",\"nonce\":{nonce}}}}}", sender());
    write(directory, "pre_state.json", state);
}
