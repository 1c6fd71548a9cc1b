//! Mints collectibles.

use super::Script;
use crate::generate::{calls, contracts::Contract, draft::Draft, request::Request};

const MINT_GAS: u64 = 120_000;

/// Everybody mints.
#[derive(Debug)]
pub(super) struct MintRush;

impl Script for MintRush {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        draft.push(Request::call(from, Contract::Nft, &calls::Nft::mintCall {}, MINT_GAS));
    }
}
