//! What `explain` does with evidence: makes it happen again, and tells it.

pub(crate) mod json;
pub(crate) mod reproduce;
pub(crate) mod text;
