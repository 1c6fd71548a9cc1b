//! `tandem generate`: what it writes is a chain that replays, every root checked.

use std::fs;

use tandem_tests::program::run;

#[test]
fn a_generated_chain_replays_and_is_the_same_every_time() {
    let scratch = tempfile::tempdir().unwrap();
    for out in ["one", "two"] {
        let written =
            run(scratch.path(), ["generate", "mixed:3:30", "--out", out, "--seed", "5", "--users", "80"]);
        assert_eq!(written.status, Some(0), "{written:?}");
        assert!(written.stdout.contains("blocks   3: 90 transactions"), "{}", written.stdout);
    }
    for file in ["genesis.json", "chain.rlp"] {
        let read = |out: &str| fs::read(scratch.path().join(out).join(file)).unwrap();
        assert_eq!(read("one"), read("two"), "{file}");
    }

    let replayed = run(scratch.path(), ["replay", "one", "--threads", "2"]);
    assert_eq!(replayed.status, Some(0), "{replayed:?}");
    assert!(replayed.stdout.contains("3 matched"), "{}", replayed.stdout);
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("file"), "").unwrap();
    let refused = run(scratch.path(), ["generate", "mixed:1:1", "--out", "file/chain"]);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("file/chain: cannot be written"), "{}", refused.stderr);
}
