//! Keeps the accounts that sign: their keys, addresses and next nonces.

use std::ops::{Index, IndexMut, Range};

use alloy_primitives::{Address, B256, Signature, keccak256};
use k256::ecdsa::SigningKey;

/// Which signing account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccountId(usize);

/// What a signing account is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Sends ordinary transactions; rich, holds tokens.
    User,
    /// Gets the fees of blocks and can spend them; rich.
    FeeRecipient,
    /// Delegates; rich, holds tokens.
    Authority,
    /// Delegates before it exists.
    NewAuthority,
    /// Runs a rollup; rich.
    Sequencer,
    /// Is paid and pays all the time; rich.
    Hub,
}

/// A signing account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    key: SigningKey,
    pub(super) address: Address,
    /// Nonce of its next transaction or authorization.
    pub(super) nonce: u64,
}

impl Account {
    fn derive(seed: u64, role: &str, index: usize) -> Self {
        let index = (index as u64).to_be_bytes();
        let secret = keccak256([b"tandem", &seed.to_be_bytes()[..], role.as_bytes(), &index].concat());
        let key = SigningKey::from_slice(secret.as_slice())
            .expect("only one hash in 2^127 is zero or beyond the order of the curve");
        Self { address: Address::from_public_key(key.verifying_key()), key, nonce: 0 }
    }

    /// Signs a hash, deterministically (RFC 6979).
    pub(super) fn sign(&self, hash: B256) -> Signature {
        let signature = self.key.sign_prehash_recoverable(hash.as_slice());
        signature.expect("a nonce of RFC 6979 fails for one hash in 2^127").into()
    }
}

/// All signing accounts of a chain.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    seed: u64,
    accounts: Vec<Account>,
    ranges: Vec<(Role, Range<usize>)>,
}

const ROLES: [(Role, &str, usize); 5] = [
    (Role::FeeRecipient, "fee recipient", 3),
    (Role::Authority, "authority", 6),
    (Role::NewAuthority, "new authority", 4),
    (Role::Sequencer, "sequencer", 4),
    (Role::Hub, "hub", 1),
];

impl Accounts {
    /// Derives the accounts of a seed, with so many users.
    pub(super) fn new(seed: u64, users: usize) -> Self {
        let mut this = Self { seed, accounts: Vec::new(), ranges: Vec::new() };
        for (role, name, count) in [(Role::User, "user", users)].into_iter().chain(ROLES) {
            let first = this.accounts.len();
            this.accounts.extend((0..count).map(|index| Account::derive(seed, name, index)));
            this.ranges.push((role, first..first + count));
        }
        this
    }

    /// Adds an account that does not exist at genesis and returns it.
    pub(super) fn add_poor(&mut self) -> AccountId {
        let index = self.accounts.len();
        self.accounts.push(Account::derive(self.seed, "poor", index));
        AccountId(index)
    }

    /// Returns how many accounts have a role.
    pub(super) fn count(&self, role: Role) -> usize {
        self.range(role).len()
    }

    /// Returns an account by role and index, counted around.
    pub(super) fn get(&self, role: Role, index: usize) -> AccountId {
        let range = self.range(role);
        AccountId(range.start + index % range.len())
    }

    /// Returns the accounts of a role.
    pub(super) fn of(&self, role: Role) -> &[Account] {
        &self.accounts[self.range(role)]
    }

    fn range(&self, role: Role) -> Range<usize> {
        let found = self.ranges.iter().find(|(candidate, _)| *candidate == role);
        found.map(|(_, range)| range.clone()).expect("every role was given a range")
    }
}

impl Index<AccountId> for Accounts {
    type Output = Account;

    fn index(&self, id: AccountId) -> &Account {
        &self.accounts[id.0]
    }
}

impl IndexMut<AccountId> for Accounts {
    fn index_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id.0]
    }
}
