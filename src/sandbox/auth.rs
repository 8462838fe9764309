//! Who calls: the App by its signed JWT, an installation by its token.

use super::accounts::{Access, Permissions, Token};
use super::rest::Refusal;
use super::state::{Time, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// The longest life GitHub allows a JWT, counted from now.
const JWT_AHEAD: i64 = 600;
/// Life of an installation token.
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
/// A token can be narrowed to at most so many repositories.
const NARROWED_REPOSITORIES: usize = 500;

/// Who sent a request.
#[derive(Debug, Clone)]
pub enum Caller {
    /// No credentials.
    Nobody,
    /// The App itself, by JWT.
    App,
    /// An installation, by token.
    Installation(Token),
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: Value,
    iat: Option<i64>,
    exp: Option<i64>,
}

/// The installation whose token stands in the `Authorization` header, good or not.
pub fn installation(world: &World, authorization: Option<&str>) -> Option<u64> {
    let (_, credential) = authorization?.split_once(' ')?;
    let token = world.tokens.get(credential.trim())?;
    Some(token.installation)
}

/// Reads the `Authorization` header; `bearer` and `token` mean the same to GitHub.
pub fn caller(world: &World, authorization: Option<&str>) -> Result<Caller, Refusal> {
    let Some(header) = authorization else {
        return Ok(Caller::Nobody);
    };
    let credential = header
        .split_once(' ')
        .filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
        })
        .map(|(_, credential)| credential.trim())
        .ok_or_else(bad_credentials)?;
    if let Some(token) = world.tokens.get(credential) {
        let suspended = world
            .installations
            .get(&token.installation)
            .is_none_or(|installation| installation.suspended_at.is_some());
        if token.expires_at <= world.now() || suspended {
            return Err(bad_credentials());
        }
        return Ok(Caller::Installation(token.clone()));
    }
    if credential.starts_with("ghs_") || credential.matches('.').count() != 2 {
        return Err(bad_credentials());
    }
    check_jwt(world, credential).map(|()| Caller::App)
}

fn check_jwt(world: &World, jwt: &str) -> Result<(), Refusal> {
    let undecodable = || Refusal::new(401, "A JSON web token could not be decoded");
    let app = world.app().ok_or_else(undecodable)?;
    let pem = app.public_key.as_deref().ok_or_else(undecodable)?;
    let key = DecodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| undecodable())?;
    if decode_header(jwt).map_err(|_| undecodable())?.alg != Algorithm::RS256 {
        return Err(undecodable());
    }
    // Times are judged by the sandbox's clock below.
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = decode::<Claims>(jwt, &key, &validation)
        .map_err(|_| undecodable())?
        .claims;
    let issuer = claims
        .iss
        .as_str()
        .map_or_else(|| claims.iss.to_string(), str::to_owned);
    if issuer != app.id.to_string() && issuer != format!("Iv23li{:014}", app.id) {
        return Err(Refusal::new(404, "Integration not found"));
    }
    check_times(claims.iat, claims.exp, world.now())
}

