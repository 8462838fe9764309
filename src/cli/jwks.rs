//! Public keys in a file: a JSON Web Key Set with the keys that receipts are checked by.

use super::Failure;
use crate::signing::Keys;
use crate::workspace;
use std::path::Path;

const HINT: &str = "Save what the App serves at /.well-known/jwks.json.";

/// Reads a key set.
///
/// # Errors
/// When the file is no key set, holds no key, a key that is no Ed25519 public key, or a private one.
pub fn read(path: &Path) -> Result<Keys, Failure> {
    let bytes = workspace::read(path)?;
    Keys::from_jwks(&bytes).map_err(|bad| {
        Failure::new("bad-jwks", bad.message)
            .hint(HINT)
            .at(path, bad.line)
    })
}
