//! Says which fields of an account an execution depended on.

use alloy_primitives::{Address, U256};
use revm::{
    context_interface::{Cfg, Transaction},
    primitives::hardfork::SpecId,
    state::Account,
};

use crate::{
    attempt::AccountRead,
    evm::Tracking,
    fields::AccountFields,
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
    pub fn hold(&self, seen: Option<AccountFields>, actual: Option<AccountFields>) -> bool {
        let empty = |fields: Option<AccountFields>| fields.map(|fields| fields.is_empty());
        if self.emptiness == FieldNeed::Exact && empty(seen) != empty(actual) {
            return false;
        }
        let seen = seen.unwrap_or(AccountFields::ABSENT);
        let actual = actual.unwrap_or(AccountFields::ABSENT);
        seen.code_hash == actual.code_hash
            && (self.nonce == FieldNeed::Nothing || seen.nonce == actual.nonce)
            && match self.balance {
                BalanceNeed::Nothing => true,
                BalanceNeed::AtLeast(least) => actual.balance >= least,
                BalanceNeed::Exact => seen.balance == actual.balance,
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

/// What of the rules decides what an execution needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Only instructions look at emptiness.
    Plain,
    /// Gas depends on emptiness outside of instructions too (EIP-2780, EIP-8037).
    EmptinessCosts,
}

impl Rules {
    /// Reads the rules off a configuration.
    pub fn new(cfg: &impl Cfg) -> Self {
        let costs = cfg.spec().into().is_enabled_in(SpecId::AMSTERDAM)
            || cfg.is_amsterdam_eip2780_enabled()
            || cfg.is_amsterdam_eip8037_enabled();
        if costs { Self::EmptinessCosts } else { Self::Plain }
    }
}

/// The circumstances of one execution that decide what it needed.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// The transaction.
    pub tx: TxFacts,
    /// The rules.
    pub rules: Rules,
    /// What the EVM's instructions noted.
    pub marks: &'a Marks,
    /// How much the EVM tells.
    pub tracking: Tracking,
}

impl Circumstances<'_> {
    /// Returns what the execution needed of an account that it read and left as `account`.
    pub fn needs(&self, read: &AccountRead, account: Option<&Account>) -> Needs {
        let Some(account) = account else { return Needs::EXACT };
        let seen = &read.seen.unwrap_or(AccountFields::ABSENT);
        if self.tracking == Tracking::Accounts || self.is_whole(read.address, seen, account) {
            return Needs::EXACT;
        }
        let is_sender = self.tx.sender == read.address;
        let delegates = self.tx.delegation == Delegation::Present;
        let looks_at_nonces = delegates || self.marks.creation == Creation::Tried;
        let emptiness =
            delegates || self.rules == Rules::EmptinessCosts || self.marks.emptiness.contains(&read.address);
        Needs {
            balance: self.balance_need(read.address, seen, account),
            nonce: field(is_sender || looks_at_nonces || account.info.nonce != seen.nonce),
            emptiness: field(emptiness),
        }
    }

    /// Whether the outcome depends on the account as a whole.
    fn is_whole(&self, address: Address, seen: &AccountFields, account: &Account) -> bool {
        account.is_created()
            || account.is_selfdestructed()
            || account.is_empty()
            || self.marks.observed.contains(&address)
            // Near the top a credit could overflow.
            || seen.balance.bit(255)
    }

    fn balance_need(&self, address: Address, seen: &AccountFields, account: &Account) -> BalanceNeed {
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

#[cfg(test)]
mod tests {
    use revm::state::AccountInfo;

    use super::*;
    use crate::attempt::{Code, Origin};

    const ADDRESS: Address = Address::repeat_byte(7);
    const SENDER: Address = Address::repeat_byte(8);

    fn info(balance: u64, nonce: u64) -> AccountInfo {
        AccountInfo { balance: U256::from(balance), nonce, ..AccountInfo::default() }
    }

    /// Needs of `address`, which was seen with `seen` and left with `left`.
    fn needs(address: Address, seen: AccountInfo, left: AccountInfo, marks: &Marks, rules: Rules) -> Needs {
        let mut account = Account::from(seen.clone());
        account.info = left;
        let read = AccountRead {
            address,
            seen: Some(AccountFields::from(&seen)),
            nonce_found: None,
            origin: Origin::Base,
            code: Code::Apart,
        };
        let tx = TxFacts { sender: SENDER, cost_max: Some(U256::from(30)), delegation: Delegation::Absent };
        Circumstances { tx, rules, marks, tracking: Tracking::Fields }.needs(&read, Some(&account))
    }

    #[test]
    fn credited_account_needs_nothing() {
        let needs = needs(ADDRESS, info(10, 1), info(20, 1), &Marks::default(), Rules::Plain);
        assert_eq!(
            (needs.balance, needs.nonce, needs.emptiness),
            (BalanceNeed::Nothing, FieldNeed::Nothing, FieldNeed::Nothing)
        );
    }

    #[test]
    fn sender_needs_its_nonce_and_the_most_it_may_pay() {
        let needs = needs(SENDER, info(100, 1), info(80, 2), &Marks::default(), Rules::Plain);
        assert_eq!((needs.balance, needs.nonce), (BalanceNeed::AtLeast(U256::from(30)), FieldNeed::Exact));
    }

    #[test]
    fn spender_needs_what_was_missing_at_its_lowest() {
        let mut marks = Marks::default();
        marks.spend(ADDRESS, U256::from(100), U256::from(60));
        marks.spend(ADDRESS, U256::from(40), U256::from(10));
        let needs = needs(ADDRESS, info(100, 1), info(30, 1), &marks, Rules::Plain);
        assert_eq!(needs.balance, BalanceNeed::AtLeast(U256::from(70)));
    }

    #[test]
    fn failed_spend_needs_the_balance() {
        let mut marks = Marks::default();
        marks.spend(ADDRESS, U256::from(9), U256::from(10));
        let needs = needs(ADDRESS, info(9, 1), info(9, 1), &marks, Rules::Plain);
        assert_eq!(needs.balance, BalanceNeed::Exact);
    }

    #[test]
    fn debit_without_a_mark_needs_the_balance() {
        let needs = needs(ADDRESS, info(10, 1), info(9, 1), &Marks::default(), Rules::Plain);
        assert_eq!(needs.balance, BalanceNeed::Exact);
    }

    #[test]
    fn creation_looks_at_nonces_and_amsterdam_at_emptiness() {
        let marks = Marks { creation: Creation::Tried, ..Marks::default() };
        assert_eq!(needs(ADDRESS, info(1, 1), info(2, 1), &marks, Rules::Plain).nonce, FieldNeed::Exact);
        let amsterdam = needs(ADDRESS, info(1, 1), info(2, 1), &Marks::default(), Rules::EmptinessCosts);
        assert_eq!(amsterdam.emptiness, FieldNeed::Exact);
    }

    #[test]
    fn code_always_matters_and_absence_is_not_emptiness_when_looked_at() {
        let other = AccountInfo { code_hash: alloy_primitives::B256::repeat_byte(1), ..info(1, 1) };
        let nothing =
            Needs { balance: BalanceNeed::Nothing, nonce: FieldNeed::Nothing, emptiness: FieldNeed::Nothing };
        let fields = |info: &AccountInfo| Some(AccountFields::from(info));
        assert!(!nothing.hold(fields(&info(1, 1)), fields(&other)));
        assert!(nothing.hold(None, fields(&info(0, 0))));
        assert!(!Needs { emptiness: FieldNeed::Exact, ..nothing }.hold(None, fields(&info(0, 0))));
    }
}
