//! Names the tests that cannot pass on revm 42 and alloy-evm 0.38, and why.

/// A reason for which tests fail: what their names contain, and how they fail.
pub(crate) struct Known {
    pub(crate) reason: &'static str,
    names: &'static [&'static str],
    failure: &'static str,
    ways: &'static [Way],
}

/// How a chain is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Into a tree in memory, by unmodified alloy-evm.
    Memory,
    /// Into a store, by the host.
    Store,
}

const KNOWN: [Known; 2] = [
    Known {
        reason: "alloy-evm moves the DAO's balances after the fork block's transactions, EIP-779 does before",
        names: &["DaoTransactions_HomesteadToDaoAt5"],
        // Block 9 drops the fork: its state would differ before its gas does.
        failure: "block 9 rejected: state root is ",
        ways: &[Way::Memory],
    },
    Known {
        reason: "revm creates a contract where there is storage but neither code nor nonce, EIP-7610 refuses; \
                 no real chain has such an account",
        names: &[
            "non-empty-balance-correct-initcode]",
            "non-empty-balance-revert-initcode]",
            "RevertInCreateInInitCreate2Paris[fork_Cancun-",
            "RevertInCreateInInitCreate2Paris[fork_Prague-",
        ],
        failure: "block 0 rejected: gas used is ",
        ways: &[Way::Memory, Way::Store],
    },
];

/// Returns how a test is known to fail.
pub(crate) fn find(test: &str, way: Way) -> Option<&'static Known> {
    let mut of_way = KNOWN.iter().filter(|known| known.ways.contains(&way));
    of_way.find(|known| known.names.iter().any(|name| test.contains(name)))
}

impl Known {
    /// Tells whether a test failed in the way that is known.
    pub(crate) fn explains(&self, why: &str) -> bool {
        why.starts_with(self.failure)
    }
}
