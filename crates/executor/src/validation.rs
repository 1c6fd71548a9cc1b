//! Decides on committed state whether an attempt holds, and moves it onto that state.
//!
//! This is the only authority over speculation. Accounts are compared field by field, as far as the execution needed
//! them; slots by value. What the execution did not need (a balance that was only credited, a nonce that others
//! bump) is then moved: the attempt's result becomes the very `EvmState` that sequential execution would have returned.

use alloy_primitives::{Address, U256, map::HashSet};
use revm::{
    Database,
    state::{Account, AccountInfo, AccountStatus, EvmState},
};

use crate::{
    attempt::{AccountRead, Attempt, Origin},
    fields::AccountFields,
    index::TxIndex,
    memory::MultiVersionMemory,
    stats::Location,
    writes::{AccountChange, AccountWrite, BalanceDelta},
};

/// Slots and accounts written by committed transactions of the block.
#[derive(Debug, Default)]
pub struct Written {
    accounts: HashSet<Address>,
    slots: HashSet<(Address, U256)>,
    resets: HashSet<Address>,
}

impl Written {
    /// Notes what a committed transaction wrote, as revm's `CacheState` applies it.
    ///
    /// Storage counts as emptied too where revm takes an account that had neither nonce nor code for a new one once it
    /// is touched: it answers zero from then on for slots that it has not loaded (`AccountStatus::on_changed`).
    pub fn add(&mut self, state: &EvmState) {
        for (address, account) in state.iter().filter(|(_, account)| account.is_touched()) {
            self.accounts.insert(*address);
            let changed = account.storage.iter().filter(|(_, slot)| slot.is_changed());
            self.slots.extend(changed.map(|(slot, _)| (*address, *slot)));
            if account.is_created()
                || account.is_selfdestructed()
                || account.is_empty()
                || account.original_info().has_no_code_and_nonce()
            {
                self.resets.insert(*address);
            }
        }
    }

    fn contains_account(&self, address: Address) -> bool {
        self.accounts.contains(&address)
    }

    fn contains_slot(&self, address: Address, slot: U256) -> bool {
        self.slots.contains(&(address, slot)) || (!self.resets.is_empty() && self.resets.contains(&address))
    }
}

/// Whether attempts are validated at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// They are.
    #[default]
    Nothing,
    /// They are not: every attempt is committed as it is. For showing that comparison sees it.
    #[cfg(feature = "fault-injection")]
    Everything,
}

impl Trust {
    /// Whether attempts are committed without a look.
    pub const fn is_blind(self) -> bool {
        match self {
            Self::Nothing => false,
            #[cfg(feature = "fault-injection")]
            Self::Everything => true,
        }
    }
}

/// What validation found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// The attempt holds, and its result is now what sequential execution returns.
    Valid,
    /// It does not; the first location that differs.
    Conflict(Location),
}

/// Validates an attempt on `db`, the frontier's state, and moves its result onto it.
///
/// Reads from the base state that no committed transaction wrote are valid without a look; accounts that the attempt
/// touched are looked at all the same, because revm's `State` wants them loaded before they are committed. Where it is
/// not known what was written, everything is looked at.
pub fn validate<DB: Database, H>(
    db: &mut DB,
    written: Option<&Written>,
    attempt: &mut Attempt<H>,
    trust: Trust,
) -> Result<Validity, DB::Error> {
    if trust.is_blind() {
        for read in &attempt.reads.accounts {
            db.basic(read.address)?;
        }
        return Ok(Validity::Valid);
    }
    for (number, hash) in &attempt.reads.block_hashes {
        if db.block_hash(*number)? != *hash {
            return Ok(Validity::Conflict(Location::BlockHash(*number)));
        }
    }
    for read in &attempt.reads.slots {
        if read.origin == Origin::Base
            && written.is_some_and(|written| !written.contains_slot(read.address, read.slot))
        {
            continue;
        }
        if db.storage(read.address, read.slot)? != read.value {
            return Ok(Validity::Conflict(Location::Slot(read.address, read.slot)));
        }
    }
    for (read, needs) in attempt.reads.accounts.iter().zip(&attempt.needs) {
        let Some(account) = attempt.state.get_mut(&read.address) else {
            return Ok(Validity::Conflict(Location::Account(read.address)));
        };
        let is_unwritten = read.origin == Origin::Base
            && written.is_some_and(|written| !written.contains_account(read.address));
        if is_unwritten && !account.is_touched() {
            continue;
        }
        let actual = db.basic(read.address)?;
        if !needs.hold(read.seen, actual.as_ref().map(AccountFields::from)) {
            return Ok(Validity::Conflict(Location::Account(read.address)));
        }
        carry_code(account, actual.as_ref());
        if !rebase(account, read, actual) {
            return Ok(Validity::Conflict(Location::Account(read.address)));
        }
    }
    Ok(Validity::Valid)
}

