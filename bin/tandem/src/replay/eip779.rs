//! Moves the DAO's balances where the fork's block begins (EIP-779).
//!
//! alloy-evm moves them after the block's transactions, which is the same unless a transaction touches them. A chain
//! that is imported has it as the specification says; what alloy-evm then finds to move is nothing.

use std::sync::Arc;

use alloy_evm::eth::dao_fork::{DAO_HARDFORK_ACCOUNTS, DAO_HARDFORK_BENEFICIARY};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::U256;
use tandem_corpus::{ChainSpec, PlainState};

/// Returns the state on which the transactions of a block execute.
pub(crate) fn before_transactions(spec: &ChainSpec, number: u64, state: Arc<PlainState>) -> Arc<PlainState> {
    if spec.ethereum_fork_activation(EthereumHardfork::Dao) != ForkCondition::Block(number) {
        return state;
    }
    let mut state = Arc::unwrap_or_clone(state);
    let mut moved = U256::ZERO;
    for address in &DAO_HARDFORK_ACCOUNTS {
        if let Some(account) = state.accounts.get_mut(address) {
            moved += std::mem::take(&mut account.info.balance);
        }
    }
    state.accounts.entry(DAO_HARDFORK_BENEFICIARY).or_default().info.balance += moved;
    Arc::new(state)
}
