//! A throw-away RSA key for the App, made when needed so that none lies in the repository.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// An RSA key pair in PEM.
#[derive(Clone)]
pub struct AppKey {
    /// PKCS#8 private key, as `PRIVATE_KEY` takes it.
    pub private_pem: String,
    /// Public key, as [`super::SandboxOptions::app_public_key`] takes it.
    pub public_pem: String,
}

impl AppKey {
    /// Makes a key of 2,048 bits.
    ///
    /// # Errors
    /// If the machine has no randomness; the text says so.
    pub fn generate() -> Result<Self, String> {
        let failed = |_| "cannot make an RSA key".to_owned();
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
        let private = pair.as_der().map_err(failed)?;
        let public = pair.public_key().as_der().map_err(failed)?;
        Ok(Self {
            private_pem: pem("PRIVATE KEY", private.as_ref()),
            public_pem: pem("PUBLIC KEY", public.as_ref()),
        })
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in encoded.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
