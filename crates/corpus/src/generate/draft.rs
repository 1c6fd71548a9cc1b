//! Collects the signed transactions of a block under construction.

use alloy_consensus::{
    Header, SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxLegacy, transaction::Recovered,
};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip4844::DATA_GAS_PER_BLOB,
    eip7702::{Authorization, SignedAuthorization},
    eip7840::BlobParams,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;

use super::{
    accounts::{AccountId, Accounts, Role},
    contracts::Contract,
    fork::{CHAIN_ID, Fork},
    random::Random,
};
use crate::Transaction;

/// Chain id of an authorization that holds on every chain (EIP-7702).
const ANY_CHAIN: u64 = 0;
const GWEI: u128 = 1_000_000_000;
/// Gas of a transaction that does nothing (EIP-2028 and older).
pub(super) const TRANSFER_GAS: u64 = 21_000;
/// Gas of a byte of data that is not zero, at its dearest (EIP-7623).
const DATA_GAS: u64 = 40;
/// Gas on top for a creation: the base cost, and a word of init code (EIP-3860).
const CREATE_GAS: u64 = 32_000;
const INIT_CODE_WORD_GAS: u64 = 2;
/// Gas of an address and a slot in an access list (EIP-2930).
const ACCESS_LIST_GAS: u64 = 2_400 + 1_900;
/// Gas of an authorization (EIP-7702).
const AUTHORIZATION_GAS: u64 = 25_000;

/// What lasts from block to block while a chain is generated.
#[derive(Debug)]
pub(super) struct World {
    pub(super) fork: Fork,
    pub(super) random: Random,
    pub(super) accounts: Accounts,
    next_user: usize,
}

impl World {
    /// Starts with fresh accounts.
    pub(super) fn new(fork: Fork, random: Random, accounts: Accounts) -> Self {
        Self { fork, random, accounts, next_user: 0 }
    }

    /// Returns the address of a signing account.
    pub(super) fn address(&self, id: AccountId) -> Address {
        self.accounts[id].address
    }

    /// Returns the users in turn, so that nobody sends twice in a block that has no more transactions than users.
    pub(super) fn next_user(&mut self) -> AccountId {
        self.next_user += 1;
        self.accounts.get(Role::User, self.next_user)
    }

    /// Returns any account of a role.
    pub(super) fn any(&mut self, role: Role) -> AccountId {
        let count = self.accounts.count(role);
        self.accounts.get(role, self.random.index(count))
    }

    /// Returns the address of any account of a role.
    pub(super) fn any_address(&mut self, role: Role) -> Address {
        let id = self.any(role);
        self.address(id)
    }
}

/// What a transaction pays for gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fees {
    /// Wei per gas at most, the base fee included.
    pub(super) max: u128,
    /// Wei per gas for the fee recipient at most.
    pub(super) priority: u128,
}

/// The envelope of a transaction.
#[derive(Clone, Debug, Default)]
pub(super) enum Shape {
    /// Legacy, EIP-2930 or EIP-1559, as the seed has it.
    #[default]
    Any,
    /// EIP-1559 at given fees.
    Priced(Fees),
    /// EIP-4844 with these versioned hashes.
    Blobs(Vec<B256>),
    /// EIP-7702 with these authorizations.
    Authorizations(Vec<SignedAuthorization>),
}

/// A transaction to sign.
#[derive(Clone, Debug)]
pub(super) struct Request {
    from: AccountId,
    to: TxKind,
    value: U256,
    input: Bytes,
    execution_gas: u64,
    shape: Shape,
}

impl Request {
    /// Pays wei to an address that runs no code.
    pub(super) fn pay(from: AccountId, to: Address, value: u64) -> Self {
        let to = TxKind::Call(to);
        Self { from, to, value: U256::from(value), input: Bytes::new(), execution_gas: 0, shape: Shape::Any }
    }

    /// Calls a function of a contract, with so much gas beyond what the transaction itself costs.
    pub(super) fn call(from: AccountId, contract: Contract, call: &impl SolCall, execution_gas: u64) -> Self {
        Self::raw(from, contract.address(), call.abi_encode(), execution_gas)
    }

