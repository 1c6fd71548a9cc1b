//! Which accounts the conflicts are about.

use crate::{BlockRecord, ConflictKind};
use alloy_primitives::{Address, B256, map::HashMap};

/// Accounts that are counted at once. Mainnet has far more; the few that matter come back in every block.
const ACCOUNTS_MAX: usize = 1 << 16;
/// Slots of an account that are counted apart.
const SLOTS_MAX: usize = 64;

/// Counts conflicts by account, within a bounded number of accounts.
///
/// Records may come from elsewhere with any numbers in them, so sums saturate, here and in the tally.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContractConflicts {
    accounts: HashMap<Address, AccountConflicts>,
    total: u64,
    dropped: u64,
}

/// The conflicts of one account.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AccountConflicts {
    pub(crate) total: u64,
    pub(crate) in_slots: u64,
    pub(crate) blocks: u64,
    slots: HashMap<B256, u64>,
}

impl ContractConflicts {
    pub(crate) fn add(&mut self, record: &BlockRecord) {
        let mut seen: Vec<Address> = Vec::new();
        for conflict in &record.conflicts {
            self.total = self.total.saturating_add(conflict.count);
            let account = self.accounts.entry(conflict.address).or_default();
            account.total = account.total.saturating_add(conflict.count);
            if conflict.kind == ConflictKind::Slot {
                account.in_slots = account.in_slots.saturating_add(conflict.count);
            }
            if let Some(slot) = conflict.slot
                && (account.slots.len() < SLOTS_MAX || account.slots.contains_key(&slot))
            {
                let hits = account.slots.entry(slot).or_default();
                *hits = hits.saturating_add(conflict.count);
            }
            seen.push(conflict.address);
        }
        seen.sort_unstable();
        seen.dedup();
        for address in seen {
            if let Some(account) = self.accounts.get_mut(&address) {
                account.blocks += 1;
            }
        }
        if self.accounts.len() > ACCOUNTS_MAX {
            self.drop_rare();
        }
    }

    /// Conflicts of all accounts.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Conflicts of accounts that were dropped because there were too many accounts.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The accounts with the most conflicts, in that order, and how many more there are.
    pub(crate) fn top(&self, accounts_max: usize) -> (Vec<(Address, &AccountConflicts)>, usize) {
        let mut accounts: Vec<_> =
            self.accounts.iter().map(|(address, account)| (*address, account)).collect();
        accounts.sort_unstable_by_key(|(address, account)| (std::cmp::Reverse(account.total), *address));
        let more = accounts.len().saturating_sub(accounts_max);
        accounts.truncate(accounts_max);
        (accounts, more)
    }

    /// Keeps the half with the most conflicts.
    fn drop_rare(&mut self) {
        let mut totals: Vec<u64> = self.accounts.values().map(|account| account.total).collect();
        let middle = totals.len() / 2;
        let (_, &mut median, _) = totals.select_nth_unstable(middle);
        let mut dropped = self.dropped;
        self.accounts.retain(|_, account| {
            let keep = account.total > median;
            dropped = dropped.saturating_add(if keep { 0 } else { account.total });
            keep
        });
        self.dropped = dropped;
    }
}

impl AccountConflicts {
    /// The slot with the most conflicts, if one has more than half of them.
    pub(crate) fn hot_slot(&self) -> Option<(B256, u64)> {
        let (slot, count) =
            self.slots.iter().max_by_key(|(slot, count)| (**count, std::cmp::Reverse(**slot)))?;
        (*count > self.total / 2).then_some((*slot, *count))
    }
}
