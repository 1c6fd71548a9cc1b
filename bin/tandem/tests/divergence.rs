//! What follows when an import's parallel execution is wrong: policy, exit status, log, metrics, alert, records, evidence.
//!
//! The program is built with faults to inject, so this is a build of its own:
//! `cargo test -p tandem --features fault-injection --test divergence`.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps nothing")]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tandem_corpus::{decode_unrecovered, open_blocks};

const BLOCKS: u64 = 200;

/// The block and the transaction that go wrong.
const BROKEN: (u64, usize) = (7, 5);

/// A chain in a scratch directory, in `chain`, and how to break one of its transactions.
struct Scratch {
    dir: tempfile::TempDir,
    fault: String,
}

impl Scratch {
    /// `kind` is what goes wrong, as evidence says it.
    fn new(kind: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let workload = format!("mixed:{BLOCKS}:8");
        let written = tandem(dir.path(), &["generate", &workload, "--out", "chain"]).output().unwrap();
        assert!(written.status.success(), "{written:?}");
        let (block, index) = BROKEN;
        let mut blocks = open_blocks(&dir.path().join("chain/chain.rlp")).unwrap();
        let block = decode_unrecovered(&blocks.nth(block as usize - 1).unwrap().unwrap().rlp).unwrap();
        let tx = block.body.transactions[index].tx_hash().to_owned();
        let fault = format!("{{\"tx\":\"{tx}\",\"kind\":{kind}}}");
        Self { dir, fault }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn import(&self, more: &[&str]) -> Command {
        let mut command =
            tandem(self.path(), &["import", "chain/chain.rlp", "--genesis", "chain/genesis.json"]);
        command.args(["--datadir", "data", "--report-dir", "report", "--threads=2", "--strategy=parallel"]);
        command.args(["--log-format=json"]).args(more);
        command
    }

    /// The same with the fault.
    fn broken_import(&self, more: &[&str]) -> Command {
        let mut command = self.import(more);
        command.args(["--inject-fault", &self.fault]);
        command
    }

    fn records(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path().join("report/blocks.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// An alert command that keeps what it reads, and ends when a file `go` is there.
    fn alert(&self) -> &'static str {
        let script = self.path().join("alert");
        let text = "#!/bin/sh\ncat >> alerted.jsonl\nuntil [ -e go ]; do sleep 0.02; done\n";
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        "./alert"
    }

    fn alerted(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path().join("alerted.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Checks the record of the broken block and its evidence, and returns the record.
    fn assert_located(&self, records: &[Value], what: &str) -> Value {
        let diverged: Vec<_> = records.iter().filter(|record| record["verdict"] == "diverged").collect();
        let [record] = diverged[..] else { panic!("{diverged:?}") };
        assert_eq!(record["number"], BROKEN.0);
        assert_eq!(record["divergence"]["what"], what, "{record}");
        let evidence = format!("report/{}", record["divergence"]["evidence"].as_str().unwrap());
        let explained = tandem(self.path(), &["explain", &evidence, "--format", "json"]).output().unwrap();
        assert_eq!(explained.status.code(), Some(1), "{explained:?}");
        let explained: Value = serde_json::from_slice(&explained.stdout).unwrap();
        assert!(self.fault.contains(explained["tx_hash"].as_str().unwrap()), "{explained}");
        let whole = evidence.replace(".json.zst", ".whole.json.zst");
        assert!(self.path().join(whole).exists(), "the evidence is not shrunken");
        record.clone()
    }
}

fn tandem(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    command
}

fn numbers(records: &[Value]) -> Vec<u64> {
    records.iter().map(|record| record["number"].as_u64().unwrap()).collect()
}

/// The log's lines about divergences and what follows.
fn log(ended: &Output) -> Vec<Value> {
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until a program serves metrics that say so, and returns all of them.
fn metrics(address: SocketAddr, child: &mut Child, wanted: &str) -> String {
    let begun = Instant::now();
    let mut page = String::new();
    while begun.elapsed() < Duration::from_secs(60) {
        assert!(child.try_wait().unwrap().is_none(), "ended before its metrics said {wanted:?}: {page}");
        if let Ok(mut client) = TcpStream::connect(address) {
            page.clear();
            client.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
            client.read_to_string(&mut page).unwrap();
            if page.lines().any(|line| line == wanted) {
                return page;
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("no metric says {wanted:?}: {page}");
}

#[test]
fn report_goes_on_in_parallel_and_keeps_the_smallest_evidence() {
    let scratch = Scratch::new(r#"{"gas":{"excess":1}}"#);
    fs::write(scratch.path().join("go"), "").unwrap();
    let ended = scratch.broken_import(&["--exex=live", "--alert-command", scratch.alert()]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let records = scratch.records();
    assert_eq!(numbers(&records), (1..=BLOCKS).collect::<Vec<_>>());
    let diverged = scratch.assert_located(&records, "cumulative_gas_used");
    assert_eq!(diverged["divergence"]["tx"], BROKEN.1);
    assert!(records.iter().all(|record| record["strategy"] == "parallel"));
    assert_eq!(scratch.alerted(), [diverged]);
    let log = log(&ended);
    let [line] = &log[..] else { panic!("{log:?}") };
    assert_eq!(
        (&line["level"], &line["message"], &line["number"], &line["what"], &line["policy"]),
        (
            &"ERROR".into(),
            &"diverged".into(),
            &BROKEN.0.into(),
            &"cumulative_gas_used".into(),
            &"Report".into()
        )
    );
    // What was found out stays the status of whoever goes on with the report; nothing is done again.
    let again = scratch.import(&["--exex=live"]).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert_eq!(scratch.records(), records);
}

#[test]
fn fallback_executes_sequentially_from_then_on() {
    let scratch = Scratch::new(r#""status""#);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address_text = address.to_string();
    let more = ["--exex=live", "--on-divergence=fallback", "--metrics", &address_text];
    let mut command = scratch.broken_import(&more);
    command.args(["--alert-command", scratch.alert()]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // While the alert command runs, nothing is validated, and what waits is bounded.
    let page = metrics(address, &mut child, "tandem_fallback 1");
    fs::write(scratch.path().join("go"), "").unwrap();
    assert!(page.contains("tandem_divergences_total 1\n") || !page.contains("tandem_divergences_total"));
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let messages: Vec<_> = log(&ended).iter().map(|line| line["message"].clone()).collect();
    assert_eq!(messages, ["blocks execute sequentially from now on", "diverged"]);
    let records = scratch.records();
    assert_eq!(numbers(&records), (1..=BLOCKS).collect::<Vec<_>>());
    let diverged = scratch.assert_located(&records, "receipt_status");
    assert_eq!(scratch.alerted(), [diverged]);
    let is_parallel: Vec<_> = records.iter().map(|record| record["strategy"] == "parallel").collect();
    let first =
        is_parallel.iter().position(|is_parallel| !is_parallel).expect("no block executed sequentially");
    assert!(first as u64 >= BROKEN.0, "block {} executed sequentially", first + 1);
    assert!(is_parallel[first..].iter().all(|is_parallel| !is_parallel), "{is_parallel:?}");
}

#[test]
fn halt_ends_the_import_and_a_restart_goes_on() {
    let scratch = Scratch::new(r#"{"gas":{"excess":1}}"#);
    let ended = scratch.broken_import(&["--exex=live", "--on-divergence=halt"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let records = scratch.records();
    assert_eq!(numbers(&records), (1..=BROKEN.0).collect::<Vec<_>>());
    scratch.assert_located(&records, "cumulative_gas_used");
    let summary = fs::read_to_string(scratch.path().join("report/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["partial"], &summary["diverged"]), (&true.into(), &1.into()));

    // Without the fault the rest is imported; each block has one record.
    let ended = scratch.import(&["--exex=live", "--on-divergence=halt"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let records = scratch.records();
    assert_eq!(numbers(&records), (1..=BLOCKS).collect::<Vec<_>>());
    assert!(records[BROKEN.0 as usize..].iter().all(|record| record["verdict"] == "match"));
    let head = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(head.contains(&format!("head        {BLOCKS} ")), "{head}");
}

#[test]
fn the_shadow_catches_what_the_host_did_not_execute() {
    let scratch = Scratch::new(r#"{"gas":{"excess":1}}"#);
    let ended = scratch.broken_import(&["--exex=shadow"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let records = scratch.records();
    assert_eq!(numbers(&records), (1..=BLOCKS).collect::<Vec<_>>());
    scratch.assert_located(&records, "cumulative_gas_used");
}
