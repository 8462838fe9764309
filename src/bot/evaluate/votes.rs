//! Everybody's vote on one discussion, counted or not: one entry for each participant.

use super::text::SeenText;
use super::{Case, Circumstances};
use crate::bot::acts;
use crate::bot::check::{self, VoteView};
use crate::bot::models::CHECKLIST;
use crate::bot::votes::Hashes;
use crate::engine::block::Block;
use crate::engine::consensus;
use crate::engine::discussion::Discussion;
use crate::engine::marker::BlockVote;
use crate::engine::vote::{NotCounted, Vote, VoteEntry, VoterKind};
use crate::ids::Alias;
use crate::store::{BlockRecord, BlockState, HumanVote, VoteElsewhere};
use std::collections::{BTreeMap, BTreeSet};

/// All votes of one discussion.
pub(super) struct Votes {
    /// As shown.
    pub views: Vec<VoteView>,
    /// Counted votes of personas on the current subject.
    pub fresh: BTreeMap<Alias, Vote>,
    /// Counted votes of people.
    pub people: Vec<HumanVote>,
    /// Personas whose newest vote is on another subject.
    pub stale: BTreeSet<Alias>,
    /// Personas whose vote on the current subject does not count for want of a model.
    pub without_model: BTreeSet<Alias>,
    /// Personas that contradicted themselves too often on the current subject: they owe no vote on it any more.
    pub disputed: BTreeSet<Alias>,
}

/// Collects them: personas by the record, people by the record, then what is only typed.
pub(super) fn collect(
    around: &Circumstances<'_>,
    case: &Case<'_>,
    discussion: &Discussion,
    seen: &SeenText,
    panel: &[Alias],
) -> Votes {
    let mut votes = Votes {
        views: Vec::new(),
        fresh: BTreeMap::new(),
        people: Vec::new(),
        stale: BTreeSet::new(),
        without_model: BTreeSet::new(),
        disputed: BTreeSet::new(),
    };
    for (alias, index) in newest_of_personas(case.blocks, seen) {
        votes.persona(around, case.blocks, discussion, seen, alias, index);
    }
    for view in &mut votes.views {
        note_asked_again(case, seen, view);
    }
    // A persona that somebody asked besides the panel may object and not approve.
    let is_on_panel = |name: &str| panel.iter().any(|alias| alias.as_str() == name);
    for view in &mut votes.views {
        view.entry.leave_to_panel(&is_on_panel);
    }
    for word in last_words(case.votes, case.elsewhere, &seen.hashes()) {
        let view = of_person(around, case, seen, &word);
        if view.entry.counted().is_some() {
            votes.people.push(word.vote.clone());
        }
        votes.views.push(view);
    }
    votes.typed(case, discussion, seen);
    votes
}

/// Says of a persona's vote how often somebody had it asked again on this text, and who.
fn note_asked_again(case: &Case<'_>, seen: &SeenText, view: &mut VoteView) {
    let acts = case.acts.iter().copied();
    let alias = &view.entry.participant;
    let again = acts::asked_again(acts, alias, &seen.subject.to_string());
    if again.is_empty() {
        return;
    }
    let by: BTreeSet<&str> = again.iter().map(|act| act.login.as_str()).collect();
    let by = by.into_iter().collect::<Vec<_>>().join(", ");
    let times = check::counted(again.len(), "time", "times");
    let said = format!("asked again {times} on this text by {by}");
    view.note = Some(match view.note.take() {
        Some(note) => format!("{note}; {said}"),
        None => said,
    });
}

/// For each persona the recorded block that is its vote: the newest on the current subject, else the newest. A vote
/// stays with the text it was given on, so going back to an older text goes back to its votes.
fn newest_of_personas(records: &[&BlockRecord], seen: &SeenText) -> BTreeMap<Alias, usize> {
    let current = seen.subject.to_string();
    let mut newest: BTreeMap<Alias, usize> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        if !stands(records, seen, index) || record.vote.is_none() {
            continue;
        }
        let Some(alias) = Alias::parse(&record.alias) else {
            continue;
        };
        let is_current = record.subject == current;
        match newest.get(&alias) {
            Some(known) if records[*known].subject == current && !is_current => {}
            _ => {
                newest.insert(alias, index);
            }
        }
    }
    newest
}

/// Whether a recorded block was published: only then does it say anything.
fn stands(records: &[&BlockRecord], seen: &SeenText, index: usize) -> bool {
    records[index].state != BlockState::Pending || seen.place_of(index).is_some()
}

