//! Puts a request into the envelope that it goes out in.

use alloy_consensus::{EthereumTypedTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxLegacy};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, TxKind};

use super::{
    fork::CHAIN_ID,
    random::Random,
    request::{Fees, Request, Shape},
};

/// A transaction before it is signed.
pub(super) type Unsigned = EthereumTypedTransaction<TxEip4844>;

/// What a block charges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices {
    /// Wei per gas.
    pub(super) base_fee: u128,
    /// Wei per blob gas.
    pub(super) blob_fee: u128,
}

/// Returns the transaction of a request; the envelope is drawn where the request leaves it open.
pub(super) fn unsigned(
    request: Request,
    nonce: u64,
    fees: Fees,
    prices: Prices,
    random: &mut Random,
) -> Unsigned {
    match &request.shape {
        Shape::Any if random.chance(1, 5) => legacy(request, nonce, fees, prices),
        Shape::Any if !request.is_plain_payment() && random.chance(1, 8) => {
            eip2930(request, nonce, fees, prices)
        }
        Shape::Any | Shape::Priced(_) => eip1559(request, nonce, fees),
        Shape::Blobs(_) => eip4844(request, nonce, fees, prices),
        Shape::Authorizations(_) => eip7702(request, nonce, fees),
    }
}

fn legacy(request: Request, nonce: u64, fees: Fees, prices: Prices) -> Unsigned {
    Unsigned::Legacy(TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: prices.base_fee + fees.priority,
        gas_limit: request.gas_limit(),
        to: request.to,
        value: request.value,
        input: request.input,
    })
}

fn eip2930(request: Request, nonce: u64, fees: Fees, prices: Prices) -> Unsigned {
    Unsigned::Eip2930(TxEip2930 {
        chain_id: CHAIN_ID,
        nonce,
        gas_price: prices.base_fee + fees.priority,
        gas_limit: request.gas_limit(),
        to: request.to,
        value: request.value,
        access_list: first_slot(request.to),
        input: request.input,
    })
}

fn eip1559(request: Request, nonce: u64, fees: Fees) -> Unsigned {
    Unsigned::Eip1559(TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: request.gas_limit(),
        max_fee_per_gas: fees.max,
        max_priority_fee_per_gas: fees.priority,
        to: request.to,
        value: request.value,
        access_list: AccessList::default(),
        input: request.input,
    })
}

fn eip4844(request: Request, nonce: u64, fees: Fees, prices: Prices) -> Unsigned {
    Unsigned::Eip4844(TxEip4844 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: request.gas_limit(),
        max_fee_per_gas: fees.max,
        max_priority_fee_per_gas: fees.priority,
        to: recipient(&request),
        value: request.value,
        access_list: AccessList::default(),
        max_fee_per_blob_gas: 2 * prices.blob_fee,
        blob_versioned_hashes: request.shape.blobs().to_vec(),
        input: request.input,
    })
}

fn eip7702(request: Request, nonce: u64, fees: Fees) -> Unsigned {
    Unsigned::Eip7702(TxEip7702 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: request.gas_limit(),
        max_fee_per_gas: fees.max,
        max_priority_fee_per_gas: fees.priority,
        to: recipient(&request),
        value: request.value,
        access_list: AccessList::default(),
        authorization_list: request.shape.authorizations().to_vec(),
        input: request.input,
    })
}

/// Blobs and authorizations go with calls only.
fn recipient(request: &Request) -> Address {
    request.to.to().copied().unwrap_or_default()
}

/// Lists the first slot of whom a transaction calls.
fn first_slot(to: TxKind) -> AccessList {
    let item = |address: &Address| AccessListItem { address: *address, storage_keys: vec![B256::ZERO] };
    AccessList(to.to().map(item).into_iter().collect())
}
