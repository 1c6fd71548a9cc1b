//! Evidence survives a file; a file that is not evidence is refused with its name, the place and what was expected.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

use std::fs;

use tandem_compare::{
    Difference, Engine, Evidence, EvidenceError, ExecuteError, Execution, Layer, Observe, Place, Provenance,
    Run, Side, Subject, Verdict, compare,
};
use tandem_corpus::{Fork, Workload};

mod support;

use support::{REFERENCE, ROOTLESS};

fn evidence() -> Evidence {
    let case = support::generated(Workload::Mixed, Fork::Osaka, 11);
    let run = Run { strategy: "parallel".into(), threads: 8, seed: Some(11) };
    let crates = [("revm".to_owned(), "42.0.1".to_owned())].into();
    let provenance = Provenance { version: "0.1.0".into(), commit: "abc".into(), crates };
    let address = alloy_primitives::Address::repeat_byte(1);
    let slot = alloy_primitives::U256::from(2);
    let subject = Subject::Storage(Layer::Bundle, address, slot, Side::Present);
    let divergence = Difference::new(subject, slot, None::<u64>).at(Some(Place::tx(17)));
    Evidence::new(&case, run, provenance, Some(divergence))
}

#[test]
fn evidence_survives_a_file_and_executes_as_before() {
    let directory = tempfile::tempdir().unwrap();
    let evidence = evidence();
    let path = evidence.write(&directory.path().join("evidence")).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let hash = evidence.block.hash.to_string();
    assert_eq!(name, format!("{}-{}.json.zst", evidence.block.number, &hash[2..10]));
    let read = Evidence::read(&path).unwrap();
    assert_eq!(read, evidence);

    let before = support::generated(Workload::Mixed, Fork::Osaka, 11);
    let one = REFERENCE.execute(&before, Observe::Commits);
    let two = REFERENCE.execute(&read.case().unwrap(), Observe::Commits);
    let comparison = compare(&before, &one, &two, &ROOTLESS);
    assert_eq!(comparison.verdict, Verdict::Match, "{:?}", comparison.first_difference());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn damaged_files_are_refused_with_name_place_and_expectation() {
    let directory = tempfile::tempdir().unwrap();
    let evidence = evidence();
    let path = evidence.write(directory.path()).unwrap();
    let whole = fs::read(&path).unwrap();
    let refused = |bytes: &[u8], expected: &str| {
        fs::write(&path, bytes).unwrap();
        let error = Evidence::read(&path).unwrap_err().to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        assert!(error.contains(expected), "{error}");
    };
    refused(&whole[..whole.len() / 2], "expected a whole zstd file");
    refused(b"{}", "expected a whole zstd file");
    let json = |text: &str| zstd::encode_all(text.as_bytes(), 0).unwrap();
    refused(&json(r#"{"schema":3}"#), "schema: expected at most 2, found 3");
    refused(&json("[1]"), "line 1 column");
    let mut value = serde_json::to_value(&evidence).unwrap();
    value["run"]["threads"] = "two".into();
    refused(&json(&value.to_string()), "invalid type: string \"two\", expected usize at line 1 column");
    fs::remove_file(&path).unwrap();
    assert!(matches!(Evidence::read(&path), Err(EvidenceError::Io { .. })));
}

#[test]
fn contradictions_inside_are_refused_by_field() {
    let refused = |change: &dyn Fn(&mut Evidence), expected: &str| {
        let mut evidence = evidence();
        change(&mut evidence);
        let error = evidence.case().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    refused(&|e| e.block.hash.0[0] ^= 1, "block.hash: expected 0x");
    refused(&|e| e.block.senders.truncate(47), "block.senders: expected 48 senders, found 47");
    refused(&|e| e.block.rlp = e.block.rlp.slice(..9), "block.rlp: expected the RLP of a block, found");
    refused(
        &|e| e.block.rlp = [&e.block.rlp[..], &[0]].concat().into(),
        "block.rlp: expected the end of the block, found 1 bytes more",
    );
    refused(
        &|e| {
            let hash = *e.state.contracts.keys().next().unwrap();
            e.state.contracts.insert(hash, vec![0xfe].into());
        },
        "state.contracts.0x",
    );
    refused(&|e| e.state.contracts.clear(), "state.accounts.0x");
}

/// A worker's panic is ours: the block diverges, whatever sequential execution says, and its evidence names it.
#[test]
fn broken_invariant_diverges_and_has_evidence() {
    let case = support::generated(Workload::Mixed, Fork::Osaka, 11);
    let sequential = REFERENCE.execute(&case, Observe::Output);
    let result = Err(ExecuteError::Invariant { what: "a worker panicked while speculating: boom".into() });
    let parallel = Execution { result, trace: None, duration: std::time::Duration::ZERO };
    let comparison = compare(&case, &sequential, &parallel, &ROOTLESS);
    assert_eq!(comparison.verdict, Verdict::Diverged);
    let difference = comparison.first_difference().unwrap().clone();

    let directory = tempfile::tempdir().unwrap();
    let base = evidence();
    let evidence = Evidence::new(&case, base.run, base.provenance, Some(difference));
    let read = Evidence::read(&evidence.write(directory.path()).unwrap()).unwrap();
    assert!(format!("{:?}", read.divergence).contains("a worker panicked while speculating: boom"));
}