/// Everything a persona voted on the current subject with models that count, in the order it was recorded. Votes that
/// came back with an older text are among them: they were given on that very text.
fn votes_on_current(
    around: &Circumstances<'_>,
    records: &[&BlockRecord],
    seen: &SeenText,
    alias: &Alias,
) -> Vec<Vote> {
    let current = seen.subject.to_string();
    let given = (0..records.len()).filter(|index| {
        let record = records[*index];
        record.subject == current
            && record.alias == alias.as_str()
            && stands(records, seen, *index)
            && around.counts_answers_of(alias, &record.model)
    });
    given
        .filter_map(|index| Vote::parse(records[index].vote.as_deref()?))
        .collect()
}

/// What an account says last about a discussion.
struct Word<'a> {
    vote: &'a HumanVote,
    /// Where it comes from, if it was said somewhere else.
    from: Option<&'a VoteElsewhere>,
}

/// Each account's newest vote, by GitHub's clock; the records come as they were heard.
fn newest_of_people<'a>(votes: &[&'a HumanVote], text: &Hashes) -> BTreeMap<u64, &'a HumanVote> {
    let mut newest: BTreeMap<u64, &HumanVote> = BTreeMap::new();
    for vote in votes {
        let known = newest.get(&vote.account);
        if known.is_none_or(|known| !is_before(vote, known, text)) {
            newest.insert(vote.account, vote);
        }
    }
    newest
}

/// Whether a vote was cast before another one of the same account that was heard earlier. GitHub's times have whole
/// seconds, and deliveries come in any order: within a second comments go by their numbers, and what nobody can order
/// is taken as it does less for the text.
fn is_before(vote: &HumanVote, known: &HumanVote, text: &Hashes) -> bool {
    if vote.cast_at != known.cast_at {
        return vote.cast_at < known.cast_at;
    }
    let favour = |vote: &HumanVote| match Vote::parse(&vote.vote) {
        Some(Vote::Ready) if is_about(vote, text) => 2,
        Some(Vote::Ready) => 1,
        _ => 0,
    };
    match (place(vote), place(known)) {
        (Some(new), Some(old)) if new == old => false,
        (Some((kind, new)), Some((other, old))) if kind == other => new < old,
        _ => favour(vote) > favour(known),
    }
}

/// Where a vote was cast: what kind of place, and its number, which grows within a kind.
fn place(vote: &HumanVote) -> Option<(&str, u64)> {
    let (kind, rest) = vote.source.split_once(':')?;
    let number = rest.split(':').next()?;
    Some((kind, number.parse().ok()?))
}

/// Each account's newest vote.
pub fn newest<'a>(votes: &[&'a HumanVote], text: &Hashes) -> Vec<&'a HumanVote> {
    newest_of_people(votes, text).into_values().collect()
}

/// Each account's last word: its newest vote here, or an objection to this proposal that follows from elsewhere. That
/// ends once its voter takes it back there, or says something else about this text here later.
fn last_words<'a>(
    here: &[&'a HumanVote],
    elsewhere: &'a [VoteElsewhere],
    text: &Hashes,
) -> Vec<Word<'a>> {
    let newest = newest_of_people(here, text).into_iter();
    let mut words: BTreeMap<u64, Word<'a>> = newest
        .map(|(account, vote)| (account, Word { vote, from: None }))
        .collect();
    for found in objections(elsewhere) {
        let account = found.vote.account;
        let is_ended = here.iter().any(|vote| {
            vote.account == account
                && vote.void.is_none()
                && vote.cast_at >= found.vote.cast_at
                && (is_about(vote, text) || Vote::parse(&vote.vote).is_none())
        });
        let objects_here = words.get(&account).is_some_and(|word| {
            word.vote.void.is_none() && objects(word.vote) && is_about(word.vote, text)
        });
        if objects_here || is_ended {
            continue;
        }
        let from = Some(found);
        let vote = &found.vote;
        words.insert(account, Word { vote, from });
    }
    words.into_values().collect()
}

