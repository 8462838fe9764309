//! Changes to the gate's own files: who answers for them, and who objects.

use super::Work;
use crate::bot::evaluate;
use crate::bot::gate_files;
use crate::engine::vote::Vote;
use std::collections::BTreeMap;

impl Work<'_> {
    /// Accounts whose rights decide whether somebody answers for a change to the gate.
    pub(super) fn answerable_for_gate(&self) -> BTreeMap<u64, String> {
        let Some(gate) = &self.gate else {
            return BTreeMap::new();
        };
        let votes = self.votes_of(gate_files::KEY);
        let mut accounts = evaluate::voters_to_ask(&votes, &[], &gate.hashes());
        let author = self.snapshot.author.as_ref();
        accounts.extend(author.map(|author| (author.id, author.login.clone())));
        accounts
    }

    /// Whether the pull request changes the gate without anybody with maintain who answers for that: its author, or
    /// one who voted READY on these very files and whose vote counts. By the rights asked so far.
    pub fn gate_is_unanswered(&self) -> bool {
        let Some(gate) = &self.gate else {
            return false;
        };
        let maintains = |account: u64| self.rights.get(&account).is_some_and(|r| r.maintain);
        let by_author = self
            .snapshot
            .author
            .as_ref()
            .is_some_and(|a| maintains(a.id));
        let votes = self.votes_of(gate_files::KEY);
        let mut ready = evaluate::ready_accounts(&votes, &gate.hashes());
        !by_author && !ready.any(|account| maintains(account) && self.may_vote(account))
    }

    /// Whether a vote of that account counts, by the rights asked so far.
    fn may_vote(&self, account: u64) -> bool {
        let permissions = &self.ground.config.permissions;
        permissions.may_vote(self.rights.get(&account))
    }

    /// Logins of people who may vote and object to the change to the gate as it stands: their newest vote on these very
    /// files is CHANGES or REJECT. By the rights asked so far.
    pub fn gate_objectors(&self) -> Vec<&str> {
        let Some(gate) = &self.gate else {
            return Vec::new();
        };
        let author = self.snapshot.author.as_ref().map(|author| author.id);
        let may_vote = |account: u64| {
            let is_barred = author == Some(account) && !self.ground.config.gate.author_may_vote;
            !is_barred && self.may_vote(account)
        };
        let votes = self.votes_of(gate_files::KEY);
        let objects = |vote: &str| matches!(Vote::parse(vote), Some(Vote::Changes | Vote::Reject));
        let newest = evaluate::newest(&votes, &gate.hashes()).into_iter();
        newest
            .filter(|vote| vote.void.is_none() && objects(&vote.vote))
            .filter(|vote| evaluate::is_about(vote, &gate.hashes()) && may_vote(vote.account))
            .map(|vote| vote.login.as_str())
            .collect()
    }
}