    /// Calls an address with any input.
    pub(super) fn raw(from: AccountId, to: Address, input: Vec<u8>, execution_gas: u64) -> Self {
        Self { input: input.into(), execution_gas, ..Self::pay(from, to, 0) }
    }

    /// Creates a contract.
    pub(super) fn create(from: AccountId, init_code: Bytes, execution_gas: u64) -> Self {
        Self { to: TxKind::Create, input: init_code, execution_gas, ..Self::pay(from, Address::ZERO, 0) }
    }

    /// Sends so many wei along.
    pub(super) fn value(self, value: u128) -> Self {
        Self { value: U256::from(value), ..self }
    }

    /// Adds gas to execute with.
    pub(super) fn gas(self, execution_gas: u64) -> Self {
        Self { execution_gas, ..self }
    }

    /// Chooses the envelope.
    pub(super) fn shape(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    fn gas_limit(&self) -> u64 {
        let data = self.input.len() as u64;
        let creation = match self.to {
            TxKind::Create => CREATE_GAS + INIT_CODE_WORD_GAS * data.div_ceil(32),
            TxKind::Call(_) => 0,
        };
        let envelope = match &self.shape {
            Shape::Any => ACCESS_LIST_GAS * u64::from(!self.is_plain_payment()),
            Shape::Authorizations(list) => AUTHORIZATION_GAS * list.len() as u64,
            Shape::Priced(_) | Shape::Blobs(_) => 0,
        };
        TRANSFER_GAS + DATA_GAS * data + creation + envelope + self.execution_gas
    }

    fn is_plain_payment(&self) -> bool {
        self.execution_gas == 0
    }
}

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
        let gas_limit = request.gas_limit();
        let plain = request.is_plain_payment();
        let Request { from, to, value, input, shape, .. } = request;
        match shape {
            Shape::Any if self.world.random.chance(1, 5) => {
                let gas_price = self.base_fee() + fees.priority;
                let chain_id = Some(CHAIN_ID);
                let tx = TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input };
                self.seal(from, tx)
            }
            Shape::Any if !plain && self.world.random.chance(1, 8) => {
                let gas_price = self.base_fee() + fees.priority;
                let access_list = access_list(to);
                let chain_id = CHAIN_ID;
                let tx = TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input };
                self.seal(from, tx)
            }
            Shape::Any | Shape::Priced(_) => self.seal(
                from,
                TxEip1559 {
                    chain_id: CHAIN_ID,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fees.max,
                    max_priority_fee_per_gas: fees.priority,
                    to,
                    value,
                    access_list: AccessList::default(),
                    input,
                },
            ),
            Shape::Blobs(blob_versioned_hashes) => {
                self.blob_count += blob_versioned_hashes.len() as u64;
                let tx = TxEip4844 {
                    chain_id: CHAIN_ID,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fees.max,
                    max_priority_fee_per_gas: fees.priority,
                    to: to.to().copied().unwrap_or_default(),
                    value,
                    access_list: AccessList::default(),
                    max_fee_per_blob_gas: 2 * self.blob_fee(),
                    blob_versioned_hashes,
                    input,
                };
                self.seal(from, tx)
            }
            Shape::Authorizations(authorization_list) => {
                let tx = TxEip7702 {
                    chain_id: CHAIN_ID,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fees.max,
                    max_priority_fee_per_gas: fees.priority,
                    to: to.to().copied().unwrap_or_default(),
                    value,
                    access_list: AccessList::default(),
                    authorization_list,
                    input,
                };
                self.seal(from, tx)
            }
        }
    }

    fn seal<T>(&self, from: AccountId, tx: T) -> Recovered<Transaction>
    where
        T: SignableTransaction<alloy_primitives::Signature>,
        Transaction: From<alloy_consensus::Signed<T>>,
    {
        let account = &self.world.accounts[from];
        let signature = account.sign(tx.signature_hash());
        Recovered::new_unchecked(tx.into_signed(signature).into(), account.address)
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

/// Lists the first slot of whom a transaction calls.
fn access_list(to: TxKind) -> AccessList {
    let item = |address: &Address| AccessListItem { address: *address, storage_keys: vec![B256::ZERO] };
    AccessList(to.to().map(item).into_iter().collect())
}
