//! Holds the pipeline's parallel executions against headers.

use std::time::Duration;

use alloy_evm::{Database, block::BlockExecutionResult};
use reth_chainspec::{ChainSpec, EthereumHardforks};
use reth_ethereum_primitives::{Block, Receipt};
use reth_primitives_traits::SealedBlock;
use revm::database::{BundleState, State};
use tandem_compare::Output;
use tandem_executor::{Referee, Wrong, take_back};
use tandem_exex::{Contradiction, HostExecution};

use crate::config::ParallelEvmConfig;

/// Knows the header of a block.
#[derive(Debug)]
pub(crate) struct HeaderReferee<'a> {
    config: &'a ParallelEvmConfig,
    block: &'a SealedBlock<Block>,
    /// What was taken back, with what it changed where no earlier block of the batch has to do with that.
    wrong: Option<(Wrong<Receipt>, Option<BundleState>)>,
}

impl<'a> HeaderReferee<'a> {
    pub(crate) const fn new(config: &'a ParallelEvmConfig, block: &'a SealedBlock<Block>) -> Self {
        Self { config, block, wrong: None }
    }

    fn spec(&self) -> &ChainSpec {
        self.config.eth.chain_spec()
    }
}

impl<DB: Database> Referee<&mut State<DB>, Receipt> for HeaderReferee<'_> {
    /// What reth asks after the execution, of which it takes the sums over receipts from here.
    fn objection(&mut self, given: &BlockExecutionResult<Receipt>) -> Option<String> {
        let header = self.block.header();
        if given.gas_used != header.gas_used {
            return Some(format!("gas used: {}, header {}", given.gas_used, header.gas_used));
        }
        if self.spec().is_byzantium_active_at_block(header.number) {
            let (root, bloom) = self.config.receipts.compute(self.block.hash(), &given.receipts);
            if root != header.receipts_root {
                return Some(format!("receipts root: {root}, header {}", header.receipts_root));
            }
            if bloom != header.logs_bloom {
                return Some("logs bloom".to_owned());
            }
        }
        if self.spec().is_prague_active_at_timestamp(header.timestamp) {
            let requests = given.requests.requests_hash();
            if Some(requests) != header.requests_hash {
                return Some(format!("requests hash: {requests}, header {:?}", header.requests_hash));
            }
        }
        None
    }

    fn take_back(&mut self, db: &mut &mut State<DB>, wrong: Wrong<Receipt>) {
        let is_first = db.bundle_state.reverts.is_empty();
        let bundle = take_back(db);
        self.wrong = Some((wrong, is_first.then_some(bundle)));
    }

    fn overrules(&mut self, given: &BlockExecutionResult<Receipt>) {
        let Some((Wrong { mut what, given: wrong, stats }, bundle)) = self.wrong.take() else { return };
        if let Some(tx) = wrong.as_ref().and_then(|wrong| first_difference(&wrong.receipts, &given.receipts))
        {
            what += &format!("; receipts differ from that of transaction {tx} on");
        }
        let executed = wrong.zip(bundle).map(|(result, bundle)| HostExecution {
            output: Output { result, bundle, bal: None },
            state_root: None,
            stats,
            duration: Duration::ZERO,
        });
        self.config.overrule(self.block.num_hash(), Contradiction { what, executed });
    }
}

fn first_difference(one: &[Receipt], other: &[Receipt]) -> Option<usize> {
    let common = one.iter().zip(other).position(|(one, other)| one != other);
    common.or_else(|| (one.len() != other.len()).then(|| one.len().min(other.len())))
}
