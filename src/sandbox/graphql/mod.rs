//! The GraphQL endpoint: a document is validated against the part of GitHub's schema we answer, then executed.

mod connection;
mod execute;
mod minimize;
mod mutation;
mod node;
mod objects;
mod pulls;
mod queue;
mod resolve;
mod rules;
mod schema;
mod threads;
mod validate;

pub use schema::Schema;

use super::accounts::Token;
use super::state::World;
use graphql_parser::query::{Definition, Document, OperationDefinition, parse_query};
use serde_json::{Map, Value, json};

/// What a resolver works with.
pub(super) struct Context<'a> {
    /// The world.
    pub world: &'a mut World,
    /// Token of the request.
    pub token: Token,
    /// Id of the request.
    pub request: String,
}

/// An error of one field, with GitHub's `type`.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    /// `NOT_FOUND`, `FORBIDDEN`, `STALE_DATA`, ...
    pub kind: &'static str,
    /// `message`.
    pub message: String,
}

impl Problem {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    fn forbidden() -> Self {
        Self::new("FORBIDDEN", "Resource not accessible by integration")
    }
}

/// Name of the operation a request body asks for, and whether it is a mutation.
pub(super) fn operation(body: &Value) -> Option<(String, bool)> {
    let document = parse_query::<String>(body["query"].as_str()?)
        .ok()?
        .into_static();
    let wanted = body["operationName"].as_str();
    let found = choose(&document, wanted)?;
    let (name, mutation) = match found {
        OperationDefinition::Mutation(mutation) => (mutation.name.clone(), true),
        OperationDefinition::Query(query) => (query.name.clone(), false),
        _ => (None, false),
    };
    Some((name.unwrap_or_else(|| "anonymous".to_owned()), mutation))
}

fn choose<'d>(
    document: &'d Document<'static, String>,
    wanted: Option<&str>,
) -> Option<&'d OperationDefinition<'static, String>> {
    let mut operations = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            Definition::Operation(operation) => Some(operation),
            Definition::Fragment(_) => None,
        });
    match wanted {
        None => {
            let first = operations.next();
            if operations.next().is_some() {
                None
            } else {
                first
            }
        }
        Some(name) => operations.find(|operation| match operation {
            OperationDefinition::Query(query) => query.name.as_deref() == Some(name),
            OperationDefinition::Mutation(mutation) => mutation.name.as_deref() == Some(name),
            _ => false,
        }),
    }
}

/// Answers one request body. GraphQL failures are status 200 with `errors`.
pub(super) fn answer(context: &mut Context<'_>, schema: &Schema, body: &Value) -> Value {
    let Some(text) = body["query"].as_str() else {
        return failure("A query attribute must be specified and must be a string.");
    };
    let document = match parse_query::<String>(text) {
        Ok(document) => document.into_static(),
        Err(error) => return failure(&format!("Parse error: {error}")),
    };
    let Some(operation) = choose(&document, body["operationName"].as_str()) else {
        return failure("An operation name is required");
    };
    let provided = body["variables"].as_object().cloned().unwrap_or_default();
    let request = match validate::Validated::new(schema, &document, operation, provided) {
        Ok(request) => request,
        Err(errors) => return json!({"errors": errors}),
    };
    let (data, errors) = execute::run(context, schema, &request);
    let mut answer = Map::new();
    answer.insert("data".to_owned(), data);
    if !errors.is_empty() {
        answer.insert("errors".to_owned(), Value::Array(errors));
    }
    Value::Object(answer)
}

fn failure(message: &str) -> Value {
    json!({"errors": [{"message": message}]})
}
