// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Holds ether for its users, like WETH. Conflict shape: a contract whose balance everybody changes, with one slot
/// per user.
contract Vault {
    mapping(address => uint256) public balanceOf; // slot 0

    event Deposit(address indexed from, uint256 value);
    event Withdrawal(address indexed to, uint256 value);

    receive() external payable {
        balanceOf[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
    }

    function withdraw(uint256 value) external {
        balanceOf[msg.sender] -= value;
        (bool sent,) = msg.sender.call{value: value}("");
        require(sent, "refused");
        emit Withdrawal(msg.sender, value);
    }
}
