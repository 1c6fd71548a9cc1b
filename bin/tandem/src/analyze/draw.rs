//! Draws what a block's transactions depend on.

use std::{collections::BTreeSet, fs, path::Path};

use alloy_consensus::{Transaction, transaction::Recovered};
use eyre::{Result, WrapErr};
use tandem_analysis::{Location, Paths};
use tandem_corpus::Case;
use tandem_report::{BlockGraph, GraphEdge, GraphNode, graph::OnPath};

use super::block::Analyzed;

/// Writes a block's graph as `NUMBER-HASH.dot` and `NUMBER-HASH.svg` into a directory that exists.
pub(crate) fn write<S>(dir: &Path, case: &Case<S>, analyzed: &Analyzed) -> Result<()> {
    let graph = graph(case, analyzed);
    let hash = case.block.hash.to_string();
    let name = format!("{}-{}", case.block.header.number, &hash[2..10]);
    for (extension, text) in [("dot", graph.dot()), ("svg", graph.svg())] {
        let path = dir.join(format!("{name}.{extension}"));
        fs::write(&path, text).wrap_err_with(|| format!("{}: cannot write", path.display()))?;
    }
    Ok(())
}

fn graph<S>(case: &Case<S>, analyzed: &Analyzed) -> BlockGraph {
    let paths = Paths::new(&analyzed.graph, &analyzed.gas);
    let groups = paths.groups();
    let critical: BTreeSet<usize> = paths.critical_transactions().into_iter().collect();
    let node = |(index, tx): (usize, &Recovered<tandem_corpus::Transaction>)| {
        let to = tx.to().map_or_else(|| "creates a contract".to_owned(), |to| format!("to {to}"));
        GraphNode {
            title: format!("from {} {to}", tx.signer()),
            gas_used: analyzed.gas[index],
            group: groups[index],
            path: if critical.contains(&index) { OnPath::Critical } else { OnPath::Aside },
        }
    };
    let edges = analyzed.graph.dependencies.iter().enumerate().flat_map(|(to, dependencies)| {
        dependencies.iter().map(move |dependency| GraphEdge {
            from: dependency.on,
            to,
            title: title(dependency.location),
        })
    });
    BlockGraph {
        number: case.block.header.number,
        source: case.source.clone(),
        nodes: case.block.transactions.iter().enumerate().map(node).collect(),
        edges: edges.collect(),
    }
}

fn title(location: Location) -> String {
    match location.slot() {
        Some(slot) => format!("slot {slot:#x} of {}", location.address()),
        None => format!("{} of {}", location.kind(), location.address()),
    }
}
