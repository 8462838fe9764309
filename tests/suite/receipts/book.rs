//! Signed files as the App writes them, made by hand.

use discussions::engine::discussion::Discussion;
use discussions::engine::edit;
use discussions::engine::receipt::chain::{Anchor, Chain, Repository, Scope, Standing, check};
use discussions::engine::receipt::{self, Claims, Kind};
use discussions::engine::subject::{self, Subject};
use discussions::engine::vote::Vote;
use discussions::signing::{Keyring, SigningKey};

pub(crate) const RID: u64 = 4_242;
pub(crate) const REPO: &str = "octo/demo";
pub(crate) const PR: u64 = 7;
pub(crate) const DID: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const PATH: &str = "design/cache.md";

/// Somebody with a key who appends signed blocks to a text.
pub(crate) struct Book {
    pub(crate) keys: Keyring,
    pub(crate) text: String,
    pub(crate) anchor: Option<Anchor>,
    pub(crate) pr: u64,
    pub(crate) did: String,
    pub(crate) subject: String,
}

impl Book {
    pub(crate) fn on(text: &str) -> Self {
        let keys = Keyring::of(SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap());
        let subject = Subject::of(&Discussion::parse(text.as_bytes()), None).to_string();
        Self {
            keys,
            text: text.to_owned(),
            anchor: None,
            pr: PR,
            did: DID.to_owned(),
            subject,
        }
    }

    pub(crate) fn claims(&self, alias: &str, vote: Option<Vote>, block: &str) -> Claims {
        Claims {
            rid: RID,
            repo: REPO.to_owned(),
            pr: self.pr,
            did: self.did.clone(),
            path: PATH.to_owned(),
            seq: self.anchor.as_ref().map_or(0, |anchor| anchor.seq) + 1,
            prev: self
                .anchor
                .as_ref()
                .map_or(String::new(), |anchor| anchor.link.clone()),
            kind: Kind::Turn,
            who: alias.to_owned(),
            vote,
            subject: self.subject.clone(),
            block: receipt::block_hash(block),
            model: "checklist".to_owned(),
            persona: "0".repeat(64),
            job: "job".to_owned(),
            iat: 1_790_000_000,
        }
    }

    /// Appends a signed block.
    pub(crate) fn sign(&mut self, name: &str, alias: &str, body: &str, vote: Option<Vote>) {
        let shown = vote.map_or(String::new(), |vote| format!("\n\nVOTE: {}", vote.as_str()));
        let block = format!("Name: {name}\n{body}{shown}");
        let claims = self.claims(alias, vote, &block);
        self.append(&block, &claims);
    }

    /// What people vote on in the text as it is.
    pub(crate) fn ballot(&self) -> String {
        let discussion = Discussion::parse(self.text.as_bytes());
        let chain = self.check(&self.text, true);
        let end = chain.proposal_end(&discussion);
        let subject = Subject::of(&discussion, end);
        let signed = discussion
            .blocks
            .iter()
            .filter(|block| block.receipt.is_some());
        let of_chain = signed.filter(|block| {
            let found = chain.of_block(block.number);
            found.is_some_and(|found| matches!(found.standing, Standing::Valid(_)))
        });
        let covered: Vec<_> = of_chain
            .map(|block| block.span.start..block.end())
            .collect();
        subject::ballot(subject, &subject::uncovered(&discussion, end, &covered))
    }

    /// Appends a person's vote as the closing commit does.
    pub(crate) fn sign_person(&mut self, name: &str, account: u64, vote: Vote) {
        let block = format!("Name: {name}\n\nVOTE: {}", vote.as_str());
        let mut claims = self.claims(&format!("github:{account}"), Some(vote), &block);
        claims.kind = Kind::Vote;
        claims.subject = self.ballot();
        self.append(&block, &claims);
    }

    /// Appends what a person did as the closing commit does.
    pub(crate) fn sign_note(&mut self, name: &str, account: u64, body: &str) {
        let block = format!("Name: {name}\n\n{body}");
        let mut claims = self.claims(&format!("github:{account}"), None, &block);
        claims.kind = Kind::Note;
        claims.subject = self.ballot();
        self.append(&block, &claims);
    }

    /// Appends a block with a receipt of these claims.
    pub(crate) fn append(&mut self, block: &str, claims: &Claims) {
        let token = self.keys.signing.sign(claims).unwrap();
        self.anchor = Some(Anchor {
            seq: claims.seq,
            link: receipt::link(&token),
        });
        let discussion = Discussion::parse(self.text.as_bytes());
        self.text = edit::append(&discussion, &[receipt::signed(block, &token)]).unwrap();
    }

    pub(crate) fn check(&self, text: &str, anchor: bool) -> Chain {
        let scope = Scope {
            repository: Repository::Id(RID),
            pr: PR,
            did: None,
            paths: &[],
            anchor: self.anchor.as_ref().filter(|_| anchor),
        };
        let discussion = Discussion::parse(text.as_bytes());
        check(&discussion, &scope, &|token| self.keys.keys.check(token))
    }
}

pub(crate) const PROPOSAL: &str =
    "<!-- DISCUSSION -->\n<!-- Title: Cache -->\n\n# Cache\n\nOne minute.\n";

/// Three signed replies.
pub(crate) fn three() -> Book {
    let mut book = Book::on(PROPOSAL);
    book.sign("AI-Architect", "architect", "Fine.", Some(Vote::Ready));
    book.sign("AI-Security", "security", "No.", Some(Vote::Reject));
    book.sign("AI-Researcher", "researcher", "Three papers.", None);
    book
}
