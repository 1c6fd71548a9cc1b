//! Describes a transaction to sign, and counts the gas that it is sure to need.

use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;

use super::{accounts::AccountId, contracts::Contract};

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

impl Shape {
    /// Returns the versioned hashes.
    pub(super) fn blobs(&self) -> &[B256] {
        match self {
            Self::Blobs(hashes) => hashes,
            Self::Any | Self::Priced(_) | Self::Authorizations(_) => &[],
        }
    }

    /// Returns the authorizations.
    pub(super) fn authorizations(&self) -> &[SignedAuthorization] {
        match self {
            Self::Authorizations(list) => list,
            Self::Any | Self::Priced(_) | Self::Blobs(_) => &[],
        }
    }
}

/// A transaction to sign.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) from: AccountId,
    pub(super) to: TxKind,
    pub(super) value: U256,
    pub(super) input: Bytes,
    execution_gas: u64,
    pub(super) shape: Shape,
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

    /// Returns enough gas for the transaction itself and what it executes.
    pub(super) fn gas_limit(&self) -> u64 {
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

    /// Tells whether nothing is executed.
    pub(super) const fn is_plain_payment(&self) -> bool {
        self.execution_gas == 0
    }
}
