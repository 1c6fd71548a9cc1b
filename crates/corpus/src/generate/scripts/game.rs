//! Plays the game.

use super::Script;
use crate::generate::{accounts::Role, calls::Game, contracts::Contract, draft::Draft, request::Request};

const MOVE_GAS: u64 = 100_000;

/// Mostly moves of one's own, some captures of cells, some strikes at others, and now and then the next round.
#[derive(Debug)]
pub(super) struct Moves;

impl Script for Moves {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let random = &mut draft.world.random;
        let request = match random.below(40) {
            0 => Request::call(from, Contract::Game, &Game::nextRoundCall {}, MOVE_GAS),
            1..=7 => Request::call(from, Contract::Game, &Game::captureCall {}, MOVE_GAS),
            8..=12 => {
                let other = draft.world.any_address(Role::User);
                Request::call(from, Contract::Game, &Game::strikeCall { other }, MOVE_GAS)
            }
            _ => {
                let call = Game::moveCall { dx: random.below(8), dy: random.below(8) };
                Request::call(from, Contract::Game, &call, MOVE_GAS)
            }
        };
        draft.push(request);
    }
}
