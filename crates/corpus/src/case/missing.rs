//! Tells a pre-state that lacks an account from one that leaves out an account that does not exist.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
};

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;

use crate::{
    block::{Block, Case},
    error::InputError,
    file::find,
    state::PlainState,
};

/// Refuses a state without a sender whose first nonce in the block shows that it has sent before.
///
/// An authority's nonce grows without sending (EIP-7702), so authorities of the block are left to execution.
pub(super) fn check_senders(block: &Block, state: &PlainState, path: &Path) -> Result<(), InputError> {
    let authorities: HashSet<Address> = block
        .transactions
        .iter()
        .flat_map(|transaction| transaction.authorization_list().unwrap_or_default())
        .filter_map(|authorization| authorization.recover_authority().ok())
        .collect();
    let mut seen = HashSet::new();
    for (index, transaction) in block.transactions.iter().enumerate() {
        let (sender, nonce) = (transaction.signer(), transaction.nonce());
        let first = seen.insert(sender);
        if first && nonce > 0 && !state.accounts.contains_key(&sender) && !authorities.contains(&sender) {
            let reason =
                format!("transaction {index} is its transaction with nonce {nonce}, so it exists before");
            return Err(InputError::MissingAccount { path: path.to_owned(), address: sender, reason });
        }
    }
    Ok(())
}

/// How many absent accounts a message names beyond the first.
const NAMED_MAX: usize = 8;

impl Case {
    /// Returns the input error behind an outcome that contradicts the header of a recorded block.
    ///
    /// `absent` are the accounts that the execution asked for and the pre-state does not hold
    /// ([`crate::AbsentReads`]). There is no error where none was asked for: then the pre-state is not to blame.
    /// The account that most likely exists is named first.
    pub fn missing_account(&self, absent: &BTreeSet<Address>) -> Option<InputError> {
        let mut accounts: Vec<Address> = absent.iter().copied().collect();
        accounts.sort_by_key(|address| (self.suspicion(*address), *address));
        let (address, others) = accounts.split_first()?;
        let directory = Path::new(&self.source);
        let path = find(directory, "pre_state.json").unwrap_or_else(|| directory.join("pre_state.json"));
        let number = self.block.header.number;
        let mut reason = format!("block {number} does not have its recorded outcome without it");
        if !others.is_empty() {
            let named: Vec<String> = others.iter().take(NAMED_MAX).map(ToString::to_string).collect();
            let (count, named) = (others.len(), named.join(", "));
            reason.push_str(&format!("; read and absent too: {count} more ({named})"));
        }
        Some(InputError::MissingAccount { path, address: *address, reason })
    }

    /// Ranks an absent account; the lowest is the most likely to exist.
    fn suspicion(&self, address: Address) -> u8 {
        let transactions = || self.block.transactions.iter();
        if transactions().any(|transaction| transaction.signer() == address) {
            0
        } else if transactions().any(|tx| tx.to() == Some(address) && !tx.input().is_empty()) {
            1
        } else if address.as_slice().starts_with(&[0; 18]) || self.only_credited(address) {
            3
        } else {
            2
        }
    }

    /// Tells whether an account is paid outside transactions; tracers do not record those.
    fn only_credited(&self, address: Address) -> bool {
        let withdrawals = self.block.withdrawals.iter().flat_map(|withdrawals| withdrawals.iter());
        self.block.header.beneficiary == address
            || withdrawals.into_iter().any(|withdrawal| withdrawal.address == address)
    }
}
