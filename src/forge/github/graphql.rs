//! GraphQL: answers of status 200 that may still be errors, wholly or in part.

use super::super::ForgeError;
use super::auth::Purpose;
use super::transport::Request;
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
        self.query(purpose, pr, query, variables, passes)
            .await?
            .0
            .ok_or_else(|| {
                ForgeError::Unavailable(
                    "GraphQL: neither data nor an error in the answer".to_owned(),
                )
            })
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
        let (data, is_whole) = data.await?;
        Ok((data.unwrap_or_default(), is_whole))
    }

    /// The data, if no complaint is left that the caller does not let pass, and whether there was none at all.
    async fn query<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        pr: &PullRequest,
        query: &str,
        variables: serde_json::Value,
        passes: impl Fn(&Complaint) -> bool,
    ) -> Result<(Option<T>, bool), ForgeError> {
        let request = Request::graphql(query, variables);
        let answer = self.call_for(purpose, pr, &request).await?;
        let envelope: Envelope<T> = error::json(&request, &answer)?;
        let complaints = envelope.errors.unwrap_or_default();
        if let Some(serious) = complaints.iter().find(|c| !passes(c)) {
            return Err(serious.classified(error::wait(&answer.headers, self.auth.now())));
        }
        for passed in &complaints {
            let error = passed.classified(0);
            tracing::debug!(%pr, %error, "left out of an answer");
        }
        Ok((envelope.data, complaints.is_empty()))
    }
}

impl Complaint {
    fn is_absence(&self, optional: fn(&str) -> bool) -> bool {
        let field = self.path.as_ref().and_then(|path| path.last()?.as_str());
        self.kind.as_deref() == Some("NOT_FOUND") && field.is_some_and(optional)
    }

    /// GitHub does not show it, or does not have it.
    fn is_reticence(&self) -> bool {
        let refused = self.classified(0);
        matches!(
            refused,
            ForgeError::NotFound(_) | ForgeError::Forbidden(_) | ForgeError::Refused(_)
        )
    }

    fn classified(&self, wait: u64) -> ForgeError {
        let said = error::clipped(self.message.as_deref().unwrap_or("no message"));
        let kind = self.kind.as_deref().unwrap_or_default();
        let message = format!("GraphQL: {said} {kind}").trim_end().to_owned();
        let unfit = self.extensions.as_ref().is_some_and(|e| e.code.is_some());
        match kind {
            "STALE_DATA" => ForgeError::StaleHead(message),
            _ if said.contains("Expected branch to point to") => ForgeError::StaleHead(message),
            "NOT_FOUND" => ForgeError::NotFound(message),
            "RATE_LIMITED" | "RATE_LIMIT" => ForgeError::RateLimited {
                retry_after: wait,
                message,
            },
            _ if error::speaks_of_limits(&said) => ForgeError::RateLimited {
                retry_after: wait,
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
