// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// A collectible. Conflict shape: one counter that every mint reads and writes, and that decides which slots are
/// written besides.
contract Nft {
    uint256 public nextId; // slot 0
    mapping(uint256 => address) public ownerOf; // slot 1
    mapping(address => uint256) public balanceOf; // slot 2

    event Transfer(address indexed from, address indexed to, uint256 indexed id);

    function mint() external payable returns (uint256 id) {
        id = nextId++;
        ownerOf[id] = msg.sender;
        balanceOf[msg.sender] += 1;
        emit Transfer(address(0), msg.sender, id);
    }

    function transfer(address to, uint256 id) external {
        require(ownerOf[id] == msg.sender, "owner");
        ownerOf[id] = to;
        balanceOf[msg.sender] -= 1;
        balanceOf[to] += 1;
        emit Transfer(msg.sender, to, id);
    }
}
