//! Breaks valid headers of every fork, one field at a time.

use alloy_consensus::constants::EMPTY_WITHDRAWALS;
use alloy_eips::{eip1559::BaseFeeParams, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::B64;

use super::*;

/// A fork, and its place among those that brought fields.
const NETWORKS: [(&str, usize); 9] = [
    ("Frontier", 0),
    ("Byzantium", 0),
    ("Berlin", 0),
    ("London", 1),
    ("Paris", 1),
    ("Shanghai", 2),
    ("Cancun", 3),
    ("Prague", 4),
    ("Amsterdam", 5),
];

/// Optional fields, in the order of the forks that brought them: place, EIP, and how to set and remove it.
type Field = (usize, u16, fn(&mut Header), fn(&mut Header));

const FIELDS: [Field; 8] = [
    (1, 1559, |header| header.base_fee_per_gas = Some(7), |header| header.base_fee_per_gas = None),
    (
        2,
        4895,
        |header| header.withdrawals_root = Some(EMPTY_WITHDRAWALS),
        |header| {
            header.withdrawals_root = None;
        },
    ),
    (3, 4844, |header| header.blob_gas_used = Some(0), |header| header.blob_gas_used = None),
    (3, 4844, |header| header.excess_blob_gas = Some(0), |header| header.excess_blob_gas = None),
    (
        3,
        4788,
        |header| header.parent_beacon_block_root = Some(B256::ZERO),
        |header| {
            header.parent_beacon_block_root = None;
        },
    ),
    (
        4,
        7685,
        |header| header.requests_hash = Some(EMPTY_REQUESTS_HASH),
        |header| {
            header.requests_hash = None;
        },
    ),
    (
        5,
        7928,
        |header| header.block_access_list_hash = Some(B256::ZERO),
        |header| {
            header.block_access_list_hash = None;
        },
    ),
    (5, 7843, |header| header.slot_number = Some(1), |header| header.slot_number = None),
];

/// A valid parent and child of a network.
struct Pair {
    spec: ChainSpec,
    parent: Header,
    child: Header,
}

impl Pair {
    fn new(network: &str, place: usize) -> Self {
        let spec = ChainSpec::network(network).unwrap();
        let mut parent = Header { gas_limit: 1_000_000, timestamp: 1, ..Header::default() };
        parent.difficulty = U256::from(1 << 20);
        for (since, _, set, _) in FIELDS {
            if since <= place {
                set(&mut parent);
            }
        }
        let mut child = Header { parent_hash: parent.hash_slow(), number: 1, timestamp: 9, ..parent.clone() };
        child.base_fee_per_gas = parent.next_block_base_fee(BaseFeeParams::ethereum());
        child.difficulty = if spec.ethereum_fork_activation(EthereumHardfork::Paris).is_ttd() {
            U256::ZERO
        } else {
            difficulty::expected(&spec, &parent, child.timestamp)
        };
        Self { spec, parent, child }
    }

    fn validate(&self, change: impl FnOnce(&mut Header)) -> Result<(), ConsensusError> {
        let mut header = self.child.clone();
        change(&mut header);
        let context = HeaderContext {
            spec: &self.spec,
            parent: &self.parent,
            parent_hash: self.parent.hash_slow(),
            parent_total_difficulty: self.parent.difficulty,
        };
        validate_header(&context, &header)
    }
}

#[test]
fn fields_begin_with_their_forks() {
    for (network, place) in NETWORKS {
        let pair = Pair::new(network, place);
        pair.validate(|_| {}).unwrap();
        for (since, eip, set, remove) in FIELDS {
            let error = if since <= place { pair.validate(remove) } else { pair.validate(set) }.unwrap_err();
            let got = match error {
                ConsensusError::MissingField { eip, .. } if since <= place => eip,
                ConsensusError::UnexpectedField { eip, .. } if since > place => eip,
                error => panic!("{network}, EIP-{eip}: {error}"),
            };
            assert_eq!(got, eip, "{network}");
        }
    }
}

#[test]
fn a_header_follows_its_parent() {
    for (network, place) in NETWORKS {
        let pair = Pair::new(network, place);
        let error = pair.validate(|header| header.parent_hash = B256::ZERO).unwrap_err();
        assert!(matches!(error, ConsensusError::ParentHash { .. }), "{network}: {error}");
        let error = pair.validate(|header| header.number = 2).unwrap_err();
        assert_eq!(error, ConsensusError::Number { got: 2, expected: 1 }, "{network}");
        let error = pair.validate(|header| header.timestamp = 1).unwrap_err();
        assert_eq!(error, ConsensusError::Timestamp { got: 1, parent: 1 }, "{network}");
        let error = pair.validate(|header| header.extra_data = vec![0; 33].into()).unwrap_err();
        assert_eq!(error, ConsensusError::ExtraDataTooLong { got: 33, maximum: 32 }, "{network}");
        let error = pair.validate(|header| header.gas_used = header.gas_limit + 1).unwrap_err();
        assert!(matches!(error, ConsensusError::GasUsedAboveLimit { .. }), "{network}: {error}");
        let error = pair.validate(|header| header.difficulty += U256::from(1)).unwrap_err();
        assert!(matches!(error, ConsensusError::Difficulty { .. }), "{network}: {error}");
    }
}

#[test]
fn fees_follow_the_parent() {
    let pair = Pair::new("Cancun", 3);
    let error = pair.validate(|header| header.base_fee_per_gas = Some(8)).unwrap_err();
    assert_eq!(error, ConsensusError::BaseFee { got: 8, expected: 7 });
    let error = pair.validate(|header| header.excess_blob_gas = Some(1)).unwrap_err();
    assert_eq!(error, ConsensusError::ExcessBlobGas { got: 1, expected: 0 });
    let (most, more) = (6 << 17, 7 << 17);
    pair.validate(|header| header.blob_gas_used = Some(most)).unwrap();
    let error = pair.validate(|header| header.blob_gas_used = Some(more)).unwrap_err();
    assert_eq!(error, ConsensusError::BlobGasAboveMaximum { got: more, maximum: most });
}

#[test]
fn the_merge_makes_constants() {
    let (before, after) = (Pair::new("London", 1), Pair::new("Paris", 1));
    let nonce = |header: &mut Header| header.nonce = B64::repeat_byte(1);
    let ommers = |header: &mut Header| header.ommers_hash = B256::ZERO;
    before.validate(nonce).unwrap();
    before.validate(ommers).unwrap();
    assert!(matches!(after.validate(nonce), Err(ConsensusError::MergedNonce { .. })));
    assert!(matches!(after.validate(ommers), Err(ConsensusError::MergedOmmers { .. })));
}

#[test]
fn the_merge_waits_for_its_difficulty() {
    let spec = ChainSpec::network("ArrowGlacierToParisAtDiffC0000").unwrap();
    let parent = Header::default();
    let consensus = |total| {
        let parent_total_difficulty = U256::from(total);
        let context =
            HeaderContext { spec: &spec, parent: &parent, parent_hash: B256::ZERO, parent_total_difficulty };
        context.consensus_of(&Header { number: 1_000_000, ..Header::default() })
    };
    assert_eq!(consensus(0xbffff), Consensus::Work);
    assert_eq!(consensus(0xc0000), Consensus::Stake);
}

#[test]
fn ten_blocks_carry_the_dao_forks_mark() {
    let spec = ChainSpec::network("HomesteadToDaoAt5").unwrap();
    for number in 0..20 {
        let marked = Header { number, extra_data: b"dao-hard-fork".to_vec().into(), ..Header::default() };
        eip779::validate(&spec, &marked).unwrap();
        let unmarked = Header { number, ..Header::default() };
        let expected =
            if (5..15).contains(&number) { Err(ConsensusError::DaoExtraData { number }) } else { Ok(()) };
        assert_eq!(eip779::validate(&spec, &unmarked), expected);
    }
}
