// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// A board game. Conflict shape: every move reads the round (fan-in, written now and then), writes its player's own
/// state, and some moves write a cell or another player.
contract Game {
    struct Player {
        uint64 x;
        uint64 y;
        uint64 health;
        uint64 moves;
    }

    uint256 public round; // slot 0
    mapping(address => Player) public players; // slot 1
    mapping(uint256 => address) public cells; // slot 2
    mapping(uint256 => uint256) public scores; // slot 3: by round

    event Moved(address indexed player, uint64 x, uint64 y, uint256 round);
    event Captured(address indexed player, uint256 cell, address from);

    function move(uint64 dx, uint64 dy) external {
        Player storage player = players[msg.sender];
        player.x = (player.x + dx) % 64;
        player.y = (player.y + dy) % 64;
        player.moves += 1;
        emit Moved(msg.sender, player.x, player.y, round);
    }

    /// Takes the cell on which the player stands.
    function capture() external {
        Player storage player = players[msg.sender];
        uint256 cell = uint256(player.x) * 64 + player.y;
        emit Captured(msg.sender, cell, cells[cell]);
        cells[cell] = msg.sender;
        player.moves += 1;
    }

    function strike(address other) external {
        Player storage target = players[other];
        target.health = target.health == 0 ? 99 : target.health - 1;
        players[msg.sender].moves += 1;
        if (target.health == 0) scores[round] += 1;
    }

    function nextRound() external {
        round += 1;
        scores[round] = scores[round - 1] / 2;
    }
}
