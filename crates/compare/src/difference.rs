//! Names one disagreement: where it is, what differs, and both values.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use crate::{
    place::{Place, TxIndex},
    subject::Subject,
};

/// One typed disagreement between two executions, or between both and the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The step of the block where it arises; nothing where only the finished block shows it.
    pub place: Option<Place>,
    /// What differs.
    pub subject: Subject,
    /// The sequential execution's value: what is expected.
    pub sequential: Value,
    /// The parallel execution's value.
    pub parallel: Value,
    /// The header's value, where that is what is disagreed with.
    pub header: Option<Value>,
}

impl Difference {
    /// Creates a difference that only the finished block shows.
    pub fn new(subject: Subject, sequential: impl Into<Value>, parallel: impl Into<Value>) -> Self {
        let (sequential, parallel) = (sequential.into(), parallel.into());
        Self { place: subject.place(), subject, sequential, parallel, header: None }
    }

    /// Names the step where the difference arises.
    #[must_use]
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place.or(self.place);
        self
    }

    /// Adds the header's value.
    #[must_use]
    pub fn against(mut self, header: impl Into<Value>) -> Self {
        self.header = Some(header.into());
        self
    }

    /// Returns the transaction in which the difference arises.
    pub fn tx(&self) -> Option<TxIndex> {
        self.place.and_then(Place::tx_index)
    }

    /// Says whether the executions agree and only the header disagrees.
    pub fn is_from_header_only(&self) -> bool {
        self.header.is_some() && self.sequential == self.parallel
    }

    /// Returns the key by which differences sort in block order; those with no known place come last.
    pub(crate) fn order(&self) -> (bool, Option<Place>, u8) {
        (self.place.is_none(), self.place, self.subject.rank())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: sequential {}, parallel {}", self.subject, self.sequential, self.parallel)?;
        if let Some(header) = &self.header {
            write!(f, ", header {header}")?;
        }
        Ok(())
    }
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// There is none.
    Absent,
    /// There is one, and its content is not the point.
    Present,
    /// A balance, nonce, slot, amount of gas or count.
    Number(U256),
    /// A hash, root or topic.
    Hash(B256),
    /// An address.
    Address(Address),
    /// Code, log data, a request, a bloom.
    Bytes(Bytes),
    /// A status, an error.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Present => f.write_str("present"),
            Self::Number(number) => write!(f, "{number:#x}"),
            Self::Hash(hash) => write!(f, "{hash}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Bytes(bytes) => write!(f, "{bytes}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(U256::from(number))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(U256::from(number))
    }
}

impl From<U256> for Value {
    fn from(number: U256) -> Self {
        Self::Number(number)
    }
}

impl From<B256> for Value {
    fn from(hash: B256) -> Self {
        Self::Hash(hash)
    }
}

impl From<Address> for Value {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}
