use alloy_primitives::U256;
use proptest::prelude::*;
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    database::{InMemoryDB, State},
    state::{AccountStatus as Status, EvmStorageSlot, TransactionId},
};

use super::*;
use crate::merged::MergedState;

const ACCOUNTS: u8 = 12;

/// What a transaction does with an account.
#[derive(Clone, Copy, Debug)]
enum Event {
    Touch,
    Credit(u64),
    Nonce,
    Write(u64, u64),
    Delegate(u8),
    Destroy,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Touch),
        (1..9_u64).prop_map(Event::Credit),
        Just(Event::Nonce),
        (0..3_u64, 0..3_u64).prop_map(|(slot, value)| Event::Write(slot, value)),
        any::<u8>().prop_map(Event::Delegate),
        Just(Event::Destroy),
    ]
}

/// Accounts that do not exist, are empty, have a balance, a nonce, or code and storage.
fn database() -> InMemoryDB {
    let mut db = InMemoryDB::default();
    for at in (0..ACCOUNTS).filter(|at| at % 5 > 0) {
        let info = match at % 5 {
            1 => AccountInfo::default(),
            2 => AccountInfo::from_balance(U256::from(9)),
            3 => AccountInfo::default().with_nonce(1),
            _ => AccountInfo::from_bytecode(Bytecode::new_raw([at].into())).with_nonce(1),
        };
        let has_storage = info.nonce > 0 && !info.is_empty_code_hash();
        db.insert_account_info(Address::repeat_byte(at), info);
        if has_storage {
            db.insert_account_storage(Address::repeat_byte(at), U256::ONE, U256::from(2)).unwrap();
        }
    }
    db
}

fn transact<DB: Database>(state: &mut DB, at: u8, event: Event) -> Option<EvmState> {
    let address = Address::repeat_byte(at);
    let before = state.basic(address).ok()?;
    let mut account = before.map_or_else(|| Account::new_not_existing(TransactionId::ZERO), Account::from);
    account.mark_touch();
    match event {
        Event::Touch => {}
        Event::Credit(value) => account.info.balance += U256::from(value),
        Event::Nonce => account.info.nonce += 1,
        Event::Write(slot, value) => {
            let slot = U256::from(slot);
            let before = state.storage(address, slot).ok()?;
            account.info.nonce += 1;
            let value = EvmStorageSlot::new_changed(before, U256::from(value), TransactionId::ZERO);
            account.storage.insert(slot, value);
        }
        Event::Delegate(to) => {
            account.info.nonce += 1;
            account.info.set_code(Bytecode::new_eip7702(Address::repeat_byte(to)));
        }
        Event::Destroy => account.status |= Status::SelfDestructed,
    }
    Some(EvmState::from_iter([(address, account)]))
}

proptest! {
    /// Whatever happens to accounts, the parts' bundle is what revm's `State` makes of the transactions one by one.
    #[test]
    fn parts_make_the_bundle_of_the_whole(
        events in proptest::collection::vec((0..ACCOUNTS, event()), 0..40),
        helpers in 0..3_usize,
    ) {
        let mut whole = State::builder().with_database(database()).with_bundle_update().build();
        let parted = State::builder().with_database(database()).with_bundle_update().build();
        let mut parted = MergedState::new(parted);
        parted.begin_merging();
        for (at, event) in events {
            let changes = transact(&mut whole, at, event).unwrap();
            if at % 2 == 0 {
                parted.basic(Address::repeat_byte(at)).unwrap();
            }
            parted.commit(changes.clone());
            whole.commit(changes);
        }
        whole.merge_transitions(BundleRetention::Reverts);
        let assembly = Assembly::new();
        let parted = std::thread::scope(|scope| {
            let _expecting = assembly.expect();
            (0..helpers).for_each(|_| drop(scope.spawn(|| assembly.help())));
            parted.into_bundled(&assembly).unwrap()
        });
        prop_assert_eq!(parted.bundle_state, whole.bundle_state);
    }
}

/// A part with one account, whose nonce changed.
fn part(at: u8) -> Part {
    let mut account = Account::from(AccountInfo::from_balance(U256::from(9)));
    account.info.nonce = 1;
    account.mark_touch();
    Part { changes: EvmState::from_iter([(Address::repeat_byte(at), account)]), ..Part::default() }
}

