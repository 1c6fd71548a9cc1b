// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Code that an account may delegate to (EIP-7702): a batch of calls in one transaction.
contract Wallet {
    struct Call {
        address to;
        uint256 value;
        bytes data;
    }

    uint256 public executed; // slot 0, of the account that delegates

    event Executed(address indexed account, uint256 version, uint256 executed);

    receive() external payable {}

    function version() public pure virtual returns (uint256) {
        return 1;
    }

    function execute(Call[] calldata calls) external payable {
        for (uint256 i = 0; i < calls.length; i++) {
            (bool done,) = calls[i].to.call{value: calls[i].value}(calls[i].data);
            require(done, "call failed");
        }
        executed += version();
        emit Executed(address(this), version(), executed);
    }
}

/// Another wallet to move to.
contract WalletV2 is Wallet {
    function version() public pure override returns (uint256) {
        return 1000;
    }
}
