//! Executes a block in order and keeps what each transaction needed and changed.

use std::{
    error::Error,
    fmt::{self, Debug},
    sync::Arc,
};

use alloy_evm::{Evm, FromRecoveredTx, block::SystemCaller, eth::EthEvmFactory};
use alloy_primitives::{Address, B256, U256};
use parking_lot::Mutex;
use revm::{
    Database, DatabaseCommit, DatabaseRef,
    bytecode::Bytecode,
    context::TxEnv,
    database::{State, WrapDatabaseRef},
    state::{Account, AccountInfo, EvmState},
};
use tandem_corpus::Case;
use tandem_executor::{
    MultiVersionMemory, SpeculativeEvmFactory, TxIndex,
    attempt::{AccountRead, ReadSet},
    codes::Codes,
    evm::WorkerEvm,
    fields::AccountFields,
    needs::{BalanceNeed, Circumstances, FieldNeed, Needs, Rules, TxFacts},
    tracked_db::TrackedDb,
};

use crate::access::{Access, Location};

/// Why a block cannot be observed.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The state before the block cannot be read.
    #[error("state could not be read: {0}")]
    State(#[source] Box<dyn Error + Send + Sync>),
    /// The block's system calls before its transactions fail.
    #[error("pre-execution changes fail: {0}")]
    PreExecution(#[source] Box<dyn Error + Send + Sync>),
    /// A transaction cannot be executed.
    #[error("transaction {index} cannot be executed: {source}")]
    Transaction {
        /// Its position.
        index: usize,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ObserveError {
    fn state(error: impl Error + Send + Sync + 'static) -> Self {
        Self::State(Box::new(error))
    }
}

/// Executes a block's transactions in order and returns what each needed and changed.
///
/// The EVM is the one that the executor's workers speculate with, on committed state, so that needs are told as
/// speculation tells them and nothing is ever speculated.
pub fn observe<S>(case: &Case<S>) -> Result<Vec<Access>, ObserveError>
where
    S: DatabaseRef<Error: Error + Send + Sync + 'static> + Send + Sync + Debug + 'static,
{
    let committed = Committed::new(case.state.clone());
    let mut evm = worker_evm(case, &committed);
    pre_execution(case, &mut evm, &committed)?;
    let mut accesses = Vec::with_capacity(case.block.transactions.len());
    for (index, tx) in case.block.transactions.iter().enumerate() {
        let tx_env = TxEnv::from_recovered_tx(tx.inner(), tx.signer());
        let facts = TxFacts::new(&tx_env);
        evm.db_mut().begin(TxIndex(index), tx.signer(), tx.inner(), ReadSet::default());
        let executed = evm
            .transact_raw(tx_env)
            .map_err(|error| ObserveError::Transaction { index, source: Box::new(error) })?;
        let mut access = Access { gas_used: executed.result.tx_gas_used(), ..Access::default() };
        let reads = evm.db_mut().take_reads();
        let circumstances = Circumstances {
            tx: facts,
            rules: Rules::new(evm.cfg_env()),
            marks: evm.db().marks(),
            tracking: EthEvmFactory::default().tracking(),
        };
        for read in &reads.accounts {
            let needs = circumstances.needs(read, executed.state.get(&read.address));
            add_account_needs(&*case.state, read, &needs, &mut access.needs)?;
        }
        for read in &reads.slots {
            let before = case.state.storage_ref(read.address, read.slot).map_err(ObserveError::state)?;
            if before != read.value {
                access.needs.push(Location::Slot(read.address, read.slot));
            }
        }
        add_changes(&executed.state, &mut access.changes);
        accesses.push(access);
        committed.0.lock().commit(executed.state);
    }
    Ok(accesses)
}

/// Opens a worker's EVM whose every read is answered by the committed state.
fn worker_evm<S>(case: &Case<S>, committed: &Committed<S>) -> WorkerEvm<EthEvmFactory>
where
    S: DatabaseRef<Error: Error + Send + Sync + 'static> + Send + Sync + Debug + 'static,
{
    let nothing = Arc::new(MultiVersionMemory::new(None));
    let db = TrackedDb::new(nothing, Box::new(committed.clone()), Codes::default(), Arc::default());
    let spec = case.spec.at(&case.block.header);
    EthEvmFactory::default().worker_evm(db, spec.evm_env(&case.block.header))
}

/// Applies the system calls before the transactions.
fn pre_execution<S: DatabaseRef<Error: Error + Send + Sync + 'static>>(
    case: &Case<S>,
    evm: &mut WorkerEvm<EthEvmFactory>,
    committed: &Committed<S>,
) -> Result<(), ObserveError> {
    let header = &case.block.header;
    let mut caller = SystemCaller::new(case.spec.at(header));
    caller
        .apply_blockhashes_contract_call(header.parent_hash, evm)
        .and_then(|()| caller.apply_beacon_root_contract_call(header.parent_beacon_block_root, evm))
        .map_err(|error| ObserveError::PreExecution(Box::new(error)))?;
    for state in evm.db_mut().take_committed() {
        committed.0.lock().commit(state);
    }
    Ok(())
}

/// The state after the transactions so far, shared with the EVM that reads it.
struct Committed<S: DatabaseRef>(Arc<Mutex<State<WrapDatabaseRef<Arc<S>>>>>);

impl<S: DatabaseRef> Committed<S> {
    fn new(state: Arc<S>) -> Self {
        Self(Arc::new(Mutex::new(State::builder().with_database(WrapDatabaseRef(state)).build())))
    }
}

impl<S: DatabaseRef> Clone for Committed<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: DatabaseRef> Debug for Committed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Committed")
    }
}

