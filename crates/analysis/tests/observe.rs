//! Generated blocks have the dependencies that their workloads are made for.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use tandem_analysis::{Access, Graph, Location, Paths, observe};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};

const TXS: usize = 60;

fn case(workload: Workload) -> Case {
    let options = GenerateOptions { blocks: 2, txs_per_block: TXS, ..GenerateOptions::default() };
    generate(workload, 5, options).last().unwrap().unwrap()
}

fn observed(workload: Workload) -> (Case, Vec<Access>, Graph) {
    let case = case(workload);
    let accesses = observe(&case).unwrap_or_else(|error| panic!("{workload}: {error}"));
    let graph = Graph::new(&accesses);
    (case, accesses, graph)
}

/// Transactions on the longest chain.
fn chain_len(graph: &Graph) -> u64 {
    Paths::new(graph, &vec![1; graph.len()]).critical()
}

#[test]
fn gas_is_the_block_s() {
    for workload in Workload::ALL {
        let (case, accesses, graph) = observed(workload);
        let gas: u64 = accesses.iter().map(|access| access.gas_used).sum();
        assert_eq!((gas, graph.len()), (case.block.header.gas_used, TXS), "{workload}");
    }
}

#[test]
fn one_counter_is_one_chain() {
    let (_, _, graph) = observed(Workload::HotCounter);
    assert_eq!(chain_len(&graph), TXS as u64);
    let slots = graph.dependencies.iter().flatten().filter(|dependency| dependency.location.slot().is_some());
    assert!(slots.count() >= TXS / 2);
}

#[test]
fn one_sender_is_one_chain_by_nonce() {
    let (_, _, graph) = observed(Workload::NonceChain);
    assert_eq!(chain_len(&graph), TXS as u64);
    let is_nonce = |location| matches!(location, Location::Nonce(_));
    assert!(graph.dependencies.iter().flatten().any(|dependency| is_nonce(dependency.location)));
}

#[test]
fn payments_of_different_senders_depend_on_nothing() {
    let (_, _, graph) = observed(Workload::NativeTransfers);
    let other = graph.dependencies.iter().flatten().find(|dependency| {
        // A sender that sends twice depends on itself; an account that is paid does not.
        !matches!(dependency.location, Location::Nonce(_))
    });
    assert_eq!(other, None);
}

#[test]
fn payments_of_a_token_to_one_recipient_are_one_chain() {
    let (_, _, graph) = observed(Workload::Erc20OneRecipient);
    assert!(chain_len(&graph) as usize > TXS / 2, "{}", chain_len(&graph));
}

#[test]
fn many_pools_are_shorter_chains_than_one_pool() {
    let [one, many] =
        [Workload::SwapsOnePool, Workload::SwapsManyPools].map(|workload| chain_len(&observed(workload).2));
    assert!(one > 2 * many, "{one} and {many}");
}
