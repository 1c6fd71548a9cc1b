//! Pays the fee recipient, lets it pay, and reads its balance.

use alloy_primitives::{Address, U256};

use super::Script;
use crate::generate::{
    accounts::{AccountId, Role},
    calls::{Reader, Tipper},
    contracts::Contract,
    draft::Draft,
    request::{Fees, Request, Shape, TRANSFER_GAS},
    world::World,
};

const TIP_GAS: u64 = 100_000;

/// Who gets the fees of the block in the making.
#[derive(Clone, Copy, Debug, Default)]
enum Beneficiary {
    /// A contract, or an account whose key nobody has.
    #[default]
    Keyless,
    /// A rich account.
    Rich(AccountId),
    /// An account that does not exist before its first fee, and can spend only what this block's fees gave it.
    Poor(AccountId),
}

/// Payments to and from the fee recipient among reads of its balance.
#[derive(Debug, Default)]
pub(super) struct FeeRecipient {
    beneficiary: Beneficiary,
    /// Wei that the poor account has spent of this block's fees.
    spent: u128,
}

impl Script for FeeRecipient {
    fn beneficiary(&mut self, world: &mut World) -> Address {
        self.spent = 0;
        let (beneficiary, address) = match world.random.below(8) {
            0 => (Beneficiary::Keyless, Contract::Tipper.address()),
            1..=4 => {
                let id = world.any(Role::FeeRecipient);
                (Beneficiary::Rich(id), world.address(id))
            }
            _ => {
                let id = world.accounts.add_poor();
                (Beneficiary::Poor(id), world.address(id))
            }
        };
        self.beneficiary = beneficiary;
        address
    }

    fn step(&mut self, draft: &mut Draft<'_>) {
        let from = draft.world.next_user();
        let beneficiary = draft.header.beneficiary;
        let random = &mut draft.world.random;
        let wei = random.below(1_000_000);
        let request = match random.below(16) {
            0..=2 => Request::pay(from, beneficiary, wei).gas(TIP_GAS),
            3 | 4 => Request::call(from, Contract::Tipper, &Tipper::tipCall {}, TIP_GAS).value(wei.into()),
            5 => Request::call(from, Contract::Tipper, &Tipper::tipAndReadCall {}, TIP_GAS).value(wei.into()),
            6 => Request::call(from, Contract::Tipper, &Tipper::readCall {}, TIP_GAS),
            7 => {
                let accounts = vec![beneficiary, draft.world.any_address(Role::User)];
                Request::call(from, Contract::Reader, &Reader::readCall { accounts }, TIP_GAS)
            }
            8 => {
                let threshold = U256::from(draft.fees_at_least);
                let call = Reader::payIfRicherCall { account: beneficiary, threshold };
                Request::call(from, Contract::Reader, &call, TIP_GAS).value(wei.into())
            }
            9..=11 => return self.spend(draft),
            _ => Request::pay(from, draft.world.any_address(Role::User), wei),
        };
        draft.push(request);
    }
}

impl FeeRecipient {
    /// Sends from the fee recipient itself where it can.
    fn spend(&mut self, draft: &mut Draft<'_>) {
        let to = draft.world.any_address(Role::User);
        let request = match self.beneficiary {
            Beneficiary::Keyless => Request::pay(draft.world.next_user(), to, 1),
            Beneficiary::Rich(id) => Request::pay(id, to, 1_000_000),
            Beneficiary::Poor(id) => match self.spend_earned(draft, id, to) {
                Some(request) => request,
                None => Request::pay(draft.world.next_user(), to, 1),
            },
        };
        draft.push(request);
    }

    /// Spends half of what is sure to be there, or nothing when it is too little.
    fn spend_earned(&mut self, draft: &Draft<'_>, id: AccountId, to: Address) -> Option<Request> {
        let fees = Fees { max: draft.base_fee(), priority: 0 };
        let gas_cost = fees.max * u128::from(TRANSFER_GAS);
        let rest = draft.fees_at_least.checked_sub(self.spent + gas_cost)?;
        let value = rest / 2;
        self.spent += gas_cost + value;
        Some(Request::pay(id, to, 0).value(value).shape(Shape::Priced(fees)))
    }
}
