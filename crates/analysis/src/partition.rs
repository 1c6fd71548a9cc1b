//! Works out what executing the parts of a fixed partition side by side would give.

use alloy_primitives::map::HashMap;
use std::hash::Hash;

use crate::graph::Graph;

/// What a partition of a block's transactions would give, with a thread for each part.
///
/// A part's transactions run one after the other, in block order; one that depends on another part's waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// How many parts there are.
    pub parts: usize,
    /// Cost of the dearest part.
    pub largest: u64,
    /// Cost from the first transaction's begin to the last one's end.
    pub time: u64,
    /// Dependencies between transactions of different parts: what the parts must tell each other.
    pub crossing: usize,
    /// All dependencies.
    pub dependencies: usize,
}

impl Partition {
    /// Works it out for transactions that belong to the part that their label says.
    ///
    /// # Panics
    /// If there is not one cost and one label for each transaction.
    pub fn new<L: Eq + Hash + Clone>(graph: &Graph, costs: &[u64], labels: &[L]) -> Self {
        assert_eq!(
            (graph.len(), graph.len()),
            (costs.len(), labels.len()),
            "one cost and label a transaction"
        );
        let mut partition = Self::default();
        // What each part costs, and when its last transaction ends.
        let mut parts: HashMap<L, (u64, u64)> = HashMap::default();
        let mut ends: Vec<u64> = Vec::with_capacity(costs.len());
        for (index, cost) in costs.iter().enumerate() {
            let (own_cost, own_end) = parts.entry(labels[index].clone()).or_default();
            let mut begin = *own_end;
            for dependency in &graph.dependencies[index] {
                begin = begin.max(ends[dependency.on]);
                partition.dependencies += 1;
                partition.crossing += usize::from(labels[dependency.on] != labels[index]);
            }
            (*own_cost, *own_end) = (*own_cost + cost, begin + cost);
            ends.push(begin + cost);
        }
        partition.parts = parts.len();
        partition.largest = parts.values().map(|(cost, _)| *cost).max().unwrap_or(0);
        partition.time = ends.into_iter().max().unwrap_or(0);
        partition
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::graph;

    #[test]
    fn parts_wait_for_each_other_where_dependencies_cross() {
        let graph = graph(&[&[], &[0], &[], &[1, 2]]);
        let costs = [10, 5, 4, 1];
        let apart = Partition::new(&graph, &costs, &["a", "a", "b", "b"]);
        assert_eq!(apart, Partition { parts: 2, largest: 15, time: 16, crossing: 1, dependencies: 3 });
        let mixed = Partition::new(&graph, &costs, &["a", "b", "a", "b"]);
        assert_eq!((mixed.time, mixed.crossing), (16, 2));
        let alone = Partition::new(&graph, &costs, &["a"; 4]);
        assert_eq!((alone.parts, alone.time, alone.crossing), (1, 20, 0));
        let each = Partition::new(&graph, &costs, &[0, 1, 2, 3]);
        assert_eq!(each.time, 16, "a part for each transaction takes the critical path's time");
    }

    #[test]
    fn nothing_has_no_parts() {
        assert_eq!(Partition::new(&Graph::default(), &[], &[0; 0]), Partition::default());
    }
}
