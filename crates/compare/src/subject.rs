//! Names what can differ between two executions.

use std::fmt;

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use crate::place::{Place, TxIndex};

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The error, or that there is one.
    Error,
    /// The number of receipts.
    ReceiptCount,
    /// A field of a transaction's receipt.
    Receipt(TxIndex, ReceiptField),
    /// The block's gas.
    GasUsed,
    /// The block's blob gas.
    BlobGasUsed,
    /// One request, by its index (EIP-7685).
    Request(usize),
    /// The hash over all requests.
    RequestsHash,
    /// The union of all logs' blooms.
    LogsBloom,
    /// The root of the receipts' trie.
    ReceiptsRoot,
    /// The root of the state after the block.
    StateRoot,
    /// A field of an account.
    Account(Layer, Address, AccountField),
    /// A storage slot.
    Storage(Layer, Address, U256, Side),
    /// A contract's code in the bundle, by its hash.
    Contract(B256),
    /// The number of blocks the bundle has reverts for.
    RevertBlocks,
    /// What an account is reverted to; the index counts the bundle's blocks.
    Revert(usize, Address, RevertField),
    /// The bundle's size hint for state.
    StateSize,
    /// The bundle's size hint for reverts.
    RevertsSize,
    /// The block access list, or that there is one.
    Bal,
    /// The entry at an index of the block access list.
    BalAccount(usize, BalField),
    /// The hash of the block access list.
    BalHash,
    /// The number of state-hook calls.
    CommitCount,
}

/// Where a difference of state was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// In the finished bundle.
    Bundle,
    /// In one state-hook call.
    Commit,
}

/// The value before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// After.
    Present,
    /// Before.
    Original,
}

/// A field of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptField {
    /// EIP-2718 type.
    Type,
    /// Success or failure.
    Status,
    /// Gas used by the block up to and with the transaction.
    CumulativeGas,
    /// Number of logs.
    LogCount,
    /// Emitter of a log, by the log's index in the receipt.
    LogAddress(usize),
    /// Topics of a log.
    LogTopics(usize),
    /// Data of a log.
    LogData(usize),
}

/// A field of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountField {
    /// The account is listed at all.
    Listed,
    /// The account exists.
    Exists(Side),
    /// The balance in wei.
    Balance(Side),
    /// The nonce.
    Nonce(Side),
    /// The code's hash.
    CodeHash(Side),
    /// The code's bytes.
    Code(Side),
    /// revm's account status.
    Status,
    /// revm's warmth marks (transaction id, cold), of the account or of a slot; only state-hook calls carry them.
    Warmth,
}

/// A field of an account's revert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevertField {
    /// The account has a revert at all.
    Listed,
    /// What becomes of the account: nothing, deleted, or set back.
    Info,
    /// The status to go back to.
    Status,
    /// Whether storage is wiped.
    WipeStorage,
    /// The value a slot goes back to.
    Slot(U256),
}

/// A part of an account's entry in a block access list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalField {
    /// The entry's account.
    Address,
    /// Changed slots.
    StorageChanges,
    /// Slots read and not changed.
    StorageReads,
    /// Balances by index.
    BalanceChanges,
    /// Nonces by index.
    NonceChanges,
    /// Code by index.
    CodeChanges,
}

