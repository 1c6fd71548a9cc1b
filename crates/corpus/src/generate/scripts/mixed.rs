//! Interleaves all workloads.

use alloy_primitives::Address;

use super::{Script, fee_recipient::FeeRecipient, needed_fork, script, staking::Staking};
use crate::generate::{draft::Draft, fork::Fork, workload::Workload, world::World};

/// One transaction of any workload after the other, and now and then a validator's request.
#[derive(Debug)]
pub(super) struct Mixed {
    scripts: Vec<Box<dyn Script>>,
    fee_recipient: FeeRecipient,
}

impl Mixed {
    pub(super) fn new(fork: Fork) -> Self {
        let possible = |workload: &Workload| {
            !matches!(workload, Workload::Mixed | Workload::FeeRecipient) && needed_fork(*workload) <= fork
        };
        let scripts = Workload::ALL.into_iter().filter(possible).map(|workload| script(workload, fork));
        let mut scripts: Vec<_> = scripts.collect();
        if fork >= Fork::Prague {
            scripts.push(Box::new(Staking));
        }
        Self { scripts, fee_recipient: FeeRecipient::default() }
    }
}

impl Script for Mixed {
    fn step(&mut self, draft: &mut Draft<'_>) {
        let drawn = draft.world.random.index(self.scripts.len() + 1);
        match self.scripts.get_mut(drawn) {
            Some(script) => script.step(draft),
            None => self.fee_recipient.step(draft),
        }
    }

    fn beneficiary(&mut self, world: &mut World) -> Address {
        self.fee_recipient.beneficiary(world)
    }
}
