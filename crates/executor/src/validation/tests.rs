use revm::{
    context_interface::result::ExecutionResult,
    database::InMemoryDB,
    state::{EvmStorageSlot, TransactionId},
};

use super::*;
use crate::{
    attempt::{Code, SlotRead},
    needs::{BalanceNeed, FieldNeed, Needs},
    writes::WriteSet,
};

const ADDRESS: Address = Address::repeat_byte(1);

fn info(balance: u64, nonce: u64) -> AccountInfo {
    AccountInfo { balance: U256::from(balance), nonce, ..AccountInfo::default() }
}

/// An attempt that saw an account with `seen` and left it with `left`.
fn attempt(seen: Option<AccountInfo>, left: AccountInfo, needs: Needs) -> Attempt<()> {
    let mut account =
        seen.clone().map_or_else(|| Account::new_not_existing(Default::default()), Account::from);
    account.info = left;
    account.mark_touch();
    let mut attempt = Attempt::blank(0);
    attempt.outcome = Some(ExecutionResult::Revert {
        gas: Default::default(),
        logs: Vec::new(),
        output: Default::default(),
    });
    attempt.state = EvmState::from_iter([(ADDRESS, account)]);
    attempt.reads.accounts = vec![AccountRead {
        address: ADDRESS,
        seen: seen.as_ref().map(AccountFields::from),
        nonce_found: None,
        origin: Origin::Base,
        code: Code::Apart,
    }];
    attempt.needs = vec![needs];
    attempt
}

fn on(actual: Option<AccountInfo>) -> InMemoryDB {
    let mut db = InMemoryDB::default();
    if let Some(actual) = actual {
        db.insert_account_info(ADDRESS, actual);
    }
    db
}

const CREDIT: Needs =
    Needs { balance: BalanceNeed::Nothing, nonce: FieldNeed::Nothing, emptiness: FieldNeed::Nothing };

fn run(attempt: &mut Attempt<()>, actual: Option<AccountInfo>) -> Validity {
    validate(&mut on(actual), Some(&Written::default()), attempt, Trust::Nothing).unwrap()
}

#[test]
fn credit_moves_onto_what_others_left() {
    let mut attempt = attempt(Some(info(100, 1)), info(107, 1), CREDIT);
    assert_eq!(run(&mut attempt, Some(info(50, 4))), Validity::Valid);
    let account = &attempt.state[&ADDRESS];
    assert_eq!((account.info.balance, account.info.nonce), (U256::from(57), 4));
    assert_eq!(account.original_info(), info(50, 4));
}

#[test]
fn credit_of_an_absent_account_moves_onto_one_that_others_created() {
    let mut attempt = attempt(None, info(7, 0), CREDIT);
    assert_eq!(run(&mut attempt, Some(info(1, 0))), Validity::Valid);
    let account = &attempt.state[&ADDRESS];
    assert_eq!(account.info.balance, U256::from(8));
    assert!(!account.is_loaded_as_not_existing());
}

#[test]
fn debit_holds_while_enough_is_there() {
    let needs = Needs { balance: BalanceNeed::AtLeast(U256::from(40)), ..CREDIT };
    let debit = || attempt(Some(info(100, 1)), info(70, 1), needs);
    assert_eq!(run(&mut debit(), Some(info(40, 1))), Validity::Valid);
    assert_eq!(run(&mut debit(), Some(info(39, 1))), Validity::Conflict(Location::Account(ADDRESS)));
}

#[test]
fn observed_balance_must_be_the_same() {
    let mut attempt = attempt(Some(info(100, 1)), info(107, 1), Needs::EXACT);
    assert_eq!(run(&mut attempt, Some(info(101, 1))), Validity::Conflict(Location::Account(ADDRESS)));
}

#[test]
fn credit_that_would_overflow_is_a_conflict() {
    let mut attempt = attempt(Some(info(100, 1)), info(107, 1), CREDIT);
    let full = AccountInfo { balance: U256::MAX, ..info(0, 1) };
    assert_eq!(run(&mut attempt, Some(full)), Validity::Conflict(Location::Account(ADDRESS)));
}

#[test]
fn balance_near_the_top_is_a_conflict_even_if_the_sum_fits() {
    let mut attempt = attempt(Some(info(100, 1)), info(100, 1), CREDIT);
    let high = AccountInfo { balance: U256::MAX - U256::from(10), ..info(0, 1) };
    assert_eq!(run(&mut attempt, Some(high)), Validity::Conflict(Location::Account(ADDRESS)));
}

#[test]
fn code_that_the_state_has_at_hand_is_kept() {
    use revm::bytecode::Bytecode;
    let code = Bytecode::new_raw([0x00].into());
    let with_code = |code: Option<Bytecode>, hash| AccountInfo { code, code_hash: hash, ..info(1, 1) };
    let hash = code.hash_slow();
    let mut attempt = attempt(Some(with_code(None, hash)), with_code(None, hash), CREDIT);
    assert_eq!(run(&mut attempt, Some(with_code(Some(code.clone()), hash))), Validity::Valid);
    assert_eq!(attempt.state[&ADDRESS].info.code, Some(code));
}

