//! Reading discussion files: what counts, what does not, and what is said about it.

mod cases;
mod differential;
mod hostile;
mod seed;
