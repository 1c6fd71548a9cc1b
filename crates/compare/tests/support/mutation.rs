//! Single faults that an output can have.

use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use revm::{
    bytecode::Bytecode,
    database::{
        AccountStatus, BundleAccount,
        states::{
            StorageSlot,
            reverts::{AccountInfoRevert, AccountRevert, RevertToSlot},
        },
    },
};
use tandem_compare::{Check, Checks, Output, Receipt};

/// A fault: its name, the word its difference has, the check it must show in, and how it comes about.
///
/// The last returns false where the output has nothing to break in that way. The number picks what is broken.
pub(crate) type Mutation = (&'static str, &'static str, fn(&Checks) -> Check, fn(&mut Output, usize) -> bool);

const RECEIPTS: fn(&Checks) -> Check = |checks| checks.receipts_root;
const BUNDLE: fn(&Checks) -> Check = |checks| checks.bundle;
const BAL: fn(&Checks) -> Check = |checks| checks.bal_hash;

/// Every single fault.
pub(crate) const ALL: &[Mutation] = &[
    ("flip a status", "receipt_status", RECEIPTS, |o, n| receipt(o, n, |r| r.success = !r.success)),
    ("add to cumulative gas", "cumulative_gas_used", RECEIPTS, |o, n| {
        receipt(o, n, |r| r.cumulative_gas_used += 1)
    }),
    ("change a type", "receipt_type", RECEIPTS, |o, n| {
        receipt(o, n, |r| {
            r.tx_type = if r.tx_type as u8 == 1 {
                alloy_consensus::TxType::Legacy
            } else {
                alloy_consensus::TxType::Eip2930
            }
        })
    }),
    ("drop the last receipt", "receipt_count", RECEIPTS, |o, _| o.result.receipts.pop().is_some()),
    ("alter log data", "log_data", RECEIPTS, |o, n| {
        log(o, n, |r, l| {
            r.logs[l].data = LogData::new_unchecked(r.logs[l].topics().to_vec(), Bytes::from_static(b"!"))
        })
    }),
    ("alter a log's emitter", "log_address", RECEIPTS, |o, n| log(o, n, |r, l| r.logs[l].address.0[19] ^= 1)),
    ("drop a topic", "log_topics", RECEIPTS, |o, n| {
        log(o, n, |r, l| {
            let mut topics = r.logs[l].topics().to_vec();
            if topics.pop().is_none() {
                topics.push(B256::ZERO);
            }
            r.logs[l].data = LogData::new_unchecked(topics, r.logs[l].data.data.clone());
        })
    }),
    ("drop a log", "log_count", RECEIPTS, |o, n| log(o, n, |r, l| drop(r.logs.remove(l)))),
    ("repeat a log", "log_count", RECEIPTS, |o, n| log(o, n, |r, l| r.logs.push(r.logs[l].clone()))),
    ("swap two logs", "log_", RECEIPTS, |o, n| {
        let mut found: Vec<_> =
            o.result.receipts.iter_mut().filter(|r| r.logs.len() > 1 && r.logs[0] != r.logs[1]).collect();
        pick(&mut found, n, |r| r.logs.swap(0, 1))
    }),
    ("swap two receipts", "", RECEIPTS, |o, n| {
        let index = n % (o.result.receipts.len().max(2) - 1);
        o.result.receipts.len() > 1 && {
            o.result.receipts.swap(index, index + 1);
            true
        }
    }),
    (
        "add to gas used",
        "gas_used",
        |c| c.gas_used,
        |o, _| {
            o.result.gas_used += 1;
            true
        },
    ),
    (
        "add to blob gas used",
        "blob_gas_used",
        |c| c.blob_gas_used,
        |o, _| {
            o.result.blob_gas_used += 1;
            true
        },
    ),
    (
        "drop a request list",
        "request",
        |c| c.requests_hash,
        |o, _| {
            let mut requests = std::mem::take(&mut o.result.requests).take();
            let dropped = requests.pop().is_some();
            o.result.requests = requests.into();
            dropped
        },
    ),
    (
        "alter a request",
        "request",
        |c| c.requests_hash,
        |o, n| {
            let mut requests = std::mem::take(&mut o.result.requests).take();
            let count = requests.len();
            let altered = count > 0 && {
                let mut bytes = requests[n % count].to_vec();
                *bytes.last_mut().unwrap() ^= 1;
                requests[n % count] = bytes.into();
                true
            };
            o.result.requests = requests.into();
            altered
        },
    ),
    ("flip a balance", "balance", BUNDLE, |o, n| info(o, n, |i| i.balance ^= U256::from(1))),
    ("add to a nonce", "nonce", BUNDLE, |o, n| info(o, n, |i| i.nonce += 1)),
    ("change a code hash", "code_hash", BUNDLE, |o, n| info(o, n, |i| i.code_hash.0[0] ^= 1)),
    ("change code under its hash", "code", BUNDLE, |o, n| {
        let mut found: Vec<_> =
            sorted(o).into_iter().filter_map(|(_, a)| a.info.as_mut()).filter(|i| i.code.is_some()).collect();
        pick(&mut found, n, |i| i.code = Some(Bytecode::new_legacy(Bytes::from_static(&[0xfe]))))
    }),
    ("remove an account that exists", "existence", BUNDLE, |o, n| {
        let mut found: Vec<_> = sorted(o).into_iter().map(|(_, a)| a).filter(|a| a.info.is_some()).collect();
        pick(&mut found, n, |a| a.info = None)
    }),
    ("flip an original balance", "original_balance", BUNDLE, |o, n| {
        original(o, n, |a| a.original_info.as_mut().unwrap().balance ^= U256::from(1))
    }),
    ("forget the original account", "original_existence", BUNDLE, |o, n| {
        original(o, n, |a| a.original_info = None)
    }),
    ("change a status", "account_status", BUNDLE, |o, n| {
        account(o, n, |a| {
            a.status =
                if a.status == AccountStatus::Loaded { AccountStatus::Changed } else { AccountStatus::Loaded }
        })
    }),
    ("drop an account", "account_listed", BUNDLE, |o, n| {
        let count = o.bundle.state.len().max(1);
        let address = sorted(o).get(n % count).map(|(address, _)| **address);
        address.is_some_and(|address| o.bundle.state.remove(&address).is_some())
    }),
    ("add an account", "account_listed", BUNDLE, |o, _| {
        let account = BundleAccount::new(None, None, Default::default(), AccountStatus::LoadedNotExisting);
        o.bundle.state.insert(Address::repeat_byte(0xee), account).is_none()
    }),
    ("change a slot", "storage", BUNDLE, |o, n| slot(o, n, |s| s.present_value ^= U256::from(1))),
    ("change an original slot", "original_storage", BUNDLE, |o, n| {
        slot(o, n, |s| s.previous_or_original_value ^= U256::from(1))
    }),
    ("drop a slot", "storage", BUNDLE, |o, n| {
        with_storage(o, n, |a| {
            let slot = *a.storage.keys().min().unwrap();
            a.storage.remove(&slot);
        })
    }),
    ("add a slot", "storage", BUNDLE, |o, n| {
        account(o, n, |a| a.storage.extend([(U256::MAX, StorageSlot::new(U256::ZERO))]))
    }),
    ("drop a contract", "contract", BUNDLE, |o, _| {
        let hash = o.bundle.contracts.keys().min().copied();
        hash.is_some_and(|hash| o.bundle.contracts.remove(&hash).is_some())
    }),
    ("alter a contract", "contract", BUNDLE, |o, _| {
        let hash = o.bundle.contracts.keys().min().copied();
        let code = Bytecode::new_legacy(Bytes::from_static(&[0xfe]));
        hash.is_some_and(|hash| o.bundle.contracts.insert(hash, code).is_some())
    }),
    ("add to the state's size", "state_size", BUNDLE, |o, _| {
        o.bundle.state_size += 1;
        true
    }),
    ("add to the reverts' size", "reverts_size", BUNDLE, |o, _| {
        o.bundle.reverts_size += 1;
        true
    }),
    ("drop all reverts", "revert_blocks", BUNDLE, |o, _| o.bundle.reverts.pop().is_some()),
    ("drop a revert", "account_revert", BUNDLE, |o, n| {
        let count = o.bundle.reverts[0].len();
        count > 0 && {
            o.bundle.reverts[0].remove(n % count);
            true
        }
    }),
    ("repeat a revert", "account_revert", BUNDLE, |o, n| {
        let count = o.bundle.reverts[0].len();
        count > 0 && {
            let again = o.bundle.reverts[0][n % count].clone();
            o.bundle.reverts[0].push(again);
            true
        }
    }),
    ("revert to nothing", "account_revert", BUNDLE, |o, n| {
        revert(
            o,
            n,
            |r| r.account != AccountInfoRevert::DoNothing,
            |r| r.account = AccountInfoRevert::DoNothing,
        )
    }),
    ("revert to another balance", "account_revert", BUNDLE, |o, n| {
        let is = |r: &AccountRevert| matches!(r.account, AccountInfoRevert::RevertTo(_));
        revert(o, n, is, |r| {
            if let AccountInfoRevert::RevertTo(info) = &mut r.account {
                info.balance ^= U256::from(1);
            }
        })
    }),
    ("revert to another status", "account_revert", BUNDLE, |o, n| {
        revert(
            o,
            n,
            |_| true,
            |r| {
                r.previous_status = if r.previous_status == AccountStatus::Loaded {
                    AccountStatus::Changed
                } else {
                    AccountStatus::Loaded
                }
            },
        )
    }),
    ("wipe storage on revert", "account_revert", BUNDLE, |o, n| {
        revert(o, n, |_| true, |r| r.wipe_storage = !r.wipe_storage)
    }),
    ("revert a slot elsewhere", "storage_revert", BUNDLE, |o, n| {
        revert_slot(o, n, |s| *s = RevertToSlot::Some(s.to_previous_value() ^ U256::from(1)))
    }),
    ("revert a slot as destroyed", "storage_revert", BUNDLE, |o, n| {
        revert_slot(o, n, |s| *s = RevertToSlot::Destroyed)
    }),
    ("drop a slot's revert", "storage_revert", BUNDLE, |o, n| {
        revert(
            o,
            n,
            |r| !r.storage.is_empty(),
            |r| {
                let slot = *r.storage.keys().min().unwrap();
                r.storage.remove(&slot);
            },
        )
    }),
    ("lose the access list", "bal", BAL, |o, _| o.bal.take().is_some()),
    ("drop an access list entry", "bal", BAL, |o, n| bal(o, n, |list, i| drop(list.remove(i)))),
    ("swap access list entries", "bal", BAL, |o, n| {
        bal(o, n, |list, i| {
            let other = (i + 1) % list.len();
            list.swap(i, other)
        })
    }),
    ("drop a balance change", "bal", BAL, |o, n| {
        let mut found: Vec<_> =
            o.bal.iter_mut().flatten().filter(|e| !e.balance_changes.is_empty()).collect();
        pick(&mut found, n, |e| e.balance_changes.truncate(e.balance_changes.len() - 1))
    }),
    ("drop a storage read", "bal", BAL, |o, n| {
        let mut found: Vec<_> = o.bal.iter_mut().flatten().filter(|e| !e.storage_reads.is_empty()).collect();
        pick(&mut found, n, |e| e.storage_reads.truncate(e.storage_reads.len() - 1))
    }),
    ("change a stored value", "bal", BAL, |o, n| {
        let mut found: Vec<_> = o.bal.iter_mut().flatten().flat_map(|e| &mut e.storage_changes).collect();
        pick(&mut found, n, |s| s.changes[0].new_value ^= U256::from(1))
    }),
    ("add a nonce change", "bal", BAL, |o, n| {
        let mut found: Vec<_> = o.bal.iter_mut().flatten().filter(|e| !e.nonce_changes.is_empty()).collect();
        pick(&mut found, n, |e| e.nonce_changes.push(e.nonce_changes[0].clone()))
    }),
];

