//! Asks for deposits, withdrawals and consolidations of validators (EIP-6110, EIP-7002, EIP-7251).

use alloy_eips::{
    eip6110::MAINNET_DEPOSIT_CONTRACT_ADDRESS, eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
};
use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use sha2::{Digest, Sha256};

use super::Script;
use crate::generate::{calls::DepositContract, draft::Draft, request::Request};

const DEPOSIT_GAS: u64 = 150_000;
const REQUEST_GAS: u64 = 250_000;
/// Wei that cover the fee of a request while few are queued.
const REQUEST_FEE: u128 = 1_000_000_000;
/// Wei in a gwei, the unit of deposits.
const GWEI: u128 = 1_000_000_000;
/// Length of a validator's public key.
const PUBKEY_LEN: usize = 48;
/// Length of a validator's signature.
const SIGNATURE_LEN: usize = 96;

/// Deposits, withdrawal requests and consolidation requests in equal parts.
#[derive(Debug)]
pub(super) struct Staking;

impl Script for Staking {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let random = &mut draft.world.random;
        let request = match random.below(3) {
            0 => return deposit(draft),
            1 => {
                let input = random.bytes(PUBKEY_LEN + 8);
                Request::raw(from, WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, input, REQUEST_GAS)
            }
            _ => {
                let input = random.bytes(2 * PUBKEY_LEN);
                Request::raw(from, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, input, REQUEST_GAS)
            }
        };
        draft.push(request.value(REQUEST_FEE));
    }
}

/// Deposits one or 32 ether; nobody checks the signature on this layer.
fn deposit(draft: &mut Draft<'_>) {
    let from = draft.world.next_user();
    let random = &mut draft.world.random;
    let pubkey = random.bytes(PUBKEY_LEN);
    let credentials = random.word();
    let signature = random.bytes(SIGNATURE_LEN);
    let gwei = random.pick([1_000_000_000u64, 32_000_000_000]);
    let call = DepositContract::depositCall {
        deposit_data_root: deposit_data_root(&pubkey, credentials, gwei, &signature),
        pubkey: pubkey.into(),
        withdrawal_credentials: credentials.into(),
        signature: signature.into(),
    };
    let input = call.abi_encode();
    let request = Request::raw(from, MAINNET_DEPOSIT_CONTRACT_ADDRESS, input, DEPOSIT_GAS);
    draft.push(request.value(u128::from(gwei) * GWEI));
}

/// The SSZ hash tree root of `DepositData` (consensus-specs, phase 0), as the contract computes it.
fn deposit_data_root(pubkey: &[u8], credentials: B256, gwei: u64, signature: &[u8]) -> B256 {
    let pubkey_root = sha256(&[pubkey, &[0; 16]]);
    let (head, tail) = signature.split_at(64);
    let signature_root = sha256(&[sha256(&[head]).as_slice(), sha256(&[tail, &[0; 32]]).as_slice()]);
    let left = sha256(&[pubkey_root.as_slice(), credentials.as_slice()]);
    let right = sha256(&[&gwei.to_le_bytes(), &[0; 24], signature_root.as_slice()]);
    sha256(&[left.as_slice(), right.as_slice()])
}

fn sha256(parts: &[&[u8]]) -> B256 {
    B256::from_slice(&Sha256::digest(parts.concat()))
}
