//! What people do to a discussion other than by votes: hold, release, pause, resume, override, and what they say about
//! its concerns and questions.

mod answering;
mod concerns;
mod holding;
mod noted;
mod overriding;
mod record;
mod resolving;

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, Role};
use std::sync::Arc;

/// A pull request by rob that ann has made green. Tim may triage; joe may write.
pub(crate) async fn green(model: &Arc<Scripted>, config: &str) -> (Rig, u64) {
    let rig = Rig::scripted(model, config).await;
    for (login, role) in [("tim", Role::Triage), ("joe", Role::Write)] {
        rig.sandbox
            .add_collaborator(DEMO_REPO, login, role)
            .unwrap();
    }
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    (rig, number)
}

impl Rig {
    /// The newest reply of the App to one more comment; empty: it said nothing new.
    pub(crate) async fn told(&self, login: &str, number: u64, line: &str) -> String {
        let before = self.replies(number).len();
        self.say(login, number, line).await;
        let mut replies = self.replies(number);
        match replies.len() > before {
            true => replies.pop().unwrap_or_default(),
            false => String::new(),
        }
    }

    /// First digits of the text as the check shows them.
    pub(crate) fn text_of(&self, number: u64) -> String {
        let summary = self.summary(number);
        let (_, rest) = summary.split_once("text `").unwrap();
        rest.split('`').next().unwrap().to_owned()
    }
}
