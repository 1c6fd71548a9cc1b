use std::sync::Arc;

use revm::{
    database::{BundleState, InMemoryDB},
    state::bal::Bal,
};

use super::*;
use crate::needs::{BalanceNeed, FieldNeed, Needs};

/// Accounts that do not exist, are empty, have a balance, have a nonce too, or code and storage.
const ABSENT: Address = Address::repeat_byte(0xa0);
const EMPTY: Address = Address::repeat_byte(0xa1);
const RICH: Address = Address::repeat_byte(0xa2);
const KNOWN: Address = Address::repeat_byte(0xa3);
const CONTRACT: Address = Address::repeat_byte(0xa4);

const CREDIT: Needs =
    Needs { balance: BalanceNeed::Nothing, nonce: FieldNeed::Nothing, emptiness: FieldNeed::Nothing };

fn code() -> Bytecode {
    Bytecode::new_raw([0x00].into())
}

/// A database that gives code by its hash only.
fn database() -> InMemoryDB {
    let mut db = InMemoryDB::default();
    let balance = |balance: u64| AccountInfo::from_balance(U256::from(balance));
    db.insert_account_info(EMPTY, AccountInfo::default());
    db.insert_account_info(RICH, balance(100));
    db.insert_account_info(KNOWN, balance(100).with_nonce(1));
    db.insert_account_info(CONTRACT, AccountInfo::from_bytecode(code()).with_nonce(1));
    db.cache.accounts.values_mut().for_each(|account| account.info.code = None);
    db.insert_account_storage(CONTRACT, U256::ONE, U256::from(2)).unwrap();
    // Left by a contract of old: an account with storage that has neither nonce nor code.
    db.insert_account_storage(RICH, U256::ONE, U256::from(2)).unwrap();
    db
}

fn state() -> State<InMemoryDB> {
    State::builder().with_database(database()).with_bundle_update().build()
}

fn merging(state: State<InMemoryDB>) -> MergedState<InMemoryDB> {
    let mut merged = MergedState::new(state);
    merged.begin_merging();
    merged
}

/// An account as the EVM returns it that saw it as `seen`.
fn left(seen: Option<AccountInfo>, change: impl FnOnce(&mut Account)) -> Account {
    let mut account = seen.map_or_else(|| Account::new_not_existing(TransactionId::ZERO), Account::from);
    account.mark_touch();
    change(&mut account);
    account
}

fn credited(seen: Option<AccountInfo>, value: u64) -> Account {
    left(seen, |account| account.info.balance += U256::from(value))
}

fn written(account: &mut Account, slot: u64, original: u64, present: u64) {
    let value = EvmStorageSlot::new_changed(U256::from(original), U256::from(present), TransactionId::ZERO);
    account.storage.insert(U256::from(slot), value);
}

/// An attempt that saw accounts of the base and left them so.
fn attempt(accounts: impl IntoIterator<Item = (Address, Account)>) -> Attempt<()> {
    let mut attempt = Attempt::blank(0);
    for (address, account) in accounts {
        let seen = (!account.is_loaded_as_not_existing()).then(|| account.original_info());
        let seen = seen.as_ref().map(AccountFields::from);
        attempt.writes.add(address, &account, &seen.unwrap_or(AccountFields::ABSENT));
        attempt.needs.push(CREDIT);
        let (origin, code) = (Origin::Base, Code::Apart);
        attempt.reads.accounts.push(AccountRead { address, seen, nonce_found: None, origin, code });
        attempt.state.insert(address, account);
    }
    attempt
}

fn base(address: Address) -> Option<AccountInfo> {
    database().basic(address).unwrap()
}

fn slot_read(slot: u64, value: u64, origin: Origin) -> SlotRead {
    SlotRead { address: CONTRACT, slot: U256::from(slot), value: U256::from(value), origin }
}

fn validity(merged: &mut MergedState<InMemoryDB>, attempt: &Attempt<()>) -> Validity {
    merged.validate(attempt, Trust::Nothing).unwrap()
}

/// Commits an attempt that holds; returns what is to be mended in the memory.
fn commit(merged: &mut MergedState<InMemoryDB>, mut attempt: Attempt<()>) -> Vec<(Address, AccountFields)> {
    assert_eq!(validity(merged, &attempt), Validity::Valid);
    let mut mended = Vec::new();
    merged.apply(&attempt, |address, fields| mended.push((address, fields)));
    merged.commit(take(&mut attempt.state));
    mended
}

