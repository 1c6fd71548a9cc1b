//! Sorts the ways in which executing a block can fail.

use std::{error::Error, fmt};

use alloy_evm::block::{BlockExecutionError, BlockValidationError, InternalBlockExecutionError};
use alloy_primitives::B256;
use revm::{
    context::result::{EVMError, InvalidTransaction},
    database_interface::bal::EvmDatabaseError,
};
use serde::{Deserialize, Serialize};
use tandem_corpus::Block;

use crate::place::{Place, TxIndex};

/// Why an execution has no output. Three families, never mixed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The block is wrong: it breaks a rule of its chain.
    #[error("{error}")]
    Block {
        /// Where, if the engine knows.
        place: Option<Place>,
        /// The error as alloy-evm gives it.
        error: BlockExecutionError,
    },
    /// The world failed: state that execution needs could not be read.
    #[error("state could not be read: {reason}")]
    World {
        /// What was needed.
        reason: String,
    },
    /// We are wrong: an engine broke one of its invariants, or panicked.
    #[error("broken invariant: {what}")]
    Invariant {
        /// The invariant.
        what: String,
    },
}

impl ExecuteError {
    /// Sorts an error of alloy-evm into its family.
    ///
    /// `failure` is the first read that the state could not answer during this execution, if any: alloy-evm turns such a
    /// failure into a validation error with a text in system calls and balance increments, so that the error alone
    /// does not tell. Internal errors that are not reads stay with the block: both engines must give the same.
    pub fn classify<E: Error + Clone + 'static>(
        error: BlockExecutionError,
        failure: Option<E>,
        place: Option<Place>,
    ) -> Self {
        match failure.or_else(|| failed_read(&error)) {
            Some(failure) => Self::World { reason: failure.to_string() },
            None => Self::Block { place, error },
        }
    }

    /// Returns the form in which two errors are compared.
    pub fn form(&self, block: &Block) -> ErrorForm {
        match self {
            Self::Block { place, error } => block_form(error, *place, block),
            Self::World { reason } => ErrorForm::plain("world", reason),
            Self::Invariant { what } => ErrorForm::plain("invariant", what),
        }
    }
}

/// An error in comparable form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorForm {
    /// Family and variant, as `validation.invalid_tx`.
    pub kind: String,
    /// What the error prints.
    pub text: String,
    /// The inner error with its fields, where it is revm's `InvalidTransaction`.
    pub detail: Option<String>,
    /// Where it happened, if known.
    pub place: Option<Place>,
}

impl ErrorForm {
    fn plain(kind: &str, text: &str) -> Self {
        Self { kind: kind.into(), text: text.into(), detail: None, place: None }
    }

    /// Says whether two errors are the same; places count only where both are known.
    pub fn same(&self, other: &Self) -> bool {
        let same_place = match (self.place, other.place) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        same_place && (&self.kind, &self.text, &self.detail) == (&other.kind, &other.text, &other.detail)
    }
}

impl fmt::Display for ErrorForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.text)?;
        if let Some(place) = self.place {
            write!(f, " (at {place})")?;
        }
        Ok(())
    }
}

fn block_form(error: &BlockExecutionError, place: Option<Place>, block: &Block) -> ErrorForm {
    let (variant, hash, detail) = match error {
        BlockExecutionError::Validation(error) => validation_form(error),
        BlockExecutionError::Internal(InternalBlockExecutionError::EVM { hash, .. }) => {
            ("internal.evm", Some(*hash), None)
        }
        BlockExecutionError::Internal(InternalBlockExecutionError::Other(_)) => {
            ("internal.other", None, None)
        }
    };
    let place = place.or_else(|| hash.and_then(|hash| place_of(hash, block)));
    ErrorForm { kind: variant.into(), text: error.to_string(), detail, place }
}

/// Variant, transaction and inner error of a validation error.
fn validation_form(error: &BlockValidationError) -> (&'static str, Option<B256>, Option<String>) {
    use BlockValidationError as V;
    let variant = match error {
        V::InvalidTx { hash, error } => {
            let detail = error.as_invalid_tx_err().map(|error| format!("{error:?}"));
            return ("validation.invalid_tx", Some(*hash), detail);
        }
        V::EVM { hash, .. } => return ("validation.evm", Some(*hash), None),
        V::IncrementBalanceFailed => "validation.increment_balance_failed",
        V::TransactionGasLimitMoreThanAvailableBlockGas { .. } => "validation.block_gas_admission",
        V::MissingParentBeaconBlockRoot => "validation.missing_parent_beacon_block_root",
        V::CancunGenesisParentBeaconBlockRootNotZero { .. } => "validation.cancun_genesis_beacon_root",
        V::BeaconRootContractCall { .. } => "validation.eip4788_call",
        V::BlockHashContractCall { .. } => "validation.eip2935_call",
        V::WithdrawalRequestsContractCall { .. } => "validation.eip7002_call",
        V::ConsolidationRequestsContractCall { .. } => "validation.eip7251_call",
        V::BuilderDepositRequestsContractCall { .. } => "validation.eip8282_deposit_call",
        V::BuilderExitRequestsContractCall { .. } => "validation.eip8282_exit_call",
        V::DepositRequestDecode(_) => "validation.eip6110_decode",
        V::BlockGasExceeded => "validation.block_gas_exceeded",
        V::Other(_) => "validation.other",
    };
    (variant, None, None)
}

fn place_of(hash: B256, block: &Block) -> Option<Place> {
    let index = block.transactions.iter().position(|tx| *tx.tx_hash() == hash)?;
    Some(Place::Transaction(TxIndex(index)))
}

/// The failed read inside an error, if a read is what failed.
fn failed_read<E: Error + Clone + 'static>(error: &BlockExecutionError) -> Option<E> {
    let internal = error.as_internal()?;
    if let Some(EVMError::Database(EvmDatabaseError::Database(failure))) =
        internal.downcast_evm::<EVMError<EvmDatabaseError<E>, InvalidTransaction>>()
    {
        return Some(failure.clone());
    }
    let mut source: Option<&(dyn Error + 'static)> = Some(internal);
    while let Some(error) = source {
        if let Some(failure) = error.downcast_ref::<E>() {
            return Some(failure.clone());
        }
        source = error.source();
    }
    None
}
