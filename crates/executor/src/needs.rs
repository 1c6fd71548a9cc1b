//! Says which fields of an account an execution depended on.

use alloy_primitives::{Address, U256};
use revm::{
    context_interface::Transaction,
    primitives::{KECCAK_EMPTY, hardfork::SpecId},
    state::{Account, AccountInfo, EvmState},
};

use crate::{
    attempt::AccountRead,
    evm::Tracking,
    marks::{Creation, Marks},
};

/// What must still hold of one account for an execution to be valid; its code must always be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Of the balance.
    pub balance: BalanceNeed,
    /// Of the nonce.
    pub nonce: FieldNeed,
    /// Of whether the account exists and is empty (EIP-161).
    pub emptiness: FieldNeed,
}

/// What an execution needed of a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceNeed {
    /// Nothing: it was at most credited.
    Nothing,
    /// At least so much, in wei.
    AtLeast(U256),
    /// The very value.
    Exact,
}

/// Whether an execution needed a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldNeed {
    /// It did not.
    Nothing,
    /// The very value.
    Exact,
}

impl Needs {
    /// The whole account.
    pub const EXACT: Self =
        Self { balance: BalanceNeed::Exact, nonce: FieldNeed::Exact, emptiness: FieldNeed::Exact };

    /// Whether an execution that saw `seen` runs the same on `actual`.
    pub fn hold(&self, seen: Option<&AccountInfo>, actual: Option<&AccountInfo>) -> bool {
        let code = |info: Option<&AccountInfo>| info.map_or(KECCAK_EMPTY, |info| info.code_hash);
        let nonce = |info: Option<&AccountInfo>| info.map_or(0, |info| info.nonce);
        let balance = |info: Option<&AccountInfo>| info.map_or(U256::ZERO, |info| info.balance);
        let empty = |info: Option<&AccountInfo>| info.map(AccountInfo::is_empty);

        code(seen) == code(actual)
            && (self.nonce == FieldNeed::Nothing || nonce(seen) == nonce(actual))
            && (self.emptiness == FieldNeed::Nothing || empty(seen) == empty(actual))
            && match self.balance {
                BalanceNeed::Nothing => true,
                BalanceNeed::AtLeast(least) => balance(actual) >= least,
                BalanceNeed::Exact => balance(seen) == balance(actual),
            }
    }
}

/// What a transaction says of itself that decides what it needs.
#[derive(Clone, Copy, Debug)]
pub struct TxFacts {
    /// The sender.
    pub sender: Address,
    /// The most that it may cost the sender, in wei; `None` where that overflows.
    pub cost_max: Option<U256>,
    /// Whether it carries EIP-7702 authorizations.
    pub delegation: Delegation,
}

/// Whether a transaction carries EIP-7702 authorizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delegation {
    /// It carries none.
    Absent,
    /// It carries some: nonces and emptiness of authorities were looked at.
    Present,
}

impl TxFacts {
    /// Reads the facts off a transaction environment.
    pub fn new(tx: &impl Transaction) -> Self {
        Self {
            sender: tx.caller(),
            cost_max: tx.max_balance_spending().ok(),
            delegation: if tx.authorization_list_len() > 0 {
                Delegation::Present
            } else {
                Delegation::Absent
            },
        }
    }
}

/// The circumstances of one execution that decide what it needed.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// The transaction.
    pub tx: TxFacts,
    /// The rules.
    pub spec: SpecId,
    /// What the EVM's instructions noted.
    pub marks: &'a Marks,
    /// How much the EVM tells.
    pub tracking: Tracking,
}

impl Circumstances<'_> {
    /// Returns what the execution that left `state` needed of an account that it read.
    pub fn needs(&self, read: &AccountRead, state: &EvmState) -> Needs {
        let Some(account) = state.get(&read.address) else { return Needs::EXACT };
        let absent = AccountInfo::default();
        let seen = read.seen.as_ref().unwrap_or(&absent);
        if self.tracking == Tracking::Accounts || self.is_whole(read.address, seen, account) {
            return Needs::EXACT;
        }
        let is_sender = self.tx.sender == read.address;
        let delegates = self.tx.delegation == Delegation::Present;
        let looks_at_nonces = delegates || self.marks.creation == Creation::Tried;
        let emptiness = delegates
            || self.spec.is_enabled_in(SpecId::AMSTERDAM)
            || self.marks.emptiness.contains(&read.address);
        Needs {
            balance: self.balance_need(read.address, seen, account),
            nonce: field(is_sender || looks_at_nonces || account.info.nonce != seen.nonce),
            emptiness: field(emptiness),
        }
    }

    /// Whether the outcome depends on the account as a whole.
    fn is_whole(&self, address: Address, seen: &AccountInfo, account: &Account) -> bool {
        account.is_created()
            || account.is_selfdestructed()
            || account.is_empty()
            || self.marks.observed.contains(&address)
            // Near the top a credit could overflow.
            || seen.balance.bit(255)
    }

    fn balance_need(&self, address: Address, seen: &AccountInfo, account: &Account) -> BalanceNeed {
        let left = self.marks.least_left(address);
        if self.tx.sender != address {
            return match left {
                Some(left) => match seen.balance.checked_sub(left) {
                    Some(least) => BalanceNeed::AtLeast(least),
                    // More was left than there was at first: credits within the transaction paid for it.
                    None => BalanceNeed::Nothing,
                },
                None if account.info.balance < seen.balance => BalanceNeed::Exact,
                None => BalanceNeed::Nothing,
            };
        }
        let Some(most) = self.tx.cost_max else { return BalanceNeed::Exact };
        let spent = left.map_or(U256::ZERO, |left| seen.balance.saturating_sub(left));
        BalanceNeed::AtLeast(most.max(spent))
    }
}

const fn field(needed: bool) -> FieldNeed {
    if needed { FieldNeed::Exact } else { FieldNeed::Nothing }
}
