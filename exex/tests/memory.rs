//! Memory while the validator is ten times slower than its host.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that says what it saw")]

mod support;

use std::{
    convert::Infallible,
    error::Error,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use support::{Fault, Memory, settings};
use tandem_compare::Evidence;
use tandem_exex::{Bounds, Control, Mode, Notification, Overflow, Settings, Sink, Validator};
use tandem_report::{BlockRecord, Verdict};

/// Counts records, and keeps none.
#[derive(Debug, Default)]
struct Counted {
    matched: usize,
    unchecked: usize,
}

impl Sink for Counted {
    fn record(
        &mut self,
        record: BlockRecord,
        _: Option<Box<Evidence>>,
    ) -> Result<BlockRecord, Box<dyn Error + Send + Sync>> {
        match record.verdict {
            Verdict::Match => self.matched += 1,
            Verdict::Inconclusive { .. } => self.unchecked += 1,
            Verdict::Diverged => panic!("{record:?}"),
        }
        Ok(record)
    }
}

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() << 10
}

/// Imports a chain while each check takes ten times as long as each import; what waits must not grow with the lag.
#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-exex --test memory -- --ignored --nocapture"]
fn memory_is_bounded_while_the_validator_is_ten_times_slower() {
    const BLOCKS: u64 = 240;
    let host = Memory::new(BLOCKS as usize, 200);
    let bounds = Bounds { blocks: 8, bytes: 64 << 20, backfill_blocks: 40 };
    for overflow in [Overflow::Wait, Overflow::Defer { patience: Duration::ZERO }] {
        *host.head.lock() = 0;
        let settings = Settings { bounds, overflow, ..settings(None) };
        let open = || Ok::<_, Infallible>(Counted::default());
        let validator = Validator::start(Arc::clone(&host), settings, Control::default(), open).unwrap();
        let (mut imported, mut early, mut late) = (Duration::ZERO, 0, 0);
        for number in 1..=BLOCKS {
            let started = Instant::now();
            let block = host.import(number, Mode::Live, Fault::None);
            imported += started.elapsed();
            *host.delay.lock() = 10 * imported / number as u32;
            validator.notify(Notification::Committed { new: vec![block] });
            let bytes = resident_bytes();
            if number <= BLOCKS / 4 {
                early = early.max(bytes);
            } else {
                late = late.max(bytes);
            }
        }
        let lag = BLOCKS - host.finished.lock().last().copied().unwrap_or_default();
        println!(
            "{overflow:?}: import {:.1} ms a block; lag at the end {lag} blocks; resident at most {} MiB in the first \
             quarter, {} MiB after",
            imported.as_secs_f64() * 1e3 / BLOCKS as f64,
            early >> 20,
            late >> 20
        );
        assert!(late < early + (32 << 20), "memory grew from {early} to {late} bytes");
        let Counted { matched, unchecked } = validator.finish().unwrap();
        println!("{matched} matched, {unchecked} not checked, with a record that says so");
        assert_eq!(matched + unchecked, BLOCKS as usize);
        if overflow == Overflow::Wait {
            assert_eq!(unchecked, 0);
            assert!(lag <= bounds.blocks as u64 + 1);
        }
    }
}
