//! What `tandem import` does besides importing: [`datadir`] opens store and files, [`watch`] tells
//! what happens, [`record`] writes it down.

pub(crate) mod datadir;
pub(crate) mod record;
pub(crate) mod watch;
