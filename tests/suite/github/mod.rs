//! The GitHub adapter against a scripted double.

pub(crate) mod keys;
