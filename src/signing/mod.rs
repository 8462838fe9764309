//! Keys for receipts: signing claims, and checking what others say was signed. Ed25519 and nothing else (RFC 8037), as
//! compact JWS (RFC 7515) and JSON Web Key Sets (RFC 7517). The key is the App's own, not the one GitHub knows it by.
//!
//! `jws` makes and checks tokens, `jwks` reads and writes sets of public keys, `files` keeps both on disk.

pub mod files;
mod jwks;
mod jws;

pub use jwks::BadKeySet;

use crate::engine::receipt::{Claims, Unverified};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Bytes of an Ed25519 public key.
pub const KEY_BYTES: usize = 32;

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no private key of this kind.
    #[error("this is no Ed25519 private key in PEM form (PKCS#8): {0}")]
    NotAKey(String),
    /// No random bytes were to be had.
    #[error("the system gave no random bytes for a key")]
    NoRandomness,
    /// A receipt could not be signed.
    #[error("the receipt could not be signed: {0}")]
    NotSigned(String),
}

/// A public key that receipts are checked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its id: the JWK thumbprint (RFC 7638), so that it says which key it is.
    pub kid: String,
    /// The key.
    pub x: [u8; KEY_BYTES],
    /// Receipts signed at or after this time (Unix seconds) are not believed; `None`: it was not revoked.
    pub revoked_at: Option<u64>,
    /// When it was made, Unix seconds, if that is known. Nothing depends on it.
    pub created_at: Option<u64>,
}

impl PublicKey {
    /// A key with its id.
    pub fn new(x: [u8; KEY_BYTES]) -> Self {
        let encoded = BASE64_URL_SAFE_NO_PAD.encode(x);
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{encoded}"}}"#);
        Self {
            kid: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes())),
            x,
            revoked_at: None,
            created_at: None,
        }
    }
}

/// The key the App signs with.
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    public: PublicKey,
    /// Key of [`SigningKey::word`].
    derive: hmac::Key,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.public.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key as PKCS#8 in PEM form, for a file that only its owner may read.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<SecretString, KeyError> {
        let der = Ed25519KeyPair::generate()
            .and_then(|pair| pair.to_pkcs8())
            .map_err(|Unspecified| KeyError::NoRandomness)?;
        let body = BASE64_STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for at in (0..body.len()).step_by(64) {
            pem.push_str(&body[at..body.len().min(at + 64)]);
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(SecretString::from(pem))
    }

    /// Reads a private key.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`]; the message never holds any of it.
    pub fn from_pem(pem: &SecretString) -> Result<Self, KeyError> {
        let key = EncodingKey::from_ed_pem(pem.expose_secret().as_bytes())
            .map_err(|error| KeyError::NotAKey(error.to_string()))?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes())
            .map_err(|error| KeyError::NotAKey(error.to_string()))?;
        let x = pair.public_key().as_ref().try_into();
        let x =
            x.map_err(|_| KeyError::NotAKey("its public half has another length".to_owned()))?;
        // Its signatures are deterministic (RFC 8032), so one that is never shown is a secret that lasts.
        let seed = pair.sign(b"discussions/derive@1");
        Ok(Self {
            key,
            public: PublicKey::new(x),
            derive: hmac::Key::new(hmac::HMAC_SHA256, seed.as_ref()),
        })
    }

    /// A word that nobody without the key can guess, 32 hex digits: the same for the same purpose.
    pub fn word(&self, purpose: &str) -> String {
        let tag = hmac::sign(&self.derive, purpose.as_bytes());
        hex::encode(&tag.as_ref()[..16])
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs claims: the same claims give the same token.
    ///
    /// # Errors
    /// [`KeyError::NotSigned`].
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        jws::sign(&self.key, &self.public.kid, claims)
    }
}

/// Public keys by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys(pub BTreeMap<String, PublicKey>);

impl Keys {
    /// With one more key; one of the same id is replaced.
    pub fn and(mut self, key: PublicKey) -> Self {
        self.0.insert(key.kid.clone(), key);
        self
    }

    /// The key of this id.
    pub fn get(&self, kid: &str) -> Option<&PublicKey> {
        self.0.get(kid)
    }

    /// Checks a token; see [`crate::engine::receipt::Check`].
    ///
    /// # Errors
    /// Why it says nothing.
    pub fn check(&self, token: &str) -> Result<Claims, Unverified> {
        jws::check(self, token)
    }
}

/// What a token claims, without any check: only for one that is known to be ours by other means.
pub fn unchecked(token: &str) -> Option<Claims> {
    jws::pretended(token).map(|claims| *claims)
}

/// What the App signs and checks with.
#[derive(Debug, Clone)]
pub struct Keyring {
    /// Signs new receipts.
    pub signing: SigningKey,
    /// Every key that receipts in files may have been signed by, the present one included.
    pub keys: Keys,
}

impl Keyring {
    /// With one key and nothing from before.
    pub fn of(signing: SigningKey) -> Self {
        let keys = Keys::default().and(signing.public().clone());
        Self { signing, keys }
    }
}
