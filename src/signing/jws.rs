//! Tokens: compact JWS over the claims, `EdDSA` and nothing else.

use super::{KeyError, Keys};
use crate::engine::receipt::{Claims, Kind, Unverified, VERSION};
use crate::engine::vote::Vote;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, dangerous};
use serde::{Deserialize, Serialize};

/// Longest token that is looked at, bytes: a receipt has well under two thousand.
const MAX_TOKEN: usize = 8_192;

/// Claims as they stand in a token. The order is that of writing; unknown and missing members are refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u64,
    rid: u64,
    repo: String,
    pr: u64,
    did: String,
    path: String,
    seq: u64,
    prev: String,
    kind: String,
    who: String,
    vote: Option<String>,
    subject: String,
    block: String,
    model: String,
    persona: String,
    job: String,
    iat: u64,
}

impl Wire {
    fn of(claims: &Claims) -> Self {
        let claims = claims.clone();
        Self {
            v: VERSION,
            rid: claims.rid,
            repo: claims.repo,
            pr: claims.pr,
            did: claims.did,
            path: claims.path,
            seq: claims.seq,
            prev: claims.prev,
            kind: claims.kind.as_str().to_owned(),
            who: claims.who,
            vote: claims.vote.map(|vote| vote.as_str().to_owned()),
            subject: claims.subject,
            block: claims.block,
            model: claims.model,
            persona: claims.persona,
            job: claims.job,
            iat: claims.iat,
        }
    }

    /// Exactly what [`Wire::of`] writes reads back; anything else is refused.
    fn read(self) -> Option<Claims> {
        let kind = Kind::parse(&self.kind)?;
        let vote = match self.vote {
            None => None,
            Some(word) => Some(Vote::parse(&word).filter(|vote| vote.as_str() == word)?),
        };
        (self.v == VERSION && self.seq > 0).then_some(Claims {
            rid: self.rid,
            repo: self.repo,
            pr: self.pr,
            did: self.did,
            path: self.path,
            seq: self.seq,
            prev: self.prev,
            kind,
            who: self.who,
            vote,
            subject: self.subject,
            block: self.block,
            model: self.model,
            persona: self.persona,
            job: self.job,
            iat: self.iat,
        })
    }
}

pub(super) fn sign(key: &EncodingKey, kid: &str, claims: &Claims) -> Result<String, KeyError> {
    let header = Header {
        typ: None,
        kid: Some(kid.to_owned()),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(&header, &Wire::of(claims), key)
        .map_err(|error| KeyError::NotSigned(error.to_string()))
}

pub(super) fn check(keys: &Keys, token: &str) -> Result<Claims, Unverified> {
    let malformed = |why: &str| Unverified::Malformed(why.to_owned());
    if token.len() > MAX_TOKEN {
        return Err(malformed("the token is longer than any of ours"));
    }
    let header = jsonwebtoken::decode_header(token)
        .map_err(|_| malformed("the head of the token does not read"))?;
    let kid = header
        .kid
        .ok_or_else(|| malformed("the token names no key"))?;
    let key = keys.0.get(&kid).ok_or(Unverified::UnknownKey(kid))?;
    // The key decides the algorithm, never the token: a head with another one was not signed by us.
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoding = DecodingKey::from_ed_der(&key.x);
    let Ok(decoded) = jsonwebtoken::decode::<Wire>(token, &decoding, &validation) else {
        return Err(Unverified::BadSignature(pretended(token)));
    };
    let claims = decoded
        .claims
        .read()
        .ok_or(Unverified::BadSignature(None))?;
    match key.revoked_at {
        Some(from) if claims.iat >= from => Err(Unverified::RevokedKey(key.kid.clone())),
        _ => Ok(claims),
    }
}

/// What a token with a false signature would claim, or one whose key is not to be believed.
pub(super) fn pretended(token: &str) -> Option<Box<Claims>> {
    let claims = dangerous::insecure_decode::<Wire>(token).ok()?.claims;
    claims.read().map(Box::new)
}
