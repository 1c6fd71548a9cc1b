//! Compares the second computation of a root with the first, and with the root from scratch, over random blocks.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, num::NonZeroUsize};

use alloy_primitives::{Address, U256, map::HashMap};
use proptest::{collection::vec, prelude::*};
use revm::{
    database::{AccountStatus, BundleAccount, BundleState, states::StorageSlot},
    state::AccountInfo,
};
use support::NodesByPath;
use tandem_state::{
    EMPTY_ROOT_HASH, KECCAK_EMPTY, StateAccount, StateUpdate, rebuild_root, state_root, update_root,
};

mod support;

type World = BTreeMap<Address, (AccountInfo, BTreeMap<U256, U256>)>;

/// What a block does to an account: changes it, makes it anew, or removes it.
#[derive(Clone, Debug)]
enum Event {
    Change { balance: u64, slots: Vec<(u8, u8)> },
    Anew { slots: Vec<(u8, u8)> },
    Remove,
}

fn slots() -> impl Strategy<Value = Vec<(u8, u8)>> {
    vec((0u8..24, prop_oneof![Just(0u8), any::<u8>()]), 0..14)
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (any::<u64>(), slots()).prop_map(|(balance, slots)| Event::Change { balance, slots }),
        1 => slots().prop_map(|slots| Event::Anew { slots }),
        3 => Just(Event::Remove),
    ]
}

fn happen(world: &mut World, block: &BTreeMap<u8, Event>) -> BundleState {
    let mut bundle = BundleState::default();
    for (number, event) in block {
        let address = Address::repeat_byte(*number);
        let before = world.get(&address).map(|(info, _)| info.clone());
        let (balance, slots, status) = match event {
            Event::Remove => {
                world.remove(&address);
                let account = BundleAccount::new(before, None, HashMap::default(), AccountStatus::Destroyed);
                bundle.state.insert(address, account);
                continue;
            }
            Event::Change { balance, slots } => (*balance, slots, AccountStatus::Changed),
            Event::Anew { slots } => (0, slots, AccountStatus::DestroyedChanged),
        };
        let info = AccountInfo { balance: U256::from(balance), ..AccountInfo::default() };
        let (now, storage) = world.entry(address).or_default();
        *now = info.clone();
        if status == AccountStatus::DestroyedChanged {
            storage.clear();
        }
        let mut changed = HashMap::default();
        for (slot, value) in slots {
            let (slot, value) = (U256::from(*slot), U256::from(*value));
            let slot_before = storage.get(&slot).copied().unwrap_or_default();
            changed.insert(slot, StorageSlot::new_changed(slot_before, value));
            storage.insert(slot, value);
        }
        storage.retain(|_, value| !value.is_zero());
        bundle.state.insert(address, BundleAccount::new(before, Some(info), changed, status));
    }
    bundle
}

fn from_scratch(world: &World) -> alloy_primitives::B256 {
    state_root(world.iter().map(|(address, (info, storage))| StateAccount {
        address: *address,
        nonce: info.nonce,
        balance: info.balance,
        code_hash: KECCAK_EMPTY,
        storage: storage.iter().map(|(slot, value)| (*slot, *value)).collect::<Vec<_>>(),
    }))
}

proptest! {
    #[test]
    fn second_root_is_the_first_and_the_one_from_scratch(
        blocks in vec(proptest::collection::btree_map(0u8..40, event(), 0..30), 1..8)
    ) {
        let (mut world, mut nodes, mut root) = (World::new(), NodesByPath::default(), EMPTY_ROOT_HASH);
        for block in &blocks {
            let bundle = happen(&mut world, block);
            let second = rebuild_root(&nodes, root, &bundle).unwrap();
            let update = update_root(&nodes, root, &StateUpdate::from_bundle(&bundle), NonZeroUsize::MIN).unwrap();
            prop_assert_eq!(second, from_scratch(&world));
            prop_assert_eq!(second, update.root);
            nodes.apply(&update);
            root = second;
        }
    }
}
