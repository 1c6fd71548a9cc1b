//! A validator behind a host in memory: records, reorgs, restarts, lag, divergences.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{convert::Infallible, fs, path::Path, sync::Arc, time::Duration};

use support::{Fault, Memory, Told, settings};
use tandem_compare::{Evidence, Provenance, Run};
use tandem_exex::{
    AlertCommand, Bounds, Control, ExexError, Mode, Notification, Overflow, Policy, ReportSink, Settings,
    Sink, Validator,
};
use tandem_report::{BlockRecord, Check, RecordReader, ReportDir, ReportError, Verdict};

/// Keeps records in memory.
#[derive(Debug, Default)]
struct Kept(Vec<BlockRecord>);

impl Sink for Kept {
    fn record(
        &mut self,
        record: BlockRecord,
        _: Option<Box<Evidence>>,
    ) -> Result<BlockRecord, Box<dyn std::error::Error + Send + Sync>> {
        self.0.push(record.clone());
        Ok(record)
    }
}

fn kept(host: &Arc<Memory>, settings: Settings) -> Validator<Memory, Kept> {
    Validator::start(Arc::clone(host), settings, Control::default(), || Ok::<_, Infallible>(Kept::default()))
        .unwrap()
}

fn reporting(host: &Arc<Memory>, settings: Settings) -> Result<Validator<Memory, ReportSink>, ExexError> {
    controlled(host, settings, Control::default())
}

fn controlled(
    host: &Arc<Memory>,
    settings: Settings,
    control: Control,
) -> Result<Validator<Memory, ReportSink>, ExexError> {
    let dir = settings.report_dir.clone().unwrap();
    let open = || ReportSink::open(&dir, Run::default(), Provenance::default());
    Validator::start::<ReportError>(Arc::clone(host), settings, control, open)
}

fn commit(validator: &Validator<Memory, impl Sink>, new: Vec<Told>) {
    validator.notify(Notification::Committed { new });
}

/// What the records of a directory say: number, verdict, repeated, reverted.
fn lines(dir: &Path) -> Vec<(u64, &'static str, bool, bool)> {
    let records = RecordReader::open(&ReportDir::new(dir)).unwrap();
    let line = |record: BlockRecord| (record.number, record.verdict.name(), record.repeated, record.reverted);
    records.map(|read| line(read.unwrap().record)).collect()
}

fn matches(numbers: std::ops::RangeInclusive<u64>) -> Vec<(u64, &'static str, bool, bool)> {
    numbers.map(|number| (number, "match", false, false)).collect()
}