fn pick<T>(found: &mut [T], n: usize, change: impl FnOnce(&mut T)) -> bool {
    let count = found.len();
    count > 0 && {
        change(&mut found[n % count]);
        true
    }
}

fn receipt(output: &mut Output, n: usize, change: impl FnOnce(&mut Receipt)) -> bool {
    pick(&mut output.result.receipts, n, change)
}

fn log(output: &mut Output, n: usize, change: impl FnOnce(&mut Receipt, usize)) -> bool {
    let mut found: Vec<_> =
        output.result.receipts.iter_mut().filter(|receipt| !receipt.logs.is_empty()).collect();
    pick(&mut found, n, |receipt| {
        let index = n % receipt.logs.len();
        change(receipt, index);
    })
}

fn sorted(output: &mut Output) -> Vec<(&Address, &mut BundleAccount)> {
    let mut accounts: Vec<_> = output.bundle.state.iter_mut().collect();
    accounts.sort_by_key(|(address, _)| **address);
    accounts
}

fn account(output: &mut Output, n: usize, change: impl FnOnce(&mut BundleAccount)) -> bool {
    pick(&mut sorted(output), n, |(_, account)| change(account))
}

fn info(output: &mut Output, n: usize, change: impl FnOnce(&mut revm::state::AccountInfo)) -> bool {
    let mut found: Vec<_> =
        sorted(output).into_iter().filter_map(|(_, account)| account.info.as_mut()).collect();
    pick(&mut found, n, |info| change(info))
}

