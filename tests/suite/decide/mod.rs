//! The deciding and the writing half of the engine: verdicts, phases, templates, subjects, edits, replies, speakers.

mod edits;
mod hostile;
mod inert;
mod late;
mod phases;
mod replies;
mod speakers;
mod subjects;
mod templates;
mod truth;
mod values;
mod verdicts;
