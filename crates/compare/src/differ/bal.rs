//! Compares block access lists (EIP-7928), entry by entry; order counts, because it is hashed.

use alloy_eip7928::AccountChanges;

use super::Differences;
use crate::{
    difference::{Difference, Value},
    subject::{BalField, Subject},
};

/// Compares two lists, either of which may not have been built.
pub fn compare(
    sequential: Option<&[AccountChanges]>,
    parallel: Option<&[AccountChanges]>,
    out: &mut Differences,
) {
    let (Some(one), Some(two)) = (sequential, parallel) else {
        let built = |list: Option<&[AccountChanges]>| list.map_or(Value::Absent, |_| Value::Present);
        out.check(Subject::Bal, built(sequential), built(parallel));
        return;
    };
    for index in 0..one.len().max(two.len()) {
        match (one.get(index), two.get(index)) {
            (Some(one), Some(two)) if one.address == two.address => entry(index, one, two, out),
            (one, two) => {
                let address = |entry: Option<&AccountChanges>| Value::from(entry.map(|entry| entry.address));
                out.check(Subject::BalAccount(index, BalField::Address), address(one), address(two));
            }
        }
    }
}

fn entry(index: usize, one: &AccountChanges, two: &AccountChanges, out: &mut Differences) {
    let mut part = |field, equal: bool, one: String, two: String| {
        if !equal {
            out.push(Difference::new(Subject::BalAccount(index, field), one, two));
        }
    };
    macro_rules! parts {
        ($($field:ident => $kind:expr),* $(,)?) => {
            $(part($kind, one.$field == two.$field, format!("{:?}", one.$field), format!("{:?}", two.$field));)*
        };
    }
    parts! {
        storage_changes => BalField::StorageChanges,
        storage_reads => BalField::StorageReads,
        balance_changes => BalField::BalanceChanges,
        nonce_changes => BalField::NonceChanges,
        code_changes => BalField::CodeChanges,
    }
}
