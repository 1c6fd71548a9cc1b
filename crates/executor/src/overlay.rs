//! Reads the state after earlier blocks of a batch: what they changed, over the state before the batch.
//!
//! A host that executes many blocks before it writes any (reth's pipeline does) has the state between them in the
//! frontier's `State` alone, where workers cannot read. An [`Overlay`] follows that state's bundle from block to block.

use std::{fmt::Debug, sync::Arc};

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, B256Map, HashMap},
};
use revm::{
    bytecode::Bytecode,
    database::{AccountRevert, BundleAccount, BundleState},
    state::AccountInfo,
};

use crate::{
    base::{BaseReader, BaseSource, ReadError},
    sync::RwLock,
};

/// What the blocks of a batch changed so far. Clones share it.
///
/// Readers belong to the block that it stood before when they were opened; once it has moved on, they read nothing more.
#[derive(Clone, Debug, Default)]
pub struct Overlay(Arc<RwLock<Changes>>);

#[derive(Debug, Default)]
struct Changes {
    accounts: AddressMap<Account>,
    codes: B256Map<Bytecode>,
    /// How often it moved on.
    moves: u64,
}

/// An account that changed.
#[derive(Debug)]
struct Account {
    info: Option<AccountInfo>,
    slots: HashMap<U256, U256>,
    below: Below,
}

/// What slots hold that are not among the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    /// What they held before the batch.
    Base,
    /// Nothing: the storage was cleared.
    Zero,
}

impl Overlay {
    /// The state after all blocks of a bundle.
    pub fn of(bundle: &BundleState) -> Self {
        let overlay = Self::default();
        overlay.0.write().replace(bundle);
        overlay
    }

    /// Moves on by one block, to the state after all blocks of a bundle.
    ///
    /// The last block's reverts say what it changed. Where there are none it changed nothing, or its reverts were not
    /// kept; then everything is taken from the bundle.
    pub fn follow(&self, bundle: &BundleState) {
        let mut changes = self.0.write();
        changes.moves += 1;
        match bundle.reverts.last() {
            Some(reverts) if !reverts.is_empty() => {
                for (address, revert) in reverts {
                    if let Some(account) = bundle.state.get(address) {
                        changes.update(*address, account, revert, bundle);
                    }
                }
            }
            _ => changes.replace(bundle),
        }
    }
}

impl Changes {
    fn replace(&mut self, bundle: &BundleState) {
        self.accounts = bundle.state.iter().map(|(address, account)| (*address, account.into())).collect();
        self.codes.clone_from(&bundle.contracts);
        for account in bundle.state.values() {
            self.add_code(account, bundle);
        }
    }

    fn update(
        &mut self,
        address: Address,
        changed: &BundleAccount,
        revert: &AccountRevert,
        bundle: &BundleState,
    ) {
        self.add_code(changed, bundle);
        let Some(account) = self.accounts.get_mut(&address).filter(|_| !revert.wipe_storage) else {
            self.accounts.insert(address, changed.into());
            return;
        };
        account.info.clone_from(&changed.info);
        account.below = changed.into();
        for slot in revert.storage.keys() {
            match changed.storage.get(slot) {
                Some(value) => account.slots.insert(*slot, value.present_value),
                None => account.slots.remove(slot),
            };
        }
    }

    fn add_code(&mut self, account: &BundleAccount, bundle: &BundleState) {
        let Some(AccountInfo { code_hash, code, .. }) = &account.info else { return };
        if let Some(code) = code.as_ref().or_else(|| bundle.contracts.get(code_hash)) {
            self.codes.entry(*code_hash).or_insert_with(|| code.clone());
        }
    }
}

impl From<&BundleAccount> for Account {
    fn from(account: &BundleAccount) -> Self {
        Self {
            info: account.info.clone(),
            slots: account.storage.iter().map(|(slot, value)| (*slot, value.present_value)).collect(),
            below: account.into(),
        }
    }
}

impl From<&BundleAccount> for Below {
    fn from(account: &BundleAccount) -> Self {
        if account.status.is_storage_known() { Self::Zero } else { Self::Base }
    }
}

/// Readers of the state before a block of a batch.
#[derive(Debug)]
pub struct OverlaySource<B> {
    overlay: Overlay,
    moves: u64,
    base: B,
}

impl<B> OverlaySource<B> {
    /// Opens readers of the state that the overlay stands at now, over the state before the batch.
    pub fn new(overlay: Overlay, base: B) -> Self {
        let moves = overlay.0.read().moves;
        Self { overlay, moves, base }
    }
}

impl<B: BaseSource> BaseSource for OverlaySource<B> {
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
        let base = self.base.reader()?;
        Ok(Box::new(OverlayReader { overlay: self.overlay.clone(), moves: self.moves, base }))
    }
}

#[derive(Debug)]
struct OverlayReader {
    overlay: Overlay,
    moves: u64,
    base: Box<dyn BaseReader>,
}

impl OverlayReader {
    /// Reads what changed before the reader's block.
    fn read<T>(&self, read: impl FnOnce(&Changes) -> Option<T>) -> Result<Option<T>, ReadError> {
        let changes = self.overlay.0.read();
        if changes.moves == self.moves { Ok(read(&changes)) } else { Err(ReadError::Stopped) }
    }
}

impl BaseReader for OverlayReader {
    fn account(&mut self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        let changed =
            self.read(|changes| changes.accounts.get(&address).map(|account| account.info.clone()))?;
        changed.map_or_else(|| self.base.account(address), Ok)
    }

