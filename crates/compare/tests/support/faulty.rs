//! A state that fails, delays or panics at one read.

#![allow(dead_code, reason = "every test program uses a part")]

use std::{
    fmt,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use alloy_primitives::{Address, B256, U256};
use revm::{
    DatabaseRef, bytecode::Bytecode, database::WrapDatabaseRef, database_interface::DBErrorMarker,
    state::AccountInfo,
};
use tandem_corpus::PlainState;
use tandem_executor::{BaseReader, BaseSource, ReadError};

/// What a panicking read says.
pub(crate) const PANIC: &str = "the read panicked";

/// How long a delayed read takes; longer than a transaction.
const DELAY: Duration = Duration::from_millis(3);

/// Keeps provoked panics out of the output; all others are told as ever.
pub(crate) fn expect_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some(PANIC) {
                told(info);
            }
        }));
    });
}

/// One read of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Read {
    Account(Address),
    Code(B256),
    Slot(Address, U256),
    BlockHash(u64),
}

/// What happens at the faulty read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Error,
    Delay,
    Panic,
}

/// Which read is faulty.
#[derive(Debug)]
enum Trigger {
    /// The one at which this many reads, of all handles on the state, are used up; the next ones are well again.
    Countdown(AtomicUsize),
    /// Every read of a location.
    Location(Read),
    /// Every read.
    Always,
}

/// A fault, shared by all handles on a state.
#[derive(Debug)]
pub(crate) struct Fault {
    effect: Effect,
    trigger: Trigger,
    met: AtomicUsize,
}

impl Fault {
    /// A fault at the `n`-th read, from 1.
    pub(crate) fn nth(effect: Effect, n: usize) -> Arc<Self> {
        Arc::new(Self { effect, trigger: Trigger::Countdown(n.into()), met: AtomicUsize::new(0) })
    }

    /// A fault at all reads of a location.
    pub(crate) fn at(effect: Effect, read: Read) -> Arc<Self> {
        Arc::new(Self { effect, trigger: Trigger::Location(read), met: AtomicUsize::new(0) })
    }

    /// A fault at all reads.
    pub(crate) fn always(effect: Effect) -> Arc<Self> {
        Arc::new(Self { effect, trigger: Trigger::Always, met: AtomicUsize::new(0) })
    }

    /// Says whether the faulty read was reached.
    pub(crate) fn is_met(&self) -> bool {
        self.met.load(Ordering::SeqCst) > 0
    }

    fn meet(&self, read: Read) -> Result<(), ReadFailed> {
        let is_due = match &self.trigger {
            Trigger::Countdown(left) => {
                let one_less = |left: usize| left.checked_sub(1);
                left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) == Ok(1)
            }
            Trigger::Location(location) => *location == read,
            Trigger::Always => true,
        };
        if !is_due {
            return Ok(());
        }
        self.met.fetch_add(1, Ordering::SeqCst);
        match self.effect {
            Effect::Error => Err(ReadFailed(read)),
            Effect::Delay => {
                thread::sleep(DELAY);
                Ok(())
            }
            Effect::Panic => panic!("{PANIC}"),
        }
    }
}

/// A read that failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the read of {0:?} failed")]
pub(crate) struct ReadFailed(Read);

impl DBErrorMarker for ReadFailed {}

/// A handle on a state with at most one fault.
#[derive(Clone)]
pub(crate) struct Faulty {
    state: Arc<PlainState>,
    fault: Option<Arc<Fault>>,
    log: Arc<Mutex<Vec<Read>>>,
}

impl Faulty {
    /// A handle on a state; without a fault it is well.
    pub(crate) fn new(state: &Arc<PlainState>, fault: Option<&Arc<Fault>>) -> Self {
        Self { state: state.clone(), fault: fault.cloned(), log: Arc::default() }
    }

    /// Returns what was read so far, each location once, in order.
    pub(crate) fn reads(&self) -> Vec<Read> {
        let mut reads = Vec::new();
        for read in self.log.lock().unwrap().iter() {
            if !reads.contains(read) {
                reads.push(*read);
            }
        }
        reads
    }

    /// Returns how many reads there were so far.
    pub(crate) fn read_count(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    fn read(&self, read: Read) -> Result<(), ReadFailed> {
        self.log.lock().unwrap().push(read);
        self.fault.as_ref().map_or(Ok(()), |fault| fault.meet(read))
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").field("fault", &self.fault).finish_non_exhaustive()
    }
}

impl BaseSource for Faulty {
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
        Ok(Box::new(WrapDatabaseRef(self.clone())))
    }
}

impl DatabaseRef for Faulty {
    type Error = ReadFailed;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, ReadFailed> {
        self.read(Read::Account(address))?;
        Ok(self.state.basic_ref(address).unwrap())
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, ReadFailed> {
        self.read(Read::Code(code_hash))?;
        Ok(self.state.code_by_hash_ref(code_hash).unwrap())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, ReadFailed> {
        self.read(Read::Slot(address, slot))?;
        Ok(self.state.storage_ref(address, slot).unwrap())
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, ReadFailed> {
        self.read(Read::BlockHash(number))?;
        Ok(self.state.block_hash_ref(number).unwrap())
    }
}