impl<S: DatabaseRef<Error: Error + Send + Sync + 'static>> Database for Committed<S> {
    type Error = <State<WrapDatabaseRef<Arc<S>>> as Database>::Error;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        self.0.lock().basic(address)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        self.0.lock().code_by_hash(code_hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        self.0.lock().storage(address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Self::Error> {
        self.0.lock().block_hash(number)
    }
}

/// Adds what a transaction needed of an account and would not have found before the block.
fn add_account_needs<S: DatabaseRef<Error: Error + Send + Sync + 'static>>(
    state: &S,
    read: &AccountRead,
    needs: &Needs,
    into: &mut Vec<Location>,
) -> Result<(), ObserveError> {
    let address = read.address;
    let before = state.basic_ref(address).map_err(ObserveError::state)?.as_ref().map(AccountFields::from);
    let emptiness = |fields: Option<AccountFields>| fields.map(|fields| fields.is_empty());
    if needs.emptiness == FieldNeed::Exact && emptiness(read.seen) != emptiness(before) {
        into.push(Location::Emptiness(address));
    }
    let absent = AccountFields::ABSENT;
    let (seen, before) = (read.seen.unwrap_or(absent), before.unwrap_or(absent));
    if seen.code_hash != before.code_hash {
        into.push(Location::Code(address));
    }
    if needs.nonce == FieldNeed::Exact && seen.nonce != before.nonce {
        into.push(Location::Nonce(address));
    }
    let lacks = match needs.balance {
        BalanceNeed::Nothing => false,
        BalanceNeed::AtLeast(least) => before.balance < least,
        BalanceNeed::Exact => before.balance != seen.balance,
    };
    if lacks {
        into.push(Location::Balance(address));
    }
    Ok(())
}

/// Adds what a transaction left changed.
fn add_changes(state: &EvmState, into: &mut Vec<Location>) {
    for (address, account) in state.iter().filter(|(_, account)| account.is_touched()) {
        add_account_changes(*address, account, into);
        let slots = account.changed_storage_slots();
        into.extend(slots.map(|(slot, _): (&U256, _)| Location::Slot(*address, *slot)));
    }
}

fn add_account_changes(address: Address, account: &Account, into: &mut Vec<Location>) {
    let (before, after) = (account.original_info(), &account.info);
    let is_gone = account.is_selfdestructed();
    if is_gone || before.balance != after.balance {
        into.push(Location::Balance(address));
    }
    if is_gone || before.nonce != after.nonce {
        into.push(Location::Nonce(address));
    }
    if is_gone || before.code_hash() != after.code_hash() {
        into.push(Location::Code(address));
    }
    if is_gone || account.is_created() || before.is_empty() || after.is_empty() {
        into.push(Location::Emptiness(address));
    }
    if is_gone || account.is_created() {
        into.push(Location::Storage(address));
    }
}
