// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Pays the fee recipient and reads its balance.
contract Tipper {
    uint256 public lastSeen; // slot 0
    uint256 public tips; // slot 1

    event Tipped(address indexed beneficiary, uint256 value, uint256 balance);

    receive() external payable {}

    function tip() external payable {
        (bool paid,) = block.coinbase.call{value: msg.value}("");
        require(paid, "refused");
        tips += msg.value;
    }

    /// Pays and reads the balance, in which every earlier fee of the block shows.
    function tipAndRead() external payable {
        (bool paid,) = block.coinbase.call{value: msg.value}("");
        require(paid, "refused");
        lastSeen = block.coinbase.balance;
        emit Tipped(block.coinbase, msg.value, lastSeen);
    }

    function read() external {
        lastSeen = block.coinbase.balance;
    }
}
