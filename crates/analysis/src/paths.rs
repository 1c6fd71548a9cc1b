//! Works out what follows from dependencies and costs.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use crate::graph::Graph;

/// What follows from a block's dependencies, where each transaction has a cost: gas, or time in any unit.
#[derive(Clone, Debug)]
pub struct Paths<'a> {
    graph: &'a Graph,
    costs: &'a [u64],
    /// When each transaction ends if it begins as soon as its dependencies have ended.
    ends: Vec<u64>,
}

impl<'a> Paths<'a> {
    /// Works out the paths; `costs` has one cost a transaction.
    ///
    /// # Panics
    /// If there is not one cost for each transaction.
    pub fn new(graph: &'a Graph, costs: &'a [u64]) -> Self {
        assert_eq!(graph.len(), costs.len(), "one cost a transaction");
        let mut ends = Vec::with_capacity(costs.len());
        for (dependencies, cost) in graph.dependencies.iter().zip(costs) {
            let begin = dependencies.iter().map(|dependency| ends[dependency.on]).max().unwrap_or(0);
            ends.push(begin + cost);
        }
        Self { graph, costs, ends }
    }

    /// Returns the cost of each transaction.
    pub const fn costs(&self) -> &[u64] {
        self.costs
    }

    /// Returns the cost of all transactions.
    pub fn total(&self) -> u64 {
        self.costs.iter().sum()
    }

    /// Returns the cost of the dearest chain of transactions of which each depends on the one before.
    pub fn critical(&self) -> u64 {
        self.ends.iter().copied().max().unwrap_or(0)
    }

    /// Returns the transactions of that chain, ascending.
    pub fn critical_transactions(&self) -> Vec<usize> {
        let Some(mut at) = (0..self.ends.len()).max_by_key(|index| self.ends[*index]) else {
            return Vec::new();
        };
        let mut chain = vec![at];
        while let Some(before) =
            self.graph.dependencies[at].iter().map(|dependency| dependency.on).max_by_key(|on| self.ends[*on])
        {
            chain.push(before);
            at = before;
        }
        chain.reverse();
        chain
    }

    /// Returns the speedup that so many threads cannot exceed.
    pub fn bound(&self, threads: usize) -> f64 {
        match self.critical() {
            0 => 1.0,
            critical => (threads as f64).min(self.total() as f64 / critical as f64),
        }
    }

    /// Returns the time that so many threads need if they know all dependencies beforehand, take transactions in block
    /// order as soon as those that they depend on have ended, and pay for nothing else.
    pub fn in_order_time(&self, threads: usize) -> u64 {
        let mut free: BinaryHeap<Reverse<u64>> = (0..threads).map(|_| Reverse(0)).collect();
        let mut waiting: Vec<usize> = (0..self.costs.len()).collect();
        let mut ends = vec![u64::MAX; self.costs.len()];
        let mut last = 0;
        while !waiting.is_empty() {
            let Some(Reverse(now)) = free.pop() else { break };
            let ready = waiting.iter().position(|index| self.begins_by(*index, &ends) <= now);
            match ready {
                Some(at) => {
                    let index = waiting.remove(at);
                    ends[index] = now + self.costs[index];
                    last = last.max(ends[index]);
                    free.push(Reverse(ends[index]));
                }
                None => {
                    let next = waiting.iter().map(|index| self.begins_by(*index, &ends)).min();
                    free.push(Reverse(next.unwrap_or(now).max(now + 1)));
                }
            }
        }
        last
    }

    /// Returns when a transaction may begin; the end of time if that is not known yet.
    fn begins_by(&self, index: usize, ends: &[u64]) -> u64 {
        self.graph.dependencies[index].iter().map(|dependency| ends[dependency.on]).max().unwrap_or(0)
    }

