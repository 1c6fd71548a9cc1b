//! Makes the EVMs that workers speculate with.

use alloy_evm::{
    EvmEnv, EvmFactory,
    eth::{EthEvm, EthEvmBuilder, EthEvmFactory},
};
use revm::{context_interface::Transaction, inspector::NoOpInspector, primitives::hardfork::SpecId};

use crate::{instructions, tracked_db::TrackedDb};

/// The EVM of a worker.
pub type WorkerEvm<F> = <F as EvmFactory>::Evm<TrackedDb, NoOpInspector>;

/// How much a worker's EVM tells about what it needed of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// Balances, nonces and emptiness apart: everything that looks at them leaves a mark ([`crate::marks`]).
    Fields,
    /// Only which accounts were loaded: any change to one is a conflict.
    Accounts,
}

/// An EVM factory that can speculate.
///
/// The provided methods suit every factory whose EVM reads state only through its database; a factory whose EVM
/// leaves marks may say [`Tracking::Fields`], which makes far fewer conflicts.
pub trait SpeculativeEvmFactory:
    EvmFactory<Tx: Transaction + Send, Spec: Into<SpecId>> + Send + Sync + 'static
{
    /// Creates a worker's EVM.
    fn worker_evm(&self, db: TrackedDb, env: EvmEnv<Self::Spec, Self::BlockEnv>) -> WorkerEvm<Self> {
        self.create_evm(db, env)
    }

    /// Returns how much that EVM tells.
    fn tracking(&self) -> Tracking {
        Tracking::Accounts
    }
}

impl SpeculativeEvmFactory for EthEvmFactory {
    fn worker_evm(&self, db: TrackedDb, env: EvmEnv) -> WorkerEvm<Self> {
        let mut evm = EthEvmBuilder::new(db, env).build().into_inner();
        instructions::install(&mut evm.instruction);
        EthEvm::new(evm, false)
    }

    fn tracking(&self) -> Tracking {
        Tracking::Fields
    }
}
