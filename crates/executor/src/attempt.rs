//! Holds what one execution of one transaction read, needed, wrote and returned.

use alloy_primitives::{Address, B256, U256};
use revm::{
    context_interface::result::ExecutionResult,
    state::{Account, EvmState},
};

use crate::{
    fields::AccountFields,
    needs::{Circumstances, Needs},
    writes::WriteSet,
};

/// A speculative execution that finished.
#[derive(Debug)]
pub struct Attempt<H> {
    /// The worker that made it, and that gets it back.
    pub worker: usize,
    /// Which way it can be committed.
    pub shape: Shape,
    /// What the EVM returned, until it is taken.
    pub outcome: Option<ExecutionResult<H>>,
    /// The accounts that the EVM loaded, as it left them.
    pub state: EvmState,
    /// What it read.
    pub reads: ReadSet,
    /// What it needed of the accounts that it read, in the order of [`ReadSet::accounts`].
    pub needs: Vec<Needs>,
    /// What it wrote.
    pub writes: WriteSet,
}

impl<H> Attempt<H> {
    /// Creates an attempt of a worker that says nothing yet.
    pub fn blank(worker: usize) -> Self {
        Self {
            worker,
            shape: Shape::Plain,
            outcome: None,
            state: EvmState::default(),
            reads: ReadSet::default(),
            needs: Vec::new(),
            writes: WriteSet::default(),
        }
    }

    /// Derives what the execution needed and wrote from what it read and left.
    pub fn digest(&mut self, circumstances: &Circumstances<'_>) {
        self.reads.distrust_bare_storage(&self.state);
        self.shape = Shape::Plain;
        for read in &self.reads.accounts {
            let account = self.state.get(&read.address);
            self.needs.push(circumstances.needs(read, account));
            let Some(account) = account else { continue };
            let before = read.seen.unwrap_or(AccountFields::ABSENT);
            self.writes.add(read.address, account, &before);
            if Shape::of(account, &before) == Shape::Particular {
                self.shape = Shape::Particular;
            }
        }
        // Every account that the EVM left was read once; where another EVM does it otherwise, its state is the word.
        if self.state.len() != self.reads.accounts.len() {
            self.writes = WriteSet::from_state(&self.state);
            self.shape = Shape::Particular;
        }
    }

    /// Forgets everything, keeping the buffers.
    pub fn clear(&mut self) {
        self.outcome = None;
        self.state = EvmState::default();
        self.reads.clear();
        self.needs.clear();
        self.writes.clear();
    }
}

/// Which way an attempt can be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Balances, nonces and slots change; its changes can be merged with those of its neighbours.
    Plain,
    /// An account begins, ends or changes its code; revm's `State` must see it by itself.
    Particular,
}

impl Shape {
    /// Returns the shape of the change of an account that was `before`.
    ///
    /// Plain is an account that keeps its code, and is none of those whose storage revm's `State` forgets
    /// ([`ReadSet::distrust_bare_storage`]).
    pub fn of(account: &Account, before: &AccountFields) -> Self {
        let is_plain = !account.is_touched()
            || (!account.is_created()
                && !account.is_selfdestructed()
                && !account.is_empty()
                && before.code_hash == account.info.code_hash
                && (account.storage.is_empty() || !before.has_no_code_and_nonce()));
        if is_plain { Self::Plain } else { Self::Particular }
    }
}

/// Locations read by an execution with the values seen.
#[derive(Debug, Default)]
pub struct ReadSet {
    /// Accounts, each once.
    pub accounts: Vec<AccountRead>,
    /// Storage slots, each once.
    pub slots: Vec<SlotRead>,
    /// Hashes of ancestors with their numbers.
    pub block_hashes: Vec<(u64, B256)>,
}

impl ReadSet {
    /// Forgets all reads, keeping the buffers.
    pub fn clear(&mut self) {
        self.accounts.clear();
        self.slots.clear();
        self.block_hashes.clear();
    }

    /// Lets slots of accounts that had neither nonce nor code be looked at whatever their origin.
    ///
    /// revm's `State` forgets the slots of such an account that are not loaded before it is first touched, so sequential
    /// execution's loads must be repeated.
    pub fn distrust_bare_storage(&mut self, state: &EvmState) {
        let bare = self.accounts.iter().filter(|read| {
            read.seen.as_ref().is_some_and(AccountFields::has_no_code_and_nonce)
                && state.get(&read.address).is_some_and(|account| !account.storage.is_empty())
        });
        for account in bare {
            let slots = self.slots.iter_mut().filter(|slot| slot.address == account.address);
            slots.for_each(|slot| slot.origin = Origin::Block);
        }
    }
}

/// One account as it was read.
#[derive(Debug)]
pub struct AccountRead {
    /// The account's address.
    pub address: Address,
    /// The account; `None` where it did not exist.
    pub seen: Option<AccountFields>,
    /// The nonce that was found, where another one was assumed.
    pub nonce_found: Option<u64>,
    /// Where it came from.
    pub origin: Origin,
    /// Whether the base state gave the code with the account, unasked.
    pub code: Code,
}

/// Whether code came with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It did not; whoever needs it asks for it by its hash.
    Apart,
    /// It did.
    Inside,
}

impl AccountRead {
    /// Returns the account as it was found: without the assumption about its nonce.
    pub fn found(&self) -> Option<AccountFields> {
        let mut fields = self.seen;
        if let (Some(fields), Some(nonce)) = (&mut fields, self.nonce_found) {
            fields.nonce = nonce;
        }
        fields
    }
}

/// One slot as it was read.
#[derive(Debug)]
pub struct SlotRead {
    /// The contract.
    pub address: Address,
    /// The slot.
    pub slot: U256,
    /// The value seen.
    pub value: U256,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a value that was read came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The base state: no earlier transaction was known to write it.
    Base,
    /// An earlier transaction of the block, or the block's pre-execution changes.
    Block,
}
