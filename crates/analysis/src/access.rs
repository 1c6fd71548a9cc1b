//! Names what a transaction needs and changes.

use alloy_primitives::{Address, U256};

/// The smallest unit of dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// An account's balance; changes to it add up.
    Balance(Address),
    /// An account's nonce: the order of one sender's transactions, and of what an account creates.
    Nonce(Address),
    /// An account's code, delegations included (EIP-7702).
    Code(Address),
    /// Whether an account exists and is empty (EIP-161).
    Emptiness(Address),
    /// The whole storage of an account, when it is created or destroyed.
    Storage(Address),
    /// A storage slot.
    Slot(Address, U256),
}

impl Location {
    /// Returns the word for its kind.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Balance(_) => "balance",
            Self::Nonce(_) => "nonce",
            Self::Code(_) => "code",
            Self::Emptiness(_) => "emptiness",
            Self::Storage(_) => "storage",
            Self::Slot(..) => "slot",
        }
    }

    /// Returns the account.
    pub const fn address(self) -> Address {
        match self {
            Self::Balance(address)
            | Self::Nonce(address)
            | Self::Code(address)
            | Self::Emptiness(address)
            | Self::Storage(address)
            | Self::Slot(address, _) => address,
        }
    }

    /// Returns the slot, where it is one.
    pub const fn slot(self) -> Option<U256> {
        match self {
            Self::Slot(_, slot) => Some(slot),
            _ => None,
        }
    }
}

/// What one transaction needed and changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Locations whose value it needed, and whose value was not the one before the block.
    pub needs: Vec<Location>,
    /// Locations that it left changed.
    pub changes: Vec<Location>,
    /// Gas used.
    pub gas_used: u64,
}
