//! Weighs the outlooks of many blocks by time.

use std::collections::BTreeMap;

use super::Outlook;
use crate::format::round;

/// Running totals, by number of threads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlooks(BTreeMap<usize, Times>);

/// Time of the blocks, sequentially and as each outlook would have it.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    sequential_us: f64,
    bound_us: f64,
    in_order_us: f64,
    /// None where a block had no prediction: a mean over some of them would compare unlike things.
    predicted_us: Option<f64>,
}

impl Outlooks {
    /// Adds a block that takes so long sequentially.
    pub(crate) fn add(&mut self, sequential_us: f64, outlooks: &BTreeMap<usize, Outlook>) {
        for (threads, outlook) in outlooks {
            let times =
                self.0.entry(*threads).or_insert(Times { predicted_us: Some(0.0), ..Times::default() });
            times.sequential_us += sequential_us;
            times.bound_us += sequential_us / outlook.bound;
            times.in_order_us += sequential_us / outlook.in_order;
            times.predicted_us =
                times.predicted_us.zip(outlook.predicted).map(|(sum, speedup)| sum + sequential_us / speedup);
        }
    }

    /// Divides the time of all blocks by the time that they would take.
    pub(crate) fn by_time(&self) -> BTreeMap<usize, Outlook> {
        let outlook = |times: &Times| {
            let over = |us: f64| if us > 0.0 { round(times.sequential_us / us, 3) } else { 1.0 };
            Outlook {
                bound: over(times.bound_us),
                in_order: over(times.in_order_us),
                predicted: times.predicted_us.map(over),
            }
        };
        self.0.iter().map(|(threads, times)| (*threads, outlook(times))).collect()
    }
}
