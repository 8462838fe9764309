//! What the record of a pull request holds, as values, and the changes it takes.

use std::collections::BTreeMap;
use std::time::Duration;

/// State of a recorded block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockState {
    /// Answered and stored, not yet seen in the file.
    Pending,
    /// Seen in the file at some head: written by us.
    Written,
    /// Stands in a review of ours instead of the file.
    Posted,
}

/// A block the App wrote (or is about to): a persona's, or what a person did, written down by the closing commit. Its
/// claim is the vote, not the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRecord {
    /// Path of the discussion.
    pub path: String,
    /// Order within (pull request, path), from 1; assigned by the store.
    pub seq: i64,
    /// Alias of the persona, or `github:ID` of a person's account.
    pub alias: String,
    /// READY, CHANGES or REJECT; `None` for advisory notes, and for what a person did other than by a vote.
    pub vote: Option<String>,
    /// What it was given on, 64 hex digits: a persona's is on the subject, a person's on all that people vote on.
    pub subject: String,
    /// SHA-256 of the canonical block, 64 hex digits.
    pub hash: String,
    /// The block's text, LF.
    pub text: String,
    /// Question it answers, if any.
    pub question: Option<String>,
    /// Model that answered.
    pub model: String,
    /// Persona file hash.
    pub persona: String,
    /// Public job id.
    pub job: String,
    /// Base branch of the pull request at that time: it defines persona, model and rules.
    pub base: String,
    /// What its remarks are about: (remark as it stands in the text, words of the proposal).
    pub anchors: Vec<(String, String)>,
    /// Pending, written or posted.
    pub state: BlockState,
    /// Web address of the review it was posted in; only then is there one.
    pub review: Option<String>,
    /// Chain it belongs to, 32 hex digits: one for each base and reset of a discussion.
    pub did: String,
    /// Its receipt, once it is signed for a commit.
    pub receipt: Option<Receipt>,
}

/// Start of what a person is called in place of an alias; no alias has a colon.
const PERSON: &str = "github:";

impl BlockRecord {
    /// What the person behind an account is called in place of an alias: `github:17`.
    pub fn of_person(account: u64) -> String {
        format!("{PERSON}{account}")
    }

    /// Whether a person said it, and no persona.
    pub fn is_persons(&self) -> bool {
        self.alias.starts_with(PERSON)
    }
}

/// A receipt as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Place in the chain, from 1.
    pub seq: u64,
    /// The token.
    pub token: String,
}

/// A person's vote or its withdrawal. The newest of an account on a path decides; history is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanVote {
    /// Path of the discussion.
    pub path: String,
    /// Numeric account id.
    pub account: u64,
    /// Login when it voted.
    pub login: String,
    /// READY, CHANGES, REJECT or WITHDRAW.
    pub vote: String,
    /// Subject it binds to, 64 hex digits; empty: unknown, not counted, asks to confirm.
    pub subject: String,
    /// The part of that subject which is the proposal, without what was typed behind it; 64 hex digits, empty: unknown.
    /// An objection is to this: more text behind it settles nothing, and neither does another pull request.
    pub proposal: String,
    /// Reason given, if any.
    pub reason: Option<String>,
    /// Where it came from: `comment:ID` or `review:ID`; unique with the path.
    pub source: String,
    /// Link to it.
    pub link: String,
    /// When it was cast, ms, by GitHub's clock.
    pub cast_at: i64,
    /// Set when it no longer stands: `withdrawn by ann`, `edited by rob`.
    pub void: Option<String>,
}

/// Somebody let go of a discussion that had left the pull request. History is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropRecord {
    /// Path of the discussion by the record.
    pub path: String,
    /// Numeric id of the account that said so.
    pub account: u64,
    /// Its login then.
    pub login: String,
    /// Why.
    pub reason: String,
    /// Base branch of the pull request at that time: into another one, something else would be left out.
    pub base: String,
    /// What had become of it: `the file was removed`. Whoever let go of that let go of nothing else.
    pub stood: String,
    /// The line it came from, as with votes; unique with the path.
    pub source: String,
    /// Link to the comment.
    pub link: String,
    /// When it was said, ms, by GitHub's clock.
    pub dropped_at: i64,
    /// Set when it no longer counts: `it came back at 3fa9c1d`.
    pub ended: Option<String>,
}

