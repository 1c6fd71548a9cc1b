//! Creates, destroys and re-creates contracts at the same addresses.

use alloy_primitives::{Address, B256, Bytes, keccak256};

use super::Script;
use crate::generate::{
    accounts::Role,
    calls::Factory,
    contracts::{Artifact, Contract, FACTORIES},
    draft::Draft,
    request::Request,
};

const CREATE_GAS: u64 = 250_000;
/// Enough that what a collision leaves over (1/64) still pays for a log.
const CHURN_GAS: u64 = 500_000;
const CALL_GAS: u64 = 120_000;
/// Lives that go on at the same time.
const LIVES: usize = 6;

/// What is done to an address next.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Pay the address.
    Pay,
    /// Create, visit and destroy within one transaction.
    Churn,
    /// Create; a collision when the contract is there.
    Create,
    /// Count a visit.
    Visit,
    /// Destroy; deletes the contract before Cancun, and only takes its balance from then on (EIP-6780).
    Destroy,
}

/// What happens to one address, from first to last: re-creation after a deletion, and collision after none.
const PLAN: [Stage; 11] = [
    Stage::Pay,
    Stage::Churn,
    Stage::Churn,
    Stage::Visit,
    Stage::Create,
    Stage::Visit,
    Stage::Create,
    Stage::Destroy,
    Stage::Visit,
    Stage::Create,
    Stage::Churn,
];

/// One address and how far its plan has come.
#[derive(Debug)]
struct Life {
    factory: Contract,
    salt: B256,
    at: usize,
}

/// Some addresses, each at its own stage of the plan; the first moves on once a block, the others whenever drawn.
#[derive(Debug)]
pub(super) struct LifeCycles {
    init_code: Bytes,
    init_code_hash: B256,
    lives: Vec<Life>,
    latest_block: u64,
}

impl Default for LifeCycles {
    fn default() -> Self {
        let init_code = Artifact::child().creation;
        let init_code_hash = keccak256(&init_code);
        Self { init_code, init_code_hash, lives: Vec::new(), latest_block: 0 }
    }
}

impl Script for LifeCycles {
    fn step(&mut self, draft: &mut Draft<'_>) {
        while self.lives.len() < LIVES {
            self.lives.push(Life::begin(draft));
        }
        let first_in_block = self.latest_block != draft.header.number;
        self.latest_block = draft.header.number;
        if !first_in_block && draft.world.random.chance(1, 12) {
            return self.create_elsewhere(draft);
        }
        let drawn = if first_in_block { 0 } else { 1 + draft.world.random.index(LIVES - 1) };
        let stage = PLAN[self.lives[drawn].at];
        self.enter(stage, drawn, draft);
        self.lives[drawn].at += 1;
        if self.lives[drawn].at == PLAN.len() {
            self.lives[drawn] = Life::begin(draft);
        }
    }
}

impl Life {
    fn begin(draft: &mut Draft<'_>) -> Self {
        let random = &mut draft.world.random;
        let factory = Contract::Factory(random.below(u64::from(FACTORIES)) as u8);
        Self { factory, salt: random.word(), at: random.index(2) }
    }

    fn address(&self, init_code_hash: B256) -> Address {
        self.factory.address().create2(self.salt, init_code_hash)
    }
}

impl LifeCycles {
    fn enter(&self, stage: Stage, drawn: usize, draft: &mut Draft<'_>) {
        let Life { factory, salt, .. } = self.lives[drawn];
        let child = self.lives[drawn].address(self.init_code_hash);
        let from = draft.world.next_user();
        let to = self.heir(child, drawn, draft);
        let wei = u128::from(draft.world.random.below(1000));
        let request = match stage {
            Stage::Pay => Request::pay(from, child, 1 + wei as u64).gas(CALL_GAS),
            Stage::Churn => {
                Request::call(from, factory, &Factory::churnCall { salt, to }, CHURN_GAS).value(wei)
            }
            Stage::Create => {
                Request::call(from, factory, &Factory::createCall { salt }, CREATE_GAS).value(wei)
            }
            Stage::Visit => Request::call(from, factory, &Factory::visitCall { child }, CALL_GAS).value(wei),
            Stage::Destroy => Request::call(from, factory, &Factory::destroyCall { child, to }, CALL_GAS),
        };
        draft.push(request);
    }

    /// Draws who gets the balance of a destroyed contract: also itself, and a contract that comes later.
    fn heir(&self, child: Address, drawn: usize, draft: &mut Draft<'_>) -> Address {
        match draft.world.random.below(6) {
            0 => child,
            1 => self.lives[(drawn + 1) % LIVES].address(self.init_code_hash),
            2 => draft.header.beneficiary,
            3 => draft.world.random.address(),
            _ => draft.world.any_address(Role::User),
        }
    }

    /// Creates a contract whose address follows from a nonce.
    fn create_elsewhere(&self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let request = if draft.world.random.chance(1, 2) {
            Request::create(from, self.init_code.clone(), CREATE_GAS)
        } else {
            Request::call(from, Contract::Factory(0), &Factory::createNextCall {}, CREATE_GAS)
        };
        draft.push(request);
    }
}
