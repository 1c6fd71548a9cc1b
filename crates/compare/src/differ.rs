//! Finds every difference between two outputs, part by part.
//!
//! Each part is told equal by the cheapest test first and walked in a fixed order, so that the same two outputs
//! always give the same list.

pub mod account;
pub mod bal;
pub mod bundle;
pub mod receipts;
pub mod reverts;
pub mod summary;
pub mod sums;
pub mod trace;

use crate::{
    difference::{Difference, Value},
    output::Output,
    subject::Subject,
};

/// The list under construction.
#[derive(Debug, Default)]
pub struct Differences(Vec<Difference>);

impl Differences {
    /// Adds a difference if the two values differ.
    pub fn check<T: PartialEq + Into<Value>>(&mut self, subject: Subject, sequential: T, parallel: T) {
        if sequential != parallel {
            self.0.push(Difference::new(subject, sequential, parallel));
        }
    }

    /// Adds a difference.
    pub fn push(&mut self, difference: Difference) {
        self.0.push(difference);
    }

    /// Returns the differences, sorted in block order.
    pub fn into_sorted(mut self) -> Vec<Difference> {
        self.0.sort_by_key(Difference::order);
        self.0
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Compares all of two outputs except what a header has too; that is [`summary::compare`]'s.
pub fn outputs(sequential: &Output, parallel: &Output, out: &mut Differences) {
    receipts::compare(&sequential.result.receipts, &parallel.result.receipts, out);
    sums::compare(sequential, parallel, out);
    bundle::compare(&sequential.bundle, &parallel.bundle, out);
    reverts::compare(&sequential.bundle.reverts, &parallel.bundle.reverts, out);
    bal::compare(sequential.bal.as_deref(), parallel.bal.as_deref(), out);
}

/// Returns the keys of two maps in order, each once.
fn keys<'a, K: Ord + 'a>(one: impl Iterator<Item = &'a K>, two: impl Iterator<Item = &'a K>) -> Vec<&'a K> {
    let mut keys: Vec<_> = one.chain(two).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
