//! Learns, within a block, which targets' transactions keep conflicting.
//!
//! Where most attempts at transactions to one contract fail (a mint, one pool), speculating on them is work done twice.
//! Workers then leave its transactions to the frontier, which executes them in order, and go on with others. A wrong
//! guess costs time only.

use alloy_primitives::{
    Address,
    map::{AddressMap, AddressSet},
};

use smallvec::SmallVec;

use crate::{
    stats::Location,
    sync::{
        RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Failed attempts from which on a target may be hot.
const FAILED_MIN: usize = 2;

/// Targets whose transactions workers leave alone.
#[derive(Debug, Default)]
pub struct HotTargets {
    targets: RwLock<AddressSet>,
    count: AtomicUsize,
}

impl HotTargets {
    /// Whether workers leave this target's transactions alone.
    pub fn contains(&self, target: Address) -> bool {
        // Relaxed: who misses an addition makes one more attempt.
        self.count() > 0 && self.targets.read().contains(&target)
    }

    /// Returns how many of some targets are among them.
    pub fn count_among(&self, targets: impl Iterator<Item = Option<Address>>) -> usize {
        let hot = self.targets.read();
        targets.flatten().filter(|target| hot.contains(target)).count()
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn add(&self, target: Address) {
        if self.targets.write().insert(target) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What became of attempts so far, by target; the frontier's.
#[derive(Debug, Default)]
pub struct Outcomes(AddressMap<Outcome>);

#[derive(Debug, Default)]
struct Outcome {
    held: usize,
    /// Where attempts failed, once for each that did.
    failed: SmallVec<[Location; 4]>,
}

impl Outcomes {
    /// Counts an attempt that held.
    pub fn held(&mut self, target: Option<Address>) {
        // Only who failed before is watched.
        if let Some(outcome) = target.and_then(|target| self.0.get_mut(&target)) {
            outcome.held += 1;
        }
    }

    /// Counts an attempt that failed at a location, and tells the workers where that is the rule.
    ///
    /// Of a target that `dominates` the rest of the block, attempts must fail at one location twice: workers that leave it
    /// alone leave the block, and a router's transactions may be many chains that hardly meet.
    pub fn failed(
        &mut self,
        target: Option<Address>,
        location: Location,
        dominates: impl FnOnce(Address) -> bool,
        hot: &HotTargets,
    ) {
        let Some(target) = target else { return };
        let outcome = self.0.entry(target).or_default();
        let is_repeated = outcome.failed.contains(&location);
        outcome.failed.push(location);
        let count = outcome.failed.len();
        if count >= FAILED_MIN && count > outcome.held && (is_repeated || !dominates(target)) {
            hot.add(target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [Location; 2] = [Location::BlockHash(1), Location::BlockHash(2)];

    #[test]
    fn target_is_hot_when_most_attempts_fail() {
        let (hot, mut outcomes) = (HotTargets::default(), Outcomes::default());
        let (mint, router) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let fail = |outcomes: &mut Outcomes, target, at| outcomes.failed(Some(target), at, |_| false, &hot);
        fail(&mut outcomes, mint, PLACES[0]);
        fail(&mut outcomes, router, PLACES[0]);
        assert!(!hot.contains(mint));
        (0..2).for_each(|_| outcomes.held(Some(router)));
        fail(&mut outcomes, mint, PLACES[1]);
        fail(&mut outcomes, router, PLACES[0]);
        assert!(hot.contains(mint) && !hot.contains(router));
    }

    #[test]
    fn target_of_most_transactions_is_hot_when_attempts_fail_at_one_place() {
        let (hot, mut outcomes) = (HotTargets::default(), Outcomes::default());
        let router = Address::repeat_byte(2);
        let mut fail = |at| outcomes.failed(Some(router), at, |_| true, &hot);
        fail(PLACES[0]);
        fail(PLACES[1]);
        assert!(!hot.contains(router));
        fail(PLACES[1]);
        assert!(hot.contains(router));
    }
}
