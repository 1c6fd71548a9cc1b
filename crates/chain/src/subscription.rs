//! Carries notifications to a subscriber, who may be slow and who may stop and come back.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
    mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
};

use tandem_state::{StateError, Store};

use crate::{
    canonical::notified,
    notification::{Notification, NotifiedBlock},
};

/// The subscriber's end.
///
/// First come the blocks that the subscriber missed, one a notification, then what happens. Nothing is lost: when
/// `capacity` notifications wait, the chain waits too. Dropping the subscription sets the chain free.
#[derive(Debug)]
pub struct Subscription {
    missed: Missed,
    receiver: Receiver<Notification>,
    finished: Arc<AtomicU64>,
}

/// The chain's end.
#[derive(Debug)]
pub(crate) struct Publisher {
    sender: SyncSender<Notification>,
    finished: Arc<AtomicU64>,
}

/// Blocks that are read back from the store.
#[derive(Debug)]
struct Missed {
    store: Arc<Store>,
    next: u64,
    last: u64,
}

/// Connects the two; the subscriber has finished everything up to a number.
pub(crate) fn connect(
    store: Arc<Store>,
    finished: u64,
    head: u64,
    capacity: usize,
) -> (Publisher, Subscription) {
    let (sender, receiver) = sync_channel(capacity);
    let height = Arc::new(AtomicU64::new(finished));
    let missed = Missed { store, next: finished + 1, last: head };
    let subscription = Subscription { missed, receiver, finished: Arc::clone(&height) };
    (Publisher { sender, finished: height }, subscription)
}

impl Publisher {
    /// Hands a notification over, waiting for room. False if nobody is there any more.
    pub(crate) fn publish(&self, notification: Notification) -> bool {
        self.sender.send(notification).is_ok()
    }

    /// Returns the number up to which the subscriber needs nothing any more.
    pub(crate) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Acquire)
    }
}

/// Says how far a subscriber is, from wherever it works.
#[derive(Clone, Debug)]
pub struct Finished(Arc<AtomicU64>);

impl Finished {
    /// Says that nothing up to a number is needed any more: the chain may forget older states.
    pub fn up_to(&self, number: u64) {
        // A height that goes back would ask for what may be gone.
        self.0.fetch_max(number, Ordering::AcqRel);
    }
}

impl Subscription {
    /// Leaves out what the subscriber missed: it reads that back itself.
    pub fn skip_missed(mut self) -> Self {
        self.missed.next = self.missed.last + 1;
        self
    }

    /// Returns a handle by which to say how far the subscriber is.
    pub fn finished_handle(&self) -> Finished {
        Finished(Arc::clone(&self.finished))
    }

    /// Waits for the next notification; none when the chain is closed.
    pub fn wait(&mut self) -> Result<Option<Notification>, StateError> {
        match self.missed.next()? {
            Some(block) => Ok(Some(Notification::Committed { new: vec![block] })),
            None => Ok(self.receiver.recv().ok()),
        }
    }

    /// Returns the next notification if there is one already.
    pub fn poll(&mut self) -> Result<Option<Notification>, StateError> {
        match self.missed.next()? {
            Some(block) => Ok(Some(Notification::Committed { new: vec![block] })),
            None => match self.receiver.try_recv() {
                Ok(notification) => Ok(Some(notification)),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => Ok(None),
            },
        }
    }

    /// Says that the subscriber needs nothing up to a number any more: the chain may forget older states.
    pub fn finished(&self, number: u64) {
        self.finished_handle().up_to(number);
    }
}

impl Missed {
    fn next(&mut self) -> Result<Option<NotifiedBlock>, StateError> {
        if self.next > self.last {
            return Ok(None);
        }
        let block = notified(&self.store, self.next)?;
        self.next += 1;
        Ok(Some(block))
    }
}
