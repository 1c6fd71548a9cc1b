//! An EVM factory of a chain with precompiles of its own, as OP-stack and other chains have.

use alloy_evm::{
    Database, Evm, EvmEnv, EvmFactory,
    eth::{EthEvm, EthEvmBuilder, EthEvmContext, EthEvmFactory},
    precompiles::{DynPrecompile, PrecompileInput, PrecompilesMap},
};
use alloy_primitives::{Address, Bytes, U256, address, keccak256};
use revm::{
    Inspector,
    context::{BlockEnv, TxEnv},
    context_interface::result::{EVMError, HaltReason},
    database_interface::DBErrorMarker,
    inspector::NoOpInspector,
    precompile::{PrecompileError, PrecompileId, PrecompileOutput, PrecompileResult},
    primitives::hardfork::SpecId,
};
use tandem_executor::{SpeculativeEvmFactory, Tracking, evm::WorkerEvm, instructions, tracked_db::TrackedDb};

/// Hashes its input twice; reads no state.
pub(crate) const DIGEST: Address = address!("0x0000000000000000000000000000000000000a00");
/// Counts its calls in its own storage, and returns the count and its caller's balance.
pub(crate) const COUNTER: Address = address!("0x0000000000000000000000000000000000000a01");

/// The slot in which [`COUNTER`] counts.
pub(crate) const COUNT_SLOT: U256 = U256::ZERO;

/// The factory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CustomEvmFactory {
    /// How much workers' EVMs tell; an EVM whose precompiles look at balances leaves no mark of that.
    pub(crate) tracking: Tracking,
}

fn with_precompiles<DB: Database, I>(mut evm: EthEvm<DB, I, PrecompilesMap>) -> EthEvm<DB, I, PrecompilesMap>
where
    I: Inspector<EthEvmContext<DB>>,
{
    evm.precompiles_mut().extend_precompiles([
        (DIGEST, DynPrecompile::new(PrecompileId::custom("digest"), digest)),
        (COUNTER, DynPrecompile::new_stateful(PrecompileId::custom("counter"), count)),
    ]);
    evm
}

fn digest(input: PrecompileInput<'_>) -> PrecompileResult {
    let twice = keccak256(keccak256(input.data));
    Ok(PrecompileOutput::new(60, Bytes::copy_from_slice(twice.as_slice()), input.reservoir))
}

fn count(mut input: PrecompileInput<'_>) -> PrecompileResult {
    let fatal = |error: &dyn ToString| PrecompileError::Fatal(error.to_string());
    let count = input.internals.sload(COUNTER, COUNT_SLOT).map_err(|error| fatal(&error))?.data;
    let count = count + U256::from(1);
    input.internals.sstore(COUNTER, COUNT_SLOT, count).map_err(|error| fatal(&error))?;
    let caller = input.internals.load_account(input.caller).map_err(|error| fatal(&error))?;
    let balance = caller.data.info.balance;
    let mut output = count.to_be_bytes::<32>().to_vec();
    output.extend(balance.to_be_bytes::<32>());
    Ok(PrecompileOutput::new(5000, output.into(), input.reservoir))
}

impl EvmFactory for CustomEvmFactory {
    type Evm<DB: Database, I: Inspector<EthEvmContext<DB>>> = EthEvm<DB, I, PrecompilesMap>;
    type Context<DB: Database> = EthEvmContext<DB>;
    type Tx = TxEnv;
    type Error<DBError: DBErrorMarker> = EVMError<DBError>;
    type HaltReason = HaltReason;
    type Spec = SpecId;
    type BlockEnv = BlockEnv;
    type Precompiles = PrecompilesMap;

    fn create_evm<DB: Database>(&self, db: DB, env: EvmEnv) -> Self::Evm<DB, NoOpInspector> {
        with_precompiles(EthEvmFactory::default().create_evm(db, env))
    }

    fn create_evm_with_inspector<DB: Database, I: Inspector<Self::Context<DB>>>(
        &self,
        db: DB,
        env: EvmEnv,
        inspector: I,
    ) -> Self::Evm<DB, I> {
        with_precompiles(EthEvmFactory::default().create_evm_with_inspector(db, env, inspector))
    }
}

impl SpeculativeEvmFactory for CustomEvmFactory {
    fn worker_evm(&self, db: TrackedDb, env: EvmEnv) -> WorkerEvm<Self> {
        match self.tracking {
            Tracking::Accounts => self.create_evm(db, env),
            Tracking::Fields => {
                let mut evm = EthEvmBuilder::new(db, env).build().into_inner();
                instructions::install(&mut evm.instruction);
                with_precompiles(EthEvm::new(evm, false))
            }
        }
    }

    fn tracking(&self) -> Tracking {
        self.tracking
    }
}
