//! Generates chains of blocks from a seed: real signatures, our own contracts, known conflict shapes.
//!
//! A chain is a [`Workload`] at a [`Fork`] with a seed. The same seed gives the same bytes on every machine: numbers
//! come from one pinned stream, signatures are deterministic (RFC 6979), and nothing depends on time, threads or the
//! iteration order of a hash map.
//!
//! The steps of a block (`chain`):
//! 1. **draft** (`draft`): the workload's script (`scripts`) decides what is sent; each transaction is signed with the
//!    sender's next nonce at fees that the block accepts.
//! 2. **seal** (`seal`): the unmodified sequential executor of alloy-evm runs the block; gas, receipts root, bloom, blob
//!    gas and requests go into the header.
//! 3. **advance**: the changes are applied to the state, which is the next block's.
//!
//! | workload | conflict shape |
//! |---|---|
//! | `native-transfers` | independent; recipients are only credited |
//! | `erc20-transfers` | nearly independent: two balance slots a transfer |
//! | `erc20-one-recipient` | chain over one balance slot |
//! | `swaps-many-pools` | several chains, one a pool |
//! | `swaps-one-pool` | one chain over a pool's reserves |
//! | `mint-rush` | hot slot whose value decides the other locations written |
//! | `game-moves` | fan-in on the round; sparse collisions |
//! | `rollup-batches` | short chains by nonce and accumulator, a shared queue counter |
//! | `nonce-chain` | chain by nonce only |
//! | `hot-account` | credits, debits and exact reads of one balance |
//! | `hot-counter` | chain through one slot |
//! | `create2-selfdestruct` | account life cycles: existence, code and storage come and go |
//! | `delegation` | an account's code and nonce change between calls to it |
//! | `failing` | rolled-back writes |
//! | `fee-recipient` | the balance that all fees credit is read, paid into and spent from |
//! | `precompiles` | one slot a precompile, long computations |
//! | `mixed` | all of them at random distances, with requests of all three kinds |

use std::{io, path::PathBuf};

use alloy_consensus::Header;
use alloy_evm::block::BlockExecutionError;
use alloy_primitives::B256;

use crate::{Case, NetworkError, PlainState};

mod accounts;
mod branches;
mod calls;
mod chain;
mod chain_files;
mod contracts;
mod draft;
mod envelope;
mod fork;
mod genesis;
mod random;
mod request;
mod scripts;
mod seal;
#[cfg(test)]
mod tests;
mod workload;
mod world;

use chain::Chain;

pub use branches::REORG_DEPTH_MAX;
pub use chain_files::{ChainFiles, Roots, write_chain};

pub use fork::{Fork, UnknownFork};
pub use workload::{UnknownWorkload, Workload};

/// Size and rules of a generated chain.
#[derive(Clone, Copy, Debug)]
pub struct GenerateOptions {
    /// Number of blocks.
    pub blocks: usize,
    /// Number of transactions in each block.
    pub txs_per_block: usize,
    /// Rules from the first block on.
    pub fork: Fork,
    /// Number of users at least; a block has one for each of its transactions in any case. Users have ether and tokens
    /// at genesis and send in turn, so that many of them make a large state that is read all over.
    pub users: usize,
    /// Branches that the chain leaves again, when it is written to files: each is followed by a longer one.
    pub reorgs: usize,
    /// Computes the state roots of headers; where absent they are zero.
    pub state_root: Option<fn(&PlainState) -> B256>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self { blocks: 20, txs_per_block: 200, fork: Fork::default(), users: 0, reorgs: 0, state_root: None }
    }
}

/// A chain that cannot be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The workload needs what a later fork brought.
    #[error("workload {workload} needs fork {needed} or later, got {fork}")]
    Unsupported {
        /// What was asked for.
        workload: Workload,
        /// What was asked for.
        fork: Fork,
        /// The first fork that will do.
        needed: Fork,
    },
    /// The chain is too short for its branches.
    #[error("{reorgs} reorgs take a chain of {needed} blocks at least, got {blocks}")]
    TooShort {
        /// Branches that were asked for.
        reorgs: usize,
        /// Blocks that they take.
        needed: usize,
        /// Blocks that were asked for.
        blocks: usize,
    },
    /// The fork has no rules.
    #[error("no rules to generate blocks by")]
    Rules(#[from] NetworkError),
    /// A file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The executor refused a generated block: the generator is wrong.
    #[error("generated block {number} of {origin} does not execute")]
    Refused {
        /// The block's number.
        number: u64,
        /// Workload, size and seed.
        origin: String,
        /// What the executor said.
        source: Box<BlockExecutionError>,
    },
}

/// Generates the chain of a workload and a seed, block by block.
///
/// Each [`Case`] holds the whole state before its block, so that it executes on its own. The first error ends the
/// iteration.
pub fn generate(workload: Workload, seed: u64, options: GenerateOptions) -> Generate {
    Generate { workload, seed, options, made: 0, chain: None, failed: false }
}

/// Iterator over the cases of a generated chain; see [`generate`].
#[derive(Debug)]
pub struct Generate {
    workload: Workload,
    seed: u64,
    options: GenerateOptions,
    made: usize,
    /// Made by the first call, because genesis takes a while.
    chain: Option<Chain>,
    failed: bool,
}

impl Iterator for Generate {
    type Item = Result<Case, GenerateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.made == self.options.blocks {
            return None;
        }
        self.made += 1;
        let case = self.next_case();
        self.failed = case.is_err();
        Some(case)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = if self.failed { 0 } else { self.options.blocks - self.made };
        (0, Some(left))
    }
}

impl Generate {
    /// Returns the header of the block before the first.
    ///
    /// # Errors
    /// As the first case.
    pub fn genesis_header(&self) -> Result<Header, GenerateError> {
        Ok(Chain::genesis(self.workload, self.seed, self.options)?.parent)
    }

    fn next_case(&mut self) -> Result<Case, GenerateError> {
        let chain = match &mut self.chain {
            Some(chain) => chain,
            none => none.insert(Chain::genesis(self.workload, self.seed, self.options)?),
        };
        chain.next_case(&self.options)
    }
}
