//! What people say about the ledger, from commands into the record: concerns of their own, what they resolve, what they
//! answer. Who may give the command at all was decided before; here whose item it is is looked at.

use super::access::{self, AuthorRule, Caller, Permissions, Refusal};
use super::acting;
use super::command::table;
use super::command::{LedgerCommand, Parsed};
use super::deps::JobError;
use super::evaluate::{Evaluated, Outcome};
use super::hear::Utterance;
use super::message::{self, ClosedItem, NotSaid, OpenItem};
use super::on_ledger::{self, Ground};
use super::respond::{self, Response};
use super::work::{Work, open};
use crate::engine::ledger::{Item, ItemKind, ItemState};
use crate::store::{ActRecord, ActVerb, BlockRecord, Change};
use std::collections::BTreeMap;

/// What is to be recorded, or why nothing is.
enum Decided {
    Act {
        verb: ActVerb,
        target: String,
        item: String,
        text: String,
    },
    Not(NotSaid),
    Refused(Refusal),
}

/// Carries out what one line says, about one discussion.
pub async fn carry_out(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    utterance: &Utterance,
    parsed: &Parsed,
    command: &LedgerCommand,
    caller: &Caller,
    response: &mut Response,
) -> Result<(), JobError> {
    let found = match only_target(work, outcomes, parsed) {
        Ok(found) => found,
        Err(text) => return respond::refuse(work, utterance, caller, text, response).await,
    };
    let (key, evaluated) = found;
    let said = &utterance.said;
    let source = format!("{}:{}:{}", said.source, said.guid, parsed.line);
    let is_done = |act: &ActRecord| act.source == source;
    if !work.acts_of(&key).any(is_done) {
        let by = (said.author.id, said.cast_at());
        match decide(work, &key, evaluated, command, by, caller) {
            Decided::Act {
                verb,
                target,
                item,
                text,
            } => {
                let act = ActRecord {
                    item,
                    text,
                    ..acting::act_by(work, &key, evaluated, said, (verb, target), source.clone())
                };
                record(work, &key, act).await?;
            }
            Decided::Not(why) => {
                let text = message::not_said(parsed, &evaluated.view.path, &why);
                return respond::refuse(work, utterance, caller, text, response).await;
            }
            Decided::Refused(refusal) => {
                let text = message::refused(&said.author.login, &refusal);
                return respond::decline(work, utterance, text, response).await;
            }
        }
    }
    response.parts.extend(echo(work, &key, evaluated, &source));
    Ok(())
}

/// The one discussion that is meant, or what there is to say where it cannot be told: numbers and names mean nothing
/// without it.
fn only_target<'o>(
    work: &Work<'_>,
    outcomes: &'o [Outcome],
    parsed: &Parsed,
) -> Result<(String, &'o Evaluated), String> {
    if parsed.path.is_none() {
        let all = open(&work.paths, outcomes);
        let paths: Vec<&str> = all.map(|(_, one)| one.view.path.as_str()).collect();
        if paths.len() > 1 {
            return Err(message::which_discussion(parsed, &paths));
        }
    }
    let mut told = Response::default();
    let targets = respond::targets(work, outcomes, parsed, &mut told);
    let target = targets.unwrap_or_default().into_iter().next();
    target.ok_or_else(|| told.parts.join("\n\n"))
}

/// Records an act under the chain that counts. A discussion without one gets it now: an act without a chain would outlive
/// a reset.
async fn record(work: &mut Work<'_>, key: &str, mut act: ActRecord) -> Result<(), JobError> {
    let mut discussion = work.discussion(key);
    let mint = || uuid::Uuid::new_v4().simple().to_string();
    let chain = discussion.chains.entry(act.base.clone());
    act.did = chain.or_insert_with(mint).clone();
    let mut changes = vec![Change::Act(act.clone())];
    if work.chain_of(key).is_none() {
        changes.push(Change::Discussion(discussion.clone()));
    }
    work.record(&changes).await?;
    work.memory.discussions.insert(key.to_owned(), discussion);
    work.memory.acts.push(act);
    Ok(())
}

