//! Reads the state after earlier blocks of a batch: what they changed, over the state before the batch.
//!
//! A host that executes many blocks before it writes any (reth's pipeline does) has the state between them in the
//! frontier's `State` alone, where workers cannot read. An [`Overlay`] follows that state from block to block.

use std::{fmt::Debug, sync::Arc};

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, B256Map, HashMap},
};
use revm::{
    bytecode::Bytecode,
    database::{TransitionAccount, TransitionState},
    state::AccountInfo,
};

use crate::{
    base::{BaseReader, BaseSource, ReadError},
    sync::RwLock,
};

/// What the blocks of a batch changed so far. Clones share it.
///
/// It must not change while a block is executed whose readers see it; readers of a block that is over may see later
/// changes, which no longer matters.
#[derive(Clone, Debug, Default)]
pub struct Overlay(Arc<RwLock<Changes>>);

#[derive(Debug, Default)]
struct Changes {
    accounts: AddressMap<Account>,
    codes: B256Map<Bytecode>,
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
    /// Adds what a block changed: the transitions of its `State` before they are merged into the bundle.
    pub fn add(&self, block: &TransitionState) {
        let mut changes = self.0.write();
        let Changes { accounts, codes } = &mut *changes;
        for (address, transition) in &block.transitions {
            add_account(accounts, codes, *address, transition);
        }
    }
}

fn add_account(
    accounts: &mut AddressMap<Account>,
    codes: &mut B256Map<Bytecode>,
    address: Address,
    transition: &TransitionAccount,
) {
    let account = accounts.entry(address).or_insert_with(|| Account {
        info: None,
        slots: HashMap::default(),
        below: Below::Base,
    });
    if transition.storage_was_destroyed {
        account.slots.clear();
    }
    if transition.status.is_storage_known() {
        account.below = Below::Zero;
    }
    account.slots.extend(transition.storage.iter().map(|(slot, value)| (*slot, value.present_value)));
    if let Some(AccountInfo { code_hash, code: Some(code), .. }) = &transition.info {
        codes.entry(*code_hash).or_insert_with(|| code.clone());
    }
    account.info = transition.info.clone();
}

/// Readers of the state before a block of a batch.
#[derive(Debug)]
pub struct OverlaySource<B> {
    /// What earlier blocks changed.
    pub overlay: Overlay,
    /// Readers of the state before the batch.
    pub base: B,
}

impl<B: BaseSource> BaseSource for OverlaySource<B> {
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
        Ok(Box::new(OverlayReader { overlay: self.overlay.clone(), base: self.base.reader()? }))
    }
}

#[derive(Debug)]
struct OverlayReader {
    overlay: Overlay,
    base: Box<dyn BaseReader>,
}

impl BaseReader for OverlayReader {
    fn account(&mut self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        if let Some(account) = self.overlay.0.read().accounts.get(&address) {
            return Ok(account.info.clone());
        }
        self.base.account(address)
    }

    fn code(&mut self, code_hash: B256) -> Result<Bytecode, ReadError> {
        if let Some(code) = self.overlay.0.read().codes.get(&code_hash) {
            return Ok(code.clone());
        }
        self.base.code(code_hash)
    }

    fn slot(&mut self, address: Address, slot: U256) -> Result<U256, ReadError> {
        if let Some(account) = self.overlay.0.read().accounts.get(&address) {
            if let Some(value) = account.slots.get(&slot) {
                return Ok(*value);
            }
            if account.below == Below::Zero {
                return Ok(U256::ZERO);
            }
        }
        self.base.slot(address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ReadError> {
        self.base.block_hash(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
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

    proptest! {
        /// After every block the overlay answers what the `State` of the batch answers.
        #[test]
        fn reads_what_the_batch_wrote(
            blocks in proptest::collection::vec(
                proptest::collection::vec((0..ADDRESSES, event()), 0..6), 1..6)
        ) {
            let mut db = InMemoryDB::default();
            for at in 0..ADDRESSES / 2 {
                let address = Address::with_last_byte(at);
                db.insert_account_info(address, AccountInfo::from_balance(U256::from(7)).with_nonce(1));
                db.insert_account_storage(address, U256::from(1), U256::from(5)).expect("in memory");
            }
            let overlay = Overlay::default();
            let base = SharedState(Arc::new(db.clone()));
            let source = OverlaySource { overlay: overlay.clone(), base };
            let mut state = State::builder().with_database(db).with_bundle_update().build();
            for block in blocks {
                for (at, event) in block {
                    apply(&mut state, Address::with_last_byte(at), event);
                }
                if let Some(transitions) = &state.transition_state {
                    overlay.add(transitions);
                }
                state.merge_transitions(BundleRetention::Reverts);

                let mut reader = source.reader().expect("in memory");
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
            }
        }
    }
}
