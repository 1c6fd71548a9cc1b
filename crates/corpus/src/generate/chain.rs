//! Appends block after block: draft, seal, advance.

use std::sync::Arc;

use alloy_consensus::{BlockHeader, Header};
use alloy_eips::{eip1559::BaseFeeParams, eip4895::Withdrawal};
use alloy_primitives::{B256, Bytes};
use revm::database::BundleState;

use super::{
    GenerateError, GenerateOptions, Roots, Workload,
    accounts::{Accounts, Role},
    draft::Draft,
    genesis,
    random::Random,
    scripts::{self, Script},
    seal,
    world::World,
};
use crate::{Block, Case, ChainSpec, PlainState};

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

/// A chain up to its latest block.
#[derive(Debug)]
pub(super) struct Chain {
    /// Workload, size and seed, for people.
    origin: String,
    spec: Arc<ChainSpec>,
    pub(super) world: World,
    script: Box<dyn Script>,
    /// Header of the latest block.
    pub(super) parent: Header,
    /// State after the latest block.
    pub(super) state: Arc<PlainState>,
    withdrawal_count: u64,
}

impl Chain {
    /// Makes the genesis block.
    pub(super) fn genesis(
        workload: Workload,
        seed: u64,
        options: GenerateOptions,
    ) -> Result<Self, GenerateError> {
        let GenerateOptions { blocks, txs_per_block, fork, users, state_root, .. } = options;
        let needed = scripts::needed_fork(workload);
        if fork < needed {
            return Err(GenerateError::Unsupported { workload, fork, needed });
        }
        let accounts = Accounts::new(seed, txs_per_block.max(USERS_MIN).max(users));
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

    /// Begins a branch of its own at the latest block: other transactions, other numbers.
    pub(super) fn branch(&self, workload: Workload, seed: u64, index: usize) -> Self {
        let mut world = self.world.clone();
        world.random = Random::new(seed, &format!("{} branch {index}", workload.name()));
        Self {
            origin: format!("{} branch {index}", self.origin),
            spec: Arc::clone(&self.spec),
            script: scripts::script(workload, world.fork),
            world,
            parent: self.parent.clone(),
            state: Arc::clone(&self.state),
            withdrawal_count: self.withdrawal_count,
        }
    }

    /// Drafts, seals and appends a block; its case holds the state before it.
    pub(super) fn next_case(&mut self, options: &GenerateOptions) -> Result<Case, GenerateError> {
        let (mut block, bundle) = self.next_sealed(options)?;
        let before = Arc::clone(&self.state);
        Arc::make_mut(&mut self.state).apply(&bundle);
        block.header.state_root = options.state_root.map_or(B256::ZERO, |root| root(&self.state));
        self.append(&mut block);
        let source = format!("{} block {}", self.origin, block.header.number);
        Ok(Case { source, spec: Arc::clone(&self.spec), block, state: before })
    }

    /// Drafts, seals and appends a block, without copying the state.
    pub(super) fn next_block(
        &mut self,
        options: &GenerateOptions,
        roots: &mut dyn Roots,
    ) -> Result<Block, GenerateError> {
        let (mut block, bundle) = self.next_sealed(options)?;
        Arc::make_mut(&mut self.state).apply(&bundle);
        block.header.state_root = roots.next(&bundle);
        self.append(&mut block);
        Ok(block)
    }

    fn append(&mut self, block: &mut Block) {
        block.hash = block.header.hash_slow();
        self.parent = block.header.clone();
    }

    /// Drafts and seals a block; its state root and hash are not known yet.
    fn next_sealed(&mut self, options: &GenerateOptions) -> Result<(Block, BundleState), GenerateError> {
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
        sealed.map_err(|error| GenerateError::Refused {
            number,
            origin: self.origin.clone(),
            source: Box::new(error),
        })
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