    fn code(&mut self, code_hash: B256) -> Result<Bytecode, ReadError> {
        let changed = self.read(|changes| changes.codes.get(&code_hash).cloned())?;
        changed.map_or_else(|| self.base.code(code_hash), Ok)
    }

    fn slot(&mut self, address: Address, slot: U256) -> Result<U256, ReadError> {
        let changed = self.read(|changes| changes.accounts.get(&address)?.slot(slot))?;
        changed.map_or_else(|| self.base.slot(address, slot), Ok)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ReadError> {
        self.base.block_hash(number)
    }
}

impl Account {
    /// Returns what a slot holds, if that is known without the base.
    fn slot(&self, slot: U256) -> Option<U256> {
        self.slots.get(&slot).copied().or_else(|| (self.below == Below::Zero).then_some(U256::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::TestCaseError};
    use revm::{
        Database, DatabaseCommit,
        database::{InMemoryDB, State, states::bundle_state::BundleRetention},
        state::{Account as EvmAccount, AccountStatus, EvmState, EvmStorageSlot, TransactionId},
    };

    use super::*;
    use crate::base::SharedState;

    const ADDRESSES: u8 = 4;
    const SLOTS: u64 = 3;

    /// What happens to an account in a block.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Write(u64, u64),
        Credit(u64),
        Destroy,
        CreateAgain(u64),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (0..SLOTS, 0_u64..4).prop_map(|(slot, value)| Event::Write(slot, value)),
            (1_u64..9).prop_map(Event::Credit),
            Just(Event::Destroy),
            (0_u64..4).prop_map(Event::CreateAgain),
        ]
    }

    fn apply(state: &mut State<InMemoryDB>, address: Address, event: Event) {
        let before = state.basic(address).expect("in memory");
        // Contracts are created only where there is nothing (EIP-7610).
        let event = match event {
            Event::CreateAgain(_) if before.is_some() => Event::Credit(1),
            event => event,
        };
        let info = before.unwrap_or_default();
        let mut account = EvmAccount::from(info);
        account.mark_touch();
        match event {
            Event::Write(slot, value) => {
                let slot = U256::from(slot);
                let before = state.storage(address, slot).expect("in memory");
                account.info.nonce = account.info.nonce.max(1);
                let slot_value =
                    EvmStorageSlot::new_changed(before, U256::from(value), TransactionId::default());
                account.storage.insert(slot, slot_value);
            }
            Event::Credit(amount) => account.info.balance += U256::from(amount),
            Event::Destroy => account.status |= AccountStatus::SelfDestructed,
            Event::CreateAgain(value) => {
                account.info = AccountInfo::from_bytecode(Bytecode::new_raw(vec![value as u8].into()));
                account.info.nonce = 1;
                account.status |= AccountStatus::Created;
                let slot =
                    EvmStorageSlot::new_changed(U256::ZERO, U256::from(value), TransactionId::default());
                account.storage.insert(U256::ZERO, slot);
            }
        }
        state.commit(EvmState::from_iter([(address, account)]));
    }

    fn reader(overlay: &Overlay, base: &Arc<InMemoryDB>) -> Box<dyn BaseReader> {
        let source = OverlaySource::new(overlay.clone(), SharedState(Arc::clone(base)));
        source.reader().expect("in memory")
    }

    fn same(reader: &mut dyn BaseReader, state: &mut State<InMemoryDB>) -> Result<(), TestCaseError> {
        for at in 0..ADDRESSES {
            let address = Address::with_last_byte(at);
            let expected = state.basic(address).expect("in memory");
            prop_assert_eq!(
                reader.account(address).expect("in memory").map(AccountInfo::without_code),
                expected.clone().map(AccountInfo::without_code)
            );
            // Only slots of accounts that exist are ever read.
            for slot in (0..SLOTS).filter(|_| expected.is_some()) {
                let slot = U256::from(slot);
                prop_assert_eq!(
                    reader.slot(address, slot).expect("in memory"),
                    state.storage(address, slot).expect("in memory")
                );
            }
            if let Some(AccountInfo { code_hash, code: Some(code), .. }) = expected
                && !code.is_empty()
            {
                prop_assert_eq!(reader.code(code_hash).expect("in memory"), code);
            }
        }
        Ok(())
    }

    proptest! {
        /// After every block the overlay answers what the `State` of the batch answers; one that is made of the whole
        /// bundle does too, and readers of the block before read nothing.
        #[test]
        fn reads_what_the_batch_wrote(
            blocks in proptest::collection::vec(
                proptest::collection::vec((0..ADDRESSES, event()), 0..6), 1..6),
            kept in any::<bool>(),
        ) {
            let retention = || if kept { BundleRetention::Reverts } else { BundleRetention::PlainState };
            let mut db = InMemoryDB::default();
            for at in 0..ADDRESSES / 2 {
                let address = Address::with_last_byte(at);
                db.insert_account_info(address, AccountInfo::from_balance(U256::from(7)).with_nonce(1));
                db.insert_account_storage(address, U256::from(1), U256::from(5)).expect("in memory");
            }
            let overlay = Overlay::default();
            let base = Arc::new(db.clone());
            let mut state = State::builder().with_database(db).with_bundle_update().build();
            for block in blocks {
                let mut before = reader(&overlay, &base);
                for (at, event) in block {
                    apply(&mut state, Address::with_last_byte(at), event);
                }
                state.merge_transitions(retention());
                overlay.follow(&state.bundle_state);

                same(&mut *reader(&overlay, &base), &mut state)?;
                same(&mut *reader(&Overlay::of(&state.bundle_state), &base), &mut state)?;
                prop_assert!(matches!(before.account(Address::ZERO), Err(ReadError::Stopped)));
            }
        }
    }
}