/// A bundle, with the code that accounts carry, which revm does not compare.
type Coded = (BundleState, Vec<(Address, Option<Bytecode>)>);

fn coded(mut bundle: BundleState) -> Coded {
    bundle.reverts.sort();
    let code = |(address, account): (&Address, &revm::database::BundleAccount)| {
        (*address, account.info.as_ref().and_then(|info| info.code.clone()))
    };
    let mut codes: Vec<_> = bundle.state.iter().map(code).collect();
    codes.sort_by_key(|(address, _)| *address);
    (bundle, codes)
}

fn bundle(mut state: State<InMemoryDB>) -> Coded {
    state.merge_transitions(BundleRetention::Reverts);
    coded(state.take_bundle())
}

fn bundled(merged: MergedState<InMemoryDB>) -> Coded {
    coded(merged.into_bundled(&Assembly::new()).unwrap().take_bundle())
}

/// Commits to revm's `State` what sequential execution would.
fn commit_one(state: &mut State<InMemoryDB>, address: Address, change: impl FnOnce(&mut Account)) {
    let account = left(state.basic(address).unwrap(), change);
    state.commit(EvmState::from_iter([(address, account)]));
}

/// Two attempts that saw the base state both, one after the other: each account's code is at hand or not.
#[test]
fn attempts_that_hold_are_moved_onto_what_others_left() {
    let with_code = |account: &mut Account, code| account.info.code = Some(code);
    let first = || {
        let mut contract = credited(base(CONTRACT), 1);
        written(&mut contract, 1, 2, 7);
        with_code(&mut contract, code());
        let mut rich = credited(base(RICH), 1);
        with_code(&mut rich, Bytecode::default());
        [
            (ABSENT, credited(None, 5)),
            (EMPTY, credited(base(EMPTY), 5)),
            (RICH, rich),
            (KNOWN, left(base(KNOWN), |account| account.info.nonce = 2)),
            (CONTRACT, contract),
        ]
    };
    let second = || {
        let mut contract = credited(base(CONTRACT), 3);
        written(&mut contract, 1, 7, 9);
        written(&mut contract, 3, 0, 4);
        [
            (ABSENT, credited(None, 2)),
            (RICH, credited(base(RICH), 3)),
            (KNOWN, credited(base(KNOWN), 3)),
            (CONTRACT, contract),
        ]
    };
    let mut merged = merging(state());
    assert_eq!(commit(&mut merged, attempt(first())), []);
    let left_by =
        |balance: u64, nonce, code_hash| AccountFields { balance: U256::from(balance), nonce, code_hash };
    let mended = commit(&mut merged, attempt(second()));
    let expected = [
        (ABSENT, left_by(7, 0, KECCAK_EMPTY)),
        (RICH, left_by(104, 0, KECCAK_EMPTY)),
        (KNOWN, left_by(103, 2, KECCAK_EMPTY)),
        (CONTRACT, left_by(4, 1, code().hash_slow())),
    ];
    assert_eq!(mended, expected);
    assert_eq!(merged.storage(CONTRACT, U256::ONE).unwrap(), U256::from(9));
    assert_eq!(merged.basic(ABSENT).unwrap().unwrap().balance, U256::from(7));

    let mut one_by_one = state();
    let credit = |value: u64| move |account: &mut Account| account.info.balance += U256::from(value);
    for to in [ABSENT, EMPTY] {
        commit_one(&mut one_by_one, to, credit(5));
    }
    commit_one(&mut one_by_one, RICH, |account| {
        credit(1)(account);
        with_code(account, Bytecode::default());
    });
    commit_one(&mut one_by_one, KNOWN, |account| account.info.nonce = 2);
    commit_one(&mut one_by_one, CONTRACT, |account| {
        credit(1)(account);
        written(account, 1, 2, 7);
        with_code(account, code());
    });
    for (to, value) in [(ABSENT, 2), (RICH, 3), (KNOWN, 3)] {
        commit_one(&mut one_by_one, to, credit(value));
    }
    commit_one(&mut one_by_one, CONTRACT, |account| {
        credit(3)(account);
        written(account, 1, 7, 9);
        written(account, 3, 0, 4);
    });
    assert_eq!(bundled(merged), bundle(one_by_one));
}

