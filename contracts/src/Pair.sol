// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

interface IToken {
    function balanceOf(address) external view returns (uint256);
    function transfer(address, uint256) external returns (bool);
    function transferFrom(address, address, uint256) external returns (bool);
}

/// A constant-product market of two tokens. Conflict shape: every swap reads and writes the packed reserves, so the
/// swaps of one pair form a chain.
contract Pair {
    IToken public token0; // slot 0
    IToken public token1; // slot 1
    uint112 public reserve0; // slot 2, low half
    uint112 public reserve1; // slot 2, high half

    event Swap(address indexed sender, address indexed to, uint256 amountIn, uint256 amountOut);
    event Sync(uint112 reserve0, uint112 reserve1);

    /// Swaps what was paid in since the last call, at a fee of 0.3 %.
    function swap(bool zeroForOne, address to) external returns (uint256 amountOut) {
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        IToken tokenIn = zeroForOne ? token0 : token1;
        IToken tokenOut = zeroForOne ? token1 : token0;
        uint256 amountIn = tokenIn.balanceOf(address(this)) - reserveIn;
        require(amountIn > 0, "nothing paid");
        uint256 amountInWithFee = amountIn * 997;
        amountOut = (amountInWithFee * reserveOut) / (reserveIn * 1000 + amountInWithFee);
        tokenOut.transfer(to, amountOut);
        reserve0 = uint112(token0.balanceOf(address(this)));
        reserve1 = uint112(token1.balanceOf(address(this)));
        emit Swap(msg.sender, to, amountIn, amountOut);
        emit Sync(reserve0, reserve1);
    }
}

/// Pays a user's tokens into a pair and swaps them.
contract Router {
    function swap(Pair pair, bool zeroForOne, uint256 amountIn, uint256 amountOutMin) external {
        IToken tokenIn = zeroForOne ? pair.token0() : pair.token1();
        tokenIn.transferFrom(msg.sender, address(pair), amountIn);
        require(pair.swap(zeroForOne, msg.sender) >= amountOutMin, "slippage");
    }
}
