//! Keeps the versions of one location in block order.

use smallvec::SmallVec;

use crate::index::TxIndex;

/// A writer's place in the block: 0 before its first transaction, then one more than the transaction's index.
pub(super) type Rank = usize;

/// Returns a writer's rank; without one, that of before the block's first transaction.
pub(super) fn rank_of(writer: Option<TxIndex>) -> Rank {
    writer.map_or(0, |writer| writer.0 + 1)
}

/// Versions of one location by their writers, in block order; most locations have one.
#[derive(Debug)]
pub(super) struct Versions<T>(SmallVec<[(Rank, T); 1]>);

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<T> Versions<T> {
    /// Returns the last version by a writer before `reader`, with the writer.
    pub(super) fn last_before(&self, reader: TxIndex) -> Option<&(Rank, T)> {
        // Most readers come after all writers that are known.
        match self.0.last() {
            Some(last) if last.0 <= reader.0 => Some(last),
            _ => {
                let end = self.0.partition_point(|(rank, _)| *rank <= reader.0);
                end.checked_sub(1).map(|last| &self.0[last])
            }
        }
    }

    /// Sets a writer's version.
    pub(super) fn set(&mut self, rank: Rank, value: T) {
        if self.0.last().is_none_or(|(last, _)| *last < rank) {
            return self.0.push((rank, value));
        }
        match self.0.binary_search_by_key(&rank, |(rank, _)| *rank) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (rank, value)),
        }
    }

    /// Removes a writer's version.
    pub(super) fn remove(&mut self, rank: Rank) {
        if let Ok(at) = self.0.binary_search_by_key(&rank, |(rank, _)| *rank) {
            self.0.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_that_was_set_twice_is_one() {
        let mut versions = Versions::default();
        for (rank, value) in [(2, 'a'), (2, 'b'), (1, 'c'), (1, 'd'), (3, 'e')] {
            versions.set(rank, value);
        }
        let seen =
            |versions: &Versions<char>| [0, 1, 2, 9].map(|at| versions.last_before(TxIndex(at)).copied());
        assert_eq!(seen(&versions), [None, Some((1, 'd')), Some((2, 'b')), Some((3, 'e'))]);
        versions.remove(2);
        versions.remove(7);
        assert_eq!(seen(&versions), [None, Some((1, 'd')), Some((1, 'd')), Some((3, 'e'))]);
        assert_eq!([rank_of(None), rank_of(Some(TxIndex(0))), rank_of(Some(TxIndex(4)))], [0, 1, 5]);
    }
}
