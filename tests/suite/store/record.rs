//! The record of a pull request: what was put in comes out, in order, once.

use super::*;
use discussions::store::{EffectRecord, VoteElsewhere};

/// A store with a job running on pull request 1.
async fn at_work() -> (House, Lease, PullRequest) {
    let house = House::new().await;
    let pr = pr(1);
    house.push(&pr, "guid").await;
    let lease = house.claim(LONG).await.lease;
    (house, lease, pr)
}

#[tokio::test]
async fn the_record_survives_a_restart_and_a_rename() {
    let (mut house, lease, old) = at_work().await;
    let checked = PrRecord {
        checked_head: "a".repeat(40),
        conclusion: "success".into(),
        check: "discussions".into(),
        base: "main".into(),
        seen: "ready 5".into(),
        seen_at: 3_000,
    };
    let changes = [
        Change::Pr(checked.clone()),
        Change::Discussion(discussion("b.md")),
        Change::Discussion(discussion("a.md")),
        Change::Blocks(vec![block("a.md", "security", "1")]),
        Change::HumanVote(vote("comment:1", "READY", 1)),
        Change::Intend("check".into()),
    ];
    let before = house.store.commits();
    house.store.record(&lease, &old, &changes).await.unwrap();
    assert_eq!(house.store.commits() - before, 1, "one commit for all");
    house.restart().await;

    let mut renamed = old.clone();
    renamed.repo.owner = "other".into();
    renamed.repo.name = "name".into();
    renamed.installation = 99;
    let store = &house.store;
    assert_eq!(store.pr(&renamed).await, Ok(checked));
    let paths = store.discussions(&renamed).await.unwrap();
    assert_eq!(paths, [discussion("a.md"), discussion("b.md")]);
    assert_eq!(store.blocks(&renamed).await.unwrap().len(), 1);
    assert_eq!(
        store.human_votes(&renamed).await,
        Ok(vec![vote("comment:1", "READY", 1)])
    );
    assert_eq!(
        store.effect(&renamed, "check").await,
        Ok(Some(EffectRecord::Intended))
    );
    assert_eq!(store.pr(&pr(2)).await, Ok(PrRecord::default()));
    assert_eq!(store.discussions(&pr(2)).await, Ok(vec![]));
    assert_eq!(store.effect(&pr(2), "check").await, Ok(None));
}