#[test]
fn slot_that_was_read_must_be_what_it_is_where_the_block_may_have_written_it() {
    let reading = |read| {
        let mut attempt = attempt([]);
        attempt.reads.slots.push(read);
        attempt
    };
    let conflict = |slot: u64| Validity::Conflict(Location::Slot(CONTRACT, U256::from(slot)));
    let mut merged = merging(state());
    // The base state's word is taken as long as the block has nothing of the account.
    assert_eq!(validity(&mut merged, &reading(slot_read(1, 6, Origin::Base))), Validity::Valid);
    assert_eq!(validity(&mut merged, &reading(slot_read(1, 6, Origin::Block))), conflict(1));
    assert_eq!(validity(&mut merged, &reading(slot_read(1, 2, Origin::Block))), Validity::Valid);
    // Now revm's `State` has it.
    assert_eq!(validity(&mut merged, &reading(slot_read(1, 6, Origin::Base))), conflict(1));

    let mut contract = credited(base(CONTRACT), 1);
    written(&mut contract, 1, 2, 7);
    commit(&mut merged, attempt([(CONTRACT, contract)]));
    for (value, expected) in [(2, conflict(1)), (7, Validity::Valid)] {
        for origin in [Origin::Base, Origin::Block] {
            assert_eq!(validity(&mut merged, &reading(slot_read(1, value, origin))), expected);
        }
    }
    assert_eq!(validity(&mut merged, &reading(slot_read(5, 0, Origin::Block))), Validity::Valid);
}

#[test]
fn account_that_was_read_must_be_what_was_needed_wherever_it_is() {
    let conflict = Validity::Conflict(Location::Account(RICH));
    let reading = |seen: u64, origin| {
        let info = AccountInfo::from_balance(U256::from(seen));
        // Another account is written, which was read after the one that is told of.
        let mut untouched = Account::from(info);
        untouched.unmark_touch();
        let mut attempt = attempt([(RICH, untouched), (KNOWN, credited(base(KNOWN), 1))]);
        attempt.needs[0] = Needs::EXACT;
        attempt.reads.accounts[0].origin = origin;
        attempt
    };
    let mut merged = merging(state());
    assert_eq!(validity(&mut merged, &reading(99, Origin::Base)), Validity::Valid, "nobody asks");
    assert_eq!(validity(&mut merged, &reading(99, Origin::Block)), conflict);
    assert_eq!(validity(&mut merged, &reading(99, Origin::Base)), conflict, "revm's State has it");
    // Of the two only the second is written.
    let mended = commit(&mut merged, reading(100, Origin::Base));
    assert_eq!(mended, []);
    assert_eq!(merged.basic(KNOWN).unwrap().unwrap().balance, U256::from(101));
    // It waits.
    commit(&mut merged, attempt([(RICH, credited(base(RICH), 5))]));
    assert_eq!(validity(&mut merged, &reading(100, Origin::Base)), conflict);
    assert_eq!(validity(&mut merged, &reading(105, Origin::Block)), Validity::Valid);
}

#[test]
fn change_that_cannot_be_moved_is_a_conflict() {
    let mut merged = merging(state());
    let debit = |value: u64| left(base(RICH), |account| account.info.balance -= U256::from(value));
    commit(&mut merged, attempt([(RICH, debit(60))]));
    let conflict = Validity::Conflict(Location::Account(RICH));
    assert_eq!(validity(&mut merged, &attempt([(RICH, debit(60))])), conflict);
    assert_eq!(validity(&mut merged, &attempt([(RICH, debit(40))])), conflict, "it would be empty");
    assert_eq!(validity(&mut merged, &attempt([(RICH, debit(39))])), Validity::Valid);
}

#[test]
fn other_block_hash_is_a_conflict() {
    let mut merged = merging(state());
    let right = merged.block_hash(7).unwrap();
    assert_eq!(right, database().block_hash(7).unwrap());
    for (hash, expected) in
        [(right, Validity::Valid), (B256::ZERO, Validity::Conflict(Location::BlockHash(7)))]
    {
        let mut attempt = attempt([]);
        attempt.reads.block_hashes.push((7, hash));
        assert_eq!(validity(&mut merged, &attempt), expected);
    }
}

