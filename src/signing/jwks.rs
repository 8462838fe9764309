//! Sets of public keys as JSON (RFC 7517): what the App serves and what anybody checks receipts by.

use super::{KEY_BYTES, Keys, PublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Why a text is no set of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadKeySet {
    /// What was read and why it is refused.
    pub message: String,
    /// Line, from 1, where it is not even JSON.
    pub line: Option<usize>,
}

impl From<String> for BadKeySet {
    fn from(message: String) -> Self {
        Self {
            message,
            line: None,
        }
    }
}

impl Keys {
    /// Reads a key set. Keys are named by their `kid`; `revoked_at` and `created_at` (Unix seconds) are ours; other
    /// members are ignored.
    ///
    /// # Errors
    /// When the text is no key set, holds no key, one twice, one that is no Ed25519 public key, or a private one.
    pub fn from_jwks(text: &[u8]) -> Result<Self, BadKeySet> {
        let set: Value = serde_json::from_slice(text).map_err(|error| BadKeySet {
            message: format!("this is not JSON: {error}"),
            line: Some(error.line()).filter(|line| *line > 0),
        })?;
        let Some(listed) = set.get("keys").and_then(Value::as_array) else {
            return Err("this is no JSON Web Key Set: it has no list `keys`"
                .to_owned()
                .into());
        };
        if listed.is_empty() {
            return Err("the key set holds no key".to_owned().into());
        }
        let mut keys = Self::default();
        for (at, value) in listed.iter().enumerate() {
            let key = key(value).map_err(|why| format!("key {}: {why}", at + 1))?;
            let kid = key.kid.clone();
            if keys.0.insert(kid.clone(), key).is_some() {
                return Err(format!("key {}: the kid `{kid}` stands twice", at + 1).into());
            }
        }
        Ok(keys)
    }

    /// The set as JSON, readable by people, with a line end.
    pub fn to_jwks(&self) -> String {
        let keys: Vec<Value> = self.0.values().map(value).collect();
        format!("{:#}\n", json!({ "keys": keys }))
    }
}

fn value(key: &PublicKey) -> Value {
    let mut value = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
        "kid": key.kid,
        "x": BASE64_URL_SAFE_NO_PAD.encode(key.x),
    });
    for (name, at) in [
        ("created_at", key.created_at),
        ("revoked_at", key.revoked_at),
    ] {
        if let Some(at) = at {
            value[name] = json!(at);
        }
    }
    value
}

/// One key, which has to be an Ed25519 public key.
fn key(value: &Value) -> Result<PublicKey, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    if value.get("d").is_some() {
        let why = "it is a private key (`d`), which belongs in no file that is passed on";
        return Err(why.to_owned());
    }
    for (name, wanted) in [("kty", "OKP"), ("crv", "Ed25519")] {
        if text(name) != wanted {
            let read = value
                .get(name)
                .map_or("nothing".to_owned(), Value::to_string);
            return Err(format!(
                "`{name}` is {read}, and only \"{wanted}\" is accepted"
            ));
        }
    }
    if value.get("alg").is_some() && !matches!(text("alg"), "EdDSA" | "Ed25519") {
        return Err(format!(
            "`alg` is {}, and only \"EdDSA\" is accepted",
            value["alg"]
        ));
    }
    let x = BASE64_URL_SAFE_NO_PAD.decode(text("x")).unwrap_or_default();
    let x: [u8; KEY_BYTES] = x
        .try_into()
        .map_err(|_| format!("`x` is not {KEY_BYTES} bytes in base64url without padding"))?;
    let kid = match text("kid") {
        "" => return Err("it has no `kid`, so no receipt could name it".to_owned()),
        kid => kid.to_owned(),
    };
    Ok(PublicKey {
        kid,
        x,
        revoked_at: time(value, "revoked_at")?,
        created_at: time(value, "created_at")?,
    })
}

fn time(value: &Value, name: &str) -> Result<Option<u64>, String> {
    let Some(at) = value.get(name) else {
        return Ok(None);
    };
    let wrong = || format!("`{name}` is {at}, which is no time in Unix seconds");
    at.as_u64().map(Some).ok_or_else(wrong)
}