#[test]
fn accounts_are_in_all_parts() {
    let mut counts = [0; PART_COUNT];
    (0..=u8::MAX).for_each(|byte| counts[part_of(&Address::repeat_byte(byte))] += 1);
    assert_eq!(counts, [256 / PART_COUNT; PART_COUNT]);
}

/// What a worker built and what the frontier did come to one bundle.
#[test]
fn parts_of_a_worker_are_in_the_bundle() {
    let whole = Assembly::new().assemble((1..=5).map(part).collect()).unwrap();
    assert_eq!((whole.state.len(), whole.reverts[0].len()), (5, 5));
    let assembly = Assembly::new();
    *assembly.parts.lock() = (1..=3).map(part).collect();
    assembly.help();
    assert_eq!(assembly.parts.lock().len(), 3, "nobody says that there are any");
    assembly.stage.store(stage::OPEN, Ordering::Relaxed);
    assembly.help();
    assert_eq!(assembly.built.lock().iter().map(|(count, _)| *count).collect::<Vec<_>>(), [3]);
    assert_eq!(assembly.helpers.load(Ordering::Relaxed), 0);
    let mut parted = assembly.assemble((4..=5).map(part).collect()).unwrap();
    parted.reverts.sort();
    let mut whole = whole;
    whole.reverts.sort();
    assert_eq!(parted, whole);
}

/// What a thread does that takes one part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Helper {
    Builds,
    Panics,
}

/// Assembles many parts while a thread takes one, and says whether it was in time.
fn is_helped(helper: Helper) -> bool {
    let assembly = Assembly::new();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            while assembly.stage.load(Ordering::Relaxed) < stage::OPEN {
                spin_loop();
            }
            assembly.helpers.fetch_add(1, Ordering::Relaxed);
            let _helping = Helping(&assembly);
            let part = assembly.parts.lock().pop();
            let is_in_time = part.is_some();
            if let Some(part) = part.filter(|_| helper == Helper::Builds) {
                let mut bundle = BundleState::default();
                part.build(&mut bundle);
                // The frontier has nothing left to do, and waits.
                while assembly.stage.load(Ordering::Relaxed) < stage::CLOSED {
                    spin_loop();
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
                assembly.built.lock().push((1, bundle));
            }
            is_in_time
        });
        let assembled = assembly.assemble((0..=u8::MAX).map(part).collect());
        let is_in_time = thread.join().expect("does not panic");
        if is_in_time && helper == Helper::Panics {
            assert!(assembled.is_err());
        } else {
            let bundle = assembled.expect("no part is lost");
            assert_eq!((bundle.state.len(), bundle.reverts[0].len()), (256, 256));
        }
        is_in_time
    })
}

/// A worker that took a part and does not give what it built is an error, not a bundle without it.
#[test]
fn part_that_another_builds_counts_and_one_that_is_lost_is_told() {
    for helper in [Helper::Builds, Helper::Panics] {
        assert!((0..10_000).any(|_| is_helped(helper)), "nobody was in time");
    }
}

#[test]
fn block_that_ends_expects_nothing() {
    let assembly = Assembly::new();
    let expecting = assembly.expect();
    assert_eq!(assembly.stage.load(Ordering::Relaxed), stage::EXPECTED);
    drop(expecting);
    assert_eq!(assembly.stage.load(Ordering::Relaxed), stage::CLOSED);
}

/// Accounts that begin or end are left to revm, in a part that nobody but the part knows.
#[test]
fn particular_changes_of_a_part_are_what_state_makes_of_them() {
    let known = AccountInfo::from_balance(U256::from(9)).with_nonce(1);
    let changes: [fn(&mut Account); 3] = [
        |account| account.status |= Status::SelfDestructed,
        |account| account.mark_created(),
        |account| account.info = AccountInfo::default(),
    ];
    for change in changes {
        let address = Address::repeat_byte(1);
        let mut account = Account::from(known.clone());
        account.mark_touch();
        change(&mut account);
        let changes = EvmState::from_iter([(address, account)]);

        let mut db = InMemoryDB::default();
        db.insert_account_info(address, known.clone());
        let mut whole = State::builder().with_database(db).with_bundle_update().build();
        whole.basic(address).unwrap();
        whole.commit(changes.clone());
        whole.merge_transitions(BundleRetention::Reverts);

        let part = Part { changes, ..Part::default() };
        assert_eq!(Assembly::new().assemble(vec![part]).unwrap(), whole.bundle_state);
    }
}
