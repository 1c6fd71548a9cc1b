//! Breaks what a header says about its execution, one field at a time.

use alloy_primitives::{Address, Log, bytes};

use super::*;

fn receipts() -> Vec<EthereumReceipt> {
    let log = Log::new_unchecked(Address::repeat_byte(1), vec![B256::repeat_byte(2)], bytes!("03"));
    let receipt = |cumulative_gas_used, logs| EthereumReceipt {
        success: true,
        cumulative_gas_used,
        logs,
        ..Default::default()
    };
    vec![receipt(21_000, vec![log]), receipt(42_000, vec![])]
}

fn output<'a>(receipts: &'a [EthereumReceipt], requests: &'a Requests) -> ExecutionOutput<'a> {
    ExecutionOutput {
        gas_used: 42_000,
        blob_gas_used: 1 << 17,
        receipts,
        intermediate_roots: IntermediateRoots::Unknown,
        requests,
        state_root: Some(B256::repeat_byte(4)),
        post_state: None,
        block_access_list_hash: Some(B256::repeat_byte(5)),
    }
}

/// The header of an execution, with every field that any fork has.
fn header(receipts: &[EthereumReceipt]) -> Header {
    let receipts: Vec<_> = receipts.iter().map(TxReceipt::with_bloom_ref).collect();
    Header {
        gas_used: 42_000,
        blob_gas_used: Some(1 << 17),
        receipts_root: alloy_consensus::proofs::calculate_receipt_root(&receipts),
        logs_bloom: receipts[0].logs_bloom,
        requests_hash: Some(Requests::default().requests_hash()),
        state_root: B256::repeat_byte(4),
        block_access_list_hash: Some(B256::repeat_byte(5)),
        ..Header::default()
    }
}

#[test]
fn every_field_is_compared() {
    let (spec, receipts, requests) = (ChainSpec::network("Osaka").unwrap(), receipts(), Requests::default());
    let output = output(&receipts, &requests);
    let good = header(&receipts);
    validate_output(&spec, &good, &output).unwrap();

    let error = |change: fn(&mut Header)| {
        let mut header = good.clone();
        change(&mut header);
        validate_output(&spec, &header, &output).unwrap_err()
    };
    use ConsensusError as E;
    assert!(matches!(error(|header| header.gas_used += 1), E::GasUsed { got: 42_001, expected: 42_000 }));
    assert!(matches!(error(|header| header.blob_gas_used = Some(0)), E::BlobGasUsed { got: 0, .. }));
    assert!(matches!(error(|header| header.logs_bloom = Bloom::ZERO), E::LogsBloom { .. }));
    assert!(matches!(error(|header| header.receipts_root = B256::ZERO), E::ReceiptsRoot { .. }));
    assert!(matches!(error(|header| header.requests_hash = Some(B256::ZERO)), E::RequestsHash { .. }));
    assert!(matches!(error(|header| header.state_root = B256::ZERO), E::StateRoot { .. }));
    let error = error(|header| header.block_access_list_hash = Some(B256::ZERO));
    assert!(matches!(error, E::BlockAccessListHash { .. }));
}

#[test]
fn what_is_not_known_is_not_compared() {
    let (spec, receipts, requests) = (ChainSpec::network("Osaka").unwrap(), receipts(), Requests::default());
    let output =
        ExecutionOutput { state_root: None, block_access_list_hash: None, ..output(&receipts, &requests) };
    let header =
        Header { state_root: B256::ZERO, block_access_list_hash: Some(B256::ZERO), ..header(&receipts) };
    validate_output(&spec, &header, &output).unwrap();
}

#[test]
fn before_byzantium_receipts_carry_state_roots() {
    let (spec, receipts, requests) =
        (ChainSpec::network("Frontier").unwrap(), receipts(), Requests::default());
    let unknown = output(&receipts, &requests);
    let with_statuses = header(&receipts);
    validate_output(&spec, &with_statuses, &unknown).unwrap();

    let roots = [B256::repeat_byte(6), B256::repeat_byte(7)];
    let known = ExecutionOutput { intermediate_roots: IntermediateRoots::Known(&roots), ..unknown };
    let Err(ConsensusError::ReceiptsRoot { expected, .. }) = validate_output(&spec, &with_statuses, &known)
    else {
        panic!("statuses pass for state roots");
    };
    let header = Header { receipts_root: expected, ..with_statuses };
    validate_output(&spec, &header, &known).unwrap();
    for wrong in [&roots[..1], &[roots[1], roots[0]]] {
        let wrong = ExecutionOutput { intermediate_roots: IntermediateRoots::Known(wrong), ..unknown };
        let error = validate_output(&spec, &header, &wrong).unwrap_err();
        assert!(matches!(error, ConsensusError::ReceiptsRoot { .. }), "{error}");
    }
}

#[test]
fn system_contracts_have_code_from_prague_on() {
    let (receipts, requests, state) = (receipts(), Requests::default(), PlainState::default());
    let output = ExecutionOutput { post_state: Some(&state), ..output(&receipts, &requests) };
    let check = |network| validate_output(&ChainSpec::network(network).unwrap(), &header(&receipts), &output);
    check("Cancun").unwrap();
    let error = check("Prague").unwrap_err();
    assert!(matches!(error, ConsensusError::SystemContractEmpty { eip: 7002, .. }), "{error}");
}
