//! Help and usage errors.

use std::path::Path;

use tandem_tests::program::run;

fn golden(name: &str, arguments: &[&str]) {
    let ended = run(Path::new("."), arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, ended.stdout);
    });
}

#[test]
fn help_is_as_agreed() {
    golden("help", &["--help"]);
}

#[test]
fn help_of_replay_is_as_agreed() {
    golden("help-replay", &["replay", "--help"]);
}

#[test]
fn help_of_analyze_is_as_agreed() {
    golden("help-analyze", &["analyze", "--help"]);
}

#[test]
fn help_of_bench_is_as_agreed() {
    golden("help-bench", &["bench", "--help"]);
}

#[test]
fn help_of_import_is_as_agreed() {
    golden("help-import", &["import", "--help"]);
}

#[test]
fn help_of_generate_is_as_agreed() {
    golden("help-generate", &["generate", "--help"]);
}

#[test]
fn help_of_witness_is_as_agreed() {
    golden("help-witness", &["witness", "--help"]);
}

#[test]
fn help_of_explain_is_as_agreed() {
    golden("help-explain", &["explain", "--help"]);
}

#[test]
fn help_of_report_is_as_agreed() {
    golden("help-report", &["report", "--help"]);
}

#[test]
fn every_generated_workload_is_in_the_help() {
    let help = run(Path::new("."), ["replay", "--help"]).stdout;
    for workload in tandem_corpus::Workload::ALL {
        assert!(help.contains(workload.name()), "{workload}");
    }
}

#[test]
fn unusable_arguments_end_with_status_2_and_say_what_was_expected() {
    for (arguments, expected) in [
        (&["replay", "--threads", "0"][..], "a number from 1 to 1024, or auto"),
        (&["replay", "--shard", "2/2"], "I/N with I from 0 to N - 1"),
        (&["replay", "--generate", "swaps"], "swaps-one-pool"),
        (&["replay", "--generate", "mixed:1:0"], "a number from 1 to 10000"),
        (&["replay", "--strategy", "bal"], "possible values: parallel, sequential, auto"),
        (&["replay", "--repeat", "0"], "number"),
        (&["replay", "--no-such-flag"], "unexpected argument"),
        (&["node"], "unrecognized subcommand"),
        (&["report"], "required"),
        (&[], "Usage"),
    ] {
        let ended = run(Path::new("."), arguments);
        assert_eq!(ended.status, Some(2), "{arguments:?}");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}
