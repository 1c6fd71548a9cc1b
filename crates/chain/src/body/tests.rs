//! Breaks a valid body, one part at a time.

use alloy_consensus::{
    Header, Signed, TxEip4844, TxLegacy, constants::EMPTY_WITHDRAWALS, transaction::Recovered,
};
use alloy_primitives::{Address, B256, Signature};
use tandem_corpus::Transaction;

use super::*;

fn recovered(tx: Transaction) -> Recovered<Transaction> {
    Recovered::new_unchecked(tx, Address::ZERO)
}

fn blobs(count: usize) -> Recovered<Transaction> {
    let tx = TxEip4844 { blob_versioned_hashes: vec![B256::ZERO; count], ..TxEip4844::default() };
    recovered(Transaction::Eip4844(Signed::new_unchecked(tx, Signature::test_signature(), B256::ZERO)))
}

fn data(length: usize) -> Recovered<Transaction> {
    let tx = TxLegacy { input: vec![1; length].into(), ..TxLegacy::default() };
    recovered(Transaction::Legacy(Signed::new_unchecked(tx, Signature::test_signature(), B256::ZERO)))
}

/// A block whose body is its header's.
fn block(transactions: Vec<Recovered<Transaction>>, blob_gas_used: u64) -> Block {
    let header = Header {
        transactions_root: calculate_transaction_root(&transactions),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(blob_gas_used),
        ..Header::default()
    };
    let withdrawals = Some(Default::default());
    Block { hash: header.hash_slow(), header, transactions: transactions.into(), ommers: vec![], withdrawals }
}

fn cancun() -> ChainSpec {
    ChainSpec::network("Cancun").unwrap()
}

#[test]
fn the_body_is_the_headers() {
    let good = block(vec![data(3), blobs(2)], 2 << 17);
    validate_body(&cancun(), &good).unwrap();

    let mut bad = good.clone();
    bad.ommers.push(Header::default());
    let error = validate_body(&cancun(), &bad).unwrap_err();
    assert!(matches!(error, ConsensusError::OmmersHash { .. }), "{error}");

    let bad = Block { transactions: good.transactions.iter().rev().cloned().collect(), ..good.clone() };
    let error = validate_body(&cancun(), &bad).unwrap_err();
    assert!(matches!(error, ConsensusError::TransactionsRoot { .. }), "{error}");

    let bad = Block { withdrawals: Some(vec![Default::default()].into()), ..good.clone() };
    let error = validate_body(&cancun(), &bad).unwrap_err();
    assert!(matches!(error, ConsensusError::WithdrawalsRoot { .. }), "{error}");

    let error = validate_body(&cancun(), &Block { withdrawals: None, ..good }).unwrap_err();
    assert!(matches!(error, ConsensusError::MissingField { eip: 4895, .. }), "{error}");
}

#[test]
fn blob_gas_is_that_of_the_blobs() {
    for claimed in [0, 1 << 17, 3 << 17] {
        let error = validate_body(&cancun(), &block(vec![blobs(1), blobs(1)], claimed)).unwrap_err();
        assert_eq!(error, ConsensusError::BlobGasUsed { got: claimed, expected: 2 << 17 });
    }
}

#[test]
fn types_begin_with_their_forks() {
    let mut early = block(vec![data(3), blobs(1)], 1 << 17);
    early.withdrawals = None;
    early.header.withdrawals_root = None;
    let paris = ChainSpec::network("Paris").unwrap();
    let error = validate_body(&paris, &early).unwrap_err();
    assert_eq!(error, ConsensusError::TransactionType { index: 1, tx_type: 3, eip: 4844 });
}

#[test]
fn osaka_bounds_the_size() {
    let osaka = ChainSpec::network("Osaka").unwrap();
    let large = block(vec![data(8 << 20)], 0);
    validate_body(&cancun(), &large).unwrap();
    let error = validate_body(&osaka, &large).unwrap_err();
    assert!(matches!(error, ConsensusError::BlockTooLarge { maximum: 8_388_608, .. }), "{error}");

    let overhead = eip7934::rlp_length(&large) - (8 << 20);
    validate_body(&osaka, &block(vec![data((8 << 20) - overhead)], 0)).unwrap();
    let error = validate_body(&osaka, &block(vec![data((8 << 20) - overhead + 1)], 0)).unwrap_err();
    assert_eq!(error, ConsensusError::BlockTooLarge { got: 8_388_609, maximum: 8_388_608 });
}
