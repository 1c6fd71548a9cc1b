//! Answers one attempt's reads from the multi-version memory and the base state, and keeps them.

use std::sync::Arc;

use alloy_consensus::Transaction;
use alloy_primitives::{Address, B256, U256};
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    primitives::KECCAK_EMPTY,
    state::{AccountInfo, EvmState},
};

use crate::{
    attempt::{AccountRead, Code, Origin, ReadSet, SlotRead},
    base::{BaseReader, ReadError},
    codes::Codes,
    fields::AccountFields,
    index::TxIndex,
    marks::Marks,
    memory::MultiVersionMemory,
    sync::atomic::{AtomicBool, Ordering},
};

/// The database under a worker's EVM.
#[derive(Debug)]
pub struct TrackedDb {
    memory: Arc<MultiVersionMemory>,
    base: Box<dyn BaseReader>,
    codes: Codes,
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
    pub fn new(
        memory: Arc<MultiVersionMemory>,
        base: Box<dyn BaseReader>,
        codes: Codes,
        stopped: Arc<AtomicBool>,
    ) -> Self {
        Self {
            memory,
            base,
            codes,
            stopped,
            index: TxIndex::default(),
            nonce: None,
            reads: ReadSet::default(),
            marks: Marks::default(),
            committed: Vec::new(),
        }
    }

    /// Starts an attempt: reads are answered as of `index`, and the sender's nonce is at least that of `tx`.
    ///
    /// Reads are kept in `reads`, which is empty.
    pub fn begin(&mut self, index: TxIndex, sender: Address, tx: &impl Transaction, reads: ReadSet) {
        self.index = index;
        self.nonce = Some(AssumedNonce { sender, nonce: tx.nonce() });
        self.reads = reads;
        self.marks.clear();
    }

    /// Whether an account has no code before the block; a hint.
    pub fn is_without_code(&mut self, address: Address) -> bool {
        let account = self.base.account(address);
        account.is_ok_and(|info| info.is_none_or(|info| info.code_hash == KECCAK_EMPTY))
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

    /// Takes the copies of code, for the next block.
    pub fn take_codes(&mut self) -> Codes {
        std::mem::take(&mut self.codes)
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
        let has_code = info.as_ref().is_some_and(|info| info.code.is_some());
        self.reads.accounts.push(AccountRead {
            address,
            seen: info.as_ref().map(AccountFields::from),
            nonce_found,
            origin,
            code: if has_code { Code::Inside } else { Code::Apart },
        });
        Ok(info)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, ReadError> {
        self.go_on()?;
        match self.memory.code(code_hash) {
            Some(code) => Ok(code),
            None => self.codes.get(code_hash, || self.base.code(code_hash)),
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
