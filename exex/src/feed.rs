//! Carries what the host tells to the validator: a bounded queue, and behind it a range of numbers.
//!
//! What has no room in the queue is deferred: of it only the number is kept, as the end of one range. The range comes
//! after everything in the queue, and until it is empty all that follows is added to it, so that the order of blocks
//! stays and memory does not grow with the lag.

use std::{collections::VecDeque, ops::RangeInclusive, time::Instant};

use alloy_consensus::Header;
use alloy_primitives::B256;
use parking_lot::{Condvar, Mutex};

use crate::{
    host::ImportedBlock,
    meters,
    notification::Notification,
    settings::{Bounds, Overflow},
};

/// What the validator is to do next.
#[derive(Debug)]
pub(crate) enum Event<B> {
    /// Check a block.
    Check(B),
    /// Read a block back and check it.
    Backfill(u64),
    /// Note that a block left the chain.
    Left(Box<Left>),
}

/// A block that left the chain.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) hash: B256,
    pub(crate) header: Header,
    pub(crate) txs: usize,
    pub(crate) source: String,
}

/// The queue between host and validator.
#[derive(Debug)]
pub(crate) struct Feed<B> {
    state: Mutex<State<B>>,
    /// Pairs with whatever gives the validator something to do.
    filled: Condvar,
    /// Pairs with whatever makes room.
    drained: Condvar,
    bounds: Bounds,
    overflow: Overflow,
}

#[derive(Debug)]
struct State<B> {
    events: VecDeque<Event<B>>,
    blocks: usize,
    bytes: usize,
    deferred: Option<RangeInclusive<u64>>,
    head: u64,
    end: End,
}

/// When the validator ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Not yet.
    Open,
    /// When nothing is left.
    Drained,
    /// After what it does now.
    Now,
}

impl<B: ImportedBlock> Feed<B> {
    /// Begins with a range of blocks to read back; `head` is the host's.
    pub(crate) fn new(
        bounds: Bounds,
        overflow: Overflow,
        missed: Option<RangeInclusive<u64>>,
        head: u64,
    ) -> Self {
        let state = State {
            events: VecDeque::new(),
            blocks: 0,
            bytes: 0,
            deferred: missed.filter(|range| !range.is_empty()),
            head,
            end: End::Open,
        };
        Self { state: Mutex::new(state), filled: Condvar::new(), drained: Condvar::new(), bounds, overflow }
    }

    /// Takes a notification in; waits for room as long as may be.
    pub(crate) fn notify(&self, notification: Notification<B>) {
        let (old, new) = notification.into_parts();
        if let Some(first) = old.first() {
            self.leave(first.id().number, &old);
        }
        for block in new {
            self.join(block);
        }
    }

    /// Returns what to do next; waits for it. None at the end.
    pub(crate) fn next(&self) -> Option<Event<B>> {
        let mut state = self.state.lock();
        loop {
            if state.end == End::Now {
                return None;
            }
            if let Some(event) = state.take() {
                self.drained.notify_all();
                state.gauge();
                return Some(event);
            }
            if state.end == End::Drained {
                return None;
            }
            self.filled.wait(&mut state);
        }
    }

    /// Ends the feed, if not sooner; returns how it was to end before.
    pub(crate) fn end(&self, end: End) -> End {
        let mut state = self.state.lock();
        let before = state.end;
        state.end = before.max(end);
        self.filled.notify_all();
        self.drained.notify_all();
        before
    }

    /// Returns the highest number that was told.
    pub(crate) fn head(&self) -> u64 {
        self.state.lock().head
    }

    /// Takes a block that joined.
    fn join(&self, block: B) {
        let number = block.id().number;
        let bytes = block.size_bytes();
        let mut state = self.state.lock();
        state.head = number;
        let deadline = match self.overflow {
            Overflow::Wait => None,
            Overflow::Defer { patience } => Some(Instant::now() + patience),
        };
        while state.end == End::Open && !state.is_ready(bytes, &self.bounds, self.overflow) {
            match deadline {
                None => self.drained.wait(&mut state),
                Some(deadline) if self.drained.wait_until(&mut state, deadline).timed_out() => break,
                Some(_) => {}
            }
        }
        if state.end != End::Open {
            return;
        }
        match state.deferred.take() {
            Some(range) => state.defer(*range.start()..=number.max(*range.end())),
            None if state.has_room(bytes, &self.bounds) => {
                state.blocks += 1;
                state.bytes += bytes;
                state.events.push_back(Event::Check(block));
            }
            None => state.defer(number..=number),
        }
        state.gauge();
        self.filled.notify_one();
    }

    /// Takes blocks that left, from a number on.
    fn leave(&self, from: u64, old: &[B]) {
        let mut state = self.state.lock();
        state.head = from.saturating_sub(1);
        // What is deferred and has left is not there to be read back any more.
        if let Some(range) = state.deferred.take()
            && *range.start() < from
        {
            state.deferred = Some(*range.start()..=(*range.end()).min(from - 1));
        }
        for block in old {
            let (header, txs) = (block.header().clone(), block.transaction_count());
            let left = Left { hash: block.id().hash, header, txs, source: block.source() };
            state.events.push_back(Event::Left(Box::new(left)));
        }
        self.filled.notify_one();
    }
}

impl<B: ImportedBlock> State<B> {
    fn has_room(&self, bytes: usize, bounds: &Bounds) -> bool {
        self.blocks == 0 || (self.blocks < bounds.blocks && self.bytes.saturating_add(bytes) <= bounds.bytes)
    }

    /// Tells whether a block can be taken now: into the queue, or to the others that are deferred.
    fn is_ready(&self, bytes: usize, bounds: &Bounds, overflow: Overflow) -> bool {
        match (&self.deferred, overflow) {
            (None, _) => self.has_room(bytes, bounds),
            (Some(_), Overflow::Wait) => false,
            (Some(_), Overflow::Defer { .. }) => true,
        }
    }

    fn defer(&mut self, range: RangeInclusive<u64>) {
        meters::deferred();
        self.deferred = Some(range);
    }

    fn take(&mut self) -> Option<Event<B>> {
        if let Some(event) = self.events.pop_front() {
            if let Event::Check(block) = &event {
                self.blocks -= 1;
                self.bytes -= block.size_bytes();
            }
            return Some(event);
        }
        let range = self.deferred.take()?;
        let number = *range.start();
        self.deferred = (number < *range.end()).then(|| number + 1..=*range.end());
        Some(Event::Backfill(number))
    }

    fn gauge(&self) {
        let deferred = self.deferred.as_ref().map_or(0, |range| range.end() - range.start() + 1);
        meters::queue(self.blocks, self.bytes, deferred);
    }
}
