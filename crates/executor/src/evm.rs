//! Makes the EVMs that workers speculate with.

use alloy_evm::{
    EvmEnv, EvmFactory,
    eth::{EthEvm, EthEvmBuilder, EthEvmFactory},
};
use revm::{context_interface::Transaction, inspector::NoOpInspector, primitives::hardfork::SpecId};

use crate::{instructions, payment::Payments, tracked_db::TrackedDb};

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
/// The provided methods suit every factory whose EVM reads state only through its database, anew for each transaction; a factory whose EVM
/// leaves marks may say [`Tracking::Fields`], which makes far fewer conflicts.
pub trait SpeculativeEvmFactory:
    EvmFactory<Tx: Transaction + Send, Spec: Into<SpecId>> + Send + Sync + 'static
{
    /// Creates a worker's EVM.
    fn worker_evm(&self, db: TrackedDb, env: EvmEnv<Self::Spec, Self::BlockEnv>) -> WorkerEvm<Self> {
        self.create_evm(db, env)
    }

    /// Returns whether payments follow Ethereum's rules.
    fn payments(&self) -> Payments {
        Payments::Unknown
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

    fn payments(&self) -> Payments {
        Payments::Ethereum
    }

    fn tracking(&self) -> Tracking {
        Tracking::Fields
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy_evm::Evm;
    use alloy_primitives::{Address, TxKind, U256};
    use revm::{
        bytecode::{Bytecode, opcode},
        context::{BlockEnv, CfgEnv, TxEnv},
        database::InMemoryDB,
        state::AccountInfo,
    };

    use super::*;
    use crate::{codes::Codes, memory::MultiVersionMemory};

    const WRAPPED: [u8; 8] = [
        opcode::BALANCE,
        opcode::SELFBALANCE,
        opcode::EXTCODEHASH,
        opcode::CALL,
        opcode::CALLCODE,
        opcode::CREATE,
        opcode::CREATE2,
        opcode::SELFDESTRUCT,
    ];

    /// Wrapped instructions end as revm's own do, with every number of operands and under every fork.
    #[test]
    fn wrapped_instructions_change_nothing() {
        let contract = Address::repeat_byte(0xcc);
        for op in WRAPPED {
            for depth in 0..8 {
                let code: Vec<u8> =
                    [opcode::PUSH1, 1].repeat(depth).into_iter().chain([op, opcode::STOP]).collect();
                let code = Bytecode::new_raw(code.into());
                let mut db = InMemoryDB::default();
                db.insert_account_info(
                    contract,
                    AccountInfo::from_bytecode(code).with_balance(U256::from(9)),
                );
                let rich = AccountInfo::from_balance(U256::from(u64::MAX));
                db.insert_account_info(Address::ZERO, rich);
                for spec in SpecId::FRONTIER as u8..=SpecId::AMSTERDAM as u8 {
                    let spec = SpecId::try_from_u8(spec).expect("all numbers between are forks");
                    let env = EvmEnv { cfg_env: CfgEnv::new_with_spec(spec), block_env: BlockEnv::default() };
                    let tx = TxEnv { kind: TxKind::Call(contract), gas_limit: 200_000, ..TxEnv::default() };
                    let factory = EthEvmFactory::default();
                    let plain = factory.create_evm(db.clone(), env.clone()).transact_raw(tx.clone());
                    let tracked = TrackedDb::new(
                        Arc::new(MultiVersionMemory::new(None)),
                        Box::new(db.clone()),
                        Codes::default(),
                        Arc::default(),
                    );
                    let wrapped = factory.worker_evm(tracked, env).transact_raw(tx);
                    let (plain, wrapped) =
                        (plain.map_err(|e| e.to_string()), wrapped.map_err(|e| e.to_string()));
                    assert_eq!(plain, wrapped, "opcode {op:#x} with {depth} operands under {spec:?}");
                }
            }
        }
    }
}