/// The acts on the ledger of a discussion that count by now.
fn counting<'w>(work: &'w Work<'_>, key: &str) -> Vec<&'w ActRecord> {
    let record = work.memory.discussions.get(key);
    let none = BTreeMap::new();
    on_ledger::counting(
        work.acts_of(key),
        record.map_or(&none, |record| &record.chains),
    )
}

fn decide(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    command: &LedgerCommand,
    (account, said_at): (u64, i64),
    caller: &Caller,
) -> Decided {
    let mut acts = counting(work, key);
    acts.retain(|act| act.said_at <= said_at);
    let blocks = work.blocks_of(key);
    let scene = Scene {
        ground: ground(evaluated, &blocks),
        evaluated,
        acts,
    };
    match command {
        LedgerCommand::Concern { name, text } => {
            let open = on_ledger::open_concerns(&scene.acts);
            let taken = open.iter().find(|act| on_ledger::is_called(act, name));
            match taken {
                Some(act) => Decided::Not(NotSaid::NameTaken(named(act))),
                None => Decided::Act {
                    verb: ActVerb::Concern,
                    target: name.clone(),
                    item: String::new(),
                    text: text.clone(),
                },
            }
        }
        LedgerCommand::Resolve { id, reason } => {
            let open = on_ledger::open_concerns(&scene.acts);
            let of_person = open.iter().find(|act| on_ledger::is_called(act, id));
            let found = match of_person {
                Some(act) => Ok((act.target.clone(), on_ledger::kept_of(act))),
                None => scene.item(id, ItemKind::Concern, ActVerb::Resolve),
            };
            let by_number = of_person.is_none() && evaluated.is_invalid();
            let found = if by_number {
                Err(NotSaid::Invalid)
            } else {
                found
            };
            let is_own = of_person.is_some_and(|act| act.account == account);
            match (
                found,
                may_resolve(is_own, &work.ground.config.permissions, caller),
            ) {
                (Err(why), _) => Decided::Not(why),
                (Ok(_), Err(refusal)) => Decided::Refused(refusal),
                (Ok((target, item)), Ok(())) => Decided::Act {
                    verb: ActVerb::Resolve,
                    target,
                    item,
                    text: reason.clone(),
                },
            }
        }
        // Numbers are those of the file as it was signed; while it is not so, they may be others.
        LedgerCommand::Answer { .. } if evaluated.is_invalid() => Decided::Not(NotSaid::Invalid),
        LedgerCommand::Answer { id, text } => {
            match scene.item(id, ItemKind::Question, ActVerb::Answer) {
                Err(why) => Decided::Not(why),
                Ok((target, item)) => Decided::Act {
                    verb: ActVerb::Answer,
                    target,
                    item,
                    text: text.clone(),
                },
            }
        }
    }
}

/// An own concern is closed by whoever raised it, any other by somebody with the further right who did not open the pull
/// request.
fn may_resolve(is_own: bool, permissions: &Permissions, caller: &Caller) -> Result<(), Refusal> {
    let row = &table::RESOLVE;
    let (usage, need) = (row.usage, permissions.further(row));
    if is_own {
        return Ok(());
    }
    if caller.is_bound() {
        let rule = AuthorRule::OwnOnly;
        return Err(Refusal::Author { usage, need, rule });
    }
    match need.is_met(&caller.rights) {
        true => Ok(()),
        false => Err(Refusal::Right {
            usage,
            need,
            has: access::highest(&caller.rights),
        }),
    }
}

fn ground<'a>(evaluated: &'a Evaluated, records: &'a [&'a BlockRecord]) -> Ground<'a> {
    Ground {
        discussion: &evaluated.discussion,
        ours: &evaluated.seen.ours,
        records,
    }
}

/// What the line is read against.
struct Scene<'a> {
    ground: Ground<'a>,
    evaluated: &'a Evaluated,
    /// Acts that count and were said by then.
    acts: Vec<&'a ActRecord>,
}

