//! Computes the state root of a state in memory.

use alloy_primitives::B256;
use tandem_corpus::PlainState;
use tandem_state::StateAccount;

/// Returns the root of a state that is the whole world.
pub fn state_root(state: &PlainState) -> B256 {
    tandem_state::state_root(state.accounts.iter().map(|(address, account)| StateAccount {
        address: *address,
        nonce: account.info.nonce,
        balance: account.info.balance,
        code_hash: account.info.code_hash,
        storage: account.storage.iter().map(|(slot, value)| (*slot, *value)),
    }))
}
