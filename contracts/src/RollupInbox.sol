// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// The inbox of several rollups. Conflict shape: one accumulator chain per rollup, one shared queue counter.
contract RollupInbox {
    struct Rollup {
        bytes32 accumulator;
        uint64 batches;
        uint64 finalized;
        uint128 deposits;
    }

    uint256 public queueLength; // slot 0
    mapping(uint256 => Rollup) public rollups; // slot 1
    mapping(uint256 => bytes32) public queue; // slot 2
    mapping(uint256 => mapping(uint256 => bytes32)) public stateRoots; // slot 3

    event Batch(uint256 indexed rollup, uint256 indexed index, bytes32 accumulator);
    event Deposit(uint256 indexed rollup, address indexed from, uint256 value, uint256 index);
    event Finalized(uint256 indexed rollup, uint256 batches, bytes32 root);

    /// Appends the batch that this transaction's blobs carry.
    function postBlobs(uint256 id) external {
        bytes32 accumulator = rollups[id].accumulator;
        uint256 count;
        for (; blobhash(count) != 0; count++) accumulator = keccak256(abi.encode(accumulator, blobhash(count)));
        require(count > 0, "no blobs");
        append(id, accumulator);
    }

    /// Appends a batch carried by calldata.
    function postCalldata(uint256 id, bytes calldata batch) external {
        append(id, keccak256(abi.encode(rollups[id].accumulator, keccak256(batch))));
    }

    function deposit(uint256 id) external payable {
        uint256 index = queueLength++;
        queue[index] = keccak256(abi.encode(id, msg.sender, msg.value));
        rollups[id].deposits += uint128(msg.value);
        emit Deposit(id, msg.sender, msg.value, index);
    }

    function finalize(uint256 id, bytes32 root) external {
        Rollup storage rollup = rollups[id];
        rollup.finalized = rollup.batches;
        stateRoots[id][rollup.batches] = keccak256(abi.encode(root, rollup.accumulator, blockhash(block.number - 1)));
        emit Finalized(id, rollup.batches, root);
    }

    function append(uint256 id, bytes32 accumulator) private {
        Rollup storage rollup = rollups[id];
        rollup.accumulator = accumulator;
        rollup.batches += 1;
        emit Batch(id, rollup.batches, accumulator);
    }
}
