//! Generates chains of blocks from a seed: real signatures, our own contracts, known conflict shapes.
//!
//! A chain is a [`Workload`] at a [`Fork`] with a seed. The same seed gives the same bytes on every machine: numbers
//! come from one pinned stream, signatures are deterministic (RFC 6979), and nothing depends on time, threads or the
//! iteration order of a hash map.
//!
//! The steps of a block:
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

use std::sync::Arc;

use alloy_consensus::{BlockHeader, Header};
use alloy_eips::{eip1559::BaseFeeParams, eip4895::Withdrawal};
use alloy_evm::block::BlockExecutionError;
use alloy_primitives::{B256, Bytes};

use crate::{Case, ChainSpec, NetworkError, PlainState};

mod accounts;
mod calls;
mod contracts;
mod draft;
mod fork;
mod genesis;
mod random;
mod scripts;
mod seal;
#[cfg(test)]
mod tests;
mod workload;

use accounts::{Accounts, Role};
use draft::{Draft, World};
use random::Random;
use scripts::Script;

pub use fork::{Fork, UnknownFork};
pub use workload::{UnknownWorkload, Workload};

/// Seconds between blocks.
const SLOT_SECONDS: u64 = 12;
/// Users of the smallest chains.
const USERS_MIN: usize = 64;
/// Gas limit of small blocks.
const GAS_LIMIT_MIN: u64 = 60_000_000;
/// Gas limit per transaction of large blocks: more than twice what the dearest workload uses, so that the base fee
/// cannot rise for ever.
const GAS_LIMIT_PER_TRANSACTION: u64 = 600_000;
/// Blocks whose hashes BLOCKHASH knows.
const BLOCK_HASHES: usize = 256;

/// Size and rules of a generated chain.
#[derive(Clone, Copy, Debug)]
pub struct GenerateOptions {
    /// Number of blocks.
    pub blocks: usize,
    /// Number of transactions in each block.
    pub txs_per_block: usize,
    /// Rules from the first block on.
    pub fork: Fork,
    /// Computes the state roots of headers; where absent they are zero.
    pub state_root: Option<fn(&PlainState) -> B256>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self { blocks: 20, txs_per_block: 200, fork: Fork::default(), state_root: None }
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
    /// The fork has no rules.
    #[error("no rules to generate blocks by")]
    Rules(#[from] NetworkError),
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

/// A chain up to its latest block.
#[derive(Debug)]
struct Chain {
    /// Workload, size and seed, for people.
    origin: String,
    spec: Arc<ChainSpec>,
    world: World,
    script: Box<dyn Script>,
    /// Header of the latest block.
    parent: Header,
    /// State after the latest block.
    state: Arc<PlainState>,
    withdrawal_count: u64,
}

impl Chain {
    fn genesis(workload: Workload, seed: u64, options: GenerateOptions) -> Result<Self, GenerateError> {
        let GenerateOptions { blocks, txs_per_block, fork, state_root } = options;
        let needed = scripts::needed_fork(workload);
        if fork < needed {
            return Err(GenerateError::Unsupported { workload, fork, needed });
        }
        let accounts = Accounts::new(seed, txs_per_block.max(USERS_MIN));
        let state = genesis::state(&accounts, fork);
        let gas_limit = GAS_LIMIT_MIN.max(txs_per_block as u64 * GAS_LIMIT_PER_TRANSACTION);
        let root = state_root.map_or(B256::ZERO, |root| root(&state));
        Ok(Self {
            origin: format!("generated {workload}:{blocks}:{txs_per_block} {fork} seed {seed}"),
            spec: fork.spec()?,
            world: World::new(fork, Random::new(seed, workload.name()), accounts),
            script: scripts::script(workload, fork),
            parent: genesis::header(fork, gas_limit, root),
            state: Arc::new(state),
            withdrawal_count: 0,
        })
    }

    fn next_case(&mut self, options: &GenerateOptions) -> Result<Case, GenerateError> {
        self.remember_parent_hash();
        let header = self.next_header();
        let number = header.number;
        let blob_params = self.spec.blob_params_at(header.timestamp);
        let withdrawals = self.draw_withdrawals();

        let mut draft = Draft::new(&mut self.world, header, blob_params);
        while draft.transactions.len() < options.txs_per_block {
            self.script.step(&mut draft);
        }
        let sealed = seal::seal(draft, withdrawals, &self.spec, &self.state);
        let (mut block, bundle) = sealed.map_err(|error| GenerateError::Refused {
            number,
            origin: self.origin.clone(),
            source: Box::new(error),
        })?;

        let before = Arc::clone(&self.state);
        Arc::make_mut(&mut self.state).apply(&bundle);
        block.header.state_root = options.state_root.map_or(B256::ZERO, |root| root(&self.state));
        block.hash = block.header.hash_slow();
        self.parent = block.header.clone();
        let source = format!("{} block {number}", self.origin);
        Ok(Case { source, spec: Arc::clone(&self.spec), block, state: before })
    }

    fn remember_parent_hash(&mut self) {
        let hashes = &mut Arc::make_mut(&mut self.state).block_hashes;
        hashes.insert(self.parent.number, self.parent.hash_slow());
        if hashes.len() > BLOCK_HASHES {
            hashes.pop_first();
        }
    }

    /// Returns the next header as far as it is known before execution.
    fn next_header(&mut self) -> Header {
        let timestamp = self.parent.timestamp + SLOT_SECONDS;
        let blob_params = self.spec.blob_params_at(timestamp);
        let beacon_root = self.world.random.word();
        Header {
            parent_hash: self.parent.hash_slow(),
            beneficiary: self.script.beneficiary(&mut self.world),
            number: self.parent.number + 1,
            gas_limit: self.parent.gas_limit,
            timestamp,
            extra_data: Bytes::from_static(b"tandem"),
            mix_hash: self.world.random.word(),
            base_fee_per_gas: self.parent.next_block_base_fee(BaseFeeParams::ethereum()),
            excess_blob_gas: self.parent.maybe_next_block_excess_blob_gas(blob_params),
            parent_beacon_block_root: blob_params.map(|_| beacon_root),
            ..Header::default()
        }
    }

    /// Draws up to 16 withdrawals, of nothing now and then, to old and new accounts.
    fn draw_withdrawals(&mut self) -> Vec<Withdrawal> {
        let count = self.world.random.below(17);
        let first = self.withdrawal_count;
        self.withdrawal_count += count;
        let mut draw = |index| {
            let address = match self.world.random.below(6) {
                0 => self.world.random.address(),
                1 => self.world.any_address(Role::FeeRecipient),
                _ => self.world.any_address(Role::User),
            };
            let amount = self.world.random.pick([0, 1, 16_000_000, 32_000_000_000]);
            Withdrawal { index, validator_index: self.world.random.below(1 << 20), address, amount }
        };
        (first..first + count).map(&mut draw).collect()
    }
}
