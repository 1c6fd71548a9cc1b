//! Sends transactions that are included and fail.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolCall;

use super::Script;
use crate::generate::{accounts::Role, calls, contracts::Contract, draft::Draft, request::Request};

const FAIL_GAS: u64 = 120_000;

/// Init codes, each with the way it ends.
const INIT_CODES: [(&str, &[u8]); 7] = [
    ("reverts", &[0x60, 0, 0x60, 0, 0xfd]),
    ("returns code that begins with 0xef (EIP-3541)", &[0x60, 0xef, 0x60, 0, 0x53, 0x60, 1, 0x60, 0, 0xf3]),
    ("returns 4096 bytes, more than the gas can deposit", &[0x61, 0x10, 0, 0x60, 0, 0xf3]),
    ("returns more than 24576 bytes (EIP-170)", &[0x61, 0x60, 1, 0x60, 0, 0xf3]),
    ("jumps to nowhere", &[0x60, 0, 0x56]),
    ("adds on an empty stack", &[0x01]),
    ("returns one byte of code, and so succeeds", &[0x60, 1, 0x60, 0, 0x53, 0x60, 1, 0x60, 0, 0xf3]),
];

/// Reverts, invalid instructions, running out of gas, failed creations; a few inner failures that are survived.
#[derive(Debug)]
pub(super) struct Failing;

impl Script for Failing {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        if draft.world.random.chance(1, 4) {
            let (_, init_code) = draft.world.random.pick(INIT_CODES);
            return draft.push(Request::create(from, Bytes::from_static(init_code), FAIL_GAS));
        }
        let input = draw_call(draft);
        let wei = draft.world.random.pick([0, 0, 0, 5]);
        draft.push(Request::raw(from, Contract::Failing.address(), input, FAIL_GAS).value(wei));
    }
}

/// Draws a way to fail; most functions refuse value, which is one more.
fn draw_call(draft: &mut Draft<'_>) -> Vec<u8> {
    use calls::Failing as F;
    match draft.world.random.below(13) {
        0 | 1 => F::revertWithCall { reason: "on purpose".to_owned() }.abi_encode(),
        2 => F::outOfGasCall {}.abi_encode(),
        3 => F::invalidOpcodeCall {}.abi_encode(),
        4 => F::panicCall {}.abi_encode(),
        5 => F::writeInStaticCallCall {}.abi_encode(),
        6 => F::innerRevertCall {}.abi_encode(),
        7 => F::innerOutOfGasCall {}.abi_encode(),
        8 => F::overspendCall { to: draft.world.any_address(Role::User) }.abi_encode(),
        9 => F::recurseCall { depth: U256::from(draft.world.random.below(60)) }.abi_encode(),
        10 => F::returnDataOutOfBoundsCall {}.abi_encode(),
        11 => draft.world.random.bytes(4),
        _ => calls::Token::transferCall { to: draft.world.random.address(), value: U256::MAX }.abi_encode(),
    }
}
