//! From GitHub to the queue: settings, manifest, what deliveries mean, and what the door does with hostile ones.

mod door;
mod events;
mod hostile;
mod intake;
mod manifest;
mod octokit;
mod settings;
