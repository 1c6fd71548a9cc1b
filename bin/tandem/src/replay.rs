//! What `tandem replay` does with a block, step by step.
//!
//! [`run`] opens the sources ([`items`]), takes what belongs to the run ([`portion`]) and judges it: a block with its
//! state in [`case`], or in [`witness`]
//! where that is what the state is held as, a chain in [`chain`] block by block ([`mod@block`]) on what was accepted before ([`import`]). Both
//! have [`twins`] execute and compare; [`after`] has the rules that hold after execution, [`expectation`] what a source
//! expects. What came out ([`judged`]) becomes a record, and [`results`] carries it to the report and to standard
//! output ([`findings`]).

pub(crate) mod after;
pub(crate) mod block;
pub(crate) mod case;
pub(crate) mod chain;
pub(crate) mod eip779;
pub(crate) mod evidence;
pub(crate) mod expectation;
pub(crate) mod findings;
pub(crate) mod import;
pub(crate) mod intermediate;
pub(crate) mod items;
pub(crate) mod judged;
pub(crate) mod missing;
pub(crate) mod portion;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod twins;
pub(crate) mod witness;
