//! Graphs of blocks, as DOT and as SVG.

use super::*;

fn graph() -> BlockGraph {
    let node = |group, gas_used, path| GraphNode { title: "<a> to \"b\"".to_owned(), gas_used, group, path };
    let edge = |from, to| GraphEdge { from, to, title: "slot 0x1 of <a>".to_owned() };
    BlockGraph {
        number: 7,
        source: "a \"b\" \\ </style>".to_owned(),
        nodes: vec![
            node(0, 30_000, OnPath::Critical),
            node(1, 21_000, OnPath::Aside),
            node(0, 40_000, OnPath::Critical),
            node(0, 21_000, OnPath::Aside),
        ],
        edges: vec![edge(0, 2), edge(0, 3)],
    }
}

#[test]
fn dot_has_every_transaction_and_dependency() {
    insta::assert_snapshot!(graph().dot());
}

#[test]
fn svg_draws_what_shares_something() {
    let svg = graph().svg();
    assert!(!svg.contains("<a>") && svg.contains("&lt;a&gt;"), "{svg}");
    assert_eq!(svg.matches("<rect class=\"tx").count(), 3, "{svg}");
    assert_eq!(svg.matches("<path").count(), 2, "{svg}");
    insta::assert_snapshot!(svg.replace("><", ">\n<"));
}

#[test]
fn svg_of_independent_transactions_says_so() {
    let svg = BlockGraph { edges: Vec::new(), ..graph() }.svg();
    assert!(svg.contains("4 transactions, none depends on another."), "{svg}");
    assert!(BlockGraph::default().svg().contains("0 transactions"));
}

#[test]
fn transaction_that_depends_on_hundreds_has_few_arrows() {
    let node = |_| GraphNode::default();
    let edges = (0..300).map(|from| GraphEdge { from, to: 300, title: String::new() }).collect();
    let graph = BlockGraph { nodes: (0..301).map(node).collect(), edges, ..BlockGraph::default() };
    assert_eq!(graph.svg().matches("<path").count(), ARROWS_MAX);
    assert_eq!(graph.dot().matches("->").count(), 300);
}
