//! Reads sources to the end without executing anything, and counts what is in them.
//!
//! `cargo run --release -p tandem-corpus --example survey -- PATH...`

#![allow(clippy::print_stdout)]

use std::{collections::BTreeMap, env, fs, time::Instant};

use tandem_corpus::{Chain, InputError, Item, decode_block, open};

#[derive(Default)]
struct Counts {
    cases: usize,
    chains: usize,
    blocks: usize,
    transactions: usize,
    undecodable_expected: usize,
    undecodable: Vec<String>,
    wrong_hash: Vec<String>,
    not_run: BTreeMap<String, usize>,
    errors: Vec<String>,
}

fn main() {
    for path in env::args().skip(1) {
        let (mut counts, start) = (Counts::default(), Instant::now());
        match open(&path) {
            Ok(items) => items.for_each(|item| counts.add(item)),
            Err(error) => counts.errors.push(error.to_string()),
        }
        counts.print(&path);
        println!("  {:.1} s, peak memory {}", start.elapsed().as_secs_f64(), peak_memory());
    }
}

impl Counts {
    fn add(&mut self, item: Result<Item, InputError>) {
        match item {
            Ok(Item::Case(case)) => {
                self.cases += 1;
                self.transactions += case.block.transactions.len();
            }
            Ok(Item::Chain(chain)) => self.add_chain(chain),
            Ok(Item::NotRun(not_run)) => *self.not_run.entry(not_run.reason).or_default() += 1,
            Err(error) => self.errors.push(error.to_string()),
        }
    }

    fn add_chain(&mut self, chain: Chain) {
        self.chains += 1;
        for block in chain.blocks {
            let block = match block {
                Ok(block) => block,
                Err(error) => {
                    self.errors.push(error.to_string());
                    continue;
                }
            };
            self.blocks += 1;
            match decode_block(&block.rlp, &chain.spec) {
                Ok(decoded) => {
                    self.transactions += decoded.transactions.len();
                    if block.hash.is_some_and(|hash| hash != decoded.hash) {
                        self.wrong_hash.push(block.place);
                    }
                }
                Err(_) if block.expected_exception.is_some() => self.undecodable_expected += 1,
                Err(error) => self.undecodable.push(format!("{}: {error}", block.place)),
            }
        }
    }

    fn print(&self, path: &str) {
        println!("{path}");
        println!(
            "  {} cases, {} chains, {} blocks, {} transactions; undecodable: {} where an exception is expected, {} elsewhere; {} wrong hashes",
            self.cases,
            self.chains,
            self.blocks,
            self.transactions,
            self.undecodable_expected,
            self.undecodable.len(),
            self.wrong_hash.len()
        );
        for (reason, count) in &self.not_run {
            println!("  not run: {count} x {reason}");
        }
        for line in self.errors.iter().chain(&self.undecodable).chain(&self.wrong_hash).take(20) {
            println!("  ! {line}");
        }
    }
}

/// Returns the largest resident memory of this process so far.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |size| size.trim().to_owned())
}
