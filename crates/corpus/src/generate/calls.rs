//! Names the functions and events of our contracts, and of the deposit contract.

#![allow(missing_docs, reason = "the Solidity sources say what they do")]

use alloy_sol_types::sol;

sol! {
    interface Token {
        event Transfer(address indexed from, address indexed to, uint256 value);
        function transfer(address to, uint256 value) external;
    }

    interface Router {
        function swap(address pair, bool zeroForOne, uint256 amountIn, uint256 amountOutMin) external;
    }

    interface Nft {
        function mint() external payable;
    }

    interface Game {
        function move(uint64 dx, uint64 dy) external;
        function capture() external;
        function strike(address other) external;
        function nextRound() external;
    }

    interface RollupInbox {
        event Batch(uint256 indexed rollup, uint256 indexed index, bytes32 accumulator);
        function postBlobs(uint256 id) external;
        function postCalldata(uint256 id, bytes calldata batch) external;
        function deposit(uint256 id) external payable;
        function finalize(uint256 id, bytes32 root) external;
    }

    interface Counter {
        function increment() external;
        function mix() external;
    }

    interface Vault {
        function withdraw(uint256 value) external;
    }

    interface Factory {
        event Created(address indexed child, bytes32 salt, uint256 balance, bytes32 codeHash);
        event Collided(bytes32 salt);
        event Visited(address indexed child, uint256 visits, uint256 born);
        event Destroyed(address indexed child, address to, uint256 balance);
        function create(bytes32 salt) external payable;
        function visit(address child) external payable;
        function destroy(address child, address to) external;
        function churn(bytes32 salt, address to) external payable;
        function createNext() external payable;
    }

    interface Wallet {
        struct Call {
            address to;
            uint256 value;
            bytes data;
        }
        event Executed(address indexed account, uint256 version, uint256 executed);
        function execute(Call[] calldata calls) external payable;
    }

    interface Failing {
        event Survived(bool inner, uint256 writes);
        function revertWith(string calldata reason) external payable;
        function outOfGas() external;
        function invalidOpcode() external;
        function panic() external;
        function writeInStaticCall() external;
        function innerRevert() external payable;
        function innerOutOfGas() external;
        function overspend(address to) external;
        function recurse(uint256 depth) external;
        function returnDataOutOfBounds() external;
    }

    interface Precompiles {
        event Answered(address indexed precompile, bool success, bytes output);
        function run(address precompile, bytes calldata input) external;
    }

    interface Reader {
        event Saw(address indexed account, uint256 balance, bytes32 codeHash, uint256 codeSize);
        function read(address[] calldata accounts) external payable;
        function payIfRicher(address account, uint256 threshold) external payable;
    }

    interface Tipper {
        event Tipped(address indexed beneficiary, uint256 value, uint256 balance);
        function tip() external payable;
        function tipAndRead() external payable;
        function read() external;
    }

    interface DepositContract {
        function deposit(
            bytes calldata pubkey,
            bytes calldata withdrawal_credentials,
            bytes calldata signature,
            bytes32 deposit_data_root
        ) external payable;
    }
}
