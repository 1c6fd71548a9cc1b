//! Draws numbers from a seed, the same on every machine.

use alloy_primitives::{Address, B256, keccak256};

/// A stream of numbers: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
///
/// Not for secrets. The algorithm is pinned here because generated blocks must never change with a dependency.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// Starts the stream that belongs to a seed and a purpose.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let digest = keccak256([&seed.to_be_bytes(), purpose.as_bytes()].concat());
        let mut state = [0; 8];
        state.copy_from_slice(&digest[..8]);
        Self { state: u64::from_be_bytes(state) }
    }

    /// Returns the next number.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`; zero for an `end` of zero.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// Returns an index into something of `len` elements.
    pub(super) fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Returns true in `times` of `of` draws.
    pub(super) fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    /// Returns one of the choices.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        choices[self.index(N)]
    }

    /// Returns so many bytes.
    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.next().to_be_bytes());
        }
        bytes.truncate(len);
        bytes
    }

    /// Returns 32 bytes.
    pub(super) fn word(&mut self) -> B256 {
        B256::from_slice(&self.bytes(32))
    }

    /// Returns an address that nobody has.
    pub(super) fn address(&mut self) -> Address {
        Address::from_slice(&self.bytes(20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of the authors' reference implementation for state 1234567.
    #[test]
    fn stream_is_splitmix64() {
        let mut random = Random { state: 1_234_567 };
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(expected.map(|_| random.next()), expected);
    }

    #[test]
    fn draws_stay_below_their_end() {
        let mut random = Random::new(1, "draws");
        assert!((0..1000).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
        assert_eq!(random.bytes(13).len(), 13);
    }
}
