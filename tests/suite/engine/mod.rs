//! Reading discussion files: what counts, what does not, and what is said about it.

mod cases;
pub(crate) mod differential;
mod hostile;
mod seed;
