//! Recognises payments: transactions that move value between accounts without code.
//!
//! No code runs in a payment, so what it does follows from the rules before and after execution alone, and the
//! frontier applies it to the merged state without an EVM ([`MergedState::pay`](crate::merged::MergedState::pay)). Only
//! what is certain is taken: of a transaction that breaks any rule, or touches anything unusual, the EVM decides.
//!
//! The rules are those of revm 42's mainnet handler (`validate_env`, `validate_initial_tx_gas`,
//! `validate_against_state_and_deduct_caller`, `reimburse_caller`, `reward_beneficiary`).

use alloy_consensus::Transaction;
use alloy_evm::EvmEnv;
use alloy_primitives::{Address, Bytes, U256};
use revm::{
    context_interface::{
        Block, Cfg,
        result::{ExecutionResult, Output, ResultGas, SuccessReason},
    },
    primitives::hardfork::SpecId,
};

use crate::evm::SpeculativeEvmFactory;

/// Whether a chain's payments follow Ethereum's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payments {
    /// They do.
    Ethereum,
    /// It is not known; the EVM decides.
    Unknown,
}

/// A payment that breaks no rule that can be checked without the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Who pays.
    pub sender: Address,
    /// The nonce that the sender must have.
    pub nonce: u64,
    /// Who is paid.
    pub to: Address,
    /// How much, in wei.
    pub value: U256,
    /// What the sender must have, in wei.
    pub cost_max: U256,
    /// What gas costs the sender, in wei.
    pub fee: U256,
    /// What of it the beneficiary gets, in wei.
    pub reward: U256,
}

/// What of a block decides about its payments.
#[derive(Clone, Copy, Debug)]
pub struct PaymentRules {
    spec: SpecId,
    chain_id: Option<u64>,
    gas: ResultGas,
    gas_limit_max: u64,
    base_fee: u128,
    /// The block's fee recipient.
    pub beneficiary: Address,
}

impl PaymentRules {
    /// Reads the rules of a chain's block off its environment; `None` where payments are left to the EVM.
    pub fn of<F: SpeculativeEvmFactory>(factory: &F, env: &EvmEnv<F::Spec, F::BlockEnv>) -> Option<Self> {
        (factory.payments() == Payments::Ethereum).then(|| Self::new(&env.cfg_env, &env.block_env)).flatten()
    }

    /// Reads the rules off a block's environment; `None` where payments are left to the EVM.
    ///
    /// From Amsterdam on payments log (EIP-7708) and cost otherwise (EIP-2780, EIP-8037).
    pub fn new(cfg: &impl Cfg, block: &impl Block) -> Option<Self> {
        let spec = cfg.spec().into();
        let is_simulation = cfg.is_balance_check_disabled()
            || cfg.is_base_fee_check_disabled()
            || cfg.is_block_gas_limit_disabled()
            || cfg.is_eip3607_disabled()
            || cfg.is_eip7623_disabled()
            || cfg.is_fee_charge_disabled()
            || cfg.is_nonce_check_disabled()
            || cfg.is_priority_fee_check_disabled();
        let is_amsterdam = spec.is_enabled_in(SpecId::AMSTERDAM)
            || cfg.is_amsterdam_eip2780_enabled()
            || cfg.is_amsterdam_eip8037_enabled();
        let is_complete = (!spec.is_enabled_in(SpecId::MERGE) || block.prevrandao().is_some())
            && (!spec.is_enabled_in(SpecId::CANCUN) || block.blob_excess_gas_and_price().is_some());
        let gas = cfg.gas_params().initial_tx_gas(&[], false, 0, 0, 0, None);
        let is_floored = gas.floor_gas() > gas.initial_total_gas();
        if is_simulation || is_amsterdam || !is_complete || is_floored {
            return None;
        }
        Some(Self {
            spec,
            chain_id: cfg.tx_chain_id_check().then(|| cfg.chain_id()),
            gas: ResultGas::default()
                .with_total_gas_spent(gas.initial_total_gas())
                .with_floor_gas(gas.floor_gas()),
            gas_limit_max: cfg.tx_gas_limit_cap().min(block.gas_limit()),
            base_fee: block.basefee().into(),
            beneficiary: block.beneficiary(),
        })
    }

    /// Whether a transaction is a payment unless its target has code.
    pub fn is_candidate(tx: &impl Transaction) -> bool {
        tx.to().is_some()
            && tx.input().is_empty()
            && tx.ty() <= 2
            && tx.access_list().is_none_or(|list| list.is_empty())
    }

    /// Whether a transaction is a payment whatever its target is, or fails: it has no gas for code.
    pub fn is_certain(tx: &impl Transaction) -> bool {
        tx.gas_limit() <= 21_000 && Self::is_candidate(tx)
    }

    /// Reads a transaction as a payment, provided that neither account has code.
    pub fn payment(&self, tx: &impl Transaction, sender: Address) -> Option<Payment> {
        let to = tx.to().filter(|_| Self::is_candidate(tx))?;
        // Precompiles have low addresses.
        let is_ordinary = to.iter().take(16).any(|byte| *byte != 0);
        let gas_used = self.gas.total_gas_spent();
        let admits_gas = (gas_used..=self.gas_limit_max).contains(&tx.gas_limit());
        let has_chain = match (self.chain_id, tx.chain_id()) {
            (Some(expected), Some(id)) => id == expected,
            (_, None) => tx.ty() == 0,
            (None, Some(_)) => true,
        };
        if !(is_ordinary && admits_gas && has_chain && tx.nonce() < u64::MAX) {
            return None;
        }
        let price = self.price(tx)?;
        let tip = if self.spec.is_enabled_in(SpecId::LONDON) { price - self.base_fee } else { price };
        let gas_used = U256::from(gas_used);
        let gas_max = U256::from(tx.gas_limit()) * U256::from(tx.max_fee_per_gas());
        Some(Payment {
            sender,
            nonce: tx.nonce(),
            to,
            value: tx.value(),
            cost_max: gas_max.checked_add(tx.value())?,
            fee: gas_used * U256::from(price),
            reward: gas_used * U256::from(tip),
        })
    }

    /// Returns the price of a unit of gas in wei, where it is one that the block takes.
    fn price(&self, tx: &impl Transaction) -> Option<u128> {
        let most = tx.max_fee_per_gas();
        let (price, is_known) = match tx.ty() {
            0 => (most, true),
            1 => (most, self.spec.is_enabled_in(SpecId::BERLIN)),
            _ => {
                let tip_max = tx.max_priority_fee_per_gas().filter(|tip| *tip <= most)?;
                let price = most.min(self.base_fee.checked_add(tip_max)?);
                (price, self.spec.is_enabled_in(SpecId::LONDON))
            }
        };
        // revm multiplies prices in 128 bits; what comes near to overflowing is left to it.
        let is_sane = most <= u64::MAX.into();
        (is_known && is_sane && price >= self.base_fee).then_some(price)
    }

    /// Returns what executing a payment returns.
    pub fn result<H>(&self) -> ExecutionResult<H> {
        ExecutionResult::Success {
            reason: SuccessReason::Stop,
            gas: self.gas,
            logs: Vec::new(),
            output: Output::Call(Bytes::new()),
        }
    }
}
