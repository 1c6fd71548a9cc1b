// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Reads accounts and keeps what it saw, so that a wrong read shows in the state.
contract Reader {
    mapping(address => bytes32) public seen; // slot 0: by sender

    event Saw(address indexed account, uint256 balance, bytes32 codeHash, uint256 codeSize);

    function read(address[] calldata accounts) external payable {
        bytes32 digest = bytes32(address(this).balance);
        for (uint256 i = 0; i < accounts.length; i++) {
            address account = accounts[i];
            emit Saw(account, account.balance, account.codehash, account.code.length);
            digest = keccak256(abi.encode(digest, account.balance, account.codehash, account.code.length));
        }
        seen[msg.sender] = digest;
    }

    /// Pays one wei if the account has at least so much: a branch on a balance.
    function payIfRicher(address payable account, uint256 threshold) external payable {
        if (account.balance >= threshold) {
            (bool paid,) = account.call{value: msg.value}("");
            require(paid, "refused");
        } else {
            seen[msg.sender] = bytes32(threshold);
        }
    }
}