#[test]
fn other_block_hash_is_a_conflict() {
    let mut attempt = attempt(Some(info(1, 1)), info(1, 1), CREDIT);
    attempt.reads.block_hashes.push((7, alloy_primitives::B256::repeat_byte(9)));
    assert_eq!(run(&mut attempt, Some(info(1, 1))), Validity::Conflict(Location::BlockHash(7)));
}

#[test]
fn touching_an_account_without_nonce_and_code_makes_its_slots_written() {
    let bare = attempt(Some(info(5, 0)), info(6, 0), CREDIT);
    let mut written = Written::default();
    written.add(&bare.state);
    assert!(written.contains_slot(ADDRESS, U256::from(3)));
    let other = attempt(Some(info(5, 1)), info(6, 1), CREDIT);
    let mut written = Written::default();
    written.add(&other.state);
    assert!(written.contains_account(ADDRESS) && !written.contains_slot(ADDRESS, U256::from(3)));
}

#[test]
fn storage_is_emptied_by_each_of_its_reasons_alone_and_of_that_account_only() {
    use revm::state::AccountStatus;
    let other = Address::repeat_byte(2);
    let reasons: [fn(&mut Account); 3] = [
        |account| account.status |= AccountStatus::Created,
        |account| account.status |= AccountStatus::SelfDestructed,
        |account| account.info = AccountInfo::default(),
    ];
    for reason in reasons {
        let mut account = Account::from(info(5, 1));
        account.mark_touch();
        reason(&mut account);
        let mut written = Written::default();
        written.add(&EvmState::from_iter([(ADDRESS, account)]));
        assert!(written.contains_slot(ADDRESS, U256::ONE) && !written.contains_slot(other, U256::ONE));
        assert!(written.contains_account(ADDRESS) && !written.contains_account(other));
    }
}

#[test]
fn account_that_would_become_empty_is_a_conflict() {
    let mut attempt = attempt(Some(info(5, 0)), info(5, 0), CREDIT);
    assert_eq!(run(&mut attempt, None), Validity::Conflict(Location::Account(ADDRESS)));
}

#[test]
fn slot_from_the_base_is_looked_at_only_when_the_block_wrote_it() {
    let mut attempt = attempt(Some(info(1, 1)), info(1, 1), CREDIT);
    let slot = U256::from(9);
    attempt.reads.slots.push(SlotRead { address: ADDRESS, slot, value: U256::ONE, origin: Origin::Base });
    let mut db = on(Some(info(1, 1)));
    let mut written = Written::default();
    let mut check =
        |written: &Written| validate(&mut db, Some(written), &mut attempt, Trust::Nothing).unwrap();
    assert_eq!(check(&written), Validity::Valid);
    written.slots.insert((ADDRESS, slot));
    assert_eq!(check(&written), Validity::Conflict(Location::Slot(ADDRESS, slot)));
}

/// What is only read matters as far as it was needed, and not at all where the block did not write it.
#[test]
fn account_that_was_only_read_is_looked_at_where_the_block_wrote_it_or_an_attempt_did() {
    let read = |origin| {
        let mut attempt = attempt(Some(info(5, 1)), info(5, 1), Needs::EXACT);
        attempt.state.values_mut().for_each(|account| account.status = AccountStatus::default());
        attempt.reads.accounts[0].origin = origin;
        attempt
    };
    let (mut changed, conflict) = (on(Some(info(6, 1))), Validity::Conflict(Location::Account(ADDRESS)));
    let (unwritten, mut written) = (Written::default(), Written::default());
    written.accounts.insert(ADDRESS);
    let mut check = |origin, written: Option<&Written>| {
        validate(&mut changed, written, &mut read(origin), Trust::Nothing).unwrap()
    };
    // No transaction wrote it: the database itself is not asked.
    assert_eq!(check(Origin::Base, Some(&unwritten)), Validity::Valid);
    assert_eq!(check(Origin::Base, Some(&written)), conflict);
    assert_eq!(check(Origin::Block, Some(&unwritten)), conflict);
    assert_eq!(check(Origin::Block, Some(&written)), conflict);
    // Nobody says what was written.
    assert_eq!(check(Origin::Base, None), conflict);
}

/// An account that is to be committed must be in revm's `State`.
#[test]
fn account_that_was_touched_is_looked_at_though_the_block_did_not_write_it() {
    let mut attempt = attempt(Some(info(5, 1)), info(6, 1), Needs::EXACT);
    let found = validate(&mut on(Some(info(7, 1))), Some(&Written::default()), &mut attempt, Trust::Nothing);
    assert_eq!(found.unwrap(), Validity::Conflict(Location::Account(ADDRESS)));
}

#[test]
fn account_that_was_read_and_is_not_in_the_state_is_a_conflict() {
    let mut attempt = attempt(Some(info(5, 1)), info(5, 1), CREDIT);
    attempt.state.clear();
    assert_eq!(run(&mut attempt, Some(info(5, 1))), Validity::Conflict(Location::Account(ADDRESS)));
}

