//! The node: Ethereum's, with another executor.

use std::sync::Arc;

use reth_chainspec::ChainSpec;
use reth_ethereum_primitives::{Block, EthPrimitives};
use reth_node_api::{FullNodeComponents, FullNodeTypes, NodeTypes, PayloadAttributesBuilder, PayloadTypes};
use reth_node_builder::{
    BuilderContext, DebugNode, Node, NodeAdapter,
    components::{BasicPayloadServiceBuilder, ComponentsBuilder, ExecutorBuilder},
    rpc::{BasicEngineApiBuilder, Identity, RpcAddOns},
};
use reth_node_ethereum::{
    EthereumAddOns, EthereumEngineValidatorBuilder, EthereumEthApiBuilder, EthereumNetworkBuilder,
    EthereumNode, EthereumPayloadBuilder, EthereumPoolBuilder,
};

use crate::{
    args::Options, config::ParallelEvmConfig, consensus::TandemConsensusBuilder,
    engine::TandemEngineValidatorBuilder, parents::NodeParents,
};

/// What payloads are, as Ethereum's.
pub(crate) type Payload = <EthereumNode as NodeTypes>::Payload;

/// An Ethereum node that executes blocks in parallel.
#[derive(Clone, Debug)]
pub(crate) struct TandemNode {
    options: Options,
}

impl TandemNode {
    /// Creates the node.
    pub(crate) const fn new(options: Options) -> Self {
        Self { options }
    }
}

impl NodeTypes for TandemNode {
    type Primitives = EthPrimitives;
    type ChainSpec = ChainSpec;
    type Storage = <EthereumNode as NodeTypes>::Storage;
    type Payload = Payload;
}

impl<N: FullNodeTypes<Types = Self>> Node<N> for TandemNode {
    type ComponentsBuilder = ComponentsBuilder<
        N,
        EthereumPoolBuilder,
        BasicPayloadServiceBuilder<EthereumPayloadBuilder>,
        EthereumNetworkBuilder,
        ParallelExecutorBuilder,
        TandemConsensusBuilder,
    >;
    type AddOns = EthereumAddOns<
        NodeAdapter<N, <Self::ComponentsBuilder as reth_node_builder::NodeComponentsBuilder<N>>::Components>,
        EthereumEthApiBuilder,
        EthereumEngineValidatorBuilder,
        BasicEngineApiBuilder<EthereumEngineValidatorBuilder>,
        TandemEngineValidatorBuilder<EthereumEngineValidatorBuilder>,
    >;

    fn components_builder(&self) -> Self::ComponentsBuilder {
        EthereumNode::components()
            .executor(ParallelExecutorBuilder { options: self.options.clone() })
            .consensus(TandemConsensusBuilder(self.options.receipts.clone()))
    }

    fn add_ons(&self) -> Self::AddOns {
        EthereumAddOns::new(RpcAddOns::new(
            EthereumEthApiBuilder::default(),
            EthereumEngineValidatorBuilder::default(),
            BasicEngineApiBuilder::default(),
            TandemEngineValidatorBuilder::default(),
            Default::default(),
            Identity::new(),
        ))
    }
}

impl<N: FullNodeComponents<Types = Self>> DebugNode<N> for TandemNode
where
    Self: Node<N>,
    EthereumNode: NodeTypes,
{
    type RpcBlock = alloy_rpc_types_eth::Block;

    fn rpc_to_primitive_block(rpc_block: Self::RpcBlock) -> Block {
        rpc_block.into_consensus().convert_transactions()
    }

    fn local_payload_attributes_builder(
        chain_spec: &ChainSpec,
    ) -> impl PayloadAttributesBuilder<<Self::Payload as PayloadTypes>::PayloadAttributes> {
        reth_engine_local::LocalPayloadAttributesBuilder::new(Arc::new(chain_spec.clone()))
    }
}

/// Builds the executor of a node.
#[derive(Clone, Debug)]
pub(crate) struct ParallelExecutorBuilder {
    options: Options,
}

impl<N> ExecutorBuilder<N> for ParallelExecutorBuilder
where
    N: FullNodeTypes<Types: NodeTypes<ChainSpec = ChainSpec, Primitives = EthPrimitives>>,
{
    type EVM = ParallelEvmConfig;

    async fn build_evm(self, ctx: &BuilderContext<N>) -> eyre::Result<ParallelEvmConfig> {
        let parents = Arc::new(NodeParents(ctx.provider().clone()));
        let config = ParallelEvmConfig::new(ctx.chain_spec(), &self.options, parents);
        Ok(match ctx.sender_recovery_cache() {
            Some(cache) => config.with_sender_recovery_cache(cache.clone()),
            None => config,
        })
    }
}
