//! An account's fields, without its code.

use alloy_primitives::{B256, U256};
use revm::{primitives::KECCAK_EMPTY, state::AccountInfo};

/// Balance, nonce and code hash of an account that exists.
///
/// revm's `AccountInfo` carries the code too, whose reference count all threads would write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountFields {
    /// Balance in wei.
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Keccak hash of the code.
    pub code_hash: B256,
}

impl AccountFields {
    /// The fields of an account that does not exist, as far as they can be asked for.
    pub const ABSENT: Self = Self { balance: U256::ZERO, nonce: 0, code_hash: KECCAK_EMPTY };

    /// Whether the account is empty (EIP-161).
    pub fn is_empty(&self) -> bool {
        self.balance.is_zero() && self.has_no_code_and_nonce()
    }

    /// Whether it has neither code nor nonce.
    pub fn has_no_code_and_nonce(&self) -> bool {
        self.nonce == 0 && self.code_hash == KECCAK_EMPTY
    }

    /// Returns the fields with the code, where it is at hand.
    pub const fn with_code(self, code: Option<revm::bytecode::Bytecode>) -> AccountInfo {
        AccountInfo {
            balance: self.balance,
            nonce: self.nonce,
            code_hash: self.code_hash,
            account_id: None,
            code,
        }
    }
}

impl From<&AccountInfo> for AccountFields {
    fn from(info: &AccountInfo) -> Self {
        Self { balance: info.balance, nonce: info.nonce, code_hash: info.code_hash }
    }
}