impl Scene<'_> {
    /// The open item of the file that goes by a number: the number and what is kept of it; or why it cannot be closed.
    fn item(&self, id: &str, kind: ItemKind, verb: ActVerb) -> Result<(String, String), NotSaid> {
        let is_it = |item: &&Item| !item.is_named() && item.id.as_deref() == Some(id);
        let all = &self.evaluated.view.ledger;
        let known = all.all().find(is_it);
        let kept = known.and_then(|item| Some((item, self.ground.kept(item)?)));
        let Some((item, kept)) = kept else {
            if let Some(before) = self.closed_concern(id).filter(|_| verb == ActVerb::Resolve) {
                return Err(before);
            }
            return Err(NotSaid::Unknown {
                verb: verb.as_str(),
                id: id.to_owned(),
                open: self.open(kind),
            });
        };
        match item.kind {
            of if of == kind => {}
            ItemKind::Question => {
                return Err(NotSaid::OtherVerb(id.to_owned(), ActVerb::Answer.as_str()));
            }
            ItemKind::Concern => {
                return Err(NotSaid::OtherVerb(id.to_owned(), ActVerb::Resolve.as_str()));
            }
            ItemKind::Todo | ItemKind::Decision => {
                return Err(NotSaid::Unknown {
                    verb: verb.as_str(),
                    id: id.to_owned(),
                    open: self.open(kind),
                });
            }
        }
        let before = on_ledger::closed_by(&self.acts, &kept);
        let before = before.map(|act| (act.login.clone(), act.text.clone()));
        let closing = item.closing.as_ref();
        let before = before.or_else(|| closing.map(|by| (by.by.clone(), by.text.clone())));
        if before.is_some() || item.state != ItemState::Open {
            return Err(NotSaid::Closed {
                id: id.to_owned(),
                by: before,
            });
        }
        Ok((id.to_owned(), kept))
    }

    /// A person's concern of that name that was closed before.
    fn closed_concern(&self, name: &str) -> Option<NotSaid> {
        let mut concerns = self.acts.iter().rev();
        let concern =
            concerns.find(|act| act.verb == ActVerb::Concern && on_ledger::is_called(act, name))?;
        let by = on_ledger::closed_by(&self.acts, &on_ledger::kept_of(concern))?;
        Some(NotSaid::Closed {
            id: concern.target.clone(),
            by: Some((by.login.clone(), by.text.clone())),
        })
    }

    /// What is open of a kind, people's own concerns last.
    fn open(&self, kind: ItemKind) -> Vec<OpenItem> {
        let is_open = |item: &&Item| {
            let kept = self.ground.kept(item);
            let closed = kept.and_then(|kept| on_ledger::closed_by(&self.acts, &kept));
            item.kind == kind
                && item.state == ItemState::Open
                && !item.is_named()
                && closed.is_none()
        };
        let of_file = self.evaluated.view.ledger.all().filter(is_open);
        let of_file = of_file.filter_map(|item| {
            Some(OpenItem {
                id: item.id.clone()?,
                author: item.author.clone(),
                text: item.text.clone(),
            })
        });
        let mut open: Vec<OpenItem> = of_file.collect();
        if kind == ItemKind::Concern {
            let concerns = on_ledger::open_concerns(&self.acts);
            open.extend(concerns.into_iter().map(named));
        }
        open
    }
}

fn named(concern: &ActRecord) -> OpenItem {
    OpenItem {
        id: concern.target.clone(),
        author: concern.login.clone(),
        text: concern.text.clone(),
    }
}

/// What an act that was just recorded, or by an earlier try, closed; `None`: nothing.
fn echo(work: &Work<'_>, key: &str, evaluated: &Evaluated, source: &str) -> Option<String> {
    let mut acts = work.acts_of(key);
    let act = acts.find(|act| act.source == source)?;
    let done = match act.verb {
        ActVerb::Resolve => "Resolved",
        ActVerb::Answer => "Answered",
        _ => return None,
    };
    let mut all = work.acts_of(key);
    let concern = all.find(|one| on_ledger::kept_of(one) == act.item);
    let blocks = work.blocks_of(key);
    let ledger = &evaluated.view.ledger;
    let item = ground(evaluated, &blocks).item_of(&act.item, ledger);
    let (author, text) = match (concern, item) {
        (Some(concern), _) => (&concern.login, &concern.text),
        (None, Some(item)) => (&item.author, &item.text),
        (None, None) => return None,
    };
    let persona = item.filter(|item| item.by_persona);
    Some(message::closed_item(&ClosedItem {
        done,
        id: &act.target,
        author,
        text,
        path: &evaluated.view.path,
        persona: persona.map(|item| item.author.as_str()),
    }))
}