#[tokio::test]
async fn several_changes_are_made_together_or_not_at_all() {
    let (house, lease, pr) = at_work().await;
    let mut impossible = vote("comment:1", "READY", 1);
    impossible.account = u64::MAX;
    let changes = [
        Change::Discussion(discussion("a.md")),
        Change::HumanVote(impossible),
    ];
    let refused = house.store.record(&lease, &pr, &changes).await.unwrap_err();
    assert!(refused.to_string().contains("account"), "{refused}");
    assert_eq!(house.store.discussions(&pr).await, Ok(vec![]));
    house
        .store
        .put_discussion(&lease, &pr, &discussion("a.md"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_later_record_replaces_the_earlier_one() {
    let (house, lease, pr) = at_work().await;
    let store = &house.store;
    for rounds in [1, 2] {
        let record = DiscussionRecord {
            rounds,
            published: vec![],
            ..discussion("a.md")
        };
        store.put_discussion(&lease, &pr, &record).await.unwrap();
        assert_eq!(store.discussions(&pr).await, Ok(vec![record]));
        let record = PrRecord {
            checked_head: format!("{rounds}"),
            conclusion: "failure".into(),
            check: "discussions".into(),
            ..PrRecord::default()
        };
        store.put_pr(&lease, &pr, &record).await.unwrap();
        assert_eq!(store.pr(&pr).await, Ok(record));
    }
}

#[tokio::test]
async fn a_pending_block_is_posted_once_and_one_in_the_file_never() {
    let (house, lease, pr) = at_work().await;
    let store = &house.store;
    let blocks = ["one", "two"].map(|hash| block("a.md", "security", hash));
    store.add_blocks(&lease, &pr, &blocks).await.unwrap();
    let pair = |hash: &str| ("a.md".to_owned(), hash.to_owned());
    let posted = |review: &str| Change::Posted {
        blocks: vec![pair("one"), pair("two"), pair("nobody's")],
        review: review.to_owned(),
    };
    let changes = [
        Change::Written(vec![pair("one")]),
        posted("https://github.test/review/1"),
        posted("https://github.test/review/2"),
    ];
    store.record(&lease, &pr, &changes).await.unwrap();
    let blocks = store.blocks(&pr).await.unwrap();
    let seen: Vec<_> = blocks
        .iter()
        .map(|block| (block.state, block.review.as_deref()))
        .collect();
    let first = Some("https://github.test/review/1");
    assert_eq!(
        seen,
        [(BlockState::Written, None), (BlockState::Posted, first)]
    );
}

#[tokio::test]
async fn blocks_are_numbered_for_each_file_and_kept_once() {
    let (house, lease, pr) = at_work().await;
    let store = &house.store;
    let question = BlockRecord {
        vote: None,
        question: Some("what about tenants?".into()),
        ..block("a.md", "security", "2")
    };
    let first = [
        block("a.md", "architect", "1"),
        question.clone(),
        block("b.md", "architect", "1"),
    ];
    store.add_blocks(&lease, &pr, &first).await.unwrap();
    let altered = BlockRecord {
        text: "changed later".into(),
        ..block("a.md", "architect", "1")
    };
    let second = [altered, block("a.md", "pragmatist", "3")];
    store.add_blocks(&lease, &pr, &second).await.unwrap();
    let seen = [
        ("a.md".to_owned(), "2".to_owned()),
        ("b.md".to_owned(), "unknown".to_owned()),
    ];
    store.mark_written(&lease, &pr, &seen).await.unwrap();

    let numbered = |record: BlockRecord, seq| BlockRecord { seq, ..record };
    assert_eq!(
        store.blocks(&pr).await.unwrap(),
        [
            numbered(block("a.md", "architect", "1"), 1),
            BlockRecord {
                state: BlockState::Written,
                ..numbered(question, 2)
            },
            numbered(block("a.md", "pragmatist", "3"), 3),
            numbered(block("b.md", "architect", "1"), 1),
        ]
    );
}

#[tokio::test]
async fn the_first_answer_to_a_question_stays() {
    let (house, _, _) = at_work().await;
    let store = &house.store;
    assert_eq!(store.answer("key").await, Ok(None));
    let first = Ok("first".to_owned());
    assert_eq!(store.put_answer("key", "first").await, first);
    assert_eq!(store.put_answer("key", "second").await, first);
    assert_eq!(store.answer("key").await, Ok(Some("first".into())));
    assert_eq!(store.answer("other").await, Ok(None));
}

#[tokio::test]
async fn an_effect_is_intended_then_done() {
    let (house, lease, pr) = at_work().await;
    let store = &house.store;
    let done = |result: &str| Ok(Some(EffectRecord::Done(result.to_owned())));
    assert_eq!(store.effect(&pr, "commit").await, Ok(None));
    store.intend(&lease, &pr, "commit").await.unwrap();
    let intended = store.effect(&pr, "commit").await;
    assert_eq!(intended, Ok(Some(EffectRecord::Intended)));
    store
        .effect_done(&lease, &pr, "commit", "abc")
        .await
        .unwrap();
    store.intend(&lease, &pr, "commit").await.unwrap();
    assert_eq!(store.effect(&pr, "commit").await, done("abc"));
    store
        .effect_done(&lease, &pr, "commit", "def")
        .await
        .unwrap();
    assert_eq!(store.effect(&pr, "commit").await, done("def"));
    store
        .effect_done(&lease, &pr, "found", "by reading back")
        .await
        .unwrap();
    assert_eq!(store.effect(&pr, "found").await, done("by reading back"));
}

#[tokio::test]
async fn votes_are_history_and_void_votes_say_why() {
    let (house, lease, pr) = at_work().await;
    let store = &house.store;
    let late = vote("comment:9", "READY", 300);
    let early = vote("review:4", "CHANGES", 100);
    let middle = vote("comment:9", "CHANGES", 200);
    let again = HumanVote {
        reason: Some("another reason".into()),
        cast_at: 400,
        ..late.clone()
    };
    for vote in [&late, &early, &middle, &again] {
        store.add_human_vote(&lease, &pr, vote).await.unwrap();
    }
    let all = store.human_votes(&pr).await.unwrap();
    assert_eq!(all, [early.clone(), middle.clone(), late.clone()]);

    for reason in ["deleted by rob", "deleted by ann"] {
        store
            .void_votes(&lease, &pr, "comment:9", reason)
            .await
            .unwrap();
    }
    let void = |vote: HumanVote| HumanVote {
        void: Some("deleted by rob".into()),
        ..vote
    };
    let all = store.human_votes(&pr).await.unwrap();
    assert_eq!(all, [early, void(middle), void(late)]);
}

#[tokio::test]
async fn damaged_rows_are_told_apart_from_a_database_that_is_away() {
    let (house, lease, pr) = at_work().await;
    let store = &house.store;
    store
        .put_discussion(&lease, &pr, &discussion("a.md"))
        .await
        .unwrap();
    house
        .store
        .add_human_vote(&lease, &pr, &vote("comment:1", "READY", 1))
        .await
        .unwrap();
    house
        .meddle(
            "UPDATE discussions SET published = 'nonsense'; UPDATE human_votes SET account = -1;",
        )
        .await;
    let error = store.discussions(&pr).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt(text) if text.contains("a.md")),
        "{error}"
    );
    let error = store.human_votes(&pr).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt(text) if text.contains("account")),
        "{error}"
    );
}