impl Subject {
    /// Returns the word for it in records, as `storage`, `balance` or `receipt_status`.
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::ReceiptCount => "receipt_count",
            Self::Receipt(_, field) => field.what(),
            Self::GasUsed => "gas_used",
            Self::BlobGasUsed => "blob_gas_used",
            Self::Request(_) => "request",
            Self::RequestsHash => "requests_hash",
            Self::LogsBloom => "logs_bloom",
            Self::ReceiptsRoot => "receipts_root",
            Self::StateRoot => "state_root",
            Self::Account(_, _, field) => field.what(),
            Self::Storage(_, _, _, Side::Present) => "storage",
            Self::Storage(_, _, _, Side::Original) => "original_storage",
            Self::Contract(_) => "contract",
            Self::RevertBlocks => "revert_blocks",
            Self::Revert(_, _, RevertField::Slot(_)) => "storage_revert",
            Self::Revert(..) => "account_revert",
            Self::StateSize => "state_size",
            Self::RevertsSize => "reverts_size",
            Self::Bal | Self::BalAccount(..) => "bal",
            Self::BalHash => "bal_hash",
            Self::CommitCount => "commit_count",
        }
    }

    /// Returns the account it is about.
    pub const fn address(&self) -> Option<Address> {
        match self {
            Self::Account(_, address, _) | Self::Storage(_, address, _, _) | Self::Revert(_, address, _) => {
                Some(*address)
            }
            _ => None,
        }
    }

    /// Returns where a difference of state was seen.
    pub const fn layer(&self) -> Option<Layer> {
        match self {
            Self::Account(layer, ..) | Self::Storage(layer, ..) => Some(*layer),
            _ => None,
        }
    }

    /// Returns the storage slot it is about.
    pub const fn slot(&self) -> Option<U256> {
        match self {
            Self::Storage(_, _, slot, _) | Self::Revert(_, _, RevertField::Slot(slot)) => Some(*slot),
            _ => None,
        }
    }

    /// Returns the step it belongs to by itself.
    pub const fn place(&self) -> Option<Place> {
        match self {
            Self::Receipt(index, _) => Some(Place::Transaction(*index)),
            _ => None,
        }
    }

    /// Orders differences of the same step: the likelier cause first, sums and hashes last.
    ///
    /// A step that begins with another value than it should has read a stale one, so what it read comes before what
    /// it wrote; a slot before a balance, because every step of a block changes the fee recipient's.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::Error => 0,
            Self::Receipt(_, ReceiptField::Type | ReceiptField::Status) => 1,
            Self::Storage(Layer::Commit, _, _, Side::Original) => 2,
            Self::Account(Layer::Commit, _, field) if field.is_original() => 3,
            Self::Storage(..) => 4,
            Self::Account(_, _, AccountField::Warmth) => 8,
            Self::Account(..) => 5,
            Self::Receipt(_, ReceiptField::CumulativeGas) => 6,
            Self::Receipt(..) => 7,
            Self::ReceiptCount | Self::CommitCount => 9,
            Self::Contract(_) => 10,
            Self::Revert(..) | Self::RevertBlocks => 11,
            Self::GasUsed | Self::BlobGasUsed | Self::Request(_) => 12,
            Self::BalAccount(..) | Self::Bal => 13,
            Self::StateSize | Self::RevertsSize => 14,
            Self::RequestsHash | Self::BalHash | Self::LogsBloom | Self::ReceiptsRoot | Self::StateRoot => 15,
        }
    }
}

impl ReceiptField {
    const fn what(&self) -> &'static str {
        match self {
            Self::Type => "receipt_type",
            Self::Status => "receipt_status",
            Self::CumulativeGas => "cumulative_gas_used",
            Self::LogCount => "log_count",
            Self::LogAddress(_) => "log_address",
            Self::LogTopics(_) => "log_topics",
            Self::LogData(_) => "log_data",
        }
    }
}

impl AccountField {
    const fn is_original(&self) -> bool {
        use Side::Original;
        matches!(
            self,
            Self::Exists(Original)
                | Self::Balance(Original)
                | Self::Nonce(Original)
                | Self::CodeHash(Original)
        )
    }

    const fn what(&self) -> &'static str {
        match self {
            Self::Listed => "account_listed",
            Self::Exists(Side::Present) => "existence",
            Self::Exists(Side::Original) => "original_existence",
            Self::Balance(Side::Present) => "balance",
            Self::Balance(Side::Original) => "original_balance",
            Self::Nonce(Side::Present) => "nonce",
            Self::Nonce(Side::Original) => "original_nonce",
            Self::CodeHash(Side::Present) => "code_hash",
            Self::CodeHash(Side::Original) => "original_code_hash",
            Self::Code(Side::Present) => "code",
            Self::Code(Side::Original) => "original_code",
            Self::Status => "account_status",
            Self::Warmth => "warmth",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())?;
        match self {
            Self::Receipt(
                _,
                ReceiptField::LogAddress(index)
                | ReceiptField::LogTopics(index)
                | ReceiptField::LogData(index),
            ) => write!(f, " {index}")?,
            Self::Request(index) => write!(f, " {index}")?,
            Self::Contract(hash) => write!(f, " {hash}")?,
            Self::BalAccount(index, field) => write!(f, " entry {index} ({field:?})")?,
            _ => {}
        }
        if let Some(address) = self.address() {
            write!(f, " of {address}")?;
        }
        if let Some(slot) = self.slot() {
            write!(f, " slot {slot:#x}")?;
        }
        if let Self::Revert(_, _, field) = self
            && !matches!(field, RevertField::Slot(_))
        {
            write!(f, " ({field:?})")?;
        }
        Ok(())
    }
}
