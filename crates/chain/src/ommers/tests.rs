//! Tests every rule of ommers on a chain of ten blocks.

use alloy_consensus::proofs::calculate_ommers_root;
use alloy_primitives::Bytes;

use super::*;
use crate::rules::difficulty;

/// A chain of valid headers, genesis first, with its rules.
struct Line {
    spec: ChainSpec,
    headers: Vec<Header>,
    ommers: Vec<Vec<B256>>,
}

impl Line {
    fn new() -> Self {
        let spec = ChainSpec::network("Berlin").unwrap();
        let genesis = Header { gas_limit: 1_000_000, difficulty: U256::from(1 << 20), ..Header::default() };
        let mut line = Self { spec, headers: vec![genesis], ommers: vec![vec![]; 10] };
        while line.headers.len() < 10 {
            let parent = line.headers.len() - 1;
            line.headers.push(line.child(parent, ""));
        }
        line
    }

    /// A valid child of a block of the line; other extra data make it an ommer.
    fn child(&self, parent: usize, extra_data: &'static str) -> Header {
        let parent = &self.headers[parent];
        let timestamp = parent.timestamp + 10;
        Header {
            parent_hash: parent.hash_slow(),
            number: parent.number + 1,
            timestamp,
            gas_limit: parent.gas_limit,
            difficulty: difficulty::expected(&self.spec, parent, timestamp),
            extra_data: Bytes::from_static(extra_data.as_bytes()),
            ..Header::default()
        }
    }

    /// Validates a block on the line's last one with these ommers.
    fn validate(&self, ommers: Vec<Header>) -> Result<(), ConsensusError> {
        let header =
            Header { ommers_hash: calculate_ommers_root(&ommers), ..self.child(self.headers.len() - 1, "") };
        let hash = header.hash_slow();
        let block = Block { hash, header, transactions: [].into(), ommers, withdrawals: None };
        let ancestors: Vec<_> = self
            .headers
            .iter()
            .zip(&self.ommers)
            .rev()
            .map(|(header, ommers)| Ancestor {
                hash: header.hash_slow(),
                header,
                ommers,
                total_difficulty: U256::ZERO,
            })
            .collect();
        validate_ommers(&self.spec, &block, &ancestors)
    }
}

#[test]
fn siblings_of_six_generations_are_ommers() {
    let line = Line::new();
    // The block has number 10: its parent's siblings have number 9 and parent 8.
    for parent in 3..=8 {
        line.validate(vec![line.child(parent, "ommer")]).unwrap();
    }
    line.validate(vec![line.child(8, "a"), line.child(8, "b")]).unwrap();
}

#[test]
fn siblings_of_the_block_and_of_older_ones_are_not() {
    let line = Line::new();
    for parent in [9, 2] {
        let error = line.validate(vec![line.child(parent, "ommer")]).unwrap_err();
        let expected = ConsensusError::OmmerParent { index: 0, parent: line.headers[parent].hash_slow() };
        assert_eq!(error, expected);
    }
}

#[test]
fn two_is_the_most() {
    let line = Line::new();
    let ommers = ["a", "b", "c"].map(|name| line.child(8, name)).to_vec();
    assert_eq!(line.validate(ommers).unwrap_err(), ConsensusError::TooManyOmmers { got: 3, maximum: 2 });
}

#[test]
fn an_ommer_is_included_once() {
    let mut line = Line::new();
    let ommer = line.child(6, "ommer");
    let hash = ommer.hash_slow();
    let error = line.validate(vec![ommer.clone(), ommer.clone()]).unwrap_err();
    assert_eq!(error, ConsensusError::OmmerIncluded { index: 1, hash });

    line.ommers[8] = vec![hash];
    let error = line.validate(vec![ommer]).unwrap_err();
    assert_eq!(error, ConsensusError::OmmerIncluded { index: 0, hash });
}

#[test]
fn an_ancestor_is_no_ommer() {
    let line = Line::new();
    for ancestor in 4..=9 {
        let header = line.headers[ancestor].clone();
        let hash = header.hash_slow();
        let error = line.validate(vec![header]).unwrap_err();
        assert_eq!(error, ConsensusError::OmmerIsAncestor { index: 0, hash });
    }
}

#[test]
fn an_ommers_header_is_valid() {
    let line = Line::new();
    let good = line.child(7, "ommer");
    // Nobody executes an ommer: what only execution knows may be anything.
    let unexecuted = Header {
        state_root: B256::repeat_byte(1),
        receipts_root: B256::repeat_byte(2),
        transactions_root: B256::repeat_byte(3),
        ..good.clone()
    };
    line.validate(vec![good.clone(), unexecuted]).unwrap();

    let bad = [
        Header { difficulty: good.difficulty + U256::from(1), ..good.clone() },
        Header { timestamp: line.headers[7].timestamp, ..good.clone() },
        Header { number: 9, ..good.clone() },
        Header { gas_limit: good.gas_limit * 2, ..good.clone() },
        Header { gas_used: good.gas_limit + 1, ..good.clone() },
        Header { base_fee_per_gas: Some(7), ..good.clone() },
        Header { extra_data: vec![0; 33].into(), ..good },
    ];
    for ommer in bad {
        let error = line.validate(vec![line.child(8, "good"), ommer]).unwrap_err();
        assert!(matches!(error, ConsensusError::OmmerHeader { index: 1, .. }), "{error}");
    }
}