#[test]
fn every_block_is_executed_on_the_other_path_and_matches() {
    let host = Memory::new(4, 30);
    for mode in [Mode::Live, Mode::Shadow] {
        *host.head.lock() = 0;
        let validator = kept(&host, Settings { mode, ..settings(None) });
        for number in 1..=4 {
            commit(&validator, vec![host.import(number, mode, Fault::None)]);
        }
        let records = validator.finish().unwrap().0;
        assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        for record in records {
            assert_eq!(record.verdict, Verdict::Match, "{record:?}");
            assert_eq!(record.checks.bundle, Check::Match);
            assert_eq!(record.checks.state_root, Check::Match);
            assert!(record.state_root.header_checked && record.receipts_root.header_checked);
            assert_eq!(record.state_root.sequential, record.state_root.parallel);
            assert!(record.sequential_us.is_some() && record.parallel_us.is_some());
        }
    }
    assert_eq!(*host.finished.lock(), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
}

#[test]
fn what_the_host_got_wrong_diverges_and_the_policy_follows() {
    let host = Memory::new(3, 20);
    for (fault, what) in [(Fault::Receipt, "receipt_status"), (Fault::Root, "state_root")] {
        for policy in [Policy::Report, Policy::Fallback, Policy::Halt] {
            let scratch = tempfile::tempdir().unwrap();
            *host.head.lock() = 0;
            let control = Control::default();
            let settings = Settings { policy, ..settings(Some(scratch.path())) };
            let validator = controlled(&host, settings, control.clone()).unwrap();
            assert!(!control.is_fallback() && !control.is_halted());
            for number in 1..=3 {
                let fault = if number == 2 { fault } else { Fault::None };
                commit(&validator, vec![host.import(number, Mode::Live, fault)]);
            }
            validator.finish().unwrap();
            assert_eq!(control.is_fallback(), policy == Policy::Fallback);
            assert_eq!(control.is_halted(), policy == Policy::Halt);

            let mut expected = matches(1..=3);
            expected[1].1 = "diverged";
            expected.truncate(if policy == Policy::Halt { 2 } else { 3 });
            assert_eq!(lines(scratch.path()), expected);
            let dir = ReportDir::new(scratch.path());
            let record = RecordReader::open(&dir).unwrap().nth(1).unwrap().unwrap().record;
            let divergence = record.divergence.unwrap();
            assert_eq!(divergence.what, what);
            // The evidence is enough to execute the block again, with the state it read.
            let evidence = Evidence::read(&scratch.path().join(divergence.evidence.unwrap())).unwrap();
            let case = evidence.case().unwrap();
            assert_eq!(case.block.hash, record.hash);
            use tandem_compare::{Engine, Observe, Reference};
            let again = Reference::default().execute(&case, Observe::Output).result.unwrap();
            assert_eq!(again.result.gas_used, case.block.header.gas_used);
            assert_eq!(again.digest().receipts_root, case.block.header.receipts_root);
        }
    }
}

#[test]
fn a_halted_validator_goes_on_after_the_divergence_when_it_is_started_again() {
    let host = Memory::new(3, 10);
    let scratch = tempfile::tempdir().unwrap();
    let settings = || Settings { policy: Policy::Halt, ..settings(Some(scratch.path())) };
    let validator = reporting(&host, settings()).unwrap();
    commit(&validator, vec![host.import(1, Mode::Live, Fault::Receipt)]);
    commit(&validator, host.imported(2..=3));
    validator.finish().unwrap();
    assert_eq!(lines(scratch.path()), [(1, "diverged", false, false)]);
    reporting(&host, settings()).unwrap().finish().unwrap();
    assert_eq!(lines(scratch.path())[1..], matches(2..=3));
}

#[test]
fn blocks_that_leave_have_another_record_with_what_was_found_out() {
    let host = Memory::new(4, 10);
    let scratch = tempfile::tempdir().unwrap();
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(1..=3));
    validator.notify(Notification::Reverted { old: host.imported(2..=3) });
    *host.head.lock() = 1;
    // The same blocks come back, and one more: they are as new.
    commit(&validator, host.imported(2..=4));
    validator.finish().unwrap();
    let left = |number| (number, "match", false, true);
    let expected = [matches(1..=3), vec![left(2), left(3)], matches(2..=4)].concat();
    assert_eq!(lines(scratch.path()), expected);
}

#[test]
fn a_restart_neither_skips_nor_repeats() {
    let host = Memory::new(9, 10);
    let scratch = tempfile::tempdir().unwrap();
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(1..=3));
    validator.finish().unwrap();

    // Imported while nobody validated: read back, both executions are the validator's.
    drop(host.imported(4..=5));
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(6..=7));
    validator.finish().unwrap();
    assert_eq!(lines(scratch.path()), matches(1..=7));

    // The host lost two blocks and imports them again.
    *host.head.lock() = 5;
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(6..=8));
    validator.finish().unwrap();
    let again = |number| (number, "match", true, false);
    assert_eq!(lines(scratch.path())[7..], [again(6), again(7), (8, "match", false, false)]);
}

#[test]
fn a_record_of_a_block_that_was_lost_and_replaced_does_not_stand() {
    let host = Memory::new(3, 5);
    let scratch = tempfile::tempdir().unwrap();
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(1..=2));
    validator.finish().unwrap();
    // A third block was recorded, and lost by the host with the power; then it got another one.
    let blocks = scratch.path().join("blocks.jsonl");
    let text = fs::read_to_string(&blocks).unwrap();
    let mut lost: BlockRecord = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    (lost.number, lost.hash) = (3, alloy_primitives::B256::repeat_byte(3));
    fs::write(&blocks, format!("{text}{}\n", serde_json::to_string(&lost).unwrap())).unwrap();
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(3..=3));
    validator.finish().unwrap();
    let left = (3, "match", false, true);
    assert_eq!(lines(scratch.path()), [matches(1..=3), vec![left], matches(3..=3)].concat());
}

