//! What people did besides voting, as blocks of the closing commit: each act once, under the login, signed as a note. A
//! note is prose for readers of the file. It holds no marker, so nothing is counted a second time.

use crate::bot::evaluate::{BlockIdentity, Evaluated, block_identity};
use crate::bot::on_ledger::{self, Ground};
use crate::bot::work::Work;
use crate::engine::ledger::Item;
use crate::engine::name::Author;
use crate::engine::person;
use crate::engine::persona::Personas;
use crate::engine::reply::remark;
use crate::store::{ActRecord, ActVerb, BlockRecord, BlockState};

/// Notes of one closing commit; the oldest come first.
const MAX_NOTES: usize = 20;
/// Characters of a reason, an answer or a concern.
const MAX_WORDS: usize = 400;
/// Characters of the item that an act closed.
const MAX_ITEM: usize = 120;

/// Under which name a person's words stand. Nothing keeps people on GitHub from being called like a persona.
pub(super) fn author(login: &str, account: u64, personas: &Personas) -> Result<Author, String> {
    person::name(login, personas)
        .or_else(|_| person::name(&format!("github:{login}"), personas))
        .or_else(|_| person::name(&BlockRecord::of_person(account), personas))
        .map_err(|error| error.to_string())
}

/// The acts of this chain as blocks; those that the file has already are among them.
pub(super) fn blocks(work: &Work<'_>, key: &str, evaluated: &Evaluated) -> Vec<BlockRecord> {
    let did = work.chain_of(key).unwrap_or_default();
    let is_of_chain = |act: &&ActRecord| act.did.is_empty() || act.did == did;
    let mut acts: Vec<&ActRecord> = work.acts_of(key).filter(is_of_chain).collect();
    acts.sort_by_key(|act| act.said_at);
    let known = work.blocks_of(key);
    let ground = Ground {
        discussion: &evaluated.discussion,
        ours: &evaluated.seen.ours,
        records: &known,
    };
    let mut notes = Vec::new();
    let mut new = 0;
    for act in &acts {
        let concern = acts.iter().find(|one| on_ledger::kept_of(one) == act.item);
        let item = ground.item_of(&act.item, &evaluated.view.ledger);
        let about = match (concern, item) {
            (Some(concern), _) => Some((&concern.login, &concern.text)),
            (None, Some(Item { author, text, .. })) => Some((author, text)),
            (None, None) => None,
        };
        let Some(said) = told(act, about) else {
            continue;
        };
        let author = author(&act.login, act.account, &work.ground.personas);
        let block = |author| person::block(&author, &said, None).map_err(|error| error.to_string());
        let text = match author.and_then(block) {
            Ok(text) => text,
            // It stands in the record all the same.
            Err(why) => {
                tracing::warn!(pr = %work.pr(), path = key, why, "an act is not written down");
                continue;
            }
        };
        let note = record(work, key, evaluated, act, text);
        let is_written = |block: &&&BlockRecord| block.hash == note.hash;
        let before = known.iter().find(is_written);
        new += usize::from(before.is_none_or(|block| block.state != BlockState::Written));
        if new > MAX_NOTES {
            break;
        }
        notes.push(note);
    }
    notes
}

/// One paragraph: what was done, about what, in which words, and where; `None`: it leaves nothing to tell.
fn told(act: &ActRecord, about: Option<(&String, &String)>) -> Option<String> {
    let id = &act.target;
    let what = match (act.verb, about) {
        (ActVerb::Concern, _) => format!("Raised the concern {id}"),
        (ActVerb::Resolve, Some((author, item))) => {
            format!(
                "Resolved {id} of {author} ({})",
                remark(item, MAX_ITEM).text
            )
        }
        (ActVerb::Answer, Some((author, item))) => {
            format!(
                "Answered {id} of {author} ({})",
                remark(item, MAX_ITEM).text
            )
        }
        (ActVerb::Hold, _) => "Held it".to_owned(),
        (ActVerb::Release, _) => "Released it".to_owned(),
        (ActVerb::Override, _) => "Overrode the rules".to_owned(),
        (ActVerb::Advance, _) => "Moved the phase on".to_owned(),
        (ActVerb::Resolve | ActVerb::Answer, None) => return None,
        (ActVerb::Pause | ActVerb::Resume | ActVerb::Again | ActVerb::Cancel, _) => return None,
    };
    let words = match remark(&act.text, MAX_WORDS).text {
        words if words.is_empty() => ".".to_owned(),
        words => format!(": {words}"),
    };
    let place = match act.link.is_empty() {
        true => String::new(),
        false => format!("\n\nSaid in <{}>.", act.link),
    };
    Some(format!("{what}{words}{place}"))
}

/// A note is the same one whatever text it is written under: an act is told once.
fn record(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    act: &ActRecord,
    text: String,
) -> BlockRecord {
    let identity = ("", "", act.source.as_str());
    by_person(work, key, evaluated, (act.account, None), identity, text)
}

/// A block of a person as it is recorded. `identity`: the subject, the phase and the words that make it this one.
pub(super) fn by_person(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    (account, vote): (u64, Option<String>),
    (subject, phase, words): (&str, &str, &str),
    text: String,
) -> BlockRecord {
    let did = work.chain_of(key).unwrap_or_default();
    let base = work.snapshot.base_branch.clone();
    BlockRecord {
        path: key.to_owned(),
        seq: 0,
        alias: BlockRecord::of_person(account),
        vote,
        hash: block_identity(&BlockIdentity {
            did,
            subject,
            base: &base,
            phase,
            question: None,
            persona: "",
            model: "",
            earlier: 0,
            text: words,
        }),
        subject: evaluated.seen.ballot.clone(),
        text,
        question: None,
        model: String::new(),
        persona: String::new(),
        job: work.job.id.clone(),
        base,
        anchors: Vec::new(),
        state: BlockState::Pending,
        review: None,
        did: did.to_owned(),
        receipt: None,
    }
}
