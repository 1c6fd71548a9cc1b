//! Counts what dependencies are about.

use alloy_primitives::{Address, map::HashMap};

use crate::{access::Location, graph::Graph};

/// How often transactions depended on others for a location or an account, over any number of blocks.
#[derive(Clone, Debug, Default)]
pub struct Hot {
    locations: HashMap<Location, Count>,
    accounts: HashMap<Address, Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    dependencies: u64,
    blocks: u64,
}

/// A location, or an account as a whole, and how often it was the reason of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotLocation<L> {
    /// What it is.
    pub location: L,
    /// Pairs of transactions.
    pub dependencies: u64,
    /// Blocks in which there was one.
    pub blocks: u64,
}

impl Hot {
    /// Counts the dependencies of one block alone.
    pub fn of(graph: &Graph) -> Self {
        let mut hot = Self::default();
        hot.add(graph);
        hot
    }

    /// Counts the dependencies of a block.
    pub fn add(&mut self, graph: &Graph) {
        let (mut locations, mut accounts) = (HashMap::default(), HashMap::default());
        for dependency in graph.dependencies.iter().flatten() {
            *locations.entry(dependency.location).or_insert(0) += 1;
            *accounts.entry(dependency.location.address()).or_insert(0) += 1;
        }
        merge(&mut self.locations, locations);
        merge(&mut self.accounts, accounts);
    }

    /// Returns the locations with most dependencies.
    pub fn locations(&self, count_max: usize) -> Vec<HotLocation<Location>> {
        top(&self.locations, count_max)
    }

    /// Returns the accounts with most dependencies.
    pub fn accounts(&self, count_max: usize) -> Vec<HotLocation<Address>> {
        top(&self.accounts, count_max)
    }
}

fn merge<L: Eq + std::hash::Hash>(into: &mut HashMap<L, Count>, block: HashMap<L, u64>) {
    for (location, dependencies) in block {
        let count = into.entry(location).or_default();
        count.dependencies += dependencies;
        count.blocks += 1;
    }
}

fn top<L: Copy + Ord>(counts: &HashMap<L, Count>, count_max: usize) -> Vec<HotLocation<L>> {
    let mut top: Vec<_> = counts
        .iter()
        .map(|(location, Count { dependencies, blocks })| HotLocation {
            location: *location,
            dependencies: *dependencies,
            blocks: *blocks,
        })
        .collect();
    top.sort_by(|a, b| b.dependencies.cmp(&a.dependencies).then(a.location.cmp(&b.location)));
    top.truncate(count_max);
    top
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};

    use super::*;
    use crate::graph::Dependency;

    #[test]
    fn counts_are_by_location_and_by_account_and_the_greatest_come_first() {
        let address = Address::repeat_byte(1);
        let dependency =
            |slot: u64| Dependency { on: 0, location: Location::Slot(address, U256::from(slot)) };
        let graph = Graph {
            dependencies: vec![vec![], vec![dependency(7)], vec![dependency(7)], vec![dependency(8)]],
        };
        let mut hot = Hot::default();
        hot.add(&graph);
        hot.add(&graph);
        let top = hot.locations(1);
        assert_eq!((top.len(), top[0].location.slot()), (1, Some(U256::from(7))));
        assert_eq!((top[0].dependencies, top[0].blocks), (4, 2));
        assert_eq!(hot.accounts(9)[0].dependencies, 6);
    }
}
