//! Records to test with.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of them")]

use alloy_primitives::{Address, B256, address, b256};
use tandem_report::*;

pub const WETH: Address = address!("0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2");
pub const ROOT: B256 = b256!("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// The record of the documented example.
pub fn example() -> BlockRecord {
    let root = Some(ROOT);
    BlockRecord {
        schema: Schema,
        number: 19_932_703,
        hash: B256::repeat_byte(0x11),
        parent: B256::repeat_byte(0x22),
        source: "mainnet/19932703".to_owned(),
        fork: "Cancun".to_owned(),
        txs: 143,
        gas_used: 10_421_765,
        strategy: Strategy::Parallel,
        threads: 2,
        verdict: Verdict::Match,
        sequential_us: Some(6_956),
        parallel_us: Some(4_012),
        speedup: speedup_of(6_956, 4_012),
        attempts: 150,
        reexecuted: 7,
        frontier_executed: 80,
        conflicts: vec![Conflict {
            kind: ConflictKind::Slot,
            address: WETH,
            slot: Some(B256::with_last_byte(3)),
            count: 3,
        }],
        critical_path_gas: Some(2_100_000),
        parallelism: parallelism_of(10_421_765, 2_100_000),
        outlook: Default::default(),
        checks: Checks {
            receipts_root: Check::Match,
            gas_used: Check::Match,
            logs_bloom: Check::Match,
            bundle: Check::Match,
            state_root: Check::Match,
            ..Checks::default()
        },
        state_root: RootTriple { parallel: root, sequential: root, header: root, header_checked: false },
        receipts_root: RootTriple { parallel: root, sequential: root, header: root, header_checked: true },
        divergence: None,
        repeated: false,
        reverted: false,
    }
}

/// A block that matched, with another number and parallel time.
pub fn matched(number: u64, parallel_us: u64) -> BlockRecord {
    BlockRecord {
        number,
        hash: B256::from(alloy_primitives::U256::from(number)),
        source: format!("mainnet/{number}"),
        parallel_us: Some(parallel_us),
        speedup: speedup_of(6_956, parallel_us),
        ..example()
    }
}

/// A block whose storage differs after transaction 17.
pub fn diverged() -> BlockRecord {
    let mut record = matched(19_932_704, 5_000);
    record.verdict = Verdict::Diverged;
    record.checks.bundle = Check::Differ;
    record.checks.state_root = Check::Differ;
    record.state_root.parallel = Some(B256::repeat_byte(0x33));
    record.divergence = Some(Divergence {
        tx: Some(17),
        what: "storage".to_owned(),
        address: Some(WETH),
        slot: Some(B256::with_last_byte(3)),
        sequential: "0x05".to_owned(),
        parallel: "0x06".to_owned(),
        evidence: Some("evidence/19932704 & more.json.zst".to_owned()),
    });
    record
}

/// A block that could not be checked.
pub fn inconclusive() -> BlockRecord {
    BlockRecord {
        verdict: Verdict::Inconclusive { reason: "the pre-state lacks an account <b>".to_owned() },
        sequential_us: None,
        parallel_us: None,
        speedup: None,
        critical_path_gas: None,
        parallelism: None,
        conflicts: Vec::new(),
        checks: Checks::default(),
        state_root: RootTriple::default(),
        receipts_root: RootTriple::default(),
        ..matched(19_932_705, 1)
    }
}

/// How the tests' reports were made.
pub fn run() -> RunInfo {
    RunInfo {
        threads: Some(2),
        seed: Some(42),
        version: Some("0.0.0".to_owned()),
        commit: Some("0000000".to_owned()),
        machine: Some(Machine {
            cpu: "[cpu]".to_owned(),
            cores: 2,
            memory_bytes: 8 << 30,
            os: "[os]".to_owned(),
        }),
        command: Some("tandem replay mainnet --report-dir report".to_owned()),
        started: Some("[time]".to_owned()),
    }
}

/// Totals of records, with an input of each unusual kind.
pub fn summary(records: &[BlockRecord]) -> Summary {
    let mut tally = Tally::default();
    records.iter().for_each(|record| tally.add(record));
    tally
        .summary(run(), Completion::Partial)
        .with_input_errors([InputError {
            source: "bad/<script>.json".to_owned(),
            error: "line 3, column 7: expected a hexadecimal number, got \"x\"".to_owned(),
        }])
        .with_not_run([NotRun {
            name: "amsterdam/one.json".to_owned(),
            reason: "another revision".to_owned(),
        }])
}
