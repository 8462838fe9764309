//! The page of a pull request: the check as it reads, a form for each person, and the way to merge.

use super::{Repo, Sandbox};

async fn text_of(answer: reqwest::Response) -> String {
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_votes_on_the_page() {
    let repo = Repo::with_discussion();
    let mut sandbox = Sandbox::on(&repo);
    sandbox.hears("#1 check action_required DISCUSSING");
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let index = text_of(client.get(&sandbox.web).send().await.unwrap()).await;
    assert!(index.contains("/local/shop/pull/1"), "{index}");
    let page = format!("{}/local/shop/pull/1", sandbox.web);
    let html = text_of(client.get(&page).send().await.unwrap()).await;
    assert!(html.contains("DISCUSSING: needs 1 vote"), "{html}");
    assert!(html.contains("<table>"), "the summary is rendered: {html}");
    assert!(!html.contains("<script"), "{html}");
    let token = html.split("name=\"token\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap().to_owned();

    let say = format!("{page}/say");
    let vote = |token: &str| {
        let body = format!("token={token}&as=reviewer&act=comment&body=%2Fdiscuss+vote+ready");
        client
            .post(&say)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let refused = [
        vote("guessed"),
        vote(&token).header("origin", "https://evil.example"),
        vote(&token).header("host", "evil.example"),
    ];
    for request in refused {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 422);
    }
    let foreign = client
        .get(&page)
        .header("host", "evil.example")
        .send()
        .await;
    assert!(!text_of(foreign.unwrap()).await.contains(&token));

    let taken = vote(&token)
        .header("origin", &sandbox.web)
        .send()
        .await
        .unwrap();
    assert_eq!(taken.status(), 303);
    sandbox.hears("reviewer: /discuss vote ready");
    sandbox.hears("#1 check success READY");
    let html = text_of(client.get(format!("{page}?merge")).send().await.unwrap()).await;
    assert!(
        html.contains("git switch main &amp;&amp; git merge --no-ff cache"),
        "{html}"
    );
    assert_eq!(repo.git(&["log", "-1", "--format=%s", "main"]), "Begin");
    sandbox.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_commit_stands_on_the_page() {
    let repo = Repo::with_discussion();
    repo.write("design/cache.md", "mine\n");
    let mut sandbox = Sandbox::on(&repo);
    sandbox.hears("#1 commit refused");
    let page = format!("{}/local/shop/pull/1", sandbox.web);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let html = text_of(client.get(&page).send().await.unwrap()).await;
    assert!(html.contains("commit or stash them"), "{html}");
    sandbox.stop();
}
