//! The memory against a plain model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    attempt::Code,
    writes::{BalanceDelta, SlotWrite},
};

const ADDRESS: Address = Address::repeat_byte(1);

/// What one transaction leaves of one account with two slots.
#[derive(Clone, Debug)]
enum Effect {
    Nothing,
    Balance(u64),
    Slot(u8, u64),
    Create(u64),
    Destroy,
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Nothing),
        (1..100u64).prop_map(Effect::Balance),
        (0..2u8, 0..3u64).prop_map(|(slot, value)| Effect::Slot(slot, value)),
        (0..100u64).prop_map(Effect::Create),
        Just(Effect::Destroy),
    ]
}

fn fields(balance: u64) -> AccountFields {
    AccountFields { balance: U256::from(balance), nonce: 1, ..AccountFields::ABSENT }
}

fn writes(effect: &Effect) -> WriteSet {
    let (change, balance, after, slots) = match effect {
        Effect::Nothing => return WriteSet::default(),
        Effect::Balance(left) => (AccountChange::Balance, 1, *left, vec![]),
        Effect::Slot(slot, value) => {
            let write =
                SlotWrite { slot: U256::from(*slot), original: U256::MAX, present: U256::from(*value) };
            (AccountChange::Balance, 0, 0, vec![write])
        }
        Effect::Create(balance) => (AccountChange::Created, 1, *balance, vec![]),
        Effect::Destroy => (AccountChange::Gone, 1, 0, vec![]),
    };
    let account = AccountWrite {
        address: ADDRESS,
        change,
        balance: BalanceDelta::Credit(U256::from(balance)),
        after: fields(after),
        new_code: None,
        code: Code::Apart,
        slot_count: slots.len(),
    };
    WriteSet { accounts: vec![account], slots }
}

/// The plain model: the balance that was left last, `None` in it where the account is gone, and slots, where they are
/// known not to be the base's.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    balance: Option<Option<u64>>,
    slots: BTreeMap<u8, u64>,
    reset: bool,
}

impl Model {
    fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Nothing => {}
            Effect::Balance(left) => self.balance = Some(Some(*left)),
            Effect::Slot(slot, value) => drop(self.slots.insert(*slot, *value)),
            Effect::Create(_) | Effect::Destroy => {
                self.balance = match effect {
                    Effect::Create(balance) => Some(Some(*balance)),
                    _ => Some(None),
                };
                self.slots.clear();
                self.reset = true;
            }
        }
    }

    fn slot(&self, slot: u8) -> Option<u64> {
        self.slots.get(&slot).copied().or_else(|| self.reset.then_some(0))
    }

    /// Whether a reader at `at` finds in the memory what the model has.
    fn is_seen(&self, memory: &MultiVersionMemory, at: usize) -> bool {
        let account = memory.account(ADDRESS, TxIndex(at));
        let balance = account.map(|account| account.map(|info| info.balance));
        balance == self.balance.map(|balance| balance.map(U256::from))
            && (0..2).all(|slot| {
                let seen = memory.slot(ADDRESS, U256::from(slot), TxIndex(at));
                seen == self.slot(slot).map(U256::from)
            })
    }
}

proptest! {
    /// Whatever is published out of order or twice, a reader sees the last of all transactions before it.
    #[test]
    fn reader_sees_the_last_of_lower_transactions(
        effects in prop::collection::vec(effect(), 1..48),
        stale in prop::collection::vec(effect(), 48),
        before in effect(),
        mended in prop::collection::vec((0..48usize, 0..100u64), 0..4),
    ) {
        let memory = MultiVersionMemory::new(None);
        memory.publish(None, &writes(&before), None);
        for (at, effect) in effects.iter().enumerate().rev() {
            memory.publish(Some(TxIndex(at)), &writes(&stale[at]), None);
            memory.publish(Some(TxIndex(at)), &writes(effect), Some(&writes(&stale[at])));
        }
        let mut effects = effects;
        for (at, balance) in mended {
            if let Some(effect @ Effect::Balance(_)) = effects.get_mut(at) {
                memory.mend(TxIndex(at), ADDRESS, fields(balance));
                *effect = Effect::Balance(balance);
            }
        }
        let mut model = Model::default();
        model.apply(&before);
        for (at, effect) in effects.iter().enumerate() {
            prop_assert!(model.is_seen(&memory, at), "reader {at}");
            model.apply(effect);
        }
        prop_assert!(model.is_seen(&memory, effects.len()));
    }

    /// What is retracted leaves no trace.
    #[test]
    fn retracted_writes_are_gone(effect in effect()) {
        let memory = MultiVersionMemory::new(None);
        memory.publish(Some(TxIndex(0)), &writes(&effect), None);
        memory.publish(Some(TxIndex(0)), &WriteSet::default(), Some(&writes(&effect)));
        prop_assert!(Model::default().is_seen(&memory, 1));
    }
}

