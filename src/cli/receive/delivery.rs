//! A delivery as somebody saved it.

use crate::cli::Failure;
use crate::engine::definition::choose;
use crate::forge::event::{self, Event, HANDLED_EVENTS};
use crate::store::Delivery;
use crate::workspace;
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

/// Largest body that GitHub sends, bytes; the server takes none that is larger.
const MAX_BYTES: usize = 25 * 1024 * 1024;

/// A delivery that was read from a file.
pub(super) struct Saved {
    /// Its event's name.
    pub(super) name: String,
    /// What it says.
    pub(super) event: Event,
    body: Vec<u8>,
}

impl Saved {
    /// Reads a body as a delivery of that event.
    pub(super) fn read(path: &Path, name: &str) -> Result<Self, Failure> {
        let known: Vec<&str> = HANDLED_EVENTS.iter().map(|(name, _)| *name).collect();
        if !known.contains(&name) {
            let message = format!("the event `{name}` is not one this App handles");
            return Err(Failure::new("unknown-event", message).hint(choose(name, &known)));
        }
        let body = bytes(path)?;
        if body.len() > MAX_BYTES {
            let message = format!("the body has {} bytes, more than GitHub sends", body.len());
            return Err(Failure::new("too-large", message).at(path, None));
        }
        let json: Value = serde_json::from_slice(&body).map_err(|error| {
            let message = format!("this is not JSON: {error}");
            Failure::new("not-json", message)
                .at(path, Some(error.line().max(1)))
                .hint(
                    "Save the payload of the delivery, without its headers, from { to the last }.",
                )
        })?;
        refuse_other_documents(&json, name, path)?;
        Ok(Self {
            event: event::read(name, &body),
            name: name.to_owned(),
            body,
        })
    }

    /// The App whose check this is about, if it is about one.
    pub(super) fn app_of_check(&self) -> Option<u64> {
        match &self.event {
            Event::CheckRun(event) => event.app,
            Event::CheckSuite(event) => event.app,
            _ => None,
        }
    }

    /// As the store keeps it.
    pub(super) fn into_delivery(self, guid: &str) -> Delivery {
        Delivery {
            guid: guid.to_owned(),
            event: self.name,
            body: self.body,
        }
    }
}

/// The bytes of a file, or of standard input where the path is `-`.
fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path != Path::new("-") {
        return Ok(workspace::read(path)?);
    }
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    std::io::stdin()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new("file", format!("cannot read standard input: {error}")))?;
    Ok(bytes)
}

/// A body of another event, or the whole delivery as the REST API gives it.
fn refuse_other_documents(json: &Value, name: &str, path: &Path) -> Result<(), Failure> {
    let refused = |message: String, hint: String| {
        Err(Failure::new("other-event", message)
            .at(path, None)
            .hint(hint))
    };
    if !json.is_object() {
        let message = "this is JSON, and no payload: those are objects".to_owned();
        return refused(message, "Save the payload of the delivery.".to_owned());
    }
    if json.pointer("/request/payload").is_some() {
        return refused(
            "this is the delivery with its headers and answer; only its payload is read".to_owned(),
            format!(
                "Take it out: jq .request.payload {} > payload.json",
                path.display()
            ),
        );
    }
    match event::likely_event(json) {
        Some(likely) if likely != name => refused(
            format!("this looks like the body of `{likely}`, not of `{name}`"),
            format!("Run it with --event {likely}, or name the file that belongs to `{name}`."),
        ),
        _ => Ok(()),
    }
}
