//! A hostile model, and hostile text around it: whatever is said, it comes out as one block and does nothing else.

mod app;
mod convergence;
mod hidden;
mod page;
mod proposals;
mod replies;
mod sinks;
