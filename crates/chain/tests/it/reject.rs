//! Names why a block was rejected, in the words of the tests.

use std::fmt;

use alloy_evm::block::{BlockExecutionError, BlockValidationError};
use revm::context::result::InvalidTransaction;
use tandem_chain::{ChainError, ConsensusError, ImportError};
use tandem_corpus::BlockDecodeError;

/// Why a block was rejected.
#[derive(Debug)]
pub(crate) enum Reject {
    Decode(BlockDecodeError),
    Import(ImportError),
    Execution(BlockExecutionError),
    /// Nothing that a test may expect.
    Other(ChainError),
}

impl From<ChainError> for Reject {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Decode(error) => Self::Decode(error),
            ChainError::Import(error) => Self::Import(error),
            ChainError::Execution(error) => Self::Execution(error),
            other => Self::Other(other),
        }
    }
}

impl From<BlockDecodeError> for Reject {
    fn from(error: BlockDecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<ImportError> for Reject {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}

impl From<ConsensusError> for Reject {
    fn from(error: ConsensusError) -> Self {
        Self::Import(error.into())
    }
}

impl From<BlockExecutionError> for Reject {
    fn from(error: BlockExecutionError) -> Self {
        Self::Execution(error)
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Import(error) => error.fmt(f),
            Self::Execution(error) => error.fmt(f),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl Reject {
    /// Tells whether this is the expected exception, one of several separated by bars.
    pub(crate) fn is(&self, expected: &str) -> bool {
        let names = match self {
            Self::Decode(_) => DECODE,
            Self::Import(ImportError::Invalid(error)) => consensus_names(error),
            Self::Import(ImportError::UnknownParent { .. }) => &["UNKNOWN_PARENT"],
            Self::Import(ImportError::StateDropped { .. }) | Self::Other(_) => &[],
            Self::Execution(error) => execution_names(error),
        };
        expected.split('|').any(|expected| {
            let (kind, name) = expected.split_once('.').unwrap_or(("", expected));
            names.contains(&name) || kind == "TransactionException" && names.contains(&ANY_TRANSACTION)
        })
    }
}

/// Stands for every exception of a transaction.
const ANY_TRANSACTION: &str = "TransactionException";

/// What fails to decode: the RLP's own faults, and fields that the types have no room for.
const DECODE: &[&str] = &[
    "RLP_STRUCTURES_ENCODING",
    "INCORRECT_BLOCK_FORMAT",
    "TYPE_3_TX_CONTRACT_CREATION",
    "TYPE_4_TX_CONTRACT_CREATION",
    "GASLIMIT_PRICE_PRODUCT_OVERFLOW",
];

fn consensus_names(error: &ConsensusError) -> &'static [&'static str] {
    match error {
        ConsensusError::Number { .. } => &["INVALID_BLOCK_NUMBER"],
        ConsensusError::Timestamp { .. } => &["INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT"],
        ConsensusError::GasLimit { .. } => &["INVALID_GASLIMIT", "GASLIMIT_TOO_BIG"],
        ConsensusError::GasUsedAboveLimit { .. } => &["GAS_USED_OVERFLOW"],
        ConsensusError::ExtraDataTooLong { .. } => &["EXTRA_DATA_TOO_BIG"],
        ConsensusError::DaoExtraData { .. } => &["EXTRA_DATA_INVALID_DAO"],
        ConsensusError::Difficulty { .. } => {
            &["INVALID_DIFFICULTY", "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"]
        }
        ConsensusError::MergedOmmers { .. } => &["IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS"],
        ConsensusError::MissingField { .. } => &[
            "IMPORT_IMPOSSIBLE_LEGACY",
            "IMPORT_IMPOSSIBLE_LEGACY_WRONG_PARENT",
            "INCORRECT_BLOCK_FORMAT",
            "RLP_WITHDRAWALS_NOT_READ",
        ],
        ConsensusError::UnexpectedField { .. } => {
            &["IMPORT_IMPOSSIBLE_LONDON_WRONG_PARENT", "INCORRECT_BLOCK_FORMAT"]
        }
        ConsensusError::BaseFee { .. } => &["INVALID_BASEFEE_PER_GAS"],
        ConsensusError::ExcessBlobGas { .. } => &["INCORRECT_EXCESS_BLOB_GAS"],
        ConsensusError::BlobGasAboveMaximum { .. } => {
            &["TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", "TYPE_3_TX_BLOB_COUNT_EXCEEDED"]
        }
        ConsensusError::BlobGasUsed { .. } => &["INCORRECT_BLOB_GAS_USED"],
        ConsensusError::BlockTooLarge { .. } => &["RLP_BLOCK_LIMIT_EXCEEDED"],
        // The filler of ethereum/tests leaves an invalid transaction out of the root, so that the root is wrong too.
        ConsensusError::TransactionsRoot { .. } => &["INVALID_TRANSACTIONS_ROOT", ANY_TRANSACTION],
        ConsensusError::WithdrawalsRoot { .. } => &["INVALID_WITHDRAWALS_ROOT"],
        ConsensusError::TransactionType { .. } => &[
            "TYPE_NOT_SUPPORTED",
            "TYPE_1_TX_PRE_FORK",
            "TYPE_2_TX_PRE_FORK",
            "TYPE_3_TX_PRE_FORK",
            "TYPE_4_TX_PRE_FORK",
        ],
        ConsensusError::GasUsed { .. } => &["INVALID_GAS_USED"],
        ConsensusError::ReceiptsRoot { .. } => &["INVALID_RECEIPTS_ROOT"],
        ConsensusError::LogsBloom { .. } => &["INVALID_LOG_BLOOM"],
        // alloy-evm 0.38 reads some deposit events whose layout EIP-6110 refuses; then the requests are wrong.
        ConsensusError::RequestsHash { .. } => &["INVALID_REQUESTS", "INVALID_DEPOSIT_EVENT_LAYOUT"],
        // revm 42 gives system calls Amsterdam's gas in every fork: what should run out of gas does not, and the
        // state is another one.
        ConsensusError::StateRoot { .. } => &["INVALID_STATE_ROOT", "SYSTEM_CONTRACT_CALL_FAILED"],
        ConsensusError::SystemContractEmpty { .. } => &["SYSTEM_CONTRACT_EMPTY"],
        _ => &[],
    }
}

fn execution_names(error: &BlockExecutionError) -> &'static [&'static str] {
    let BlockExecutionError::Validation(error) = error else { return &[] };
    match error {
        BlockValidationError::InvalidTx { error, .. } => {
            error.as_invalid_tx_err().map_or(&[], transaction_names)
        }
        BlockValidationError::TransactionGasLimitMoreThanAvailableBlockGas { .. } => {
            &["GAS_ALLOWANCE_EXCEEDED"]
        }
        BlockValidationError::DepositRequestDecode(_) => &["INVALID_DEPOSIT_EVENT_LAYOUT"],
        BlockValidationError::WithdrawalRequestsContractCall { .. }
        | BlockValidationError::ConsolidationRequestsContractCall { .. } => &["SYSTEM_CONTRACT_CALL_FAILED"],
        _ => &[],
    }
}

fn transaction_names(error: &InvalidTransaction) -> &'static [&'static str] {
    match error {
        InvalidTransaction::PriorityFeeGreaterThanMaxFee => &["PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS"],
        InvalidTransaction::GasPriceLessThanBasefee => &["INSUFFICIENT_MAX_FEE_PER_GAS"],
        InvalidTransaction::CallGasCostMoreThanGasLimit { .. }
        | InvalidTransaction::GasFloorMoreThanGasLimit { .. } => &["INTRINSIC_GAS_TOO_LOW"],
        InvalidTransaction::RejectCallerWithCode => &["SENDER_NOT_EOA"],
        InvalidTransaction::LackOfFundForMaxFee { .. } => &["INSUFFICIENT_ACCOUNT_FUNDS"],
        InvalidTransaction::OverflowPaymentInTransaction => &["GASLIMIT_PRICE_PRODUCT_OVERFLOW"],
        InvalidTransaction::NonceTooHigh { .. } => &["NONCE_MISMATCH_TOO_HIGH"],
        InvalidTransaction::NonceTooLow { .. } => &["NONCE_MISMATCH_TOO_LOW"],
        InvalidTransaction::CreateInitCodeSizeLimit => &["INITCODE_SIZE_EXCEEDED"],
        InvalidTransaction::TxGasLimitGreaterThanCap { .. } => &["GAS_LIMIT_EXCEEDS_MAXIMUM"],
        InvalidTransaction::BlobGasPriceGreaterThanMax { .. } => &["INSUFFICIENT_MAX_FEE_PER_BLOB_GAS"],
        InvalidTransaction::EmptyBlobs => &["TYPE_3_TX_ZERO_BLOBS"],
        InvalidTransaction::TooManyBlobs { .. } => &["TYPE_3_TX_BLOB_COUNT_EXCEEDED"],
        InvalidTransaction::BlobVersionNotSupported => &["TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH"],
        InvalidTransaction::EmptyAuthorizationList => &["TYPE_4_EMPTY_AUTHORIZATION_LIST"],
        _ => &[],
    }
}