#[test]
fn slot_of_the_block_is_looked_at_whatever_was_written() {
    let mut attempt = attempt(Some(info(1, 1)), info(1, 1), CREDIT);
    let slot = SlotRead { address: ADDRESS, slot: U256::ONE, value: U256::ONE, origin: Origin::Block };
    attempt.reads.slots.push(slot);
    let conflict = Validity::Conflict(Location::Slot(ADDRESS, U256::ONE));
    assert_eq!(run(&mut attempt, Some(info(1, 1))), conflict);
}

#[test]
fn code_is_kept_only_where_there_is_none_and_it_is_the_accounts() {
    use revm::bytecode::Bytecode;
    let [old, new] = [1, 2].map(|byte| Bytecode::new_eip7702(Address::repeat_byte(byte)));
    let with = |code: Option<&Bytecode>, hash: &Bytecode| AccountInfo {
        code: code.cloned(),
        code_hash: hash.hash_slow(),
        ..info(1, 1)
    };
    let carried = |left: AccountInfo, actual: AccountInfo| {
        let mut account = Account::from(left);
        carry_code(&mut account, Some(&actual));
        account.info.code
    };
    // The transaction set another code, and left it with the account or not.
    assert_eq!(carried(with(Some(&new), &new), with(Some(&old), &old)), Some(new.clone()));
    assert_eq!(carried(with(None, &new), with(Some(&old), &old)), None);
    // The state does not have it at hand, and the transaction does.
    assert_eq!(carried(with(Some(&old), &old), with(None, &old)), Some(old.clone()));
    assert_eq!(carried(with(None, &old), with(Some(&old), &old)), Some(old));
}

#[test]
fn nonce_that_the_execution_set_stays() {
    let mut attempt = attempt(Some(info(9, 1)), info(5, 2), CREDIT);
    assert_eq!(run(&mut attempt, Some(info(10, 1))), Validity::Valid);
    let account = &attempt.state[&ADDRESS];
    assert_eq!((account.info.balance, account.info.nonce), (U256::from(6), 2));
}

/// Both ways to commit move the same changes.
#[test]
fn plain_change_is_moved_where_rebase_moves_it() {
    let near_the_top = AccountInfo { balance: U256::ONE << 255, ..info(0, 1) };
    let ends = [info(0, 0), info(0, 1), info(3, 0), info(10, 1), info(10, 2), near_the_top];
    let (mut moved, mut refused) = (0, 0);
    for (seen, left) in ends.iter().flat_map(|seen| ends.iter().map(move |left| (seen, left))) {
        let mut attempt = attempt(Some(seen.clone()), left.clone(), CREDIT);
        let (account, read) = (attempt.state.get_mut(&ADDRESS).unwrap(), &attempt.reads.accounts[0]);
        let before = AccountFields::from(seen);
        attempt.writes.add(ADDRESS, account, &before);
        let write = &attempt.writes.accounts[0];
        if write.change != AccountChange::Balance && write.change != AccountChange::Nonce {
            continue;
        }
        // What was seen need not be moved, and is what it is.
        for actual in ends.iter().filter(|actual| *actual != seen) {
            let mut account = account.clone();
            let moves = rebase(&mut account, read, Some(actual.clone()));
            assert_eq!(
                can_rebase(write, Some(AccountFields::from(actual))),
                moves,
                "{seen:?} {left:?} {actual:?}"
            );
            *(if moves { &mut moved } else { &mut refused }) += 1;
        }
    }
    assert!(moved > 20 && refused > 20, "{moved} {refused}");
}

#[test]
fn attempt_is_fresh_while_the_memory_has_what_it_saw() {
    let memory = MultiVersionMemory::new(None);
    let (slot, reader) = (U256::from(9), TxIndex(3));
    let read = |value, origin| {
        let mut attempt = attempt(Some(info(5, 1)), info(5, 1), Needs::EXACT);
        attempt.reads.slots.push(SlotRead { address: ADDRESS, slot, value: U256::from(value), origin });
        is_fresh(&memory, reader, &attempt)
    };
    // The block is not known to have written anything.
    assert!(read(1, Origin::Base));
    assert!(!read(1, Origin::Block), "what it saw is gone");
    let publish = |left: AccountInfo, present: Option<u64>| {
        let mut account = Account::from(info(5, 1));
        account.info = left;
        account.mark_touch();
        account.storage.extend(present.map(|present| {
            let value = EvmStorageSlot::new_changed(U256::MAX, U256::from(present), TransactionId::ZERO);
            (slot, value)
        }));
        let writes = WriteSet::from_state(&EvmState::from_iter([(ADDRESS, account)]));
        memory.publish(Some(TxIndex(1)), &writes, None);
    };
    publish(info(5, 1), Some(1));
    assert!(read(1, Origin::Block) && read(1, Origin::Base), "the value is what it saw");
    assert!(!read(2, Origin::Block) && !read(2, Origin::Base));
    publish(info(6, 1), None);
    assert!(!read(1, Origin::Block), "its account has another balance");
}
