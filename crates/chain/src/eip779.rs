//! Moves the DAO's balances where the fork's block begins (EIP-779).
//!
//! alloy-evm moves them after the block's transactions, which is the same unless a transaction touches them. Here the
//! fork's block executes on a state in which they are moved, by rules that do not move them again; what moved is among
//! the block's changes.

use std::fmt::Debug;

use alloy_evm::{
    Database,
    block::BlockExecutionError,
    eth::dao_fork::{DAO_HARDFORK_ACCOUNTS, DAO_HARDFORK_BENEFICIARY},
};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::U256;
use revm::{
    Database as _, DatabaseCommit,
    database::State,
    state::{Account, EvmState, TransactionId},
};
use tandem_corpus::{BlobSchedule, ChainSpec};

/// Moves the balances if the block is the fork's, and returns the rules by which its transactions then execute.
pub(crate) fn before_transactions<DB: Database + Debug>(
    spec: &ChainSpec,
    number: u64,
    state: &mut State<DB>,
) -> Result<Option<ChainSpec>, BlockExecutionError> {
    if spec.ethereum_fork_activation(EthereumHardfork::Dao) != ForkCondition::Block(number) {
        return Ok(None);
    }
    let failed = BlockExecutionError::other;
    let (mut changes, mut moved) = (EvmState::default(), U256::ZERO);
    for address in DAO_HARDFORK_ACCOUNTS {
        if let Some(info) = state.basic(address).map_err(failed)? {
            moved += info.balance;
            changes.insert(address, with_balance(info.into(), U256::ZERO));
        }
    }
    let beneficiary = state.basic(DAO_HARDFORK_BENEFICIARY).map_err(failed)?;
    let beneficiary =
        beneficiary.map_or_else(|| Account::new_not_existing(TransactionId::ZERO), Account::from);
    let balance = beneficiary.info.balance.saturating_add(moved);
    changes.insert(DAO_HARDFORK_BENEFICIARY, with_balance(beneficiary, balance));
    state.commit(changes);
    Ok(Some(without_fork(spec)))
}

/// Gives an account another balance. An account that is empty then exists all the same, before EIP-161: revm removes
/// what is touched and empty, unless it is created.
fn with_balance(mut account: Account, balance: U256) -> Account {
    account.info.balance = balance;
    account.mark_touch();
    if account.is_empty() {
        account.mark_created();
    }
    account
}

/// Returns the same rules without the DAO fork; there were no blobs at its time.
fn without_fork(spec: &ChainSpec) -> ChainSpec {
    let forks = EthereumHardfork::VARIANTS
        .iter()
        .filter(|fork| **fork != EthereumHardfork::Dao)
        .map(|fork| (*fork, spec.ethereum_fork_activation(*fork)));
    ChainSpec::new(spec.chain_id, forks, BlobSchedule::default())
}
