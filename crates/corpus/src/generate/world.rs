//! Keeps what lasts from block to block: the fork, the stream of numbers, and who signs.

use alloy_primitives::Address;

use super::{
    accounts::{AccountId, Accounts, Role},
    fork::Fork,
    random::Random,
};

/// What lasts from block to block while a chain is generated.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) fork: Fork,
    pub(super) random: Random,
    pub(super) accounts: Accounts,
    next_user: usize,
}

impl World {
    /// Starts with fresh accounts.
    pub(super) fn new(fork: Fork, random: Random, accounts: Accounts) -> Self {
        Self { fork, random, accounts, next_user: 0 }
    }

    /// Returns the address of a signing account.
    pub(super) fn address(&self, id: AccountId) -> Address {
        self.accounts[id].address
    }

    /// Returns the users in turn, so that nobody sends twice in a block that has no more transactions than users.
    pub(super) fn next_user(&mut self) -> AccountId {
        self.next_user += 1;
        self.accounts.get(Role::User, self.next_user)
    }

    /// Returns any account of a role.
    pub(super) fn any(&mut self, role: Role) -> AccountId {
        let count = self.accounts.count(role);
        self.accounts.get(role, self.random.index(count))
    }

    /// Returns the address of any account of a role.
    pub(super) fn any_address(&mut self, role: Role) -> Address {
        let id = self.any(role);
        self.address(id)
    }
}
