//! Builds chains of empty blocks whose states change at random, and keeps every state in memory beside the store.

#![allow(dead_code, clippy::unwrap_used, reason = "shared by test binaries that each use a part")]

use std::{collections::BTreeMap, num::NonZeroUsize, path::Path, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use proptest::{collection::vec, prelude::*};
use tandem_state::{
    Account, AccountUpdate, BlockId, ExecutedBlock, GenesisAccount, KECCAK_EMPTY, NodeSource, StateAccount,
    StateError, StateUpdate, StateView, StorageBase, StorageUpdate, Store, StoreConfig, TrieView, state_root,
    store::{Body, Receipt},
    trie::{read_account, read_slot},
    update::hash_slot,
    update_root,
};

pub(crate) type Storage = BTreeMap<U256, U256>;
pub(crate) type World = BTreeMap<Address, (Account, Storage)>;

/// What happens to one account in one block.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Set { nonce: u64, slots: Vec<(u8, u8)> },
    Remove,
    Recreate { slots: Vec<(u8, u8)> },
}

pub(crate) type Events = BTreeMap<u8, Event>;

pub(crate) fn events() -> impl Strategy<Value = Events> {
    let slots = || vec((0u8..16, prop_oneof![Just(0u8), any::<u8>()]), 0..8);
    let event = prop_oneof![
        5 => (0u64..9, slots()).prop_map(|(nonce, slots)| Event::Set { nonce, slots }),
        2 => Just(Event::Remove),
        2 => slots().prop_map(|slots| Event::Recreate { slots }),
    ];
    proptest::collection::btree_map(0u8..24, event, 0..12)
}

pub(crate) fn root_of(world: &World) -> B256 {
    state_root(world.iter().map(|(address, (account, storage))| StateAccount {
        address: *address,
        nonce: account.nonce,
        balance: account.balance,
        code_hash: account.code_hash,
        storage: storage.clone(),
    }))
}

/// Applies events to a world; slots that were set twice have the later value.
pub(crate) fn happen(world: &mut World, events: &Events) -> StateUpdate {
    let mut update = StateUpdate::default();
    for (number, event) in events {
        let address = Address::repeat_byte(*number);
        let (nonce, slots, base) = match event {
            Event::Set { nonce, slots } => (*nonce, slots, StorageBase::Kept),
            Event::Recreate { slots } => (1, slots, StorageBase::Wiped),
            Event::Remove => {
                world.remove(&address);
                update.accounts.insert(keccak256(address), AccountUpdate::removed());
                continue;
            }
        };
        let account = Account { nonce, balance: U256::from(*number), code_hash: KECCAK_EMPTY };
        // What is said to have been there before is right, wrong or not said.
        let before = world.get(&address).cloned().filter(|_| nonce % 3 > 0);
        let (mut account_before, storage_before) = before.unzip();
        if let Some(account) = account_before.as_mut().filter(|_| nonce % 3 == 2) {
            account.nonce += 1;
        }
        let entry = world.entry(address).or_insert((account, Storage::new()));
        entry.0 = account;
        if base == StorageBase::Wiped {
            entry.1.clear();
        }
        let mut storage = StorageUpdate { base, ..StorageUpdate::default() };
        for (slot, value) in storage_before.unwrap_or_default() {
            storage.before.insert(hash_slot(slot), value + U256::from(nonce % 3 - 1));
        }
        for (slot, value) in slots {
            let (slot, value) = (U256::from(*slot), U256::from(*value));
            storage.slots.insert(hash_slot(slot), value);
            if value.is_zero() {
                entry.1.remove(&slot)
            } else {
                entry.1.insert(slot, value)
            };
        }
        update.accounts.insert(
            keccak256(address),
            AccountUpdate { before: account_before, ..AccountUpdate::new(account, storage) },
        );
    }
    update
}

/// A chain in a store and in memory.
pub(crate) struct Chain {
    pub(crate) store: Store,
    /// Headers and states from genesis to the head.
    pub(crate) blocks: Vec<(Header, World)>,
}

pub(crate) fn config() -> StoreConfig {
    StoreConfig {
        cache_bytes: 4 << 20,
        node_cache_bytes: 1 << 16,
        history_blocks: 64,
        threads: NonZeroUsize::MIN,
    }
}

pub(crate) fn genesis() -> (Header, World) {
    let mut world = World::new();
    let events =
        (0..6).map(|n| (n, Event::Set { nonce: 1, slots: (0..n).map(|slot| (slot, slot + 1)).collect() }));
    happen(&mut world, &events.collect());
    (Header { state_root: root_of(&world), ..Header::default() }, world)
}

pub(crate) fn genesis_accounts(world: &World) -> impl Iterator<Item = GenesisAccount> + '_ {
    world.iter().map(|(address, (account, storage))| GenesisAccount {
        address: *address,
        nonce: account.nonce,
        balance: account.balance,
        code: Bytes::new(),
        storage: storage.iter().map(|(slot, value)| (*slot, *value)).collect(),
    })
}

