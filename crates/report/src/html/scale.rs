//! A logarithmic axis.

use crate::format::duration_us;

/// Speedups to label where blocks differ little.
const CLOSE_SPEEDUPS: [f64; 8] = [0.5, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8];
/// Speedups to label where blocks differ up to eightfold.
const SPEEDUPS: [f64; 9] = [0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0];

/// Maps values to percent of a plot's height, from the top, by their logarithm.
#[derive(Clone, Debug)]
pub(super) struct LogScale {
    low: f64,
    high: f64,
    ticks: Vec<Tick>,
}

/// A labelled line across a plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

impl LogScale {
    /// An axis of speedups, by powers of two. It always shows 1, where nothing is gained.
    pub(super) fn speedups(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = bounds(values, 1.0);
        // Room above and below, also when all blocks gained the same.
        let (low, high) = ((low / 1.1).min(0.8), (high * 1.1).max(1.25));
        let octaves = (high / low).log2();
        let values = if octaves < 1.2 {
            CLOSE_SPEEDUPS.to_vec()
        } else if octaves < 3.0 {
            SPEEDUPS.to_vec()
        } else {
            let step = (octaves / 6.0).ceil();
            let exponents = (low.log2() / step).ceil() as i64..=(high.log2() / step).floor() as i64;
            exponents.map(|index| (index as f64 * step).exp2()).collect()
        };
        let shown = values.into_iter().filter(|value| (low..=high).contains(value));
        let ticks = shown.map(|value| Tick { value, label: speedup_label(value) }).collect();
        Self { low, high, ticks }
    }

    /// An axis of times in microseconds, by powers of ten.
    pub(super) fn times_us(values: impl Iterator<Item = f64>) -> Self {
        let mut values = values.peekable();
        let start = values.peek().copied().unwrap_or(1.0);
        let (low, high) = bounds(values, start);
        let (low, high) = (low / 1.3, high * 1.3);
        let decades = (high / low).log10();
        let factors: &[u64] = if decades < 0.7 {
            &[1, 2, 3, 4, 5, 6, 8]
        } else if decades < 1.6 {
            &[1, 2, 5]
        } else if decades < 2.2 {
            &[1, 3]
        } else {
            &[1]
        };
        let stride = (decades / 6.0).ceil().max(1.0) as usize;
        let ticks = (0..15)
            .step_by(stride)
            .flat_map(|exponent| factors.iter().map(move |factor| factor * 10u64.pow(exponent)))
            .filter(|us| (low..=high).contains(&(*us as f64)))
            .map(|us| Tick { value: us as f64, label: round_duration(us) });
        Self { low, high, ticks: ticks.collect() }
    }

    pub(super) fn ticks(&self) -> &[Tick] {
        &self.ticks
    }

    /// Percent of the height, from the top.
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        (1.0 - share) * 100.0
    }
}

fn bounds(values: impl Iterator<Item = f64>, start: f64) -> (f64, f64) {
    values.fold((start, start), |(low, high), value| (low.min(value), high.max(value)))
}

fn speedup_label(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if value < 0.01 { format!("1/{:.0}×", 1.0 / value) } else { format!("{text}×") }
}

/// `1 ms`, not `1.00 ms`.
fn round_duration(us: u64) -> String {
    match us {
        0..1_000 => duration_us(us),
        1_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{} s", us / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &LogScale) -> Vec<&str> {
        scale.ticks().iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn speedups_always_show_one() {
        for values in [vec![], vec![1.0], vec![1.7], vec![0.001, 3.0], vec![0.9, 1.9], vec![1e6]] {
            let scale = LogScale::speedups(values.iter().copied());
            assert!(labels(&scale).contains(&"1×"), "{values:?}: {:?}", labels(&scale));
            assert!(labels(&scale).len() <= 9, "{values:?}: {:?}", labels(&scale));
            for value in values {
                assert!((0.0..=100.0).contains(&scale.y(value)));
            }
        }
    }

    #[test]
    fn times_have_a_few_ticks() {
        for values in [vec![1.0], vec![870.0], vec![20.0, 9e5], vec![6956.0, 4012.0], vec![1.0, 1e13]] {
            let scale = LogScale::times_us(values.iter().copied());
            assert!((1..=8).contains(&labels(&scale).len()), "{values:?}: {:?}", labels(&scale));
        }
    }
}
