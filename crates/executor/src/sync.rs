//! Names the atomics, locks, threads and clock that the crate is built on: the product's, or a model checker's.
//!
//! The product uses parking_lot's locks and the standard library's atomics and threads, named and not wrapped. With
//! `--cfg loom` or the feature `shuttle`, both for tests only, the same names are loom's or shuttle's ([`modelled`]).
//! Reference counts (`Arc`) are always the standard library's: nothing is decided by them.

#[cfg(not(any(loom, feature = "shuttle")))]
pub(crate) use std::{
    hint::spin_loop,
    sync::atomic,
    thread::{self, JoinHandle},
    time::Instant,
};

#[cfg(not(any(loom, feature = "shuttle")))]
pub(crate) use parking_lot::{Condvar, Mutex, RwLock};

#[cfg(any(loom, feature = "shuttle"))]
mod modelled;
#[cfg(any(loom, feature = "shuttle"))]
pub(crate) use modelled::{Condvar, Instant, JoinHandle, Mutex, RwLock, atomic, spin_loop, thread};
