//! Names the workloads and the conflict shape that each has.

use std::{fmt, str::FromStr};

/// A kind of generated block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Workload {
    /// Payments between many users.
    NativeTransfers,
    /// Token transfers between many users.
    Erc20Transfers,
    /// Token transfers from many users to one.
    Erc20OneRecipient,
    /// Swaps spread over many pools.
    SwapsManyPools,
    /// Swaps that all go through one pool.
    SwapsOnePool,
    /// Mints of one collectible.
    MintRush,
    /// Moves in one game.
    GameMoves,
    /// Batches posted to a rollup inbox, in blobs and in calldata, with deposits and finalizations.
    RollupBatches,
    /// All transactions from one sender.
    NonceChain,
    /// Payments to and from one account, and to and from one contract.
    HotAccount,
    /// Increments of one number.
    HotCounter,
    /// Contracts created by CREATE2, destroyed, and created again at the same address.
    Create2Selfdestruct,
    /// Accounts that delegate (EIP-7702), delegate elsewhere, revoke, and are called in between.
    Delegation,
    /// Included transactions that revert, run out of gas or run into an invalid instruction.
    Failing,
    /// Payments to and from the fee recipient, and reads of its balance.
    FeeRecipient,
    /// Calls to every precompile, with valid and invalid input.
    Precompiles,
    /// All of the above interleaved, with EIP-6110, EIP-7002 and EIP-7251 requests.
    Mixed,
}

/// Workload, name, conflict shape.
type Row = (Workload, &'static str, &'static str);

const TABLE: [Row; 17] = [
    (
        Workload::NativeTransfers,
        "native-transfers",
        "independent: every sender sends once in a row of users; recipients are only credited",
    ),
    (Workload::Erc20Transfers, "erc20-transfers", "nearly independent: two balance slots a transfer"),
    (
        Workload::Erc20OneRecipient,
        "erc20-one-recipient",
        "chain: one balance slot that every transfer adds to",
    ),
    (
        Workload::SwapsManyPools,
        "swaps-many-pools",
        "several chains: one a pool, some pools busier than others",
    ),
    (Workload::SwapsOnePool, "swaps-one-pool", "chain: the reserves of one pool, read and written by all"),
    (
        Workload::MintRush,
        "mint-rush",
        "hot slot: one counter, and its value decides which slots are written besides",
    ),
    (
        Workload::GameMoves,
        "game-moves",
        "fan-in: all read the round, which changes now and then; a few collide on cells and players",
    ),
    (
        Workload::RollupBatches,
        "rollup-batches",
        "short chains: one a rollup by nonce and accumulator, and one shared queue counter",
    ),
    (Workload::NonceChain, "nonce-chain", "chain by nonce only: what is done is otherwise independent"),
    (
        Workload::HotAccount,
        "hot-account",
        "hot balance: credits and debits of one account and one contract, read exactly now and then",
    ),
    (Workload::HotCounter, "hot-counter", "hot slot: a chain through one slot, nothing in parallel"),
    (
        Workload::Create2Selfdestruct,
        "create2-selfdestruct",
        "account life cycles: existence, nonce, code and whole storages come and go",
    ),
    (
        Workload::Delegation,
        "delegation",
        "code changes: an account's code and nonce change between calls to it",
    ),
    (Workload::Failing, "failing", "rolled-back writes: conflicts that vanish, and a counter that stays hot"),
    (
        Workload::FeeRecipient,
        "fee-recipient",
        "fan-in of fees: the balance that all credit is read, paid into and spent from",
    ),
    (Workload::Precompiles, "precompiles", "short chains: one slot a precompile, long computations"),
    (Workload::Mixed, "mixed", "all shapes at once, at random distances"),
];

impl Workload {
    /// All workloads, in the order of their declaration.
    pub const ALL: [Self; 17] = {
        let mut all = [Self::Mixed; 17];
        let mut at = 0;
        while at < all.len() {
            all[at] = TABLE[at].0;
            at += 1;
        }
        all
    };

    /// Returns the name, in kebab case.
    pub const fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// Describes in one line which transactions of a block conflict, and over what.
    pub const fn conflict_shape(self) -> &'static str {
        TABLE[self as usize].2
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no workload has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown workload {name:?}; expected one of {}", Workload::ALL.map(Workload::name).join(", "))]
pub struct UnknownWorkload {
    /// What was given.
    pub name: String,
}

impl FromStr for Workload {
    type Err = UnknownWorkload;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|workload| workload.name() == name);
        known.ok_or_else(|| UnknownWorkload { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_declaration_order_and_names_parse_back() {
        for (at, (workload, name, _)) in TABLE.into_iter().enumerate() {
            assert_eq!(workload as usize, at);
            assert_eq!(name.parse(), Ok(workload));
            assert_eq!(workload.to_string(), name);
        }
        let unknown = "swaps".parse::<Workload>().unwrap_err();
        assert!(unknown.to_string().contains("swaps-one-pool"), "{unknown}");
    }
}
