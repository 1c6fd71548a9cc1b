//! Blocks as the path data of an SVG that is 100 units wide and high.

use super::scale::LogScale;
use crate::series::Bin;
use std::fmt::Write;

fn x(index: usize, points: usize) -> f64 {
    (index as f64 + 0.5) * 100.0 / points as f64
}

/// A number of a path, with no more digits than can be seen.
pub(super) fn coordinate(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A dot a block, a stroke of no length; blocks without a value have none.
pub(super) fn dots(bins: &[Bin], scale: &LogScale, value: impl Fn(&Bin) -> Option<f64>) -> String {
    let mut path = String::new();
    for (index, bin) in bins.iter().enumerate() {
        if let Some(value) = value(bin) {
            let _ = write!(path, "M{} {}h.01", coordinate(x(index, bins.len())), coordinate(scale.y(value)));
        }
    }
    path
}

/// A line through all bins.
pub(super) fn line(bins: &[Bin], scale: &LogScale, value: impl Fn(&Bin) -> f64) -> String {
    let points = bins.iter().enumerate();
    let points = points.map(|(index, bin)| {
        format!("{} {}", coordinate(x(index, bins.len())), coordinate(scale.y(value(bin))))
    });
    format!("M{}", points.collect::<Vec<_>>().join("L"))
}

/// A vertical line from one value to the other of each block.
pub(super) fn links(
    bins: &[Bin],
    scale: &LogScale,
    from: impl Fn(&Bin) -> f64,
    to: impl Fn(&Bin) -> f64,
) -> String {
    let mut path = String::new();
    for (index, bin) in bins.iter().enumerate() {
        let (from, to) = (coordinate(scale.y(from(bin))), coordinate(scale.y(to(bin))));
        let _ = write!(path, "M{} {from}V{to}", coordinate(x(index, bins.len())));
    }
    path
}

/// The area between the slowest and the fastest block of each bin.
pub(super) fn band(bins: &[Bin], scale: &LogScale) -> String {
    let point = |(index, value): (usize, f64)| {
        format!("{} {}", coordinate(x(index, bins.len())), coordinate(scale.y(value)))
    };
    let there = bins.iter().enumerate().map(|(index, bin)| (index, bin.speedup_max));
    let back = bins.iter().enumerate().rev().map(|(index, bin)| (index, bin.speedup_min));
    format!("M{}Z", there.chain(back).map(point).collect::<Vec<_>>().join("L"))
}

/// A vertical line at each divergence, which is a shape of its own and not only a colour.
pub(super) fn diverged(bins: &[Bin]) -> String {
    let mut path = String::new();
    for (index, _) in bins.iter().enumerate().filter(|(_, bin)| bin.diverged > 0) {
        let _ = write!(path, "M{} 0V100", coordinate(x(index, bins.len())));
    }
    path
}
