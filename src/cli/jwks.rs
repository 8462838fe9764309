//! Public keys in a file: a JSON Web Key Set (RFC 7517) with the Ed25519 keys (RFC 8037) that receipts are checked by.

use super::Failure;
use crate::workspace;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use std::path::Path;

/// Bytes of an Ed25519 public key.
const KEY_BYTES: usize = 32;

const HINT: &str = "Save what the App serves at /.well-known/jwks.json.";

/// Reads a key set and gives the ids of its keys.
///
/// # Errors
/// When the file is no key set, holds no key, a key that is no Ed25519 public key, or a private one.
pub fn key_ids(path: &Path) -> Result<Vec<String>, Failure> {
    let bytes = workspace::read(path)?;
    let refused = |message: String| Failure::new("bad-jwks", message).hint(HINT).at(path, None);
    let set: Value = serde_json::from_slice(&bytes).map_err(|error| {
        let line = Some(error.line()).filter(|line| *line > 0);
        Failure::new("bad-jwks", format!("this is not JSON: {error}"))
            .hint(HINT)
            .at(path, line)
    })?;
    let Some(keys) = set.get("keys").and_then(Value::as_array) else {
        let message = "this is no JSON Web Key Set: it has no list `keys`";
        return Err(refused(message.to_owned()));
    };
    if keys.is_empty() {
        return Err(refused("the key set holds no key".to_owned()));
    }
    let mut ids: Vec<String> = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let id = key_id(key).map_err(|why| refused(format!("key {}: {why}", at + 1)))?;
        if ids.contains(&id) {
            return Err(refused(format!(
                "key {}: the kid `{id}` stands twice",
                at + 1
            )));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The id of one key, which has to be an Ed25519 public key.
fn key_id(key: &Value) -> Result<String, String> {
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    if key.get("d").is_some() {
        return Err(
            "it is a private key (`d`), which belongs in no file that is passed on".to_owned(),
        );
    }
    for (name, wanted) in [("kty", "OKP"), ("crv", "Ed25519")] {
        if text(name) != wanted {
            let read = key.get(name).map_or("nothing".to_owned(), Value::to_string);
            return Err(format!(
                "`{name}` is {read}, and only \"{wanted}\" is accepted"
            ));
        }
    }
    if key.get("alg").is_some() && !matches!(text("alg"), "EdDSA" | "Ed25519") {
        return Err(format!(
            "`alg` is {}, and only \"EdDSA\" is accepted",
            key["alg"]
        ));
    }
    let point = BASE64_URL_SAFE_NO_PAD.decode(text("x")).unwrap_or_default();
    if point.len() != KEY_BYTES {
        return Err(format!(
            "`x` is not {KEY_BYTES} bytes in base64url without padding"
        ));
    }
    match text("kid") {
        "" => Err("it has no `kid`, so no receipt could name it".to_owned()),
        id => Ok(id.to_owned()),
    }
}
