//! Looks at the world from outside: where a name points, and which certificate it shows.
//!
//! What is seen is evidence and never an order: a look that fails says why, as a value, and is no error. All looks
//! are bounded in time and in how much they ask at once, end at the word to stop, and name names in logs at `debug`
//! only.

mod dns;
mod shown;
mod tls;
mod verdict;
mod witness;

pub use dns::{NoResolver, Resolver};
pub use shown::Shown;
pub use tls::{Handshakes, Seen};
pub use verdict::{DnsVerdict, Expected};
pub use witness::{Asked, Hearing, NoWitness, Witness};