#[tokio::test]
async fn votes_are_found_by_their_proposal_whichever_pull_request_they_are_in() {
    let (house, lease, first) = at_work().await;
    let store = &house.store;
    let on = |source: &str, word: &str, at: i64, proposal: &str| HumanVote {
        proposal: proposal.repeat(64),
        ..vote(source, word, at)
    };
    let changes = [
        Change::HumanVote(on("comment:1", "REJECT", 1, "a")),
        Change::HumanVote(on("comment:2", "CHANGES", 2, "b")),
        Change::HumanVote(HumanVote {
            account: 7,
            ..on("comment:3", "REJECT", 1, "a")
        }),
    ];
    store.record(&lease, &first, &changes).await.unwrap();
    let beginnings = Change::Beginnings {
        path: "other.md".into(),
        proposals: vec!["a".repeat(64), "c".repeat(64)],
    };
    let second = pr(2);
    house.push(&second, "guid-2").await;
    let other = house.claim(LONG).await.lease;
    store.record(&other, &second, &[beginnings]).await.unwrap();

    let wanted = ["a".repeat(64), "c".repeat(64)];
    let sources = |found: Vec<VoteElsewhere>| -> Vec<(u64, String)> {
        let pair = |found: VoteElsewhere| (found.number, found.vote.source);
        found.into_iter().map(pair).collect()
    };
    let both = [(1, "comment:1".to_owned()), (1, "comment:3".to_owned())];
    assert_eq!(
        sources(store.votes_on(&second, &wanted).await.unwrap()),
        both
    );
    assert_eq!(store.votes_on(&second, &[]).await, Ok(vec![]));
    let mut elsewhere = second.clone();
    elsewhere.repo.id += 1;
    assert_eq!(
        store.votes_on(&elsewhere, &wanted).await,
        Ok(vec![]),
        "another repository"
    );

    assert_eq!(store.concerned_by_votes(&first, 42).await, Ok(vec![2]));
    assert_eq!(store.concerned_by_votes(&first, 8).await, Ok(vec![]));
    assert_eq!(store.concerned_by_votes(&second, 42).await, Ok(vec![]));

    // Taken back as a whole, on whatever text it stood then; an older one told late is gone with it.
    let withdrawn = [
        Change::HumanVote(on("comment:9", "WITHDRAW", 5, "d")),
        Change::HumanVote(on("comment:4", "CHANGES", 3, "a")),
    ];
    store.record(&lease, &first, &withdrawn).await.unwrap();
    let left = store.votes_on(&second, &wanted).await.unwrap();
    assert_eq!(
        sources(left),
        [(1, "comment:3".to_owned())],
        "account 7 took nothing back"
    );

    let gone = Change::Beginnings {
        path: "other.md".into(),
        proposals: vec![],
    };
    store.record(&other, &second, &[gone]).await.unwrap();
    assert_eq!(store.beginnings(&second).await.unwrap().len(), 0);
    assert_eq!(store.concerned_by_votes(&first, 42).await, Ok(vec![]));
}

#[tokio::test]
async fn a_block_is_known_by_the_first_pull_request_that_wrote_it() {
    let (house, lease, first) = at_work().await;
    let store = &house.store;
    let blocks = ["1", "2"].map(|hash| block("a.md", hash, hash));
    store.add_blocks(&lease, &first, &blocks).await.unwrap();
    store
        .mark_written(&lease, &first, &[("a.md".into(), "1".into())])
        .await
        .unwrap();
    let found = store.blocks_elsewhere(&pr(2), "a.md").await.unwrap();
    let written = block("a.md", "1", "1").text;
    assert_eq!(
        found,
        [(written, 1)].into(),
        "what was never written stands nowhere"
    );
    assert!(
        store
            .blocks_elsewhere(&first, "a.md")
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .blocks_elsewhere(&pr(2), "b.md")
            .await
            .unwrap()
            .is_empty()
    );
}
