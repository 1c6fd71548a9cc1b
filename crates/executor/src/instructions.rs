//! Wraps the instructions that look at balances or emptiness, so that they leave a mark first.
//!
//! Each wrapper peeks at the stack, marks, and always runs revm's own instruction, which alone decides what happens. A
//! mark that was not needed after all (the instruction ran out of gas) is only cautious.

use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{Address, U256};
use revm::{
    bytecode::opcode,
    context_interface::ContextTr,
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult,
        instructions::{contract, host},
        interpreter::EthInterpreter,
        interpreter_types::InputsTr,
    },
    primitives::hardfork::SpecId,
};

use crate::{
    marks::{Creation, Marks},
    tracked_db::TrackedDb,
};

type Host = EthEvmContext<TrackedDb>;
type Context<'a> = InstructionContext<'a, Host, EthInterpreter>;

/// Replaces the instructions that look at accounts; gas stays as it is.
pub fn install(instructions: &mut EthInstructions<EthInterpreter, Host>) {
    let table = instructions.instruction_table_mut();
    table[opcode::BALANCE as usize] = Instruction::new(balance);
    table[opcode::SELFBALANCE as usize] = Instruction::new(self_balance);
    table[opcode::EXTCODEHASH as usize] = Instruction::new(ext_code_hash);
    table[opcode::CALL as usize] = Instruction::new(call);
    table[opcode::CALLCODE as usize] = Instruction::new(call_code);
    table[opcode::CREATE as usize] = Instruction::new(create::<false>);
    table[opcode::CREATE2 as usize] = Instruction::new(create::<true>);
    table[opcode::SELFDESTRUCT as usize] = Instruction::new(self_destruct);
}

fn balance(context: Context<'_>) -> InstructionExecResult {
    if let Some(address) = address_at(&context, 0) {
        marks(context.host).observe(address);
    }
    host::balance(context)
}

fn self_balance(context: Context<'_>) -> InstructionExecResult {
    let address = context.interpreter.input.target_address();
    marks(context.host).observe(address);
    host::selfbalance(context)
}

fn ext_code_hash(context: Context<'_>) -> InstructionExecResult {
    if let Some(address) = address_at(&context, 0) {
        marks(context.host).observe_emptiness(address);
    }
    host::extcodehash(context)
}

fn call(context: Context<'_>) -> InstructionExecResult {
    if let (Some(to), Some(value)) = (address_at(&context, 1), peek(&context, 2)) {
        // Before EIP-161 every CALL asks whether its target exists, after it only one that carries value.
        if !value.is_zero() || !context.host.cfg().spec().is_enabled_in(SpecId::SPURIOUS_DRAGON) {
            marks(context.host).observe_emptiness(to);
        }
        spend(&mut *context.host, context.interpreter.input.target_address(), value);
    }
    contract::call::<{ opcode::CALL }, _, _>(context)
}

fn call_code(context: Context<'_>) -> InstructionExecResult {
    if let (Some(to), Some(value)) = (address_at(&context, 1), peek(&context, 2)) {
        marks(context.host).observe_emptiness(to);
        spend(&mut *context.host, context.interpreter.input.target_address(), value);
    }
    contract::call::<{ opcode::CALLCODE }, _, _>(context)
}

fn create<const IS_CREATE2: bool>(context: Context<'_>) -> InstructionExecResult {
    if let Some(value) = peek(&context, 0) {
        marks(context.host).creation = Creation::Tried;
        spend(&mut *context.host, context.interpreter.input.target_address(), value);
    }
    contract::create::<IS_CREATE2, _, _>(context)
}

fn self_destruct(context: Context<'_>) -> InstructionExecResult {
    if let Some(heir) = address_at(&context, 0) {
        let address = context.interpreter.input.target_address();
        let marks = marks(context.host);
        marks.observe(address);
        marks.observe_emptiness(heir);
    }
    host::selfdestruct(context)
}

fn marks(host: &mut Host) -> &mut Marks {
    host.journaled_state.database.marks_mut()
}

fn spend(host: &mut Host, address: Address, value: U256) {
    if value.is_zero() {
        return;
    }
    let balance = host.journaled_state.inner.state.get(&address).map(|account| account.info.balance);
    let marks = marks(host);
    match balance {
        Some(balance) => marks.spend(address, balance, value),
        None => marks.observe(address),
    }
}

fn peek(context: &Context<'_>, depth: usize) -> Option<U256> {
    context.interpreter.stack.peek(depth).ok()
}

fn address_at(context: &Context<'_>, depth: usize) -> Option<Address> {
    peek(context, depth).map(|word| Address::from_word(word.into()))
}
