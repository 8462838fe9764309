//! Signatures of deliveries: HMAC-SHA256 over the raw bytes, in `X-Hub-Signature-256`.
//!
//! Facts: <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

const PREFIX: &str = "sha256=";
const DIGITS: usize = 64;

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not `sha256=` and 64 lower-case hex digits.
    #[error("X-Hub-Signature-256 is not `sha256=` followed by 64 lower-case hex digits")]
    Malformed,
    /// No current secret gives this signature over these bytes.
    #[error(
        "the signature fits none of the webhook secrets; set the App's webhook secret on GitHub to one in WEBHOOK_SECRET"
    )]
    Mismatch,
}

/// Checks `header` against the raw bytes with each current secret (several while one is being replaced), comparing in
/// constant time. No secret: nothing is believed.
pub fn verify(secrets: &[SecretString], header: &str, body: &[u8]) -> Result<(), SignatureError> {
    let signature = decode(header).ok_or(SignatureError::Malformed)?;
    let fits = |secret: &SecretString| {
        mac(secret, body).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    };
    match secrets.iter().any(fits) {
        true => Ok(()),
        false => Err(SignatureError::Mismatch),
    }
}

/// The header value GitHub would send for these bytes: for the sandbox, replays and tests.
pub fn sign(secret: &SecretString, body: &[u8]) -> String {
    let digest = mac(secret, body).map(|mac| mac.finalize().into_bytes());
    format!("{PREFIX}{}", hex::encode(digest.unwrap_or_default()))
}

fn decode(header: &str) -> Option<[u8; DIGITS / 2]> {
    let digits = header.strip_prefix(PREFIX)?;
    let exact = digits.len() == DIGITS
        && digits
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; DIGITS / 2];
    (exact && hex::decode_to_slice(digits, &mut bytes).is_ok()).then_some(bytes)
}

/// `None` never happens: HMAC takes keys of any length.
fn mac(secret: &SecretString, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn githubs_documented_vector() {
        let documented = secret("It's a Secret to Everybody");
        assert_eq!(sign(&documented, b"Hello, World!"), DOCUMENTED);
        let rotating = [secret("the next secret, not used yet"), documented];
        assert_eq!(verify(&rotating, DOCUMENTED, b"Hello, World!"), Ok(()));
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(verify(&rotating, DOCUMENTED, b"Hello, World"), mismatch);
        assert_eq!(
            verify(&rotating[..1], DOCUMENTED, b"Hello, World!"),
            mismatch
        );
        assert_eq!(verify(&[], DOCUMENTED, b"Hello, World!"), mismatch);
    }

    #[test]
    fn only_the_exact_form_is_read() {
        let secrets = [secret("It's a Secret to Everybody")];
        let digits = &DOCUMENTED[7..];
        for header in [
            String::new(),
            digits.to_owned(),
            format!("sha1={digits}"),
            format!("sha256={}", &digits[1..]),
            format!("sha256={digits}0"),
            format!("sha256= {digits}"),
            format!("sha256={digits} "),
            format!("SHA256={digits}"),
            format!("sha256={}", digits.to_uppercase()),
            format!("sha256={}é", &digits[2..]),
        ] {
            assert_eq!(
                verify(&secrets, &header, b"Hello, World!"),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
    }
}
