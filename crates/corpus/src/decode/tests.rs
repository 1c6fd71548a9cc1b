use alloy_consensus::SignableTransaction;
use alloy_primitives::{B256, Signature, U256, uint};

use super::*;
use crate::testing::{block, frontier, sender, transfer};

/// Order of the curve.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

fn encoded(transactions: Vec<Transaction>) -> Vec<u8> {
    alloy_rlp::encode(block(1, B256::ZERO, transactions))
}

#[test]
fn a_block_comes_with_its_senders_and_hash() {
    let rlp = encoded(vec![transfer(0, None), transfer(1, None)]);
    let block = decode_block(&rlp, &frontier()).unwrap();
    assert_eq!(block.hash, block.header.hash_slow());
    assert!(block.transactions.iter().all(|transaction| transaction.signer() == sender()));
    assert_eq!(block.transactions.len(), 2);
}

#[test]
fn what_is_not_exactly_a_block_is_refused() {
    let rlp = encoded(vec![]);
    let decode = |bytes: &[u8]| decode_block(bytes, &frontier()).unwrap_err();
    let trailing = [&rlp[..], &[0]].concat();
    assert_eq!(decode(&trailing), BlockDecodeError::TrailingBytes { length: rlp.len(), trailing: 1 });
    for cut in [0, 1, 3, rlp.len() - 1] {
        assert!(matches!(decode(&rlp[..cut]), BlockDecodeError::Rlp { .. }), "{cut} bytes");
    }
    assert!(matches!(decode(&[0xc0]), BlockDecodeError::Rlp { .. }));
    assert!(matches!(decode(&[0x80]), BlockDecodeError::Rlp { .. }));
}

#[test]
fn a_high_s_is_a_signature_before_homestead_only() {
    let low = transfer(0, None);
    let signature = low.signature();
    let high = Signature::new(signature.r(), ORDER - signature.s(), !signature.v());
    let high: Transaction = low.as_legacy().unwrap().clone().strip_signature().into_signed(high).into();
    let rlp = encoded(vec![high]);
    let block = decode_block(&rlp, &frontier()).unwrap();
    assert_eq!(block.transactions[0].signer(), sender());
    let error = decode_block(&rlp, &ChainSpec::network("Homestead").unwrap()).unwrap_err();
    assert_eq!(error, BlockDecodeError::Signature { index: 0, source: SignatureError::Unrecoverable });
}

#[test]
fn a_chain_id_is_refused_before_its_fork() {
    let rlp = encoded(vec![transfer(0, Some(1))]);
    let source = SignatureError::ChainIdTooEarly { chain_id: 1 };
    let error = decode_block(&rlp, &frontier()).unwrap_err();
    assert_eq!(error, BlockDecodeError::Signature { index: 0, source });
    assert!(decode_block(&rlp, &ChainSpec::network("EIP158").unwrap()).is_ok());
}