/// What a person did to a discussion other than by a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActVerb {
    /// Holds it.
    Hold,
    /// Takes holds back: all, or only the account's own where `target` is [`ActVerb::OWN`].
    Release,
    /// Stops the panel.
    Pause,
    /// Lets the panel go on.
    Resume,
    /// Answers for passing it as it is.
    Override,
    /// Raises a concern; `target` is the name it goes by.
    Concern,
    /// Closes a concern; `target` is what people know it by.
    Resolve,
    /// Answers a question; `target` is its number.
    Answer,
    /// Has a persona, the target, asked once more although its answer stands.
    Again,
    /// Moves the phase on, to the target.
    Advance,
    /// Stops a round.
    Cancel,
}

impl ActVerb {
    /// Target of a release that takes back no hold but the account's own.
    pub const OWN: &'static str = "own";

    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Hold,
        Self::Release,
        Self::Pause,
        Self::Resume,
        Self::Override,
        Self::Concern,
        Self::Resolve,
        Self::Answer,
        Self::Again,
        Self::Advance,
        Self::Cancel,
    ];

    /// The word of the command.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Override => "override",
            Self::Concern => "concern",
            Self::Resolve => "resolve",
            Self::Answer => "answer",
            Self::Again => "again",
            Self::Advance => "advance",
            Self::Cancel => "cancel",
        }
    }

    /// The way back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }
}

/// One act of a person. Rows are only ever added: an edited or deleted comment takes nothing back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRecord {
    /// Path of the discussion by the record.
    pub path: String,
    /// What was done.
    pub verb: ActVerb,
    /// What it is about, where the verb alone does not say; may be empty.
    pub target: String,
    /// What exactly it closes (`bot::on_ledger`), opaque here; empty: nothing.
    pub item: String,
    /// Reason, answer or concern; may be empty. Of [`ActVerb::Again`] the phase, of
    /// [`ActVerb::Advance`] where from, where to, and past what.
    pub text: String,
    /// Numeric id of the account.
    pub account: u64,
    /// Its login then.
    pub login: String,
    /// Base branch of the pull request at that time.
    pub base: String,
    /// Chain of receipts at that time, 32 hex digits; empty: there was none yet.
    pub did: String,
    /// What people's votes bound to at that time, 64 hex digits; of [`ActVerb::Again`] what personas' votes did.
    pub subject: String,
    /// The line it came from, `comment:ID:GUID:LINE`; unique with the path.
    pub source: String,
    /// Link to the comment.
    pub link: String,
    /// When it was said, ms, by GitHub's clock.
    pub said_at: i64,
}

/// What the App keeps of one discussion in one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiscussionRecord {
    /// Path.
    pub path: String,
    /// Phase by the App's record.
    pub phase: String,
    /// Byte-exact text of the proposal as first recorded (LF, normalised); its end holds while it is a prefix.
    pub proposal: String,
    /// Subject last evaluated, 64 hex digits.
    pub subject: String,
    /// Automatic rounds in this phase.
    pub rounds: u32,
    /// Subjects published so far with the time, oldest first: (subject, ms). Comments bind to the newest before them.
    pub published: Vec<(String, i64)>,
    /// The chain of receipts that counts, by base branch.
    pub chains: BTreeMap<String, String>,
    /// How often replies that a push dropped were put back.
    pub restored: u32,
    /// Who reset it last, and why: `ann: the blocks were edited by hand`.
    pub reset_by: Option<String>,
    /// Of published subjects that cover more than the proposal: the proposal's own. The others are their own.
    pub subject_of: BTreeMap<String, String>,
    /// What people's votes bind to (64 hex digits) if a closing commit wrote the verdict on that into the file and it
    /// still holds; else empty.
    pub closed: String,
    /// The Status that the App wrote into the file last; empty: it never did.
    pub status: String,
}

