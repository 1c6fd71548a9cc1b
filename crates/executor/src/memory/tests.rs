//! The memory against a plain model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::writes::BalanceDelta;

const ADDRESS: Address = Address::repeat_byte(1);

/// One transaction's effect on one account with two slots.
#[derive(Clone, Debug)]
enum Effect {
    Nothing,
    Credit(u64),
    Slot(u8, u64),
    Create(u64),
    Destroy,
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Nothing),
        (1..100u64).prop_map(Effect::Credit),
        (0..2u8, 0..3u64).prop_map(|(slot, value)| Effect::Slot(slot, value)),
        (0..100u64).prop_map(Effect::Create),
        Just(Effect::Destroy),
    ]
}

fn info(balance: u64) -> AccountInfo {
    AccountInfo { balance: U256::from(balance), nonce: 1, ..AccountInfo::default() }
}

fn writes(effect: &Effect) -> WriteSet {
    let credit = |credit: u64| AccountChange::Fields {
        balance: BalanceDelta::Credit(U256::from(credit)),
        nonce: None,
        code: None,
    };
    let (change, slots) = match effect {
        Effect::Nothing => return WriteSet::default(),
        Effect::Credit(value) => (credit(*value), vec![]),
        Effect::Slot(slot, value) => (credit(0), vec![(U256::from(*slot), U256::from(*value))]),
        Effect::Create(balance) => (AccountChange::Created(Box::new(info(*balance))), vec![]),
        Effect::Destroy => (AccountChange::Gone, vec![]),
    };
    WriteSet { accounts: vec![AccountWrite { address: ADDRESS, change, slots }] }
}

/// The plain model: a balance, where the account exists, and slots, where they are known not to be the base's.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    balance: Option<u64>,
    slots: BTreeMap<u8, u64>,
    reset: bool,
}

impl Model {
    fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Nothing => {}
            Effect::Credit(value) => self.balance = Some(self.balance.unwrap_or(0) + value),
            Effect::Slot(slot, value) => {
                self.balance.get_or_insert(0);
                self.slots.insert(*slot, *value);
            }
            Effect::Create(_) | Effect::Destroy => {
                self.balance = match effect {
                    Effect::Create(balance) => Some(*balance),
                    _ => None,
                };
                self.slots.clear();
                self.reset = true;
            }
        }
    }

    fn slot(&self, slot: u8) -> Option<u64> {
        self.slots.get(&slot).copied().or_else(|| self.reset.then_some(0))
    }
}

proptest! {
    /// Whatever part is committed, whatever is published out of order or twice, a reader sees the fold of all
    /// transactions before it.
    #[test]
    fn reader_sees_the_fold_of_lower_transactions(
        effects in prop::collection::vec(effect(), 1..48),
        stale in prop::collection::vec(effect(), 48),
        committed in 0..48usize,
        folded in prop::collection::vec(any::<bool>(), 48),
        reader in 0..49usize,
        overtaken in prop::collection::vec(0..48usize, 0..4),
    ) {
        let memory = MultiVersionMemory::new(None);
        for (at, effect) in effects.iter().enumerate().rev() {
            memory.publish(TxIndex(at), &writes(&stale[at]), None);
            memory.publish(TxIndex(at), &writes(effect), Some(&writes(&stale[at])));
        }
        let committed = committed.min(effects.len());
        let mut model = Model { balance: Some(5), slots: BTreeMap::new(), reset: false };
        for (at, effect) in effects.iter().enumerate().take(committed) {
            model.apply(effect);
            if !folded[at] {
                continue;
            }
            for write in &writes(effect).accounts {
                memory.commit(Some(TxIndex(at)), write, model.balance.map(info));
            }
        }
        let reader = reader.max(committed);
        for effect in effects.iter().take(reader).skip(committed) {
            model.apply(effect);
        }
        // Readers before it leave sums; versions that come and go between must not make them wrong.
        for at in overtaken {
            memory.account(ADDRESS, TxIndex(reader), || Ok(Some(info(5)))).unwrap();
            if (committed..effects.len()).contains(&at) {
                memory.publish(TxIndex(at), &writes(&stale[at]), Some(&writes(&effects[at])));
                memory.account(ADDRESS, TxIndex(reader), || Ok(Some(info(5)))).unwrap();
                memory.publish(TxIndex(at), &writes(&effects[at]), Some(&writes(&stale[at])));
            }
        }
        let (account, _) = memory.account(ADDRESS, TxIndex(reader), || Ok(Some(info(5)))).unwrap();
        prop_assert_eq!(account.map(|info| info.balance), model.balance.map(U256::from));
        for slot in 0..2 {
            let seen = memory.slot(ADDRESS, U256::from(slot), TxIndex(reader));
            prop_assert_eq!(seen, model.slot(slot).map(U256::from));
        }
    }

    /// What is retracted leaves no trace.
    #[test]
    fn retracted_writes_are_gone(effect in effect()) {
        let memory = MultiVersionMemory::new(None);
        memory.publish(TxIndex(0), &writes(&effect), None);
        memory.retract(TxIndex(0), &writes(&effect));
        let (account, origin) = memory.account(ADDRESS, TxIndex(1), || Ok(Some(info(5)))).unwrap();
        prop_assert_eq!(account, Some(info(5)));
        prop_assert_eq!(origin, Origin::Base);
        prop_assert_eq!(memory.slot(ADDRESS, U256::ZERO, TxIndex(1)), None);
    }
}
