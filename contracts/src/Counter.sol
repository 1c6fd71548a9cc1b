// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// One number. Conflict shape: a hot slot that every transaction reads and writes.
contract Counter {
    uint256 public count; // slot 0

    function increment() external {
        count += 1;
    }

    /// Folds the sender in, so that the result tells the order.
    function mix() external {
        count = uint256(keccak256(abi.encode(count, msg.sender)));
    }
}
