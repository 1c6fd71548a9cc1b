// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// A contract that counts its visits and can be destroyed.
contract Child {
    uint256 public visits; // slot 0
    uint256 public born; // slot 1: block number

    constructor() payable {
        born = block.number;
        visits = 1;
    }

    receive() external payable {}

    function visit() external payable returns (uint256) {
        return ++visits;
    }

    function destroy(address payable to) external {
        selfdestruct(to);
    }
}

/// Creates, visits and destroys children at addresses that a salt decides. Conflict shape: existence, nonce, code and
/// storage of one address change again and again; the factory's nonce is a chain.
contract Factory {
    event Created(address indexed child, bytes32 salt, uint256 balance, bytes32 codeHash);
    event Collided(bytes32 salt);
    event Visited(address indexed child, uint256 visits, uint256 born);
    event Destroyed(address indexed child, address to, uint256 balance);

    /// Creates a child; where one is already, says so.
    function create(bytes32 salt) public payable returns (Child child) {
        bytes memory code = type(Child).creationCode;
        uint256 value = msg.value;
        assembly {
            child := create2(value, add(code, 32), mload(code), salt)
        }
        if (address(child) == address(0)) emit Collided(salt);
        else emit Created(address(child), salt, address(child).balance, address(child).codehash);
    }

    function visit(Child child) public payable {
        uint256 count = child.visit{value: msg.value}();
        emit Visited(address(child), count, child.born());
    }

    function destroy(Child child, address payable to) public {
        uint256 balance = address(child).balance;
        child.destroy(to);
        emit Destroyed(address(child), to, balance);
    }

    /// Creates, visits and destroys a child in one transaction, which deletes it under every fork's rules; then pays
    /// the dead child (which burns the payment) and tries to create it again (which collides).
    function churn(bytes32 salt, address payable to) external payable {
        Child child = this.create{value: msg.value / 2}(salt);
        child.visit();
        emit Visited(address(child), child.visit(), child.born());
        destroy(child, to);
        (bool paid,) = address(child).call{value: msg.value - msg.value / 2}("");
        require(paid, "refused");
        this.create(salt);
    }

    /// Creates a child by CREATE, whose address follows from this contract's nonce.
    function createNext() external payable {
        Child child = new Child{value: msg.value}();
        emit Created(address(child), 0, address(child).balance, address(child).codehash);
    }
}