/// Where the base gives code unasked, revm's `State` loads the account with it.
#[test]
fn code_that_comes_with_an_account_stays_with_what_it_was() {
    let mut db = database();
    db.cache.accounts.get_mut(&CONTRACT).unwrap().info.code = Some(code());
    let mut merged = merging(State::builder().with_database(db).with_bundle_update().build());
    let mut attempt = attempt([(CONTRACT, credited(base(CONTRACT), 1))]);
    attempt.reads.accounts[0].code = Code::Inside;
    commit(&mut merged, attempt);
    let (bundle, _) = bundled(merged);
    assert_eq!(bundle.state[&CONTRACT].original_info.as_ref().unwrap().code, Some(code()));
}

#[test]
fn state_of_the_attempt_that_was_applied_comes_back_once() {
    let mut merged = merging(state());
    assert_eq!(merged.take_spent(), None);
    commit(&mut merged, attempt([(ABSENT, credited(None, 5))]));
    assert_eq!(merged.take_spent(), Some(EvmState::from_iter([(ABSENT, credited(None, 5))])));
    assert_eq!(merged.take_spent(), None);
    // The next commit is of what was executed.
    merged.commit(EvmState::from_iter([(RICH, credited(base(RICH), 5))]));
    assert_eq!((merged.take_spent(), merged.basic(RICH).unwrap().unwrap().balance), (None, U256::from(105)));
}

/// revm's `State` answers zero for slots of such an account once it has seen it touched.
#[test]
fn storage_of_an_account_without_nonce_and_code_is_what_state_makes_of_it() {
    let (mut merged, mut plain) = (merging(state()), state());
    assert_eq!(merged.storage(CONTRACT, U256::ONE).unwrap(), U256::from(2));
    commit(&mut merged, attempt([(RICH, credited(base(RICH), 5)), (CONTRACT, credited(base(CONTRACT), 5))]));
    for address in [RICH, CONTRACT] {
        commit_one(&mut plain, address, |account| account.info.balance += U256::from(5));
    }
    for (address, expected) in [(RICH, 0), (CONTRACT, 2)] {
        assert_eq!(Database::storage(&mut plain, address, U256::ONE).unwrap(), U256::from(expected));
        assert_eq!(merged.storage(address, U256::ONE).unwrap(), U256::from(expected));
    }
    assert_eq!(bundled(merged), bundle(plain));
}

#[test]
fn code_is_found_by_its_hash() {
    assert_eq!(merging(state()).code_by_hash(code().hash_slow()).unwrap(), code());
}

/// Who observes single transactions is told of each.
#[test]
fn observed_state_is_not_merged() {
    let mut hooked = state();
    hooked.set_state_hook(Some(Box::new(|_: EvmState| {})));
    let mut with_bal = state();
    with_bal.bal_state.bal = Some(Arc::new(Bal::default()));
    let mut building = state();
    building.bal_state.bal_builder = Some(Bal::default());
    for observed in [hooked, building, with_bal] {
        let mut merged = merging(observed);
        assert!(!merged.can_merge() && !merged.is_merging());
        merged.commit(EvmState::from_iter([(RICH, credited(base(RICH), 5))]));
        assert!(merged.state_mut().cache.accounts.contains_key(&RICH));
    }
    let mut merged = MergedState::new(state());
    assert!(merged.can_merge() && !merged.is_merging(), "not before it begins");
    merged.commit(EvmState::from_iter([(RICH, credited(base(RICH), 5))]));
    assert!(merged.state_mut().cache.accounts.contains_key(&RICH));
}

/// An account that revm's `State` saw change goes on from there, in the parts too.
#[test]
fn plain_change_after_a_particular_one_is_of_the_same_account() {
    let credit = |account: &mut Account| account.info.balance += U256::from(5);
    let delegate = |account: &mut Account| {
        account.info.set_code(Bytecode::new_eip7702(CONTRACT));
    };
    let create = |account: &mut Account| {
        account.mark_created();
        account.info.nonce = 1;
    };
    let (mut merged, mut plain) = (merging(state()), state());
    merged.commit(EvmState::from_iter([(KNOWN, left(base(KNOWN), delegate)), (ABSENT, left(None, create))]));
    commit_one(&mut plain, KNOWN, delegate);
    commit_one(&mut plain, ABSENT, create);
    // One of them is left as it is; others are as many as it takes for the bundle to be built in parts.
    for address in [ABSENT, EMPTY, RICH, Address::ZERO] {
        let before = plain.basic(address).unwrap();
        merged.commit(EvmState::from_iter([(address, left(before, credit))]));
        commit_one(&mut plain, address, credit);
    }
    // Of another nothing but a slot changes.
    let write = |account: &mut Account| written(account, 1, 2, 7);
    merged.commit(EvmState::from_iter([(CONTRACT, left(base(CONTRACT), write))]));
    commit_one(&mut plain, CONTRACT, write);
    assert_eq!(bundled(merged), bundle(plain));
}

