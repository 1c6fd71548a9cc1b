//! What `tandem import` does besides importing: [`datadir`] opens store and files, [`watch`] tells what happens,
//! [`record`] writes it down, [`records`] as the chain moves, [`divergence`] keeps what replays a wrong execution.
//! With a validator behind the import, [`exex`] adapts the chain to it, and it writes the records ([`validated`]).

pub(crate) mod datadir;
pub(crate) mod divergence;
pub(crate) mod exex;
pub(crate) mod record;
pub(crate) mod records;
pub(crate) mod validated;
pub(crate) mod watch;
pub(crate) mod witness;
