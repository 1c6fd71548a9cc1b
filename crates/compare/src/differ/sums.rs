//! Compares what is one list or number a block: requests and the bundle's sizes.

use alloy_primitives::Bytes;

use super::Differences;
use crate::{difference::Value, output::Output, subject::Subject};

/// Compares the sums over a block.
pub fn compare(sequential: &Output, parallel: &Output, out: &mut Differences) {
    requests(&sequential.result.requests, &parallel.result.requests, out);
    out.check(Subject::StateSize, sequential.bundle.state_size, parallel.bundle.state_size);
    out.check(Subject::RevertsSize, sequential.bundle.reverts_size, parallel.bundle.reverts_size);
}

fn requests(sequential: &[Bytes], parallel: &[Bytes], out: &mut Differences) {
    for index in 0..sequential.len().max(parallel.len()) {
        let value = |list: &[Bytes]| Value::from(list.get(index).cloned());
        out.check(Subject::Request(index), value(sequential), value(parallel));
    }
}
