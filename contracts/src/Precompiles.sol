// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Calls a precompile and keeps what it answered.
contract Precompiles {
    mapping(address => bytes32) public answers; // slot 0: by precompile

    event Answered(address indexed precompile, bool success, bytes output);

    function run(address precompile, bytes calldata input) external {
        (bool success, bytes memory output) = precompile.staticcall{gas: 200000}(input);
        answers[precompile] = keccak256(abi.encode(answers[precompile], success, output));
        emit Answered(precompile, success, output);
    }
}
