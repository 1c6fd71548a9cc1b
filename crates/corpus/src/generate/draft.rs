//! Collects the signed transactions of a block under construction.

use alloy_consensus::{Header, SignableTransaction, transaction::Recovered};
use alloy_eips::{
    eip4844::DATA_GAS_PER_BLOB,
    eip7702::{Authorization, SignedAuthorization},
    eip7840::BlobParams,
};
use alloy_primitives::{Address, U256};

use super::{
    accounts::AccountId,
    envelope::{Prices, unsigned},
    fork::CHAIN_ID,
    request::{Fees, Request, Shape, TRANSFER_GAS},
    world::World,
};
use crate::Transaction;

/// Chain id of an authorization that holds on every chain (EIP-7702).
const ANY_CHAIN: u64 = 0;
const GWEI: u128 = 1_000_000_000;
/// A block under construction.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) world: &'a mut World,
    /// The header so far: what execution needs to know.
    pub(super) header: Header,
    pub(super) transactions: Vec<Recovered<Transaction>>,
    /// Wei that the fee recipient has earned at the least, by the gas that no transaction goes below.
    pub(super) fees_at_least: u128,
    /// Blobs of the transactions so far.
    blob_count: u64,
    /// Blobs that the block may carry.
    blob_room: u64,
    blob_params: Option<BlobParams>,
}

impl<'a> Draft<'a> {
    /// Starts a block.
    pub(super) fn new(world: &'a mut World, header: Header, blob_params: Option<BlobParams>) -> Self {
        let blob_room = blob_params.map_or(0, |params| blob_room(&header, params));
        let transactions = Vec::new();
        Self { world, header, transactions, fees_at_least: 0, blob_count: 0, blob_room, blob_params }
    }

    /// Returns wei per gas.
    pub(super) fn base_fee(&self) -> u128 {
        u128::from(self.header.base_fee_per_gas.unwrap_or_default())
    }

    /// Returns how many blobs a transaction may carry here; zero when the block is full or the fork has none.
    pub(super) fn blob_count_max(&self) -> u64 {
        let room = self.blob_room - self.blob_count;
        self.blob_params.map_or(0, |params| params.max_blobs_per_tx.min(room))
    }

    /// Signs an authorization with the next nonce of an account, which counts as used.
    pub(super) fn authorize(&mut self, authority: AccountId, delegate: Address) -> SignedAuthorization {
        let nonce = self.world.accounts[authority].nonce;
        self.world.accounts[authority].nonce += 1;
        let chain_id = self.world.random.pick([CHAIN_ID, CHAIN_ID, ANY_CHAIN]);
        self.sign_authorization(authority, delegate, nonce, chain_id)
    }

    /// Signs any authorization, a useless one too.
    pub(super) fn sign_authorization(
        &self,
        authority: AccountId,
        address: Address,
        nonce: u64,
        chain_id: u64,
    ) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(chain_id), address, nonce };
        let signature = self.world.accounts[authority].sign(authorization.signature_hash());
        authorization.into_signed(signature)
    }

    /// Signs a transaction with its sender's next nonce and appends it.
    pub(super) fn push(&mut self, request: Request) {
        let nonce = self.world.accounts[request.from].nonce;
        self.world.accounts[request.from].nonce += 1;
        self.push_with_nonce(request, nonce);
    }

    /// Signs a transaction whose nonce was taken before, and appends it.
    pub(super) fn push_with_nonce(&mut self, request: Request, nonce: u64) {
        let fees = match request.shape {
            Shape::Priced(fees) => fees,
            _ => self.draw_fees(),
        };
        let tip = fees.priority.min(fees.max - self.base_fee());
        self.fees_at_least += u128::from(TRANSFER_GAS) * tip;
        let transaction = self.sign(request, nonce, fees);
        self.transactions.push(transaction);
    }

    /// Draws fees that are enough: tips from nothing to 3 gwei.
    fn draw_fees(&mut self) -> Fees {
        let priority = u128::from(self.world.random.below(31)) * GWEI / 10;
        Fees { max: 2 * self.base_fee() + priority, priority }
    }

    fn sign(&mut self, request: Request, nonce: u64, fees: Fees) -> Recovered<Transaction> {
        self.blob_count += request.shape.blobs().len() as u64;
        let from = request.from;
        let prices = Prices { base_fee: self.base_fee(), blob_fee: self.blob_fee() };
        let unsigned = unsigned(request, nonce, fees, prices, &mut self.world.random);
        let account = &self.world.accounts[from];
        let signature = account.sign(unsigned.signature_hash());
        Recovered::new_unchecked(unsigned.into_envelope(signature), account.address)
    }

    /// Returns wei per blob gas.
    fn blob_fee(&self) -> u128 {
        self.blob_params.and_then(|params| self.header.blob_fee(params)).unwrap_or(1)
    }

    /// Returns blob gas of the transactions so far.
    pub(super) const fn blob_gas_used(&self) -> u64 {
        self.blob_count * DATA_GAS_PER_BLOB
    }
}

/// Returns how many blobs a block may carry: all that are allowed while they are cheap, then as many as keep the price.
fn blob_room(header: &Header, params: BlobParams) -> u64 {
    match header.blob_fee(params) {
        Some(fee) if fee > GWEI => params.target_blob_count,
        _ => params.max_blob_count,
    }
}