#[test]
fn blocks_that_left_unseen_are_recorded_and_their_successors_validated() {
    let host = Memory::new(3, 5);
    let scratch = tempfile::tempdir().unwrap();
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(1..=3));
    validator.finish().unwrap();
    // As if blocks 2 and 3 had been others, and a kill had come between the reorg to another block 2 and its records.
    let blocks = scratch.path().join("blocks.jsonl");
    let text = fs::read_to_string(&blocks).unwrap();
    let mut lines_before = text.lines().map(ToOwned::to_owned).collect::<Vec<_>>();
    for line in &mut lines_before[1..] {
        let mut other: BlockRecord = serde_json::from_str(line).unwrap();
        other.hash = alloy_primitives::B256::repeat_byte(other.number as u8);
        *line = serde_json::to_string(&other).unwrap();
    }
    fs::write(&blocks, lines_before.join("\n") + "\n").unwrap();
    *host.head.lock() = 2;
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(3..=3));
    validator.finish().unwrap();
    let left = |number| (number, "match", false, true);
    assert_eq!(lines(scratch.path()), [matches(1..=3), vec![left(2), left(3)], matches(2..=3)].concat());
}

#[test]
fn records_that_a_kill_cut_or_lost_are_made_again() {
    let host = Memory::new(4, 10);
    let scratch = tempfile::tempdir().unwrap();
    let validator = reporting(&host, settings(Some(scratch.path()))).unwrap();
    commit(&validator, host.imported(1..=4));
    validator.finish().unwrap();
    let blocks = scratch.path().join("blocks.jsonl");
    let whole = fs::read(&blocks).unwrap();
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in [second + 50, 0] {
        fs::write(&blocks, &whole[..length]).unwrap();
        reporting(&host, settings(Some(scratch.path()))).unwrap().finish().unwrap();
        assert_eq!(lines(scratch.path()), matches(1..=4), "{length} bytes were left");
    }
}

#[test]
fn lag_is_bounded_and_what_has_no_room_is_read_back() {
    let host = Memory::new(12, 5);
    *host.delay.lock() = Duration::from_millis(30);
    let bounds = Bounds { blocks: 2, bytes: 1 << 20, backfill_blocks: 100 };
    let overflow = Overflow::Defer { patience: Duration::ZERO };
    let validator = kept(&host, Settings { bounds, overflow, ..settings(None) });
    commit(&validator, host.imported(1..=12));
    let records = validator.finish().unwrap().0;
    assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert!(records.iter().all(|record| record.verdict == Verdict::Match));
}

#[test]
fn what_is_too_far_behind_has_a_record_that_says_so() {
    let host = Memory::new(12, 5);
    *host.delay.lock() = Duration::from_millis(30);
    let bounds = Bounds { blocks: 1, bytes: 1 << 20, backfill_blocks: 3 };
    let overflow = Overflow::Defer { patience: Duration::ZERO };
    let validator = kept(&host, Settings { bounds, overflow, ..settings(None) });
    commit(&validator, host.imported(1..=12));
    let records = validator.finish().unwrap().0;
    assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    let unchecked: Vec<_> = records.iter().filter(|record| record.verdict != Verdict::Match).collect();
    assert!(!unchecked.is_empty());
    for record in unchecked {
        let Verdict::Inconclusive { reason } = &record.verdict else { panic!("{record:?}") };
        assert!(reason.contains("blocks behind"), "{reason}");
    }
}

#[test]
fn a_host_that_waits_is_never_more_than_the_queue_ahead() {
    let host = Memory::new(8, 5);
    *host.delay.lock() = Duration::from_millis(20);
    let bounds = Bounds { blocks: 2, ..Bounds::default() };
    let validator = kept(&host, Settings { bounds, ..settings(None) });
    for number in 1..=8 {
        commit(&validator, vec![host.import(number, Mode::Live, Fault::None)]);
        let finished = host.finished.lock().last().copied().unwrap_or_default();
        // Two in the queue, one at work.
        assert!(number <= finished + 4, "{number} was told, {finished} finished");
    }
    let records = validator.finish().unwrap().0;
    assert!(records.iter().all(|record| record.verdict == Verdict::Match));
    assert_eq!(records.len(), 8);
}

