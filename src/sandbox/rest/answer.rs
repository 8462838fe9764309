//! Answers and refusals in GitHub's form.

use super::super::state::Refused;
use serde_json::{Value, json};

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Body,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

/// An answer's body.
#[derive(Debug)]
pub enum Body {
    /// No body.
    Empty,
    /// JSON.
    Json(Value),
    /// Bytes of another media type.
    Raw(&'static str, Vec<u8>),
}

impl Answer {
    /// 200 with JSON.
    pub fn ok(value: Value) -> Self {
        Self::json(200, value)
    }

    /// JSON with a status.
    pub fn json(status: u16, value: Value) -> Self {
        Self {
            status,
            body: Body::Json(value),
            headers: Vec::new(),
        }
    }

    /// No content.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            body: Body::Empty,
            headers: Vec::new(),
        }
    }
}

/// A refusal in GitHub's JSON form.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `message`.
    pub message: String,
    /// `errors`, if any.
    pub errors: Option<Value>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A refusal with a message.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            errors: None,
            headers: Vec::new(),
        }
    }

    /// What GitHub says for everything that is not there or not to be seen.
    pub fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// 422 with one entry in `errors`.
    pub fn invalid(resource: &str, field: &str, problem: &str) -> Self {
        let mut refusal = Self::new(422, "Validation Failed");
        refusal.errors = Some(json!([
            {"resource": resource, "field": field, "code": "custom", "message": problem}
        ]));
        refusal
    }

    /// 422 for a body that does not fit the schema, with the text GitHub's request validation gives.
    pub fn unfit(problem: &str) -> Self {
        Self::new(422, format!("Invalid request.\n\n{problem}"))
    }

    /// As an answer.
    pub fn into_answer(self) -> Answer {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        Answer {
            status: self.status,
            body: Body::Json(body),
            headers: self.headers,
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::new(422, refused.0)
    }
}
