//! Answers one attempt's reads from the multi-version memory and the base state, and keeps them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy_primitives::{Address, B256, U256};
use revm::{Database, DatabaseCommit, bytecode::Bytecode, state::AccountInfo, state::EvmState};

use crate::{
    attempt::{AccountRead, Origin, ReadSet, SlotRead},
    base::{BaseReader, ReadError},
    index::TxIndex,
    marks::Marks,
    memory::MultiVersionMemory,
};

/// The database under a worker's EVM.
#[derive(Debug)]
pub struct TrackedDb {
    memory: Arc<MultiVersionMemory>,
    base: Box<dyn BaseReader>,
    stopped: Arc<AtomicBool>,
    index: TxIndex,
    nonce: Option<AssumedNonce>,
    reads: ReadSet,
    marks: Marks,
    committed: Vec<EvmState>,
}

/// A sender's nonce, assumed so that a chain of its transactions can be speculated; checked at commit.
#[derive(Clone, Copy, Debug)]
struct AssumedNonce {
    sender: Address,
    nonce: u64,
}

impl TrackedDb {
    /// Creates a database for attempts on one block.
    pub fn new(memory: Arc<MultiVersionMemory>, base: Box<dyn BaseReader>, stopped: Arc<AtomicBool>) -> Self {
        Self {
            memory,
            base,
            stopped,
            index: TxIndex::default(),
            nonce: None,
            reads: ReadSet::default(),
            marks: Marks::default(),
            committed: Vec::new(),
        }
    }

    /// Starts an attempt: reads are answered as of `index`, and the sender's nonce is at least `nonce`.
    ///
    /// Reads are kept in `reads`, which is empty.
    pub fn begin(&mut self, index: TxIndex, sender: Address, nonce: u64, reads: ReadSet) {
        self.index = index;
        self.nonce = Some(AssumedNonce { sender, nonce });
        self.reads = reads;
        self.marks.clear();
    }

    /// Takes the reads of the attempt.
    pub fn take_reads(&mut self) -> ReadSet {
        std::mem::take(&mut self.reads)
    }

    /// Returns the marks of the attempt.
    pub const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Returns the marks of the attempt, to add one.
    pub const fn marks_mut(&mut self) -> &mut Marks {
        &mut self.marks
    }

    /// Takes the states committed by system calls.
    pub fn take_committed(&mut self) -> Vec<EvmState> {
        std::mem::take(&mut self.committed)
    }

    fn go_on(&self) -> Result<(), ReadError> {
        // Relaxed: the flag only saves work.
        if self.stopped.load(Ordering::Relaxed) { Err(ReadError::Stopped) } else { Ok(()) }
    }
}

impl Database for TrackedDb {
    type Error = ReadError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        self.go_on()?;
        let (mut info, origin) = match self.memory.account(address, self.index) {
            Some(info) => (info, Origin::Block),
            None => (self.base.account(address)?, Origin::Base),
        };
        let mut nonce_found = None;
        if let (Some(info), Some(assumed)) = (&mut info, self.nonce)
            && assumed.sender == address
            && info.nonce < assumed.nonce
        {
            nonce_found = Some(info.nonce);
            info.nonce = assumed.nonce;
        }
        self.reads.accounts.push(AccountRead { address, seen: info.clone(), nonce_found, origin });
        Ok(info)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, ReadError> {
        self.go_on()?;
        match self.memory.code(code_hash) {
            Some(code) => Ok(code),
            None => self.base.code(code_hash),
        }
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, ReadError> {
        self.go_on()?;
        let (value, origin) = match self.memory.slot(address, slot, self.index) {
            Some(value) => (value, Origin::Block),
            None => (self.base.slot(address, slot)?, Origin::Base),
        };
        self.reads.slots.push(SlotRead { address, slot, value, origin });
        Ok(value)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ReadError> {
        let hash = self.base.block_hash(number)?;
        self.reads.block_hashes.push((number, hash));
        Ok(hash)
    }
}

impl DatabaseCommit for TrackedDb {
    fn commit(&mut self, changes: EvmState) {
        self.committed.push(changes);
    }
}
