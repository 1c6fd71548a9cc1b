//! Compares receipts, transaction by transaction.

use alloy_primitives::{Bytes, Log};

use super::Differences;
use crate::{
    difference::{Difference, Value},
    output::Receipt,
    place::TxIndex,
    subject::{ReceiptField, Subject},
};

/// Compares all receipts of a block.
pub fn compare(sequential: &[Receipt], parallel: &[Receipt], out: &mut Differences) {
    out.check(Subject::ReceiptCount, sequential.len(), parallel.len());
    for (index, (one, two)) in sequential.iter().zip(parallel).enumerate() {
        if one != two {
            receipt(TxIndex(index), one, two, out);
        }
    }
}

fn receipt(index: TxIndex, one: &Receipt, two: &Receipt, out: &mut Differences) {
    let subject = |field| Subject::Receipt(index, field);
    out.check(subject(ReceiptField::Type), u64::from(one.tx_type as u8), u64::from(two.tx_type as u8));
    out.check(subject(ReceiptField::Status), u64::from(one.success), u64::from(two.success));
    out.check(subject(ReceiptField::CumulativeGas), one.cumulative_gas_used, two.cumulative_gas_used);
    out.check(subject(ReceiptField::LogCount), one.logs.len(), two.logs.len());
    for (log_index, (one, two)) in one.logs.iter().zip(&two.logs).enumerate() {
        out.check(subject(ReceiptField::LogAddress(log_index)), one.address, two.address);
        if one.topics() != two.topics() {
            let subject = subject(ReceiptField::LogTopics(log_index));
            out.push(Difference::new(subject, topics(one), topics(two)));
        }
        if one.data.data != two.data.data {
            let subject = subject(ReceiptField::LogData(log_index));
            out.push(Difference::new(subject, one.data.data.clone(), two.data.data.clone()));
        }
    }
}

fn topics(log: &Log) -> Value {
    Bytes::from(log.topics().concat()).into()
}