/// Blocks before this one are in the bundle: one that changed nothing, or that changed the same accounts.
#[test]
fn bundle_of_earlier_blocks_is_gone_on_with() {
    let blocks = |earlier: &dyn Fn(&mut State<InMemoryDB>)| {
        [0, 1].map(|_| {
            let mut state = state();
            earlier(&mut state);
            state.merge_transitions(BundleRetention::Reverts);
            let bundle = state.take_bundle();
            State::builder()
                .with_database(database())
                .with_bundle_prestate(bundle)
                .with_bundle_update()
                .build()
        })
    };
    let credit = |account: &mut Account| account.info.balance += U256::from(5);
    for earlier in [&|_: &mut State<InMemoryDB>| {}, &|state: &mut State<InMemoryDB>| {
        for address in [RICH, KNOWN] {
            commit_one(state, address, credit);
        }
    }] as [&dyn Fn(&mut State<InMemoryDB>); 2]
    {
        let [merged, mut plain] = blocks(earlier);
        let mut merged = merging(merged);
        let seen = [RICH, ABSENT].map(|address| (address, plain.basic(address).unwrap()));
        commit(&mut merged, attempt(seen.map(|(address, seen)| (address, credited(seen, 5)))));
        assert_eq!(merged.pay(&payment(KNOWN, RICH), EMPTY).unwrap(), Applied::Yes);
        for address in [RICH, ABSENT] {
            commit_one(&mut plain, address, credit);
        }
        commit_one(&mut plain, KNOWN, |account| {
            account.info.balance -= U256::from(8);
            account.info.nonce += 1;
        });
        commit_one(&mut plain, RICH, |account| account.info.balance += U256::from(5));
        commit_one(&mut plain, EMPTY, |account| account.info.balance += U256::from(2));
        let ((merged, _), (plain, _)) = (bundled(merged), bundle(plain));
        assert_eq!(merged, plain);
    }
}

/// A block that changed nothing has its place among the reverts.
#[test]
fn earlier_block_without_changes_keeps_its_reverts() {
    let [merged, mut plain] = [0, 1].map(|_| {
        let mut state = state();
        state.merge_transitions(BundleRetention::Reverts);
        state
    });
    let mut merged = merging(merged);
    commit(&mut merged, attempt([(RICH, credited(base(RICH), 5)), (ABSENT, credited(None, 5))]));
    for address in [RICH, ABSENT] {
        commit_one(&mut plain, address, |account| account.info.balance += U256::from(5));
    }
    let (merged, plain) = (bundled(merged), bundle(plain));
    assert_eq!(merged.0.reverts.len(), 2);
    assert_eq!(merged, plain);
}

/// Pays 5, and 3 for gas, of which 2 are the beneficiary's.
fn payment(sender: Address, to: Address) -> Payment {
    let [value, cost_max, fee, reward] = [5, 9, 3, 2].map(|value: u64| U256::from(value));
    let nonce = if sender == KNOWN { 1 } else { 0 };
    Payment { sender, nonce, to, value, cost_max, fee, reward }
}

/// revm's `State` gives an empty account that exists the empty code, whatever the database says.
#[test]
fn empty_account_is_loaded_as_state_loads_it() {
    let loaded = state().basic(EMPTY).unwrap().unwrap();
    let mut merged = merging(state());
    assert_eq!(merged.pay(&payment(RICH, KNOWN), EMPTY).unwrap(), Applied::Yes);
    let paid = merged.basic(EMPTY).unwrap().unwrap();
    assert_eq!((paid.balance, paid.code.is_some()), (U256::from(2), loaded.code.is_some()));
}

