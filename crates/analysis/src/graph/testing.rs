//! Makes graphs for tests.

use alloy_primitives::Address;

use super::{Dependency, Graph};
use crate::access::Location;

/// A graph in which each transaction depends on the ones of these numbers, all by the same location.
pub(crate) fn graph(dependencies: &[&[usize]]) -> Graph {
    let location = Location::Nonce(Address::ZERO);
    let list = |on: &&[usize]| on.iter().map(|on| Dependency { on: *on, location }).collect();
    Graph { dependencies: dependencies.iter().map(list).collect() }
}
