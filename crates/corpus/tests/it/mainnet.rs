//! Every recorded mainnet block executes to what its header says.

use std::fs;

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
