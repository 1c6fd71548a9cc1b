//! Names every way in which a block breaks the rules of its chain.

use alloy_evm::block::BlockExecutionError;
use alloy_primitives::{Address, B64, B256, Bloom, U256};
use tandem_corpus::{Block, BlockDecodeError, InputError};
use tandem_state::{StateError, TrieError};

use crate::{execute::Contradiction, tree::ImportError};

/// Why a block was not imported, or why nothing can be.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The source of blocks cannot be read on.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The bytes are not a block of this chain.
    #[error(transparent)]
    Decode(#[from] BlockDecodeError),
    /// The block breaks a rule, or its parent or the parent's state is not there.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The block does not execute.
    #[error("does not execute: {0}")]
    Execution(BlockExecutionError),
    /// The two executions of the block differ: the parallel one is wrong, the sequential one is right.
    #[error("parallel execution differs: {parallel}; sequential execution agrees with the header")]
    Diverged {
        /// What the parallel execution gave.
        parallel: Box<Contradiction>,
        /// The block.
        block: Box<Block>,
    },
    /// The source begins with another genesis than the chain on disk.
    #[error("the genesis block is {got}, expected {expected}, the chain's")]
    OtherGenesis {
        /// The source's.
        got: B256,
        /// The chain's.
        expected: B256,
    },
    /// The block would replace blocks that are final.
    #[error("the branch leaves the chain at block {ancestor}, below the final block {finalized}")]
    Finalized {
        /// Number of the last common block.
        ancestor: u64,
        /// Number of the final block.
        finalized: u64,
    },
    /// The store failed, or is damaged.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state's tries cannot be read.
    #[error(transparent)]
    Trie(#[from] TrieError),
    /// We are wrong.
    #[error("broken invariant: {what}")]
    Invariant {
        /// The invariant.
        what: String,
    },
}

/// Why an execution has no output.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The block is wrong.
    #[error(transparent)]
    Block(#[from] BlockExecutionError),
    /// State that execution needs could not be read.
    #[error(transparent)]
    World(StateError),
    /// We are wrong: a worker panicked.
    #[error("broken invariant: {what}")]
    Invariant {
        /// The invariant.
        what: String,
    },
}

impl From<ExecuteError> for ChainError {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Block(error) => Self::Execution(error),
            ExecuteError::World(error) => Self::State(error),
            ExecuteError::Invariant { what } => Self::Invariant { what },
        }
    }
}

impl From<ConsensusError> for ChainError {
    fn from(error: ConsensusError) -> Self {
        Self::Import(error.into())
    }
}

impl ChainError {
    /// Tells whether the block is what is wrong, rather than the store, the input or us.
    pub const fn is_about_block(&self) -> bool {
        matches!(self, Self::Decode(_) | Self::Import(_) | Self::Execution(_) | Self::Finalized { .. })
    }
}