#[test]
fn payments_come_to_what_their_transactions_do() {
    let mut merged = merging(state());
    assert_eq!(merged.pay(&payment(KNOWN, ABSENT), CONTRACT).unwrap(), Applied::Yes);
    // The state of the transaction, which is empty, is committed as ever.
    merged.commit(EvmState::default());
    assert_eq!(merged.take_spent(), Some(EvmState::default()));
    // In between revm's `State` gets what waits.
    merged.flush();
    let second = Payment { nonce: 2, ..payment(KNOWN, KNOWN) };
    assert_eq!(merged.pay(&second, CONTRACT).unwrap(), Applied::Yes);
    let mut plain = state();
    for (to, nonce) in [(ABSENT, 2), (KNOWN, 3)] {
        commit_one(&mut plain, KNOWN, |account| {
            account.info.balance -= U256::from(8);
            account.info.nonce = nonce;
            account.info.code = Some(Bytecode::default());
        });
        commit_one(&mut plain, to, |account| {
            account.info.balance += U256::from(5);
            account.info.code = Some(Bytecode::default());
        });
        commit_one(&mut plain, CONTRACT, |account| account.info.balance += U256::from(2));
    }
    assert_eq!(bundled(merged), bundle(plain));
}

#[test]
fn payment_is_left_to_the_evm_where_anything_is_particular() {
    let top = U256::ONE << 255;
    let pays = |change: &dyn Fn(&mut InMemoryDB, &mut Payment)| {
        let (mut db, mut payment) = (database(), payment(KNOWN, RICH));
        change(&mut db, &mut payment);
        let mut merged = merging(State::builder().with_database(db).build());
        let before = [KNOWN, payment.to, ABSENT].map(|address| merged.basic(address).unwrap());
        let applied = merged.pay(&payment, ABSENT).unwrap();
        let after = [KNOWN, payment.to, ABSENT].map(|address| merged.basic(address).unwrap());
        assert_eq!(applied == Applied::No, before == after);
        applied
    };
    let account = |db: &mut InMemoryDB, address, change: &dyn Fn(&mut AccountInfo)| {
        let mut info = db.basic(address).unwrap().unwrap_or_default();
        change(&mut info);
        db.insert_account_info(address, info);
    };
    assert_eq!(pays(&|_, _| {}), Applied::Yes);
    assert_eq!(pays(&|db, _| account(db, KNOWN, &|info| info.balance = U256::from(9))), Applied::Yes);
    assert_eq!(pays(&|_, payment| payment.to = EMPTY), Applied::Yes);
    // Nobody is emptied by getting nothing who is not empty.
    assert_eq!(pays(&|_, payment| payment.value = U256::ZERO), Applied::Yes);
    let delegate = |info: &mut AccountInfo| {
        info.set_code(Bytecode::new_eip7702(CONTRACT));
    };
    type Change<'a> = &'a dyn Fn(&mut InMemoryDB, &mut Payment);
    let refused: [Change<'_>; 10] = [
        &|db, _| account(db, KNOWN, &delegate),
        &|_, payment| payment.nonce = 0,
        &|_, payment| payment.nonce = 2,
        &|db, _| account(db, KNOWN, &|info| info.balance = U256::from(8)),
        &|_, payment| payment.to = CONTRACT,
        &|_, payment| (payment.to, payment.value) = (EMPTY, U256::ZERO),
        &|_, payment| payment.reward = U256::ZERO,
        &|db, _| account(db, KNOWN, &|info| info.balance = top),
        &|db, _| account(db, RICH, &|info| info.balance = top),
        &|db, _| account(db, ABSENT, &|info| info.balance = top),
    ];
    for (number, change) in refused.into_iter().enumerate() {
        assert_eq!(pays(change), Applied::No, "{number}");
    }
}

/// What is trusted blindly is not compared with anything.
#[cfg(feature = "fault-injection")]
#[test]
fn blind_trust_takes_what_it_gets() {
    let mut merged = merging(state());
    let mut attempt = attempt([(RICH, credited(base(RICH), 1)), (KNOWN, credited(base(KNOWN), 1))]);
    attempt.reads.slots.push(slot_read(1, 6, Origin::Block));
    attempt.reads.accounts[1].origin = Origin::Block;
    attempt.reads.accounts[1].seen = None;
    attempt.needs[1] = Needs::EXACT;
    assert_eq!(merged.validate(&attempt, Trust::Everything).unwrap(), Validity::Valid);
    assert_ne!(merged.validate(&attempt, Trust::Nothing).unwrap(), Validity::Valid);
}
