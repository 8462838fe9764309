//! A throw-away RSA key, made once for the whole test binary.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::OnceLock;

/// One key in the forms GitHub and operators use.
pub(crate) struct Rsa {
    /// PEM, `BEGIN PRIVATE KEY`.
    pub(crate) pkcs8: String,
    /// PEM, `BEGIN RSA PRIVATE KEY`, as GitHub gives it.
    pub(crate) pkcs1: String,
    /// Public half, DER of PKCS#1, to check signatures with.
    pub(crate) public: Vec<u8>,
}

/// Bytes of a PKCS#8 document before the PKCS#1 key in it, for keys of 2,048 bits.
const PKCS8_HEAD: usize = 26;

pub(crate) fn rsa() -> &'static Rsa {
    static KEY: OnceLock<Rsa> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let document = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let der = document.as_ref();
        Rsa {
            pkcs8: pem("PRIVATE KEY", der),
            pkcs1: pem("RSA PRIVATE KEY", &der[PKCS8_HEAD..]),
            public: pair.public_key().as_ref().to_vec(),
        }
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
