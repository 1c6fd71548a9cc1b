//! Whole-system tests: the `tandem` program as its users run it.
//!
//! [`program`] builds and runs the program; [`sources`] writes sources to directories, from generated blocks; [`data`]
//! finds recorded blocks. The tests themselves are in `it/`, golden files in `golden/`.

pub mod data;
pub mod program;
pub mod sources;
