//! Names the block types that every source yields.

use std::sync::Arc;

use alloy_consensus::{EthereumTxEnvelope, Header, TxEip4844, transaction::Recovered};
use alloy_eips::eip4895::Withdrawals;
use alloy_primitives::B256;

use crate::{chain_spec::ChainSpec, state::PlainState};

/// A signed transaction as blocks carry it (EIP-4844 without its sidecar); reth's `TransactionSigned`.
pub type Transaction = EthereumTxEnvelope<TxEip4844>;

/// A block whose senders are recovered.
#[derive(Clone, Debug)]
pub struct Block {
    /// Keccak hash of the header.
    pub hash: B256,
    /// The header.
    pub header: Header,
    /// Transactions in block order with their senders.
    pub transactions: Arc<[Recovered<Transaction>]>,
    /// Ommer headers; empty from Paris on.
    pub ommers: Vec<Header>,
    /// Withdrawals; present from Shanghai on.
    pub withdrawals: Option<Withdrawals>,
}

/// One block with all that is needed to execute it.
///
/// The state before it is held in memory as it is, unless said otherwise: as a witness, for example.
#[derive(Clone, Debug)]
pub struct Case<S = PlainState> {
    /// Where the block came from, for people: a path, a test's name, a workload and seed.
    pub source: String,
    /// The chain's rules.
    pub spec: Arc<ChainSpec>,
    /// The block.
    pub block: Block,
    /// The state before the block.
    pub state: Arc<S>,
}
