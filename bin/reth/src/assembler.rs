//! Assembles built blocks as reth does.

use std::sync::Arc;

use alloy_evm::eth::{EthBlockExecutorFactory, EthEvmFactory};
use reth_chainspec::ChainSpec;
use reth_ethereum_primitives::Block;
use reth_evm::execute::{BlockAssembler, BlockAssemblerInput, BlockExecutionError};
use reth_evm_ethereum::{EthBlockAssembler, RethReceiptBuilder};

use crate::config::Factory;

/// The factory whose context reth's own assembler knows.
type EthFactory = EthBlockExecutorFactory<RethReceiptBuilder, Arc<ChainSpec>, EthEvmFactory>;

/// reth's assembler, given the Ethereum part of our context.
#[derive(Clone, Debug)]
pub(crate) struct Assembler(pub(crate) EthBlockAssembler<ChainSpec>);

impl BlockAssembler<Factory> for Assembler {
    type Block = Block;

    fn assemble_block(
        &self,
        input: BlockAssemblerInput<'_, '_, Factory>,
    ) -> Result<Block, BlockExecutionError> {
        let input = BlockAssemblerInput::<'_, '_, EthFactory>::new(
            input.evm_env,
            input.execution_ctx.eth,
            input.parent,
            input.transactions,
            input.output,
            input.bundle_state,
            input.state_provider,
            input.state_root,
            input.block_access_list_hash,
        );
        BlockAssembler::<EthFactory>::assemble_block(&self.0, input)
    }
}
