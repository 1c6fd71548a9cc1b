//! Every recorded mainnet block executes to what its header says.

use std::{collections::BTreeSet, fs};

use alloy_consensus::Transaction as _;
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::{AbsentReads, Case};

use crate::support;

#[test]
fn every_mainnet_case_executes_to_its_header() {
    let Some(folder) = support::data("mainnet", "every_mainnet_case_executes_to_its_header") else { return };
    let mut directories: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    directories.sort();
    let mut failures = Vec::new();
    for directory in &directories {
        let case = Case::read(directory).unwrap();
        let header = &case.block.header;
        let state = AbsentReads::new(&case.state);
        let (result, _) = match support::execute(&case.spec, &case.block, &state) {
            Ok(output) => output,
            Err(error) => {
                failures.push(format!("{}: {error}; absent: {:?}", header.number, state.accounts()));
                continue;
            }
        };
        let (root, bloom) = support::receipts_root_and_bloom(&result.receipts);
        let root_matches =
            root == header.receipts_root || !case.spec.is_byzantium_active_at_block(header.number);
        println!(
            "{} {}: {} transactions, {} gas, {} absent accounts read",
            header.number,
            case.spec.fork_name(header),
            case.block.transactions.len(),
            result.gas_used,
            state.accounts().len()
        );
        if result.gas_used != header.gas_used || bloom != header.logs_bloom || !root_matches {
            let blame = case.missing_account(&state.accounts()).map(|error| error.to_string());
            failures.push(format!(
                "{}: gas {} of {}, {blame:?}",
                header.number, result.gas_used, header.gas_used
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(directories.len(), 58);
}

#[test]
fn a_contract_missing_from_a_pre_state_is_named() {
    let Some(folder) = support::data("mainnet", "a_contract_missing_from_a_pre_state_is_named") else {
        return;
    };
    let case = Case::read(&folder.join("19932703")).unwrap();
    let called = case.block.transactions.iter().filter(|transaction| !transaction.input().is_empty());
    let contracts: BTreeSet<_> = called.filter_map(|transaction| transaction.to()).collect();
    let (mut noticed, mut named_first) = (0, 0);
    for contract in &contracts {
        let mut state = case.state.as_ref().clone();
        if state.accounts.remove(contract).is_none_or(|account| account.info.is_empty_code_hash()) {
            continue;
        }
        let reads = AbsentReads::new(&state);
        let outcome = support::execute(&case.spec, &case.block, &reads);
        let root = outcome.map(|(result, _)| support::receipts_root_and_bloom(&result.receipts).0);
        assert_ne!(root.ok(), Some(case.block.header.receipts_root), "{contract} is called");
        let message = case.missing_account(&reads.accounts()).unwrap().to_string();
        assert!(message.contains(&contract.to_string()), "{contract}: {message}");
        noticed += 1;
        named_first += usize::from(message.contains(&format!("expected account {contract}")));
    }
    println!("{noticed} contracts removed in turn: each noticed and named, {named_first} of them first");
    assert!(noticed > 10);
}
