//! Notes what an execution needed to know of accounts beyond their code.
//!
//! revm loads an account as a whole, so its database cannot tell which fields mattered. The instructions that look at
//! balances and at emptiness leave a mark here ([`crate::instructions`]); an account without a mark was only called,
//! credited or debited within what it surely had.

use alloy_primitives::{Address, U256};

/// Marks of one execution.
#[derive(Debug, Default)]
pub struct Marks {
    /// Accounts whose balance was observed (BALANCE, SELFBALANCE, SELFDESTRUCT, a spend that failed).
    pub observed: Vec<Address>,
    /// Accounts whose emptiness or existence was observed (EXTCODEHASH, CALL with value, SELFDESTRUCT's heir).
    pub emptiness: Vec<Address>,
    /// Accounts that spent, with what was left of their balance after it.
    pub spent: Vec<(Address, U256)>,
    /// Whether the execution tried to create a contract.
    pub creation: Creation,
}

/// Whether an execution tried to create a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Creation {
    /// It did not.
    #[default]
    Absent,
    /// It did: nonces were looked at, for the new address and for collisions.
    Tried,
}

impl Marks {
    /// Forgets all marks, keeping the buffers.
    pub fn clear(&mut self) {
        self.observed.clear();
        self.emptiness.clear();
        self.spent.clear();
        self.creation = Creation::Absent;
    }

    /// Notes that a balance was observed.
    pub fn observe(&mut self, address: Address) {
        if !self.observed.contains(&address) {
            self.observed.push(address);
        }
    }

    /// Notes that emptiness or existence was observed.
    pub fn observe_emptiness(&mut self, address: Address) {
        if !self.emptiness.contains(&address) {
            self.emptiness.push(address);
        }
    }

    /// Notes an attempt to spend `value` from an account that has `balance` at this point.
    pub fn spend(&mut self, address: Address, balance: U256, value: U256) {
        let Some(left) = balance.checked_sub(value) else {
            return self.observe(address);
        };
        match self.spent.iter_mut().find(|(spender, _)| *spender == address) {
            Some((_, least)) => *least = left.min(*least),
            None => self.spent.push((address, left)),
        }
    }

    /// Returns the least that an account had left after spending, if it spent.
    pub fn least_left(&self, address: Address) -> Option<U256> {
        self.spent.iter().find(|(spender, _)| *spender == address).map(|(_, left)| *left)
    }
}
