//! GraphQL: answers of status 200 that may still be errors, wholly or in part.

use super::super::{Blocked, ForgeError};
use super::auth::Purpose;
use super::transport::{Answer, Request};
use super::{GitHub, error};
use crate::ids::PullRequest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Envelope<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Option<Vec<Complaint>>,
}

/// An answer without a complaint that matters.
struct Found<T> {
    data: Option<T>,
    /// There was no complaint at all.
    is_whole: bool,
    /// What the token lacked that was asked with.
    lacks: Option<Blocked>,
}

impl<T> Found<T> {
    fn data(self) -> Result<T, ForgeError> {
        let neither = || {
            let what = "GraphQL: neither data nor an error in the answer";
            ForgeError::Unavailable(what.to_owned())
        };
        self.data.ok_or_else(neither)
    }
}

#[derive(Deserialize)]
struct Complaint {
    message: Option<String>,
    /// `NOT_FOUND`, `STALE_DATA`, ...; missing when GitHub itself failed.
    #[serde(rename = "type")]
    kind: Option<String>,
    path: Option<Vec<serde_json::Value>>,
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    /// Set for queries that do not fit the schema.
    code: Option<String>,
}

impl GitHub {
    /// Runs a query. Partial data is used only if all that is missing are things that may be absent: a `NOT_FOUND` at
    /// a field for which `optional` holds. Every other error fails the whole query.
    pub(super) async fn graphql<T: DeserializeOwned>(
        &self,
        pr: &PullRequest,
        query: &str,
        variables: serde_json::Value,
        optional: fn(&str) -> bool,
    ) -> Result<T, ForgeError> {
        self.graphql_for(Purpose::PullRequests, pr, query, variables, optional)
            .await
    }

    /// The same with a token for that purpose.
    pub(super) async fn graphql_for<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        pr: &PullRequest,
        query: &str,
        variables: serde_json::Value,
        optional: fn(&str) -> bool,
    ) -> Result<T, ForgeError> {
        let passes = |c: &Complaint| c.is_absence(optional);
        let found = self.query(purpose, pr, query, variables, passes);
        found.await?.data()
    }

    /// Runs a query as far as the installation grants it, and tells what it does not.
    pub(super) async fn graphql_as_granted<T: DeserializeOwned>(
        &self,
        pr: &PullRequest,
        query: &str,
        variables: serde_json::Value,
        optional: fn(&str) -> bool,
    ) -> Result<(T, Option<Blocked>), ForgeError> {
        let passes = |c: &Complaint| c.is_absence(optional);
        let found = self.query(Purpose::AsGranted, pr, query, variables, passes);
        let mut found = found.await?;
        let lacks = found.lacks.take();
        Ok((found.data()?, lacks))
    }

    /// Runs a query for what the App may read and this edition of GitHub knows: what is missing for either reason is
    /// left out, or all of it. `true`: nothing is missing.
    pub(super) async fn graphql_readable<T: DeserializeOwned + Default>(
        &self,
        pr: &PullRequest,
        query: &str,
        variables: serde_json::Value,
    ) -> Result<(T, bool), ForgeError> {
        let purpose = Purpose::PullRequests;
        let data = self.query(purpose, pr, query, variables, Complaint::is_reticence);
        let found = data.await?;
        Ok((found.data.unwrap_or_default(), found.is_whole))
    }

    /// The answer, if no complaint is left that the caller does not let pass.
    async fn query<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        pr: &PullRequest,
        query: &str,
        variables: serde_json::Value,
        passes: impl Fn(&Complaint) -> bool,
    ) -> Result<Found<T>, ForgeError> {
        let request = Request::graphql(query, variables);
        let answer = self.call_for(purpose, pr, &request).await?;
        let envelope: Envelope<T> = error::json(&request, &answer)?;
        if let Some(refusal) = envelope.refusal(&answer, &passes) {
            let refusal = match refusal {
                // Told with a status that says nothing of it.
                ForgeError::RateLimited { message, .. } => ForgeError::RateLimited {
                    retry_after: self.transport.limited(pr.installation, &request, &answer),
                    message,
                },
                refusal => refusal,
            };
            return Err(self.understood(pr, purpose, refusal).await);
        }
        let complaints = envelope.errors.unwrap_or_default();
        for passed in &complaints {
            let error = passed.classified();
            tracing::debug!(%pr, %error, "left out of an answer");
        }
        Ok(Found {
            data: envelope.data,
            is_whole: complaints.is_empty(),
            lacks: answer.lacks,
        })
    }
}

impl<T> Envelope<T> {
    /// The first complaint that the caller does not let pass.
    fn refusal(&self, answer: &Answer, passes: impl Fn(&Complaint) -> bool) -> Option<ForgeError> {
        let complaints = self.errors.as_deref().unwrap_or_default();
        let serious = complaints.iter().find(|complaint| !passes(complaint))?;
        Some(error::for_want_of(
            answer.lacks.clone(),
            serious.classified(),
        ))
    }
}

impl Complaint {
    fn is_absence(&self, optional: fn(&str) -> bool) -> bool {
        let field = self.path.as_ref().and_then(|path| path.last()?.as_str());
        self.kind.as_deref() == Some("NOT_FOUND") && field.is_some_and(optional)
    }

    /// GitHub does not show it, or does not have it.
    fn is_reticence(&self) -> bool {
        let refused = self.classified();
        matches!(
            refused,
            ForgeError::NotFound(_) | ForgeError::Forbidden(_) | ForgeError::Refused(_)
        )
    }

    fn classified(&self) -> ForgeError {
        let said = error::clipped(self.message.as_deref().unwrap_or("no message"));
        let kind = self.kind.as_deref().unwrap_or_default();
        let message = format!("GraphQL: {said} {kind}").trim_end().to_owned();
        let unfit = self.extensions.as_ref().is_some_and(|e| e.code.is_some());
        match kind {
            "STALE_DATA" => ForgeError::StaleHead(message),
            _ if said.contains("Expected branch to point to") => ForgeError::StaleHead(message),
            "NOT_FOUND" => ForgeError::NotFound(message),
            "RATE_LIMITED" | "RATE_LIMIT" => ForgeError::RateLimited {
                retry_after: error::UNTOLD,
                message,
            },
            _ if error::speaks_of_limits(&said) => ForgeError::RateLimited {
                retry_after: error::UNTOLD,
                message,
            },
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => ForgeError::Forbidden(message),
            "SERVICE_UNAVAILABLE" | "INTERNAL" => ForgeError::Unavailable(message),
            _ if error::speaks_of_rules(&said) => ForgeError::Refused(message),
            "" if !unfit => ForgeError::Unavailable(message),
            _ => ForgeError::Refused(message),
        }
    }
}