/// What the App keeps of one pull request besides discussions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrRecord {
    /// Head the newest check was posted to, hex; empty: none yet.
    pub checked_head: String,
    /// Conclusion posted there.
    pub conclusion: String,
    /// Name of that check; empty: none that still stands.
    pub check: String,
    /// Base branch it was last evaluated for; empty: not evaluated yet.
    pub base: String,
    /// What it looked like then (`bot::seen`), opaque here; empty: it was not evaluated since it is open.
    pub seen: String,
    /// When that was, ms.
    pub seen_at: i64,
}

/// One change to the record, for [`Store::record`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Replaces the pull request's record.
    Pr(PrRecord),
    /// Inserts or replaces a discussion by its path.
    Discussion(DiscussionRecord),
    /// Adds pending blocks; a (path, hash) already there is left alone, its receipt too. `seq`, `state` and `review` are the
    /// store's to set.
    Blocks(Vec<BlockRecord>),
    /// Gives blocks their receipts, by path and hash; one that is written keeps the one it has.
    Signed {
        /// Path of the discussion.
        path: String,
        /// (hash, receipt) of each.
        receipts: Vec<(String, Receipt)>,
    },
    /// Marks blocks as written, by (path, hash). A pair that was never recorded is left alone.
    Written(Vec<(String, String)>),
    /// Marks blocks as posted in a review. A pair that was never recorded is left alone.
    Posted {
        /// (path, hash) of each.
        blocks: Vec<(String, String)>,
        /// The review's web address.
        review: String,
    },
    /// Adds a person's vote; a (path, source, vote) already there is left alone.
    HumanVote(HumanVote),
    /// Voids all standing votes of a source; votes void already keep their first reason.
    VoidVotes {
        /// `comment:ID` or `review:ID`.
        source: String,
        /// What is shown: `withdrawn by ann`.
        reason: String,
    },
    /// Replaces the proposals that a file begins with; none: nothing elsewhere concerns it.
    Beginnings {
        /// Path of the discussion.
        path: String,
        /// Their subjects, 64 hex digits each.
        proposals: Vec<String>,
    },
    /// Adds the drop of a discussion; a (path, source) already there is left alone.
    Drop(DropRecord),
    /// Ends all drops of a path that still count.
    EndDrops {
        /// The path by the record.
        path: String,
        /// Why, as in [`DropRecord::ended`].
        why: String,
    },
    /// Adds what a person did to a discussion; a (path, source) already there is left alone.
    Act(ActRecord),
    /// Keeps the round of a try of a job about a discussion.
    Round {
        /// Public id of the job.
        job: String,
        /// Path of the discussion by the record.
        path: String,
        /// Which try of the job, from 1.
        attempt: u32,
        /// What was shown and what came of it, JSON.
        round: String,
    },
    /// Adds the verdict to the rounds of a job that were kept and have none.
    RoundVerdict {
        /// Public id of the job.
        job: String,
        /// Path of the discussion by the record.
        path: String,
        /// What it was made of and what it was, JSON.
        verdict: String,
    },
    /// Replaces what the pull request comes to by itself; `None`: there is nothing to tell of it any more.
    OwnVerdict(Option<super::OwnVerdict>),
    /// Puts an event of the pull request in line, for a job that is ready after a while; any other event makes that ready
    /// at once. It takes the place of what stands in line under its guid, in the running job too, so that there is one
    /// of it however often it is put there.
    Later {
        /// Names it, like a delivery.
        guid: String,
        /// One job event as JSON (`bot::job::JobEvent`); opaque here.
        event: String,
        /// From now.
        delay: Duration,
    },
    /// Writes the intent of an effect, by its key; an effect already known is left alone.
    Intend(String),
    /// Writes the result of an effect; a later result replaces an earlier one.
    EffectDone {
        /// The effect's key, unique in the pull request.
        key: String,
        /// Its result, say the id GitHub gave.
        result: String,
    },
}