fn original(output: &mut Output, n: usize, change: impl FnOnce(&mut BundleAccount)) -> bool {
    let accounts = sorted(output).into_iter().map(|(_, account)| account);
    let mut found: Vec<_> = accounts.filter(|account| account.original_info.is_some()).collect();
    pick(&mut found, n, |account| change(account))
}

fn with_storage(output: &mut Output, n: usize, change: impl FnOnce(&mut BundleAccount)) -> bool {
    let accounts = sorted(output).into_iter().map(|(_, account)| account);
    let mut found: Vec<_> = accounts.filter(|account| !account.storage.is_empty()).collect();
    pick(&mut found, n, |account| change(account))
}

fn slot(output: &mut Output, n: usize, change: impl FnOnce(&mut StorageSlot)) -> bool {
    with_storage(output, n, |account| {
        let slot = *account.storage.keys().max().unwrap();
        change(account.storage.get_mut(&slot).unwrap());
    })
}

fn revert(
    output: &mut Output,
    n: usize,
    fits: impl Fn(&AccountRevert) -> bool,
    change: impl FnOnce(&mut AccountRevert),
) -> bool {
    let mut found: Vec<_> =
        output.bundle.reverts[0].iter_mut().map(|(_, revert)| revert).filter(|revert| fits(revert)).collect();
    pick(&mut found, n, |revert| change(revert))
}

fn revert_slot(output: &mut Output, n: usize, change: impl FnOnce(&mut RevertToSlot)) -> bool {
    revert(
        output,
        n,
        |revert| !revert.storage.is_empty(),
        |revert| {
            let slot = *revert.storage.keys().max().unwrap();
            change(revert.storage.get_mut(&slot).unwrap());
        },
    )
}

fn bal(
    output: &mut Output,
    n: usize,
    change: impl FnOnce(&mut Vec<alloy_eip7928::AccountChanges>, usize),
) -> bool {
    let Some(list) = output.bal.as_mut().filter(|list| list.len() > 1) else { return false };
    let index = n % list.len();
    change(list, index);
    true
}