/// Keeps code that the frontier's state has at hand.
///
/// revm's `State` keeps code that earlier transactions set in the account and nowhere else; an attempt that did not need
/// the code read the account without it.
fn carry_code(account: &mut Account, actual: Option<&AccountInfo>) {
    if let Some(actual) = actual
        && account.info.code.is_none()
        && account.info.code_hash == actual.code_hash
    {
        account.info.code.clone_from(&actual.code);
    }
}

/// Moves an account's outcome from the state it was computed on to the actual one.
///
/// Returns whether it could: a balance that would leave its range, or an account that would become empty, cannot be
/// moved, because the execution might have gone another way.
fn rebase(account: &mut Account, read: &AccountRead, actual: Option<AccountInfo>) -> bool {
    if read.seen == actual.as_ref().map(AccountFields::from) {
        return true;
    }
    let seen = read.seen.unwrap_or(AccountFields::ABSENT);
    account.status.set(AccountStatus::LoadedAsNotExisting, actual.is_none());
    let start = actual.unwrap_or_default();
    // Near the top a credit in the middle of the execution could have overflowed.
    if start.balance.bit(255) {
        return false;
    }
    let delta = BalanceDelta::between(seen.balance, account.info.balance);
    let Some(balance) = delta.checked_apply(start.balance) else { return false };
    account.info.balance = balance;
    if account.info.nonce == seen.nonce {
        account.info.nonce = start.nonce;
    }
    *account.original_info_mut() = start;
    !account.is_empty()
}

/// Whether a plain change can be moved to the actual account; the rules of [`rebase`].
pub fn can_rebase(write: &AccountWrite, actual: Option<AccountFields>) -> bool {
    let mut fields = actual.unwrap_or(AccountFields::ABSENT);
    if fields.balance.bit(255) {
        return false;
    }
    let Some(balance) = write.balance.checked_apply(fields.balance) else { return false };
    fields.balance = balance;
    if write.change == AccountChange::Nonce {
        fields.nonce = write.after.nonce;
    }
    !fields.is_empty()
}

/// Whether an attempt's reads still agree with the memory, as far as that tells; a hint.
pub fn is_fresh<H>(memory: &MultiVersionMemory, index: TxIndex, attempt: &Attempt<H>) -> bool {
    let slots_agree =
        attempt.reads.slots.iter().all(|read| match memory.slot(read.address, read.slot, index) {
            Some(value) => value == read.value,
            None => read.origin == Origin::Base,
        });
    slots_agree
        && attempt.reads.accounts.iter().zip(&attempt.needs).all(|(read, needs)| {
            match memory.account(read.address, index) {
                Some(info) => needs.hold(read.seen, info.as_ref().map(AccountFields::from)),
                None => true,
            }
        })
}

#[cfg(test)]
mod tests {
    use revm::{context_interface::result::ExecutionResult, database::InMemoryDB};

    use super::*;
    use crate::{
        attempt::{Code, SlotRead},
        needs::{BalanceNeed, FieldNeed, Needs},
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
}
