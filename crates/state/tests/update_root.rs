//! Compares the incremental root with the full one over random blocks, and looks at edge cases one by one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, num::NonZeroUsize};

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::proof::verify_proof;
use proptest::{collection::vec, prelude::*};
use tandem_state::{
    Account, AccountUpdate, EMPTY_ROOT_HASH, KECCAK_EMPTY, NodesByHash, StateAccount, StateUpdate,
    StorageBase, StorageUpdate, TrieError, TrieOwner, TrieUpdate, state_root,
    trie::{Nibbles, Recorder, account_proof, read_account, read_slot},
    update::hash_slot,
    update_root,
};

use support::NodesByPath;

mod support;

type Storage = BTreeMap<U256, U256>;

#[derive(Clone, Debug, Default)]
struct World {
    accounts: BTreeMap<Address, (Account, Storage)>,
    nodes: NodesByPath,
    root: B256,
}

/// What happens to one account in one block.
#[derive(Clone, Debug)]
enum Event {
    Set { nonce: u64, balance: u64, slots: Vec<(u8, u8)> },
    Remove,
    Recreate { slots: Vec<(u8, u8)> },
    Empty,
}

fn account(nonce: u64, balance: u64) -> Account {
    Account { nonce, balance: U256::from(balance), code_hash: KECCAK_EMPTY }
}

fn slots() -> impl Strategy<Value = Vec<(u8, u8)>> {
    vec((0u8..20, prop_oneof![Just(0u8), any::<u8>()]), 0..12)
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (0u64..3, any::<u64>(), slots()).prop_map(|(nonce, balance, slots)| Event::Set { nonce, balance, slots }),
        2 => Just(Event::Remove),
        2 => slots().prop_map(|slots| Event::Recreate { slots }),
        1 => Just(Event::Empty),
    ]
}

type Block = BTreeMap<u8, Event>;