    /// Returns for each transaction the first one of its group; groups share nothing with each other.
    pub fn groups(&self) -> Vec<usize> {
        let mut leaders: Vec<usize> = (0..self.costs.len()).collect();
        for (index, dependencies) in self.graph.dependencies.iter().enumerate() {
            for dependency in dependencies {
                let (one, two) = (leader(&mut leaders, index), leader(&mut leaders, dependency.on));
                leaders[one.max(two)] = one.min(two);
            }
        }
        (0..self.costs.len()).map(|index| leader(&mut leaders, index)).collect()
    }

    /// Returns the cost of every group of transactions that share nothing with the others, the dearest first.
    pub fn components(&self) -> Vec<u64> {
        let mut sums: BTreeMap<usize, u64> = BTreeMap::new();
        for (group, cost) in self.groups().into_iter().zip(self.costs) {
            *sums.entry(group).or_default() += cost;
        }
        let mut components: Vec<u64> = sums.into_values().collect();
        components.sort_unstable_by_key(|cost| Reverse(*cost));
        components
    }
}

/// Finds the leader of a group, shortening the way for the next time.
fn leader(leaders: &mut [usize], mut index: usize) -> usize {
    while leaders[index] != index {
        leaders[index] = leaders[leaders[index]];
        index = leaders[index];
    }
    index
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::testing::graph;

    #[test]
    fn critical_path_is_the_dearest_chain() {
        let graph = graph(&[&[], &[0], &[], &[1, 2], &[]]);
        let paths = Paths::new(&graph, &[5, 1, 20, 3, 22]);
        assert_eq!((paths.total(), paths.critical()), (51, 23));
        assert_eq!(paths.critical_transactions(), [2, 3]);
        assert_eq!(paths.components(), [29, 22]);
        assert_eq!(paths.bound(2), 2.0);
        assert!((paths.bound(8) - 51.0 / 23.0).abs() < 1e-9);
    }

    #[test]
    fn threads_wait_for_dependencies_and_take_what_comes_first() {
        let graph = graph(&[&[], &[0], &[], &[]]);
        let paths = Paths::new(&graph, &[10, 10, 4, 4]);
        assert_eq!(paths.in_order_time(1), 28);
        assert_eq!(paths.in_order_time(2), 20);
        assert_eq!(paths.in_order_time(8), 20);
    }

    #[test]
    fn nothing_takes_no_time() {
        let graph = Graph::default();
        let paths = Paths::new(&graph, &[]);
        assert_eq!((paths.total(), paths.critical(), paths.in_order_time(4)), (0, 0, 0));
        assert_eq!((paths.bound(4), paths.components().len()), (1.0, 0));
        assert!(paths.critical_transactions().is_empty());
    }

    proptest! {
        #[test]
        fn schedules_stay_between_bound_and_sequential(
            blocks in prop::collection::vec((1..50_u64, prop::collection::vec(any::<u8>(), 0..3)), 1..30),
        ) {
            let costs: Vec<u64> = blocks.iter().map(|(cost, _)| *cost).collect();
            let lists: Vec<Vec<usize>> = blocks
                .iter()
                .enumerate()
                .map(|(index, (_, picks))| {
                    let mut on: Vec<usize> = picks.iter().filter(|_| index > 0).map(|pick| usize::from(*pick) % index).collect();
                    on.sort_unstable();
                    on.dedup();
                    on
                })
                .collect();
            let slices: Vec<&[usize]> = lists.iter().map(Vec::as_slice).collect();
            let graph = graph(&slices);
            let paths = Paths::new(&graph, &costs);
            prop_assert_eq!(paths.in_order_time(1), paths.total());
            prop_assert_eq!(paths.in_order_time(costs.len()), paths.critical());
            prop_assert_eq!(paths.components().iter().sum::<u64>(), paths.total());
            let chain = paths.critical_transactions();
            prop_assert_eq!(chain.iter().map(|index| costs[*index]).sum::<u64>(), paths.critical());
            for threads in [2, 3, 8] {
                let time = paths.in_order_time(threads);
                prop_assert!(time >= paths.critical().max(paths.total().div_ceil(threads as u64)));
                prop_assert!(time <= paths.total());
            }
        }
    }
}
