//! Finds the versions of a location: a hash table that threads share, with a lock for every bucket.
//!
//! What costs is lines that go from one core to another. So all that tells of a bucket lies in one line: marks that say
//! without the lock that a location was never written, the lock, and where the bucket's locations are. A table serves
//! one block after the other and forgets at once, by counting generations.

use crate::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use super::versions::Versions;

/// Bits of a bucket's marks that tell of locations; those above are the generation's.
const MARK_BITS: u32 = 48;

/// A table of locations `K` whose versions are `T`.
pub(super) struct Table<K, T> {
    buckets: Box<[Bucket<K, T>]>,
    generation: u64,
}

#[repr(align(64))]
struct Bucket<K, T> {
    /// Which locations may be among the entries, by their hashes' upper bits, and of which generation.
    marks: AtomicU64,
    entries: Mutex<Entries<K, T>>,
}

struct Entries<K, T> {
    generation: u64,
    list: Vec<(K, Versions<T>)>,
}

impl<K: Eq, T> Table<K, T> {
    /// Creates an empty table of so many buckets, a power of two.
    pub(super) fn new(bucket_count: usize) -> Self {
        debug_assert!(bucket_count.is_power_of_two());
        let mut table = Self { buckets: Box::default(), generation: 0 };
        table.renew(bucket_count);
        table
    }

    /// Forgets everything, keeping the buffers.
    pub(super) fn clear(&mut self) {
        self.generation += 1;
        // Where marks of long ago would be taken for this generation's, buckets begin anew.
        if self.generation >> (u64::BITS - MARK_BITS) != 0 {
            self.renew(self.buckets.len());
        }
    }

    fn renew(&mut self, bucket_count: usize) {
        self.generation = 1;
        self.buckets = (0..bucket_count)
            .map(|_| Bucket {
                marks: AtomicU64::new(0),
                entries: Mutex::new(Entries { generation: 0, list: Vec::new() }),
            })
            .collect();
    }

    /// Calls `read` with the versions of a location that was written.
    pub(super) fn read<R>(
        &self,
        hash: u64,
        key: &K,
        read: impl FnOnce(&Versions<T>) -> Option<R>,
    ) -> Option<R> {
        let bucket = self.bucket(hash);
        if !bucket.may_contain(self.generation, hash) {
            return None;
        }
        let entries = bucket.entries.lock();
        let (_, versions) = entries.list.iter().find(|(other, _)| other == key)?;
        read(versions)
    }

    /// Calls `write` with the versions of a location, of which there may be none yet.
    pub(super) fn write(&self, hash: u64, key: K, write: impl FnOnce(&mut Versions<T>)) {
        let bucket = self.bucket(hash);
        let mut entries = bucket.entries.lock();
        if entries.generation != self.generation {
            entries.generation = self.generation;
            entries.list.clear();
        }
        let at = entries.list.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
            entries.list.push((key, Versions::default()));
            entries.list.len() - 1
        });
        write(&mut entries.list[at].1);
        bucket.mark(self.generation, hash);
    }

    /// Calls `change` with the versions of a location if it was written.
    pub(super) fn change(&self, hash: u64, key: &K, change: impl FnOnce(&mut Versions<T>)) {
        let bucket = self.bucket(hash);
        if !bucket.may_contain(self.generation, hash) {
            return;
        }
        let mut entries = bucket.entries.lock();
        if let Some((_, versions)) = entries.list.iter_mut().find(|(other, _)| other == key) {
            change(versions);
        }
    }

    fn bucket(&self, hash: u64) -> &Bucket<K, T> {
        &self.buckets[hash as usize & (self.buckets.len() - 1)]
    }
}

// Relaxed, both: a reader that misses a mark reads as if it had come a moment earlier.
impl<K, T> Bucket<K, T> {
    /// Marks a location as written; the bucket's lock is held.
    fn mark(&self, generation: u64, hash: u64) {
        let marks = self.marks.load(Ordering::Relaxed);
        let kept = if marks >> MARK_BITS == generation { marks } else { generation << MARK_BITS };
        let marked = kept | bit(hash);
        if marked != marks {
            self.marks.store(marked, Ordering::Relaxed);
        }
    }

    fn may_contain(&self, generation: u64, hash: u64) -> bool {
        let marks = self.marks.load(Ordering::Relaxed);
        marks >> MARK_BITS == generation && marks & bit(hash) != 0
    }
}

/// Returns a location's mark; other bits of its hash tell its bucket.
const fn bit(hash: u64) -> u64 {
    1 << ((hash >> 32) % MARK_BITS as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::TxIndex;

    fn last(table: &Table<u64, u64>, key: u64) -> Option<u64> {
        table.read(key, &key, |versions| versions.last_before(TxIndex(9)).map(|(_, value)| *value))
    }

    #[test]
    fn forgets_what_was_written_before_it_was_cleared_however_often() {
        let mut table = Table::new(2);
        for generation in 0..=1_u64 << (u64::BITS - MARK_BITS) {
            assert_eq!([last(&table, 1), last(&table, 3)], [None, None]);
            // Both are in one bucket; the second is written every other time.
            table.write(1, 1, |versions| versions.set(1, generation));
            assert_eq!(last(&table, 1), Some(generation));
            if generation % 2 == 0 {
                table.change(3, &3, |_| panic!("was not written"));
                table.write(3, 3, |versions| versions.set(1, generation));
                assert_eq!(last(&table, 3), Some(generation));
            }
            table.clear();
        }
    }

    /// A location that was not written is mostly told from those that were without the lock.
    #[test]
    fn marks_differ_by_upper_bits() {
        let marks = (0..u64::from(MARK_BITS)).map(|at| bit(at << 32 | 7));
        assert_eq!(marks.fold(0, |all, mark| all | mark), (1 << MARK_BITS) - 1);
        let table = Table::<u64, u64>::new(2);
        let [one, other] = [1 | 3 << 32, 1 | 4 << 32];
        table.write(one, one, |versions| versions.set(1, 5));
        let bucket = table.bucket(one);
        assert!(bucket.may_contain(table.generation, one) && !bucket.may_contain(table.generation, other));
        table.write(other, other, |versions| versions.set(1, 6));
        assert_eq!([last(&table, one), last(&table, other)], [Some(5), Some(6)]);
        table.change(one, &one, |versions| versions.set(1, 7));
        assert_eq!([last(&table, one), last(&table, other)], [Some(7), Some(6)]);
        // Who never was there is not made, even where another has its mark.
        let third = one + (u64::from(MARK_BITS) << 32);
        table.change(third, &third, |_| panic!("was not written"));
        assert_eq!(last(&table, third), None);
    }

    #[test]
    fn locations_are_in_buckets_by_their_lower_bits() {
        let table = Table::<u64, u64>::new(4);
        let place = |hash| table.buckets.iter().position(|bucket| std::ptr::eq(bucket, table.bucket(hash)));
        assert_eq!([0, 1, 2, 3, 4, 7].map(place), [0, 1, 2, 3, 0, 3].map(Some));
    }
}