fn check_times(iat: Option<i64>, exp: Option<i64>, now: Time) -> Result<(), Refusal> {
    let now = now.timestamp();
    let Some(exp) = exp.filter(|exp| *exp > now) else {
        return Err(Refusal::new(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    };
    if exp > now + JWT_AHEAD {
        return Err(Refusal::new(
            401,
            "'Expiration time' claim ('exp') is too far in the future",
        ));
    }
    if iat.is_none_or(|iat| iat > now) {
        return Err(Refusal::new(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    Ok(())
}

/// GitHub's answer to credentials it does not know.
pub fn bad_credentials() -> Refusal {
    Refusal::new(401, "Bad credentials")
}

/// Makes a token for an installation, narrowed as the request body asks.
pub fn mint(
    world: &mut World,
    installation: u64,
    body: &Value,
) -> Result<(String, Token), Refusal> {
    let found = world
        .installations
        .get(&installation)
        .ok_or_else(Refusal::not_found)?;
    if found.suspended_at.is_some() {
        return Err(Refusal::new(403, "This installation has been suspended"));
    }
    let permissions = narrowed_permissions(&found.permissions, &body["permissions"])?;
    let (account, selected) = (found.account, found.selected.clone());
    let reachable = |id: &u64| {
        world
            .repos
            .get(id)
            .is_some_and(|repo| repo.owner == account)
            && selected.as_ref().is_none_or(|ids| ids.contains(id))
    };
    let wanted = wanted_repositories(world, account, body)?;
    if let Some(wanted) = &wanted
        && (wanted.len() > NARROWED_REPOSITORIES || !wanted.iter().all(reachable))
    {
        return Err(Refusal::new(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        ));
    }
    let token = Token {
        installation,
        repositories: wanted,
        permissions,
        expires_at: world.now() + TOKEN_LIFE,
    };
    let text = token_text(world.own_app)?;
    world.tokens.insert(text.clone(), token.clone());
    Ok((text, token))
}

fn narrowed_permissions(granted: &Permissions, wanted: &Value) -> Result<Permissions, Refusal> {
    let Some(wanted) = wanted.as_object() else {
        return Ok(granted.clone());
    };
    let mut narrowed = Permissions::new();
    for (name, level) in wanted {
        let level = level.as_str().and_then(Access::parse);
        match level {
            Some(level) if granted.get(name) >= Some(&level) => {
                narrowed.insert(name.clone(), level)
            }
            _ => {
                return Err(Refusal::new(
                    422,
                    "The permissions requested are not granted to this installation.",
                ));
            }
        };
    }
    // Metadata comes along with every other permission.
    if granted.contains_key("metadata") {
        narrowed
            .entry("metadata".to_owned())
            .or_insert(Access::Read);
    }
    Ok(narrowed)
}

fn wanted_repositories(
    world: &World,
    account: u64,
    body: &Value,
) -> Result<Option<BTreeSet<u64>>, Refusal> {
    let unreadable = || {
        Refusal::new(
            422,
            "Invalid request.\n\nrepositories must be names, repository_ids numbers.",
        )
    };
    let mut wanted = BTreeSet::new();
    if let Some(ids) = body["repository_ids"].as_array() {
        for id in ids {
            wanted.insert(id.as_u64().ok_or_else(unreadable)?);
        }
    }
    if let Some(names) = body["repositories"].as_array() {
        for name in names {
            let name = name.as_str().ok_or_else(unreadable)?;
            let owner = world.login(account).unwrap_or_default();
            // An unknown name becomes an id nobody has, which the caller refuses.
            wanted.insert(world.repo_named(owner, name).map_or(0, |repo| repo.id));
        }
    }
    let narrowed = body["repository_ids"].is_array() || body["repositories"].is_array();
    Ok(narrowed.then_some(wanted))
}

/// A token as GitHub makes them since 2026: `ghs_<app id>_` and a JWT, some 520 characters with dots.
fn token_text(app: u64) -> Result<String, Refusal> {
    let part = |length: usize| {
        let mut bytes = vec![0_u8; length];
        aws_lc_rs::rand::fill(&mut bytes)
            .map(|()| URL_SAFE_NO_PAD.encode(&bytes))
            .map_err(|_| Refusal::new(500, "no randomness"))
    };
    Ok(format!(
        "ghs_{app}_{}.{}.{}",
        part(27)?,
        part(96)?,
        part(256)?
    ))
}

impl Token {
    /// Whether the token reaches that repository.
    pub fn reaches(&self, world: &World, repo: u64) -> bool {
        let Some(installation) = world.installations.get(&self.installation) else {
            return false;
        };
        let covered = world
            .repos
            .get(&repo)
            .is_some_and(|repo| repo.owner == installation.account)
            && installation
                .selected
                .as_ref()
                .is_none_or(|ids| ids.contains(&repo));
        covered
            && self
                .repositories
                .as_ref()
                .is_none_or(|ids| ids.contains(&repo))
    }

    /// Whether the token carries that permission at that level.
    pub fn permits(&self, permission: &str, access: Access) -> bool {
        self.permissions.get(permission) >= Some(&access)
    }
}