/// Of votes given elsewhere on the proposal of a discussion, oldest first: the objections that stand. An account's
/// newest vote in each place is its word there; what was taken back ends nothing, and of words of the same second an
/// objection is the last.
pub fn objections(elsewhere: &[VoteElsewhere]) -> Vec<&VoteElsewhere> {
    let mut in_place: BTreeMap<(u64, u64, &str), &VoteElsewhere> = BTreeMap::new();
    for found in elsewhere {
        let place = (found.vote.account, found.number, found.vote.path.as_str());
        in_place.insert(place, found);
    }
    let mut newest: BTreeMap<u64, &VoteElsewhere> = BTreeMap::new();
    let when = |found: &VoteElsewhere| (found.vote.cast_at, objects(&found.vote));
    for found in in_place
        .into_values()
        .filter(|found| found.vote.void.is_none())
    {
        let known = newest.get(&found.vote.account);
        if known.is_none_or(|known| when(known) < when(found)) {
            newest.insert(found.vote.account, found);
        }
    }
    let newest = newest.into_values();
    newest.filter(|found| objects(&found.vote)).collect()
}

fn objects(vote: &HumanVote) -> bool {
    matches!(Vote::parse(&vote.vote), Some(Vote::Changes | Vote::Reject))
}

/// Whether a vote is about that text. An approval is of all that people can read. An objection is to the proposal:
/// whatever is typed behind that settles nothing.
pub fn is_about(vote: &HumanVote, text: &Hashes) -> bool {
    vote.subject == text.ballot || (objects(vote) && vote.proposal == text.proposal)
}

/// Accounts whose right to vote has to be asked: those whose last word would count with it.
pub fn voters_to_ask(
    votes: &[&HumanVote],
    elsewhere: &[VoteElsewhere],
    text: &Hashes,
) -> BTreeMap<u64, String> {
    last_words(votes, elsewhere, text)
        .iter()
        .filter(|word| word.from.is_some() || is_about(word.vote, text))
        .map(|word| word.vote)
        .filter(|vote| vote.void.is_none() && Vote::parse(&vote.vote).is_some())
        .map(|vote| (vote.account, vote.login.clone()))
        .collect()
}

/// Accounts whose newest vote is a standing READY on that text.
pub fn ready_accounts<'a>(
    votes: &[&'a HumanVote],
    text: &Hashes,
) -> impl Iterator<Item = u64> + use<'a> {
    let standing = newest_of_people(votes, text)
        .into_values()
        .filter(|vote| vote.void.is_none() && vote.subject == text.ballot)
        .filter(|vote| Vote::parse(&vote.vote) == Some(Vote::Ready))
        .map(|vote| vote.account);
    standing.collect::<Vec<_>>().into_iter()
}

fn of_person(
    around: &Circumstances<'_>,
    case: &Case<'_>,
    seen: &SeenText,
    word: &Word<'_>,
) -> VoteView {
    let vote = word.vote;
    let permissions = &around.ground.config.permissions;
    let may_vote = permissions.may_vote(around.rights.get(&vote.account));
    let is_author = around
        .author
        .is_some_and(|author| author.id == vote.account);
    let may_as_author = around.ground.config.gate.author_may_vote;
    let is_meant = word.from.is_some() || is_about(vote, &seen.hashes());
    let not_counted = not_counted(vote, is_meant, is_author && !may_as_author, may_vote);
    VoteView {
        entry: VoteEntry {
            participant: vote.login.clone(),
            kind: VoterKind::Human,
            vote: Vote::parse(&vote.vote),
            not_counted,
            line: None,
            block: None,
        },
        link: Some(vote.link.clone()).filter(|link| !link.is_empty()),
        given_on: (!is_meant && !vote.subject.is_empty()).then(|| short(&vote.subject)),
        from: word.from.map(|from| from.number),
        note: note(case, word),
    }
}

fn not_counted(
    vote: &HumanVote,
    is_meant: bool,
    is_barred_author: bool,
    may_vote: bool,
) -> Option<NotCounted> {
    if let Some(reason) = &vote.void {
        let was_edited = reason.starts_with(super::EDITED);
        return Some(if was_edited {
            NotCounted::Edited
        } else {
            NotCounted::Withdrawn
        });
    }
    if Vote::parse(&vote.vote).is_none() {
        return Some(NotCounted::Withdrawn);
    }
    if vote.subject.is_empty() {
        return Some(NotCounted::Unconfirmed);
    }
    if !is_meant {
        return Some(NotCounted::Stale);
    }
    if is_barred_author {
        return Some(NotCounted::Author);
    }
    (!may_vote).then_some(NotCounted::NoPermission)
}

