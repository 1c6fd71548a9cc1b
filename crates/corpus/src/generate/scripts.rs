//! Decides what is sent: one script a workload, one transaction a step.

use std::fmt;

use alloy_primitives::Address;

use super::{accounts::Role, draft::Draft, fork::Fork, workload::Workload, world::World};

mod create2;
mod delegation;
mod failing;
mod fee_recipient;
mod game;
mod hot;
mod mixed;
mod nft;
mod nonce_chain;
mod precompile_inputs;
mod precompiles;
mod rollup;
mod staking;
mod swaps;
mod transfers;

/// Sends the transactions of a workload.
pub(super) trait Script: fmt::Debug + Send {
    /// Appends exactly one transaction to the block.
    fn step(&mut self, draft: &mut Draft<'_>);

    /// Chooses who gets the fees of the next block.
    fn beneficiary(&mut self, world: &mut World) -> Address {
        world.any_address(Role::FeeRecipient)
    }
}

/// Returns the first fork at which a workload can be generated.
pub(super) const fn needed_fork(workload: Workload) -> Fork {
    match workload {
        Workload::Delegation => Fork::Prague,
        _ => Fork::Shanghai,
    }
}

/// Returns the script of a workload.
pub(super) fn script(workload: Workload, fork: Fork) -> Box<dyn Script> {
    match workload {
        Workload::NativeTransfers => Box::new(transfers::Native),
        Workload::Erc20Transfers => Box::new(transfers::Erc20),
        Workload::Erc20OneRecipient => Box::new(transfers::Erc20OneRecipient),
        Workload::SwapsManyPools => Box::new(swaps::ManyPools),
        Workload::SwapsOnePool => Box::new(swaps::OnePool),
        Workload::MintRush => Box::new(nft::MintRush),
        Workload::GameMoves => Box::new(game::Moves),
        Workload::RollupBatches => Box::new(rollup::Batches),
        Workload::NonceChain => Box::new(nonce_chain::NonceChain),
        Workload::HotAccount => Box::new(hot::HotAccount),
        Workload::HotCounter => Box::new(hot::HotCounter),
        Workload::Create2Selfdestruct => Box::new(create2::LifeCycles::default()),
        Workload::Delegation => Box::new(delegation::Delegations),
        Workload::Failing => Box::new(failing::Failing),
        Workload::FeeRecipient => Box::new(fee_recipient::FeeRecipient::default()),
        Workload::Precompiles => Box::new(precompiles::Calls::default()),
        Workload::Mixed => Box::new(mixed::Mixed::new(fork)),
    }
}