fn block() -> impl Strategy<Value = Block> {
    proptest::collection::btree_map(0u8..40, event(), 0..30)
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

impl World {
    fn new() -> Self {
        Self { root: EMPTY_ROOT_HASH, ..Self::default() }
    }

    fn set(
        &mut self,
        address: Address,
        account: Account,
        base: StorageBase,
        slots: &[(U256, U256)],
    ) -> AccountUpdate {
        let entry = self.accounts.entry(address).or_insert((account, Storage::new()));
        entry.0 = account;
        if base == StorageBase::Wiped {
            entry.1.clear();
        }
        let mut storage = StorageUpdate { base, ..StorageUpdate::default() };
        for (slot, value) in slots {
            storage.slots.insert(hash_slot(*slot), *value);
            if value.is_zero() {
                entry.1.remove(slot)
            } else {
                entry.1.insert(*slot, *value)
            };
        }
        AccountUpdate::new(account, storage)
    }

    fn happen(&mut self, block: &Block) -> StateUpdate {
        let mut update = StateUpdate::default();
        for (number, event) in block {
            let address = Address::repeat_byte(*number);
            let short = |slots: &[(u8, u8)]| -> Vec<_> {
                slots.iter().map(|(slot, value)| (U256::from(*slot), U256::from(*value))).collect()
            };
            let change = match event {
                Event::Set { nonce, balance, slots } => {
                    self.set(address, account(*nonce, *balance), StorageBase::Kept, &short(slots))
                }
                Event::Recreate { slots } => {
                    self.set(address, account(1, 0), StorageBase::Wiped, &short(slots))
                }
                Event::Empty => self.set(address, account(0, 0), StorageBase::Kept, &[]),
                Event::Remove => {
                    self.accounts.remove(&address);
                    AccountUpdate::removed()
                }
            };
            update.accounts.insert(keccak256(address), change);
        }
        update
    }

    /// Applies an update on several numbers of threads and compares with the root from scratch.
    fn check(&mut self, update: &StateUpdate) -> TrieUpdate {
        let one = update_root(&self.nodes, self.root, update, threads(1)).unwrap();
        assert_eq!(one, update_root(&self.nodes, self.root, update, threads(3)).unwrap());
        assert_eq!(one.root, self.full_root());
        self.nodes.apply(&one);
        self.root = one.root;
        one
    }

    fn full_root(&self) -> B256 {
        state_root(self.accounts.iter().map(|(address, (account, storage))| StateAccount {
            address: *address,
            nonce: account.nonce,
            balance: account.balance,
            code_hash: account.code_hash,
            storage: storage.clone(),
        }))
    }

    fn nodes_from_scratch(&self) -> NodesByPath {
        let mut update = StateUpdate::default();
        for (address, (account, storage)) in &self.accounts {
            update.insert(*address, *account, storage.clone());
        }
        let mut nodes = NodesByPath::default();
        nodes.apply(&update_root(&NodesByHash::default(), EMPTY_ROOT_HASH, &update, threads(1)).unwrap());
        nodes
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_block_gives_the_full_root_and_exactly_its_nodes(blocks in vec(block(), 1..8)) {
        let mut world = World::new();
        for block in &blocks {
            let update = world.happen(block);
            world.check(&update);
            prop_assert_eq!(&world.nodes, &world.nodes_from_scratch());
        }
    }

    /// What a block needed, recorded, is enough to do it again; reads and proofs agree with the model.
    #[test]
    fn recorded_nodes_are_a_witness(before in block(), after in block(), asked in 0u8..40) {
        let mut world = World::new();
        let update = world.happen(&before);
        world.check(&update);
        let parent = world.clone();
        let update = world.happen(&after);

        let recorder = Recorder::new(&parent.nodes);
        let expected = update_root(&recorder, parent.root, &update, threads(2)).unwrap();
        let witness: NodesByHash = recorder.into_nodes().into_iter().collect();
        prop_assert_eq!(update_root(&witness, parent.root, &update, threads(1)).unwrap(), expected);

        let address = Address::repeat_byte(asked);
        let slots: Vec<_> = (0..20).map(U256::from).collect();
        let proof = account_proof(&parent.nodes, parent.root, address, &slots).unwrap();
        let model = parent.accounts.get(&address);
        let leaf = model.is_some().then(|| alloy_rlp::encode(proof.account));
        verify_proof(parent.root, Nibbles::unpack(keccak256(address)), leaf, &proof.account_proof).unwrap();
        let read = read_account(&parent.nodes, parent.root, keccak256(address)).unwrap();
        prop_assert_eq!(read.map(|account| account.balance), model.map(|(account, _)| account.balance));
        for slot in &proof.storage_proof {
            let expected = model.and_then(|(_, storage)| storage.get(&slot.key)).copied().unwrap_or_default();
            prop_assert_eq!(slot.value, expected);
            let leaf = (!expected.is_zero()).then(|| alloy_rlp::encode(expected));
            let path = Nibbles::unpack(hash_slot(slot.key));
            verify_proof(proof.account.storage_root, path, leaf, &slot.proof).unwrap();
        }
    }
}

/// More changes than are needed to divide tries, in one account's storage and in the account trie.
#[test]
fn large_storages_and_many_accounts_are_divided() {
    let mut world = World::new();
    let long = Address::repeat_byte(0xcc);
    let all: Vec<_> = (0..3000u64).map(|slot| (U256::from(slot), U256::from(slot + 1))).collect();
    let mut update = StateUpdate::default();
    update.accounts.insert(keccak256(long), world.set(long, account(1, 1), StorageBase::Kept, &all));
    for number in 0..2000u64 {
        let address = Address::left_padding_from(&number.to_be_bytes());
        update
            .accounts
            .insert(keccak256(address), world.set(address, account(number, 7), StorageBase::Kept, &[]));
    }
    world.check(&update);

    // Every second slot goes, some change; most accounts go, one by one below a part's top too.
    let some: Vec<_> = (0..3000u64)
        .filter(|slot| slot % 2 == 0 || slot % 7 == 0)
        .map(|slot| (U256::from(slot), if slot % 2 == 0 { U256::ZERO } else { U256::from(slot) }))
        .collect();
    let mut update = StateUpdate::default();
    update.accounts.insert(keccak256(long), world.set(long, account(2, 1), StorageBase::Kept, &some));
    for number in 0..1990u64 {
        let address = Address::left_padding_from(&number.to_be_bytes());
        world.accounts.remove(&address);
        update.accounts.insert(keccak256(address), AccountUpdate::removed());
    }
    world.check(&update);
    assert_eq!(world.nodes, world.nodes_from_scratch());

    // All of the storage, slot by slot, and all other accounts: a root branch whose parts all become empty.
    let rest: Vec<_> = world.accounts[&long].1.keys().map(|slot| (*slot, U256::ZERO)).collect();
    let mut update = StateUpdate::default();
    update.accounts.insert(keccak256(long), world.set(long, account(2, 1), StorageBase::Kept, &rest));
    world.check(&update);
    assert!(!world.nodes.0.keys().any(|(owner, _)| matches!(owner, TrieOwner::Storage(_))));

    let mut update = StateUpdate::default();
    for address in std::mem::take(&mut world.accounts).into_keys() {
        update.accounts.insert(keccak256(address), AccountUpdate::removed());
    }
    world.check(&update);
    assert_eq!((world.root, world.nodes), (EMPTY_ROOT_HASH, NodesByPath::default()));
}

/// A divided trie of which one part only is left, that part's top being known by hash.
#[test]
fn a_divided_trie_falls_onto_an_untouched_part() {
    let mut world = World::new();
    let mut update = StateUpdate::default();
    for number in 0..600u64 {
        let address = Address::left_padding_from(&number.to_be_bytes());
        update
            .accounts
            .insert(keccak256(address), world.set(address, account(number, 7), StorageBase::Kept, &[]));
    }
    world.check(&update);
    let mut update = StateUpdate::default();
    world.accounts.retain(|address, _| {
        let keep = keccak256(address)[0] >> 4 == 5;
        if !keep {
            update.accounts.insert(keccak256(address), AccountUpdate::removed());
        }
        keep
    });
    assert!(world.accounts.len() > 10);
    world.check(&update);
    assert_eq!(world.nodes, world.nodes_from_scratch());
}

#[test]
fn a_storage_of_which_a_node_is_missing_is_named() {
    let mut world = World::new();
    let address = Address::repeat_byte(1);
    let slots: Vec<_> = (0..40u64).map(|slot| (U256::from(slot), U256::from(9))).collect();
    let mut update = StateUpdate::default();
    update.accounts.insert(keccak256(address), world.set(address, account(1, 1), StorageBase::Kept, &slots));
    world.check(&update);
    let owner = TrieOwner::Storage(keccak256(address));
    let account = read_account(&world.nodes, world.root, keccak256(address)).unwrap().unwrap();
    let mut lacking = world.nodes.clone();
    lacking.0.remove(&(owner, Nibbles::default())).unwrap();
    let error =
        read_slot(&lacking, keccak256(address), account.storage_root, hash_slot(U256::from(3))).unwrap_err();
    assert!(matches!(
        error,
        TrieError::Missing { owner: named, hash, .. } if named == owner && hash == account.storage_root
    ));
    let change =
        world.happen(&BTreeMap::from([(1, Event::Set { nonce: 1, balance: 1, slots: vec![(3, 4)] })]));
    assert!(matches!(
        update_root(&lacking, world.root, &change, threads(1)),
        Err(TrieError::Missing { owner: named, .. }) if named == owner
    ));
}
