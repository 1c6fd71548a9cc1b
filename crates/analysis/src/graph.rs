//! Joins what transactions needed and changed to dependencies.

use std::collections::BTreeMap;

use alloy_primitives::map::HashMap;

use crate::access::{Access, Location};

/// A transaction that must come before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The earlier transaction.
    pub on: usize,
    /// What it changed and the later one needed; of several, the first in order.
    pub location: Location,
}

/// The dependencies of a block's transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// By transaction: what it depends on, each earlier transaction once, ascending.
    pub dependencies: Vec<Vec<Dependency>>,
}

impl Graph {
    /// Joins the accesses of a block's transactions, in order.
    pub fn new(accesses: &[Access]) -> Self {
        let mut changers: HashMap<Location, Vec<usize>> = HashMap::default();
        let mut dependencies = Vec::with_capacity(accesses.len());
        for (index, access) in accesses.iter().enumerate() {
            dependencies.push(dependencies_of(access, &changers));
            for location in &access.changes {
                let changers = changers.entry(*location).or_default();
                if !adds_up(*location) {
                    changers.clear();
                }
                changers.push(index);
            }
        }
        Self { dependencies }
    }

    /// Returns the number of transactions.
    pub fn len(&self) -> usize {
        self.dependencies.len()
    }

    /// Says whether there are no transactions.
    pub fn is_empty(&self) -> bool {
        self.dependencies.is_empty()
    }

    /// Returns how many transactions depend on an earlier one.
    pub fn dependent_count(&self) -> usize {
        self.dependencies.iter().filter(|dependencies| !dependencies.is_empty()).count()
    }
}

/// Whether later changes need not know earlier ones.
const fn adds_up(location: Location) -> bool {
    matches!(location, Location::Balance(_))
}

fn dependencies_of(access: &Access, changers: &HashMap<Location, Vec<usize>>) -> Vec<Dependency> {
    let mut found: BTreeMap<usize, Location> = BTreeMap::new();
    let mut add = |key: Location, location: Location| {
        for on in changers.get(&key).into_iter().flatten() {
            let first = found.entry(*on).or_insert(location);
            *first = location.min(*first);
        }
    };
    for location in &access.needs {
        add(*location, *location);
        if let Location::Slot(address, _) = location {
            add(Location::Storage(*address), *location);
        }
    }
    found.into_iter().map(|(on, location)| Dependency { on, location }).collect()
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};

    use super::*;

    const A: Address = Address::repeat_byte(1);

    fn slot(number: u64) -> Location {
        Location::Slot(A, U256::from(number))
    }

    fn access(needs: &[Location], changes: &[Location]) -> Access {
        Access { needs: needs.into(), changes: changes.into(), gas_used: 1 }
    }

    fn on(graph: &Graph) -> Vec<Vec<usize>> {
        graph.dependencies.iter().map(|list| list.iter().map(|dependency| dependency.on).collect()).collect()
    }

    #[test]
    fn reader_depends_on_the_last_writer_only() {
        let accesses = [
            access(&[], &[slot(1)]),
            access(&[slot(1)], &[slot(1)]),
            access(&[], &[slot(2)]),
            access(&[slot(1)], &[]),
        ];
        let graph = Graph::new(&accesses);
        assert_eq!(on(&graph), [vec![], vec![0], vec![], vec![1]]);
        assert_eq!(graph.dependent_count(), 2);
    }

    #[test]
    fn balance_depends_on_everybody_who_changed_it() {
        let balance = Location::Balance(A);
        let accesses = [access(&[], &[balance]), access(&[], &[balance]), access(&[balance], &[])];
        assert_eq!(on(&Graph::new(&accesses)), [vec![], vec![], vec![0, 1]]);
    }

    #[test]
    fn slot_depends_on_who_made_or_emptied_its_account() {
        let accesses = [access(&[], &[Location::Storage(A)]), access(&[slot(1)], &[])];
        assert_eq!(on(&Graph::new(&accesses)), [vec![], vec![0]]);
        assert_eq!(Graph::new(&accesses).dependencies[1][0].location, slot(1));
    }
}