/// A block that is wrong: the rule it breaks, what the block says (`got`) and what the rule asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsensusError {
    /// The hash that came with the block is not its header's.
    #[error("block hash is {got}, the header's is {expected}")]
    BlockHash {
        /// Hash that came with the block.
        got: B256,
        /// Keccak hash of the header.
        expected: B256,
    },
    /// The header names another parent than the one it is checked against.
    #[error("parent hash is {got}, expected {expected}")]
    ParentHash {
        /// The header's.
        got: B256,
        /// The parent's.
        expected: B256,
    },
    /// The number does not follow the parent's.
    #[error("block number is {got}, expected {expected}")]
    Number {
        /// The header's.
        got: u64,
        /// The parent's plus one.
        expected: u64,
    },
    /// The timestamp is not after the parent's.
    #[error("timestamp is {got}, expected more than the parent's {parent}")]
    Timestamp {
        /// The header's, in seconds.
        got: u64,
        /// The parent's, in seconds.
        parent: u64,
    },
    /// The gas limit is outside of what the parent's allows, or of the absolute bounds.
    #[error("gas limit is {got}, expected {minimum} to {maximum}")]
    GasLimit {
        /// The header's.
        got: u64,
        /// Smallest that is allowed.
        minimum: u64,
        /// Largest that is allowed.
        maximum: u64,
    },
    /// The header claims more gas than its limit.
    #[error("gas used is {got}, more than the gas limit {limit}")]
    GasUsedAboveLimit {
        /// The header's gas used.
        got: u64,
        /// The header's gas limit.
        limit: u64,
    },
    /// The extra data are too long.
    #[error("extra data are {got} bytes long, expected at most {maximum}")]
    ExtraDataTooLong {
        /// Length in bytes.
        got: usize,
        /// Most that is allowed, in bytes.
        maximum: usize,
    },
    /// One of the DAO fork's first ten blocks without its mark.
    #[error("extra data of block {number} are not the DAO fork's mark (EIP-779)")]
    DaoExtraData {
        /// The block's number.
        number: u64,
    },
    /// The difficulty is not the one the parent gives.
    #[error("difficulty is {got}, expected {expected}")]
    Difficulty {
        /// The header's.
        got: U256,
        /// The formula's, or zero after the merge (EIP-3675).
        expected: U256,
    },
    /// A nonce after the merge.
    #[error("nonce is {got}, expected zero after the merge (EIP-3675)")]
    MergedNonce {
        /// The header's.
        got: B64,
    },
    /// Ommers after the merge.
    #[error("ommers hash is {got}, expected that of no ommers after the merge (EIP-3675)")]
    MergedOmmers {
        /// The header's.
        got: B256,
    },
    /// A field that the block's fork asks for is not there.
    #[error("{field} is missing (EIP-{eip})")]
    MissingField {
        /// The header's or body's field.
        field: &'static str,
        /// The EIP that brought it.
        eip: u16,
    },
    /// A field is there before its fork.
    #[error("{field} is there before its fork (EIP-{eip})")]
    UnexpectedField {
        /// The header's or body's field.
        field: &'static str,
        /// The EIP that brought it.
        eip: u16,
    },
    /// The base fee is not the one the parent gives.
    #[error("base fee is {got}, expected {expected} (EIP-1559)")]
    BaseFee {
        /// The header's, in wei.
        got: u64,
        /// The formula's, in wei.
        expected: u64,
    },
    /// The excess blob gas is not the one the parent gives.
    #[error("excess blob gas is {got}, expected {expected} (EIP-4844, EIP-7918)")]
    ExcessBlobGas {
        /// The header's.
        got: u64,
        /// The formula's.
        expected: u64,
    },
    /// The header claims more blob gas than a block may use.
    #[error("blob gas used is {got}, expected at most {maximum} (EIP-4844, EIP-7840)")]
    BlobGasAboveMaximum {
        /// The header's.
        got: u64,
        /// Most that the block's blob parameters allow.
        maximum: u64,
    },
    /// The blob gas used is not that of the block's blobs.
    #[error("blob gas used is {got}, expected {expected} (EIP-4844)")]
    BlobGasUsed {
        /// The header's.
        got: u64,
        /// That of the transactions.
        expected: u64,
    },
    /// The block is too large.
    #[error("block is {got} bytes of RLP, expected at most {maximum} (EIP-7934)")]
    BlockTooLarge {
        /// Length in bytes.
        got: usize,
        /// Most that is allowed, in bytes.
        maximum: usize,
    },
    /// The transactions are not the header's.
    #[error("transactions root is {got}, expected {expected}")]
    TransactionsRoot {
        /// The header's.
        got: B256,
        /// The body's.
        expected: B256,
    },
    /// The ommers are not the header's.
    #[error("ommers hash is {got}, expected {expected}")]
    OmmersHash {
        /// The header's.
        got: B256,
        /// The body's.
        expected: B256,
    },
    /// The withdrawals are not the header's.
    #[error("withdrawals root is {got}, expected {expected} (EIP-4895)")]
    WithdrawalsRoot {
        /// The header's.
        got: B256,
        /// The body's.
        expected: B256,
    },
    /// A transaction of a type that the block's fork does not know.
    #[error("transaction {index} has type {tx_type} before its fork (EIP-{eip})")]
    TransactionType {
        /// Position in the block.
        index: usize,
        /// EIP-2718 type.
        tx_type: u8,
        /// The EIP that brought it.
        eip: u16,
    },
    /// More ommers than a block may have.
    #[error("block has {got} ommers, expected at most {maximum}")]
    TooManyOmmers {
        /// How many.
        got: usize,
        /// Most that is allowed.
        maximum: usize,
    },
    /// An ommer that this block or a recent ancestor already has.
    #[error("ommer {index} ({hash}) is included already")]
    OmmerIncluded {
        /// Position among the block's ommers.
        index: usize,
        /// The ommer's hash.
        hash: B256,
    },
    /// An ommer that is an ancestor of the block.
    #[error("ommer {index} ({hash}) is an ancestor of the block")]
    OmmerIsAncestor {
        /// Position among the block's ommers.
        index: usize,
        /// The ommer's hash.
        hash: B256,
    },
    /// An ommer whose parent is not one of the ancestors that may have ommers.
    #[error("ommer {index} has parent {parent}, which is no ancestor of two to seven generations")]
    OmmerParent {
        /// Position among the block's ommers.
        index: usize,
        /// The ommer's parent hash.
        parent: B256,
    },
    /// An ommer whose header breaks a rule.
    #[error("ommer {index}: {error}")]
    OmmerHeader {
        /// Position among the block's ommers.
        index: usize,
        /// The rule it breaks.
        #[source]
        error: Box<Self>,
    },
    /// A contract that execution must call at the end of a block has no code.
    #[error("system contract {address} has no code (EIP-{eip})")]
    SystemContractEmpty {
        /// The contract's address.
        address: Address,
        /// The EIP that asks for it.
        eip: u16,
    },
    /// The gas used is not the execution's.
    #[error("gas used is {got}, expected {expected}")]
    GasUsed {
        /// The header's.
        got: u64,
        /// The execution's.
        expected: u64,
    },
    /// The receipts root is not the execution's.
    #[error("receipts root is {got}, expected {expected}")]
    ReceiptsRoot {
        /// The header's.
        got: B256,
        /// The execution's.
        expected: B256,
    },
    /// The logs bloom is not the execution's.
    #[error("logs bloom is {got}, expected {expected}")]
    LogsBloom {
        /// The header's.
        got: Box<Bloom>,
        /// The execution's.
        expected: Box<Bloom>,
    },
    /// The requests hash is not the execution's.
    #[error("requests hash is {got}, expected {expected} (EIP-7685)")]
    RequestsHash {
        /// The header's.
        got: B256,
        /// The execution's.
        expected: B256,
    },
    /// The hash of the block access list is not the execution's.
    #[error("block access list hash is {got}, expected {expected} (EIP-7928)")]
    BlockAccessListHash {
        /// The header's.
        got: B256,
        /// The execution's.
        expected: B256,
    },
    /// The state root is not the execution's, or a genesis header's not its state's.
    #[error("state root is {got}, expected {expected}")]
    StateRoot {
        /// The header's.
        got: B256,
        /// The execution's.
        expected: B256,
    },
}
