//! Decides, before a block runs, whether and how widely to speculate.

use revm::primitives::hardfork::SpecId;

/// What the caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Never speculate.
    Sequential,
    /// Speculate whenever there is more than one transaction and more than one thread.
    Parallel,
    /// Speculate where it is likely to pay.
    #[default]
    Auto,
}

/// What will be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The frontier executes alone.
    Sequential,
    /// So many workers run ahead of the frontier.
    Parallel {
        /// Threads beside the frontier's; at least one.
        workers: usize,
    },
}

/// Gas for code below which starting workers costs more than it is likely to save.
///
/// Execution takes an eighth to a quarter of a nanosecond a unit of gas that may be used, so this is some half
/// millisecond; starting workers and publishing what they find takes a tenth of that or more.
const AUTO_CODE_GAS_MIN: u64 = 4_000_000;

/// The same before Byzantium, when gas limits were set far above what was used, and code was simpler.
const AUTO_CODE_GAS_MIN_EARLY: u64 = 8_000_000;

/// What a transaction pays before any code runs, in gas; plain payments cost too little to speculate on.
const INTRINSIC_GAS: u64 = 21_000;

impl Plan {
    /// Plans a block of transactions with these gas limits, on so many worker threads.
    pub fn new(
        strategy: Strategy,
        spec: SpecId,
        gas_limits: impl Iterator<Item = u64>,
        worker_count: usize,
    ) -> Self {
        let (mut count, mut code_gas) = (0_usize, 0_u64);
        for limit in gas_limits {
            count += 1;
            code_gas = code_gas.saturating_add(limit.saturating_sub(INTRINSIC_GAS));
        }
        let workers = worker_count.min(count.saturating_sub(1));
        let pays = match strategy {
            Strategy::Sequential => false,
            Strategy::Parallel => true,
            Strategy::Auto if spec.is_enabled_in(SpecId::BYZANTIUM) => code_gas >= AUTO_CODE_GAS_MIN,
            Strategy::Auto => code_gas >= AUTO_CODE_GAS_MIN_EARLY,
        };
        if pays && workers > 0 { Self::Parallel { workers } } else { Self::Sequential }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_leaves_payments_sequential_and_speculates_on_code() {
        let plan = |limit, spec| Plan::new(Strategy::Auto, spec, std::iter::repeat_n(limit, 100), 7);
        assert_eq!(plan(21_000, SpecId::OSAKA), Plan::Sequential);
        assert_eq!(plan(70_000, SpecId::OSAKA), Plan::Parallel { workers: 7 });
        assert_eq!(plan(70_000, SpecId::TANGERINE), Plan::Sequential);
    }

    #[test]
    fn no_more_workers_than_transactions_to_run_ahead_to() {
        let limits = |count| std::iter::repeat_n(21_000, count);
        let plan = |count| Plan::new(Strategy::Parallel, SpecId::OSAKA, limits(count), 7);
        assert_eq!(plan(3), Plan::Parallel { workers: 2 });
        assert_eq!(plan(1), Plan::Sequential);
        assert_eq!(plan(0), Plan::Sequential);
    }

    #[test]
    fn sequential_and_one_thread_never_speculate() {
        let limits = || std::iter::repeat_n(1_000_000, 100);
        let plan = |strategy, workers| Plan::new(strategy, SpecId::OSAKA, limits(), workers);
        assert_eq!(plan(Strategy::Sequential, 7), Plan::Sequential);
        assert_eq!(plan(Strategy::Parallel, 0), Plan::Sequential);
    }
}