/// Plain credits of the fee recipient are nobody's business.
#[test]
fn credits_of_the_fee_recipient_are_not_kept() {
    let memory = MultiVersionMemory::new(Some(ADDRESS));
    memory.publish(Some(TxIndex(0)), &writes(&Effect::Balance(7)), None);
    assert!(memory.account(ADDRESS, TxIndex(1)).is_none());
}

/// Whatever else becomes of it is, and so are other accounts.
#[test]
fn only_credits_and_only_of_the_fee_recipient_are_left_out() {
    let published = |fee_recipient, change, balance| {
        let memory = MultiVersionMemory::new(Some(fee_recipient));
        let mut writes = writes(&Effect::Balance(7));
        (writes.accounts[0].change, writes.accounts[0].balance) = (change, balance);
        memory.publish(Some(TxIndex(0)), &writes, None);
        memory.account(ADDRESS, TxIndex(1)).is_some()
    };
    let (credit, debit) = (BalanceDelta::Credit(U256::ONE), BalanceDelta::Debit(U256::ONE));
    assert!(!published(ADDRESS, AccountChange::Balance, credit));
    assert!(published(ADDRESS, AccountChange::Balance, debit));
    assert!(published(ADDRESS, AccountChange::Nonce, credit));
    assert!(published(Address::ZERO, AccountChange::Balance, credit));
    // Nor is what was touched only.
    let nothing = BalanceDelta::Credit(U256::ZERO);
    assert!(!published(Address::ZERO, AccountChange::Balance, nothing));
    assert!(published(Address::ZERO, AccountChange::Nonce, nothing));
}

#[test]
fn slot_that_a_creation_sets_is_not_lost_with_what_was_before() {
    let memory = MultiVersionMemory::new(None);
    memory.publish(Some(TxIndex(0)), &writes(&Effect::Slot(0, 5)), None);
    memory.publish(Some(TxIndex(0)), &writes(&Effect::Slot(1, 5)), None);
    let mut creation = writes(&Effect::Slot(1, 6));
    creation.accounts[0].change = AccountChange::Created;
    memory.publish(Some(TxIndex(1)), &creation, None);
    let slot = |slot| memory.slot(ADDRESS, U256::from(slot), TxIndex(2));
    assert_eq!([slot(0), slot(1)], [Some(U256::ZERO), Some(U256::from(6))]);
}

#[test]
fn code_that_an_account_was_given_is_found_with_it_and_by_its_hash() {
    let memory = MultiVersionMemory::new(None);
    let code = Bytecode::new_eip7702(ADDRESS);
    let mut writes = writes(&Effect::Balance(7));
    writes.accounts[0].change = AccountChange::Code;
    writes.accounts[0].after.code_hash = code.hash_slow();
    writes.accounts[0].new_code = Some(code.clone());
    memory.publish(Some(TxIndex(0)), &writes, None);
    let found = memory.account(ADDRESS, TxIndex(1)).unwrap().unwrap();
    assert_eq!((found.code_hash, found.code), (code.hash_slow(), Some(code.clone())));
    assert_eq!((memory.code(code.hash_slow()), memory.code(B256::ZERO)), (Some(code), None));
}

/// Locations spread over buckets and marks, of which there are fewer.
#[test]
fn locations_have_hashes_of_their_own() {
    let memory = MultiVersionMemory::new(None);
    let numbers = 1..=100_u64;
    let address = |number: u64| Address::from_word(B256::from(U256::from(number) << 64));
    let accounts = numbers.clone().map(|number| memory.account_hash(address(number)));
    let slots = numbers.clone().map(|number| memory.slot_hash(ADDRESS, U256::from(number) << 64));
    let contracts = numbers.map(|number| memory.slot_hash(address(number), U256::ONE));
    let hashes: std::collections::BTreeSet<u64> = accounts.chain(slots).chain(contracts).collect();
    assert_eq!(hashes.len(), 300);
}
