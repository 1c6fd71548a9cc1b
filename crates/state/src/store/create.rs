//! Creates a store from a genesis block and its state.

use std::{fs, path::Path, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::{Address, Bytes, U256, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, KECCAK_EMPTY};
use revm::bytecode::Bytecode;

use super::{
    BlockId, Body, Store, StoreConfig, TrieView, blocks,
    engine::{Engine, Table, WriteSet},
    flat,
    guard::{Acknowledged, Guard},
    identity,
    journals::Journals,
    keys,
    node_cache::TrieCaches,
    open::{DATABASE, Ledger},
    values::{self, StoredHead},
    view::StateView,
};
use crate::{
    error::StateError,
    trie::update_root,
    update::{Account, StateUpdate},
};

/// An account of a genesis state.
#[derive(Clone, Debug, Default)]
pub struct GenesisAccount {
    /// The account's address.
    pub address: Address,
    /// Its nonce.
    pub nonce: u64,
    /// Its balance in wei.
    pub balance: U256,
    /// Its code; empty where there is none.
    pub code: Bytes,
    /// Slots and values; zeros do not exist.
    pub storage: Vec<(U256, U256)>,
}

/// Leaves after which a part of the genesis state is written, so that states of any size load.
const LEAVES_MAX: usize = 100_000;

impl Store {
    /// Creates a store in a directory that does not exist or is empty.
    ///
    /// The header's state root must be that of the state, in which no address occurs twice. What an earlier attempt
    /// left that did not come to its end is removed. After an error there is no store.
    pub fn create(
        dir: &Path,
        config: StoreConfig,
        genesis: &Header,
        state: impl IntoIterator<Item = GenesisAccount>,
    ) -> Result<Self, StateError> {
        fs::create_dir_all(dir).map_err(StateError::io(dir))?;
        let hold = identity::hold(dir)?;
        clear(dir)?;
        let database = dir.join(DATABASE);
        let engine = Engine::open(&database, &config)?;
        let written = load(&engine, &config, genesis, state).and_then(|head| {
            let mut journals = Journals::new(&database);
            let sequence = engine.sequence();
            let first = Acknowledged { count: head.write_count, sequence, journals: journals.advance()? };
            let guard = Guard::create(dir, &first)?;
            identity::write(dir, head.hash)?;
            Ok(Ledger { head, guard, journals })
        });
        match written {
            Ok(ledger) => Ok(Self::assemble(dir, config, engine, ledger, hold)),
            Err(error) => {
                drop(engine);
                // The error is what matters; leftovers are removed by the next attempt too.
                let _ = fs::remove_dir_all(&database);
                Err(error)
            }
        }
    }
}

/// Removes what an attempt that did not come to its end left; anything else is somebody's.
fn clear(dir: &Path) -> Result<(), StateError> {
    if identity::exists(dir) {
        return Err(StateError::Occupied { dir: dir.to_owned(), found: "a store".into() });
    }
    for entry in fs::read_dir(dir).map_err(StateError::io(dir))? {
        let name = entry.map_err(StateError::io(dir))?.file_name();
        if !["lock", "acknowledged", "store.part", DATABASE].iter().any(|known| name == *known) {
            return Err(StateError::Occupied {
                dir: dir.to_owned(),
                found: name.to_string_lossy().into_owned(),
            });
        }
    }
    let database = dir.join(DATABASE);
    if database.exists() {
        fs::remove_dir_all(&database).map_err(StateError::io(&database))?;
    }
    Ok(())
}

fn load(
    engine: &Engine,
    config: &StoreConfig,
    genesis: &Header,
    state: impl IntoIterator<Item = GenesisAccount>,
) -> Result<StoredHead, StateError> {
    let caches = Arc::new(TrieCaches::new(config.node_cache_bytes));
    let update = StateUpdate::default();
    let mut loader = Loader { engine, config, update, leaf_count: 0, root: EMPTY_ROOT_HASH, caches };
    for account in state {
        loader.add(account)?;
    }
    loader.write()?;
    if loader.root != genesis.state_root {
        let (got, expected) = (loader.root, genesis.state_root);
        return Err(StateError::StateRoot { number: genesis.number, got, expected });
    }
    let block = BlockId { number: genesis.number, hash: genesis.hash_slow() };
    let mut writes = WriteSet::default();
    blocks::put_block(&mut writes, block.hash, genesis, &Body::default(), genesis.difficulty);
    blocks::put_canonical(&mut writes, block, &Vec::new());
    let head =
        StoredHead { number: block.number, hash: block.hash, write_count: 1, oldest_state: block.number };
    writes.put(Table::Meta, keys::HEAD, values::encode(&head));
    engine.write(writes)?;
    Ok(head)
}

/// Collects accounts and writes them part by part.
struct Loader<'a> {
    engine: &'a Engine,
    config: &'a StoreConfig,
    update: StateUpdate,
    leaf_count: usize,
    root: alloy_primitives::B256,
    caches: Arc<TrieCaches>,
}

impl Loader<'_> {
    fn add(&mut self, genesis: GenesisAccount) -> Result<(), StateError> {
        let GenesisAccount { address, nonce, balance, code, storage } = genesis;
        let code_hash = if code.is_empty() { KECCAK_EMPTY } else { keccak256(&code) };
        if !code.is_empty() {
            self.update.codes.insert(code_hash, Bytecode::new_legacy(code));
        }
        let account = Account { nonce, balance, code_hash };
        let mut slots = storage.into_iter();
        loop {
            let room = LEAVES_MAX.saturating_sub(self.leaf_count).max(1);
            let part: Vec<_> = slots.by_ref().take(room).collect();
            self.leaf_count += part.len() + 1;
            self.update.insert(address, account, part);
            if self.leaf_count >= LEAVES_MAX {
                self.write()?;
            }
            if slots.len() == 0 {
                return Ok(());
            }
        }
    }

    fn write(&mut self) -> Result<(), StateError> {
        let update = std::mem::take(&mut self.update);
        self.leaf_count = 0;
        let snapshot = self.engine.snapshot();
        let trie = TrieView::new(snapshot.clone(), Arc::clone(&self.caches), self.root);
        let tries = update_root(&trie, self.root, &update, self.config.threads)?;
        let mut writes = WriteSet::default();
        flat::put_state(&mut writes, &StateView::new(snapshot.clone(), Default::default()), &update)?;
        flat::put_tries(&mut writes, &snapshot, &tries)?;
        self.engine.write(writes)?;
        self.root = tries.root;
        Ok(())
    }
}