/// What else there is to tell about a person's vote.
fn note(case: &Case<'_>, word: &Word<'_>) -> Option<String> {
    let vote = word.vote;
    let removed = match word.from {
        Some(from) => from.removed.as_ref(),
        None => case.removals.get(&vote.source),
    };
    if let Some(removed) = removed {
        return Some(format!(
            "{removed}; it stands until {} votes again",
            vote.login
        ));
    }
    vote.void.clone().or_else(|| vote.reason.clone())
}

/// First digits of a subject, for people.
fn short(subject: &str) -> String {
    subject.chars().take(8).collect()
}

impl Votes {
    fn persona(
        &mut self,
        around: &Circumstances<'_>,
        records: &[&BlockRecord],
        discussion: &Discussion,
        seen: &SeenText,
        alias: Alias,
        index: usize,
    ) {
        let record = records[index];
        let vote = record.vote.as_deref().and_then(Vote::parse);
        let is_fresh = record.subject == seen.subject.to_string();
        let has_model = around.counts_answers_of(&alias, &record.model);
        let not_counted = if !around.is_voting(&alias) {
            Some(NotCounted::Advisory)
        } else if !is_fresh {
            self.stale.insert(alias.clone());
            Some(NotCounted::Stale)
        } else if !has_model {
            self.without_model.insert(alias.clone());
            Some(NotCounted::NoModel)
        } else if consensus::is_disputed(&votes_on_current(around, records, seen, &alias)) {
            self.disputed.insert(alias.clone());
            Some(NotCounted::Disputed)
        } else {
            None
        };
        if let (None, Some(vote)) = (not_counted, vote) {
            self.fresh.insert(alias.clone(), vote);
        }
        let place = seen.place_of(index);
        let block = place.and_then(|number| discussion.blocks.get(number - 1));
        self.views.push(VoteView {
            entry: VoteEntry {
                participant: alias.to_string(),
                kind: VoterKind::Ai,
                vote,
                not_counted,
                line: block.map(|block| vote_line(block).unwrap_or(block.line)),
                block: place,
            },
            link: record.review.clone(),
            given_on: (!is_fresh).then(|| short(&record.subject)),
            from: None,
            note: (record.model == CHECKLIST).then(|| "answered by its checklist".to_owned()),
        });
    }

    /// Votes that somebody typed into the file: never counted, the last one of each name is shown.
    fn typed(&mut self, case: &Case<'_>, discussion: &Discussion, seen: &SeenText) {
        let known: BTreeSet<String> = self
            .views
            .iter()
            .map(|view| view.entry.participant.to_lowercase())
            .collect();
        let history = super::block_texts(case.base.discussion());
        let mut last: BTreeMap<String, (usize, VoteView)> = BTreeMap::new();
        for block in &discussion.blocks {
            let label = block.author.label();
            let is_recorded = seen.is_ours(block.number) || known.contains(&label.to_lowercase());
            if is_recorded || block.vote.is_none() {
                continue;
            }
            let text = block.canonical(&discussion.source);
            let is_history = history.contains(&text);
            let view = VoteView {
                entry: typed_entry(block, is_history),
                link: None,
                given_on: None,
                from: case.written_in.get(&text).copied().filter(|_| is_history),
                note: None,
            };
            last.insert(block.author.key.clone(), (block.number, view));
        }
        let mut views: Vec<_> = last.into_values().collect();
        views.sort_by_key(|(number, _)| *number);
        self.views.extend(views.into_iter().map(|(_, view)| view));
    }
}

fn typed_entry(block: &Block, is_history: bool) -> VoteEntry {
    let is_persona = block.author.claims_to_be_ai();
    let (vote, not_counted) = match &block.vote {
        Some(BlockVote::Unclear { .. }) => (None, NotCounted::Unclear),
        Some(BlockVote::Clear { vote, .. }) if is_history => (Some(*vote), NotCounted::History),
        Some(BlockVote::Clear { vote, .. }) if is_persona => (Some(*vote), NotCounted::Unsigned),
        Some(BlockVote::Clear { vote, .. }) => (Some(*vote), NotCounted::Unconfirmed),
        None => (None, NotCounted::Unclear),
    };
    VoteEntry {
        participant: block.author.label().to_owned(),
        kind: if is_persona {
            VoterKind::Ai
        } else {
            VoterKind::Human
        },
        vote,
        not_counted: Some(not_counted),
        line: Some(vote_line(block).unwrap_or(block.line)),
        block: Some(block.number),
    }
}

fn vote_line(block: &Block) -> Option<usize> {
    match block.vote.as_ref()? {
        BlockVote::Clear { line, .. } | BlockVote::Unclear { line, .. } => Some(*line),
    }
}
