// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Fails in every way there is.
contract Failing {
    uint256 public writes; // slot 0
    mapping(uint256 => uint256) public sink; // slot 1

    event Survived(bool inner, uint256 writes);

    function revertWith(string calldata reason) external payable {
        writes += 1;
        revert(reason);
    }

    /// Burns all gas in a loop of writes.
    function outOfGas() external {
        while (true) sink[gasleft()] = writes++;
    }

    function invalidOpcode() external {
        writes += 1;
        assembly {
            invalid()
        }
    }

    /// Panics by an overflow (0x11).
    function panic() external {
        writes -= type(uint256).max;
    }

    /// Writes where a static call forbids it.
    function writeInStaticCall() external {
        (bool done,) = address(this).staticcall(abi.encodeCall(this.touch, ()));
        emit Survived(done, writes);
    }

    function touch() external returns (uint256) {
        return ++writes;
    }

    /// Succeeds around an inner call that writes and reverts.
    function innerRevert() external payable {
        writes += 1;
        try this.revertWith{value: msg.value}("inner") {} catch {}
        emit Survived(false, writes);
    }

    /// Succeeds around an inner call that runs out of gas.
    function innerOutOfGas() external {
        try this.outOfGas{gas: 50000}() {} catch {}
        writes += 1;
        emit Survived(false, writes);
    }

    /// Sends more than this contract has; the call fails and the rest goes on.
    function overspend(address to) external {
        (bool sent,) = to.call{value: address(this).balance + 1}("");
        writes += 1;
        emit Survived(sent, writes);
    }

    /// Calls itself until the gas is gone, then keeps what the last frames did.
    function recurse(uint256 depth) external {
        writes += 1;
        if (depth == 0) return;
        try this.recurse(depth - 1) {} catch {}
    }

    /// Copies return data beyond its end.
    function returnDataOutOfBounds() external pure {
        assembly {
            returndatacopy(0, 0, 1)
        }
    }
}
