//! A state of the node's that several threads read.

use std::fmt::{self, Debug};

use alloy_primitives::{Address, B256, U256};
use parking_lot::Mutex;
use reth_revm::database::StateProviderDatabase;
use reth_storage_api::{
    StateProviderBox, StateProviderFactory,
    errors::provider::{ProviderError, ProviderResult},
};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

/// The state after a block.
///
/// reth's readers cannot be shared, so that each read borrows one; there are as many as there are threads.
pub(super) struct SharedState<P> {
    provider: P,
    block: B256,
    idle: Mutex<Vec<StateProviderDatabase<StateProviderBox>>>,
}

impl<P: StateProviderFactory> SharedState<P> {
    /// Opens the state after a block.
    pub(super) fn open(provider: P, block: B256) -> ProviderResult<Self> {
        let first = StateProviderDatabase::new(provider.state_by_block_hash(block)?);
        Ok(Self { provider, block, idle: Mutex::new(vec![first]) })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&StateProviderDatabase<StateProviderBox>) -> ProviderResult<T>,
    ) -> ProviderResult<T> {
        let idle = self.idle.lock().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => StateProviderDatabase::new(self.provider.state_by_block_hash(self.block)?),
        };
        let result = read(&reader);
        self.idle.lock().push(reader);
        result
    }
}

impl<P: StateProviderFactory> DatabaseRef for SharedState<P> {
    type Error = ProviderError;

    fn basic_ref(&self, address: Address) -> ProviderResult<Option<AccountInfo>> {
        self.read(|reader| reader.basic_ref(address))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> ProviderResult<Bytecode> {
        self.read(|reader| reader.code_by_hash_ref(code_hash))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> ProviderResult<U256> {
        self.read(|reader| reader.storage_ref(address, slot))
    }

    fn block_hash_ref(&self, number: u64) -> ProviderResult<B256> {
        self.read(|reader| reader.block_hash_ref(number))
    }
}

impl<P> Debug for SharedState<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedState").field("block", &self.block).finish_non_exhaustive()
    }
}
