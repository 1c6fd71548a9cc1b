//! Names what dependencies are about.

use alloy_primitives::B256;
use tandem_analysis::{Hot, HotLocation, Location};
use tandem_report::HotSpot;

/// Names the hottest accounts, and then the hottest locations, so many of each.
pub(crate) fn hot_spots(hot: &Hot, count_max: usize) -> Vec<HotSpot> {
    let accounts = hot.accounts(count_max).into_iter().map(|spot| HotSpot {
        kind: "account".to_owned(),
        address: spot.location,
        slot: None,
        dependencies: spot.dependencies,
        blocks: spot.blocks,
    });
    let location = |spot: HotLocation<Location>| HotSpot {
        kind: spot.location.kind().to_owned(),
        address: spot.location.address(),
        slot: spot.location.slot().map(B256::from),
        dependencies: spot.dependencies,
        blocks: spot.blocks,
    };
    accounts.chain(hot.locations(count_max).into_iter().map(location)).collect()
}