impl Chain {
    pub(crate) fn create(dir: &Path) -> Self {
        Self::create_with(dir, config())
    }

    pub(crate) fn create_with(dir: &Path, config: StoreConfig) -> Self {
        let (header, world) = genesis();
        let store = Store::create(dir, config, &header, genesis_accounts(&world)).unwrap();
        Self { store, blocks: vec![(header, world)] }
    }

    pub(crate) fn genesis_hash() -> B256 {
        genesis().0.hash_slow()
    }

    /// Makes the blocks that follow, without writing them.
    pub(crate) fn extend(&mut self, all: &[Events]) -> Vec<ExecutedBlock> {
        let mut trie = self.store.trie_at(self.head().number).unwrap();
        let mut blocks = Vec::new();
        for events in all {
            let (parent, mut world) = self.blocks.last().unwrap().clone();
            let update = happen(&mut world, events);
            let tries = Arc::new(update_root(&trie, trie.root(), &update, NonZeroUsize::MIN).unwrap());
            assert_eq!(tries.root, root_of(&world));
            trie = trie.over(Arc::clone(&tries));
            let header = Header {
                number: parent.number + 1,
                parent_hash: parent.hash_slow(),
                state_root: tries.root,
                extra_data: Bytes::from(format!("{events:?}").into_bytes()),
                ..Header::default()
            };
            blocks.push(ExecutedBlock {
                hash: header.hash_slow(),
                header: header.clone(),
                body: Body::default(),
                receipts: vec![Receipt::default(); events.len()],
                total_difficulty: U256::from(header.number),
                update: Arc::new(update),
                trie: tries,
            });
            self.blocks.push((header, world));
        }
        blocks
    }

    pub(crate) fn commit(&mut self, all: &[Events]) {
        let blocks = self.extend(all);
        self.store.commit(&blocks).unwrap();
    }

    /// Takes the store's blocks above this chain's head back and writes others, in one.
    pub(crate) fn reorg(&mut self, all: &[Events]) {
        let ancestor = self.head().number;
        let blocks: Vec<_> = self.extend(all).into_iter().map(Arc::new).collect();
        self.store.reorg(ancestor, &blocks).unwrap();
    }

    pub(crate) fn head(&self) -> BlockId {
        let header = &self.blocks.last().unwrap().0;
        BlockId { number: header.number, hash: header.hash_slow() }
    }

    /// Compares everything that the store can be asked with the chain in memory.
    pub(crate) fn check(&self) {
        assert_eq!(self.store.head(), self.head());
        self.store.check().unwrap();
        let (header, world) = self.blocks.last().unwrap();
        assert_eq!(self.store.recompute_root().unwrap(), header.state_root);
        check_state(&self.store.state(), &self.store.trie().unwrap(), world);
        for (header, world) in &self.blocks {
            let number = header.number;
            let hash = header.hash_slow();
            assert_eq!(self.store.canonical_hash(number).unwrap(), Some(hash));
            assert_eq!(self.store.header_by_number(number).unwrap().as_ref(), Some(header));
            if number < self.store.oldest_state() {
                assert!(matches!(self.store.state_at(number), Err(StateError::NoState { .. })));
                continue;
            }
            let trie = self.store.trie_at(number).unwrap();
            assert_eq!(trie.root(), header.state_root);
            check_state(&self.store.state_at(number).unwrap(), &trie, world);
        }
        let above = self.head().number + 1;
        assert!(matches!(self.store.state_at(above), Err(StateError::NoState { .. })));
        assert_eq!(self.store.canonical_hash(above).unwrap(), None);
    }
}

/// Compares a view, flat and as tries, with a world: every account and slot, and some that are not there.
pub(crate) fn check_state(view: &StateView, trie: &TrieView, world: &World) {
    assert_eq!(trie.root(), root_of(world));
    for number in 0..24 {
        let address = Address::repeat_byte(number);
        let hashed = keccak256(address);
        let (account, storage) = world.get(&address).cloned().unzip();
        let storage = storage.unwrap_or_default();
        assert_eq!(view.account(hashed).unwrap(), account);
        let in_trie = read_account(trie, trie.root(), hashed).unwrap();
        assert_eq!(
            in_trie.map(|account| (account.nonce, account.balance)),
            account.map(|a| (a.nonce, a.balance))
        );
        let all: BTreeMap<_, _> = storage.iter().map(|(slot, value)| (hash_slot(*slot), *value)).collect();
        assert_eq!(view.storage(hashed).unwrap(), all);
        for slot in (0..16).map(U256::from) {
            let value = storage.get(&slot).copied().unwrap_or_default();
            assert_eq!(view.slot(hashed, hash_slot(slot)).unwrap(), value);
            if let Some(account) = &in_trie {
                assert_eq!(read_slot(trie, hashed, account.storage_root, hash_slot(slot)).unwrap(), value);
            }
        }
    }
}

/// That a view is what the executor's workers need.
pub(crate) fn is_shared<T: NodeSource + Send + Sync + Clone + 'static>() {}