#[test]
fn deferred_blocks_that_leave_are_not_checked_and_say_so() {
    let host = Memory::new(6, 5);
    *host.delay.lock() = Duration::from_millis(200);
    let bounds = Bounds { blocks: 1, ..Bounds::default() };
    let overflow = Overflow::Defer { patience: Duration::ZERO };
    let validator = kept(&host, Settings { bounds, overflow, ..settings(None) });
    commit(&validator, host.imported(1..=6));
    *host.head.lock() = 4;
    let old = vec![host.import(5, Mode::Live, Fault::None), host.import(6, Mode::Live, Fault::None)];
    *host.head.lock() = 4;
    validator.notify(Notification::Reverted { old });
    let records = validator.finish().unwrap().0;
    let of = |number| records.iter().filter(move |record| record.number == number).collect::<Vec<_>>();
    for number in 1..=4 {
        assert_eq!(of(number).len(), 1);
        assert_eq!(of(number)[0].verdict, Verdict::Match);
    }
    for number in 5..=6 {
        let [record] = of(number)[..] else { panic!("{records:?}") };
        assert!(record.reverted);
        assert!(
            matches!(&record.verdict, Verdict::Inconclusive { reason } if reason.contains("before it was checked"))
        );
    }
}

#[test]
fn a_block_whose_state_is_gone_is_inconclusive() {
    let host = Memory::new(3, 5);
    host.gone.lock().insert(2);
    let validator = kept(&host, settings(None));
    commit(&validator, host.imported(1..=3));
    let records = validator.finish().unwrap().0;
    assert_eq!(
        records.iter().map(|record| record.verdict.name()).collect::<Vec<_>>(),
        ["match", "inconclusive", "match"]
    );
    let reason = "the state before it, which the host does not have any more".to_owned();
    assert_eq!(records[1].verdict, Verdict::Inconclusive { reason });
}

#[test]
fn a_directory_of_something_else_is_refused_and_stays_as_it_is() {
    let host = Memory::new(1, 5);
    let scratch = tempfile::tempdir().unwrap();
    let refused = |file: &str, content: &str, expected: &str| {
        fs::write(scratch.path().join(file), content).unwrap();
        let error = reporting(&host, settings(Some(scratch.path()))).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(fs::read_to_string(scratch.path().join(file)).unwrap(), content);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
        fs::remove_file(scratch.path().join(file)).unwrap();
    };
    refused("position.json", "{\"schema\":1,", "position.json: expected the position of a validator");
    let zero = "0x0000000000000000000000000000000000000000000000000000000000000000";
    let position = |schema| {
        format!(
            "{{\"schema\":{schema},\"genesis\":\"{zero}\",\"first\":1,\"number\":0,\"hash\":\"{zero}\"}}\n"
        )
    };
    refused("position.json", &position(2), "schema 2, expected 1");
    refused("position.json", &position(1), &format!("the chain with genesis {zero}, expected 0x"));
    refused("blocks.jsonl", "{}\n", "expected a directory without records");
    drop(host);
}

#[test]
fn an_alert_command_reads_the_record() {
    let host = Memory::new(1, 5);
    let scratch = tempfile::tempdir().unwrap();
    let told = scratch.path().join("told");
    let arguments = vec![told.display().to_string()];
    let alert = Some(AlertCommand { program: "tee".into(), arguments });
    let validator =
        reporting(&host, Settings { alert, ..settings(Some(&scratch.path().join("report"))) }).unwrap();
    commit(&validator, vec![host.import(1, Mode::Live, Fault::Receipt)]);
    validator.finish().unwrap();
    let record: BlockRecord = serde_json::from_slice(&fs::read(told).unwrap()).unwrap();
    assert_eq!(record.verdict, Verdict::Diverged);
}
