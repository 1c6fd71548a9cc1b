//! An attached inspector sees what it sees in sequential execution, through the parallel factory too.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{num::NonZero, sync::Arc};

use alloy_evm::{
    Evm, EvmFactory,
    block::BlockExecutorFactory,
    eth::{EthBlockExecutorFactory, EthEvmFactory},
};
use alloy_primitives::{Address, Bytes, Log, U256};
use revm::{
    Inspector,
    database::WrapDatabaseRef,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter, InterpreterTypes,
        interpreter_types::Jumps,
    },
};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};
use tandem_executor::{
    ExecutionCtx, LookAhead, ParallelBlockExecutorFactory, Receipts, Strategy, WorkerPool, base::SharedState,
};

#[path = "support/seams.rs"]
mod seams;

use seams::Executed;

/// One call of an inspector, with what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Step { at: usize, opcode: u8, gas: u64 },
    StepEnd { gas: u64 },
    Log(Log),
    Call { to: Address, input_len: usize, gas: u64 },
    CallEnd { output: Bytes, gas: u64 },
    Create { caller: Address },
    CreateEnd { address: Option<Address> },
    SelfDestruct { contract: Address, heir: Address, value: U256 },
}

/// Keeps every call.
#[derive(Clone, Debug, Default)]
struct Witness(Vec<Event>);

impl<CTX, INTR: InterpreterTypes> Inspector<CTX, INTR> for Witness {
    fn step(&mut self, interpreter: &mut Interpreter<INTR>, _: &mut CTX) {
        let (at, opcode) = (interpreter.bytecode.pc(), interpreter.bytecode.opcode());
        self.0.push(Event::Step { at, opcode, gas: interpreter.gas.remaining() });
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<INTR>, _: &mut CTX) {
        self.0.push(Event::StepEnd { gas: interpreter.gas.remaining() });
    }

    fn log(&mut self, _: &mut CTX, log: Log) {
        self.0.push(Event::Log(log));
    }

    fn call(&mut self, _: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let (to, input_len) = (inputs.target_address, inputs.input.len());
        self.0.push(Event::Call { to, input_len, gas: inputs.gas_limit });
        None
    }

    fn call_end(&mut self, _: &mut CTX, _: &CallInputs, outcome: &mut CallOutcome) {
        let (output, gas) = (outcome.result.output.clone(), outcome.result.gas.remaining());
        self.0.push(Event::CallEnd { output, gas });
    }

    fn create(&mut self, _: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.0.push(Event::Create { caller: inputs.caller() });
        None
    }

    fn create_end(&mut self, _: &mut CTX, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.0.push(Event::CreateEnd { address: outcome.address });
    }

    fn selfdestruct(&mut self, contract: Address, heir: Address, value: U256) {
        self.0.push(Event::SelfDestruct { contract, heir, value });
    }
}

fn case(workload: Workload) -> Case {
    let options = GenerateOptions { blocks: 1, txs_per_block: 40, ..GenerateOptions::default() };
    generate(workload, 3, options).next().unwrap().unwrap()
}

fn sequential(case: &Case) -> (Executed, Witness) {
    let factory = EthBlockExecutorFactory::new(Receipts, case.spec.clone(), EthEvmFactory::default());
    let state = seams::state(WrapDatabaseRef(case.state.clone()));
    let env = case.spec.evm_env(&case.block.header);
    let evm = factory.evm_factory().create_evm_with_inspector(state, env, Witness::default());
    let executor = factory.create_executor(evm, seams::context(&case.block));
    let (evm, result) = seams::drive(executor, &case.block).unwrap();
    let witness = evm.inspector().clone();
    (seams::finished(evm.into_db(), result, Default::default()), witness)
}

fn parallel(case: &Case, pool: &Arc<WorkerPool>) -> (Executed, Witness) {
    let factory = ParallelBlockExecutorFactory::new(
        Receipts,
        case.spec.clone(),
        EthEvmFactory::default(),
        pool.clone(),
    );
    let state = seams::state(WrapDatabaseRef(case.state.clone()));
    let env = case.spec.evm_env(&case.block.header);
    let evm = factory.evm_factory().create_evm_with_inspector(state, env, Witness::default());
    let look_ahead = Some(LookAhead {
        transactions: case.block.transactions.clone(),
        base: Arc::new(SharedState(case.state.clone())),
        strategy: Strategy::Parallel,
    });
    let ctx = ExecutionCtx { eth: seams::context(&case.block), look_ahead };
    let executor = factory.create_executor(evm, ctx);
    let (evm, result) = seams::drive(executor, &case.block).unwrap();
    let witness = evm.inspector().clone();
    (seams::finished(evm.into_db(), result, Default::default()), witness)
}

#[test]
fn inspector_sees_every_step_once_and_in_order() {
    let pool = Arc::new(WorkerPool::new(NonZero::new(3).unwrap()).unwrap());
    for workload in [Workload::Mixed, Workload::Create2Selfdestruct, Workload::SwapsOnePool] {
        let case = case(workload);
        let (expected, seen_before) = sequential(&case);
        let (executed, seen) = parallel(&case, &pool);
        assert_eq!(executed.result, expected.result, "{workload}");
        assert_eq!(executed.bundle, expected.bundle, "{workload}");
        assert!(seen_before.0.len() > 1000, "{workload}: {} events", seen_before.0.len());
        let first = seen.0.iter().zip(&seen_before.0).position(|(one, two)| one != two);
        assert_eq!((first, seen.0.len()), (None, seen_before.0.len()), "{workload}");
    }
}
