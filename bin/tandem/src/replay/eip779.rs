//! Moves the DAO's balances where the fork's block begins (EIP-779).
//!
//! alloy-evm moves them after the block's transactions, which is the same unless a transaction touches them. A chain
//! that is imported has it as the specification says: the fork's block executes on a state in which they are moved, by
//! rules that do not move them again.

use std::sync::Arc;

use alloy_evm::eth::dao_fork::{DAO_HARDFORK_ACCOUNTS, DAO_HARDFORK_BENEFICIARY};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::U256;
use revm::{DatabaseRef, state::AccountInfo};
use tandem_corpus::{BlobSchedule, ChainSpec, PlainState};
use tandem_state::{WitnessError, WitnessState};

/// Returns the rules and the state by which the transactions of a block execute.
pub(crate) fn before_transactions(
    spec: Arc<ChainSpec>,
    number: u64,
    state: Arc<PlainState>,
) -> (Arc<ChainSpec>, Arc<PlainState>) {
    if !is_fork_block(&spec, number) {
        return (spec, state);
    }
    (Arc::new(without_fork(&spec)), Arc::new(moved(Arc::unwrap_or_clone(state))))
}

/// Returns the same of a state that is held as a witness; fails where it does not prove the balances.
pub(crate) fn before_witnessed_transactions(
    spec: Arc<ChainSpec>,
    number: u64,
    mut state: WitnessState,
) -> Result<(Arc<ChainSpec>, WitnessState), WitnessError> {
    if !is_fork_block(&spec, number) {
        return Ok((spec, state));
    }
    let mut sum = U256::ZERO;
    for address in DAO_HARDFORK_ACCOUNTS {
        if let Some(info) = state.basic_ref(address)? {
            sum += info.balance;
            state.change(address, AccountInfo { balance: U256::ZERO, ..info });
        }
    }
    let info = state.basic_ref(DAO_HARDFORK_BENEFICIARY)?.unwrap_or_default();
    state.change(DAO_HARDFORK_BENEFICIARY, AccountInfo { balance: info.balance + sum, ..info });
    Ok((Arc::new(without_fork(&spec)), state))
}

fn is_fork_block(spec: &ChainSpec, number: u64) -> bool {
    spec.ethereum_fork_activation(EthereumHardfork::Dao) == ForkCondition::Block(number)
}

/// Returns the same rules without the DAO fork; there were no blobs at its time.
fn without_fork(spec: &ChainSpec) -> ChainSpec {
    let forks = EthereumHardfork::VARIANTS
        .iter()
        .filter(|fork| **fork != EthereumHardfork::Dao)
        .map(|fork| (*fork, spec.ethereum_fork_activation(*fork)));
    ChainSpec::new(spec.chain_id, forks, BlobSchedule::default())
}

fn moved(mut state: PlainState) -> PlainState {
    let mut moved = U256::ZERO;
    for address in &DAO_HARDFORK_ACCOUNTS {
        if let Some(account) = state.accounts.get_mut(address) {
            moved += std::mem::take(&mut account.info.balance);
        }
    }
    state.accounts.entry(DAO_HARDFORK_BENEFICIARY).or_default().info.balance += moved;
    state
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    #[test]
    fn balances_move_at_the_forks_block_and_no_wei_is_lost() {
        let spec = Arc::new(ChainSpec::network("HomesteadToDaoAt5").unwrap());
        let mut state = PlainState::default();
        for (address, balance) in
            [(DAO_HARDFORK_ACCOUNTS[0], 3), (DAO_HARDFORK_ACCOUNTS[115], 4), (Address::ZERO, 5)]
        {
            state.accounts.entry(address).or_default().info.balance = U256::from(balance);
        }
        let state = Arc::new(state);
        let (_, same) = before_transactions(spec.clone(), 4, state.clone());
        assert!(Arc::ptr_eq(&same, &state));

        let (rules, moved) = before_transactions(spec, 5, state);
        let balance = |address| moved.accounts[&address].info.balance;
        assert_eq!(balance(DAO_HARDFORK_ACCOUNTS[0]), U256::ZERO);
        assert_eq!(balance(DAO_HARDFORK_ACCOUNTS[115]), U256::ZERO);
        assert_eq!(balance(DAO_HARDFORK_BENEFICIARY), U256::from(7));
        assert_eq!(balance(Address::ZERO), U256::from(5));
        assert_eq!(rules.ethereum_fork_activation(EthereumHardfork::Dao), ForkCondition::Never);
        assert!(rules.is_homestead_active_at_block(5));
    }
}
