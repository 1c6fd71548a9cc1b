//! Reads which blocks are to be generated.

use std::str::FromStr;

use tandem_corpus::generate::Workload;

/// Most transactions in a generated block: beyond, memory is the limit, not the executor.
const TXS_MAX: usize = 10_000;

/// Blocks to generate: `WORKLOAD[:BLOCKS[:TXS]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generated {
    /// The kind of blocks.
    pub(crate) workload: Workload,
    /// How many.
    pub(crate) blocks: usize,
    /// Transactions in each.
    pub(crate) txs: usize,
}

impl Generated {
    /// What is replayed if nothing is asked for: all kinds of transactions, some seconds of work.
    pub(crate) const EMBEDDED: Self = Self::of(Workload::Mixed);

    const fn of(workload: Workload) -> Self {
        Self { workload, blocks: 20, txs: 200 }
    }
}

impl FromStr for Generated {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let workload = parts.next().unwrap_or_default();
        let mut generated = Self::of(workload.parse().map_err(|error| format!("{error}"))?);
        if let Some(blocks) = parts.next() {
            generated.blocks = count("BLOCKS", blocks, usize::MAX)?;
        }
        if let Some(txs) = parts.next() {
            generated.txs = count("TXS", txs, TXS_MAX)?;
        }
        match parts.next() {
            None => Ok(generated),
            Some(_) => Err("expected WORKLOAD[:BLOCKS[:TXS]]".to_owned()),
        }
    }
}

fn count(name: &str, text: &str, most: usize) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=most).contains(count));
    count.ok_or_else(|| match most {
        usize::MAX => format!("{name} is {text:?}, expected a number from 1 on"),
        most => format!("{name} is {text:?}, expected a number from 1 to {most}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_may_be_left_out() {
        let generated = |text: &str| text.parse::<Generated>().unwrap();
        assert_eq!(generated("mixed"), Generated::EMBEDDED);
        assert_eq!(generated("mixed:3").txs, Generated::EMBEDDED.txs);
        let expected = Generated { workload: Workload::NonceChain, blocks: 3, txs: 50 };
        assert_eq!(generated("nonce-chain:3:50"), expected);
    }

    #[test]
    fn what_is_no_workload_or_size_is_refused() {
        for text in ["", "mixed:0", "mixed:1:0", "mixed:1:10001", "mixed:1:2:3", "mixed:", "swaps"] {
            assert!(text.parse::<Generated>().is_err(), "{text}");
        }
    }
}
