//! The GraphQL endpoint.

use super::rig::{REPO, Rig};
use discussions::sandbox::{FileEdit, ReviewState};
use serde_json::{Value, json};

const SNAPSHOT: &str = include_str!("../../../src/forge/github/snapshot.graphql");

#[tokio::test]
async fn the_snapshot_query_of_the_app_gets_everything_it_asks_for() {
    let rig = Rig::start().await;
    let edits = [
        FileEdit::write(".github/discussions.yml", "rounds: 2\n"),
        FileEdit::write(
            ".github/discussions/personas/ops.md",
            "---\nname: ops\n---\nYou run it.\n",
        ),
        FileEdit::symlink(".github/discussions/personas/link.md", "ops.md"),
    ];
    rig.sandbox
        .push("octo", REPO, "main", "configure", &edits)
        .unwrap();
    let pr = rig.open("work", &[("d.md", "x\n")]);
    rig.sandbox
        .review("ann", REPO, pr, ReviewState::Approved, "fine")
        .unwrap();
    let variables = json!({"owner": "octo", "name": "demo", "number": pr});
    let answer = rig.graphql(SNAPSHOT, variables).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let pull = &answer["data"]["repository"]["pullRequest"];
    assert_eq!(pull["state"], "OPEN");
    assert_eq!(pull["author"]["login"], "rob");
    assert!(pull["author"]["databaseId"].is_u64());
    assert_eq!(pull["headRefOid"], rig.head(pr).as_str());
    assert_eq!(pull["isCrossRepository"], false);
    let base = &pull["baseRef"]["target"];
    assert_eq!(base["oid"], rig.sandbox.tip(REPO, "main").unwrap().as_str());
    assert_eq!(base["config"]["object"]["text"], "rounds: 2\n");
    assert_eq!(base["templates"], Value::Null, "there is no such folder");
    let personas = base["personas"]["object"]["entries"].as_array().unwrap();
    assert_eq!(personas[0]["name"], "link.md");
    assert_eq!(personas[0]["mode"], 40_960, "a symbolic link");
    assert_eq!(personas[1]["mode"], 33_188);
    let review = &pull["reviews"]["nodes"][0];
    assert_eq!(
        (review["state"].as_str(), review["author"]["login"].as_str()),
        (Some("APPROVED"), Some("ann"))
    );
    assert!(
        review["fullDatabaseId"].is_string(),
        "ids beyond 32 bits come as text"
    );
}

#[tokio::test]
async fn only_the_requested_members_come_back_under_their_aliases() {
    let rig = Rig::start().await;
    let query = r#"query Q($name: String!, $with: Boolean!) {
        here: repository(owner: "octo", name: $name) { nameWithOwner ...Owner isPrivate @include(if: $with) }
    }
    fragment Owner on Repository { owner { __typename login ... on Organization { name } } }"#;
    let answer = rig
        .graphql(query, json!({"name": "demo", "with": false}))
        .await;
    let expected = json!({"data": {"here": {
        "nameWithOwner": "octo/demo",
        "owner": {"__typename": "User", "login": "octo"},
    }}});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn documents_that_github_refuses_are_refused() {
    let rig = Rig::start().await;
    let cases = [
        (
            "{ repository(owner: \"octo\", name: \"demo\") { nme } }",
            "Field 'nme' doesn't exist on type 'Repository'",
        ),
        (
            "{ repository(owner: \"octo\") { name } }",
            "Field 'repository' is missing required arguments: name",
        ),
        (
            "{ repository(owner: \"octo\", name: \"demo\", id: 1) { name } }",
            "Field 'repository' doesn't accept argument 'id'",
        ),
        (
            "{ repository(owner: \"octo\", name: \"demo\") }",
            "Field must have selections",
        ),
        (
            "{ repository(owner: \"octo\", name: \"demo\") { name { x } } }",
            "Selections can't be made on scalars",
        ),
        (
            "{ repository(owner: \"octo\", name: \"demo\") { ...Gone } }",
            "Fragment Gone was used, but not defined",
        ),
        (
            "query Q($n: Int!) { repository(owner: \"octo\", name: \"demo\") { name } }",
            "Variable $n is declared by the operation but not used",
        ),
        (
            "{ repository(owner: \"octo\", name: $n) { name } }",
            "Variable $n is used by the operation but not declared",
        ),
        (
            "query Q($n: String!) { repository(owner: \"octo\", name: $n) { name } }",
            "Variable $n of type String! was provided invalid value",
        ),
        (
            "{ repository(owner: \"octo\", name: 5) { name } }",
            "Argument 'name' has an invalid value",
        ),
        ("{ repository(", "Parse error"),
        (
            "query A { rateLimit { cost } } query B { rateLimit { cost } }",
            "An operation name is required",
        ),
    ];
    for (query, message) in cases {
        let answer = rig.graphql(query, json!({})).await;
        let told: Vec<&str> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|error| error["message"].as_str())
            .collect();
        assert!(
            told.iter().any(|text| text.contains(message)),
            "{query}: {told:?}"
        );
        assert!(answer["data"].is_null(), "{query}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_null_with_an_error_at_its_path() {
    let rig = Rig::start().await;
    let repo = rig
        .graphql(
            "{ repository(owner: \"octo\", name: \"gone\") { name } }",
            json!({}),
        )
        .await;
    assert_eq!(repo["data"]["repository"], Value::Null);
    assert_eq!(repo["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(repo["errors"][0]["path"], json!(["repository"]));
    let query = "{ repository(owner: \"octo\", name: \"demo\") { name pullRequest(number: 99) { title } } }";
    let pull = rig.graphql(query, json!({})).await;
    assert_eq!(
        pull["data"]["repository"]["name"], "demo",
        "the rest is answered"
    );
    assert_eq!(
        pull["errors"][0]["message"],
        "Could not resolve to a PullRequest with the number of 99."
    );
}

#[tokio::test]
async fn connections_must_be_bounded() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    for text in ["one", "two", "three"] {
        rig.sandbox.comment("ann", REPO, pr, text).unwrap();
    }
    let ask = |arguments: &str| {
        format!("{{ repository(owner: \"octo\", name: \"demo\") {{ pullRequest(number: {pr}) {{
            comments{arguments} {{ totalCount nodes {{ body }} pageInfo {{ hasPreviousPage startCursor }} }} }} }} }}")
    };
    let unbounded = rig.graphql(&ask(""), json!({})).await;
    assert_eq!(
        unbounded["errors"][0]["type"],
        "MISSING_PAGINATION_BOUNDARIES"
    );
    let greedy = rig.graphql(&ask("(last: 101)"), json!({})).await;
    assert_eq!(greedy["errors"][0]["type"], "EXCESSIVE_PAGINATION");
    let last = rig.graphql(&ask("(last: 2)"), json!({})).await;
    let comments = &last["data"]["repository"]["pullRequest"]["comments"];
    assert_eq!(
        comments["nodes"],
        json!([{"body": "two"}, {"body": "three"}])
    );
    assert_eq!(comments["pageInfo"]["hasPreviousPage"], true);
    let before = format!("(last: 2, before: {})", comments["pageInfo"]["startCursor"]);
    let first = rig.graphql(&ask(&before), json!({})).await;
    let nodes = &first["data"]["repository"]["pullRequest"]["comments"]["nodes"];
    assert_eq!(*nodes, json!([{"body": "one"}]));
}

#[tokio::test]
async fn a_bot_has_no_bot_suffix_in_graphql_but_in_rest() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let posted = rig
        .post(
            &format!("/repos/octo/demo/issues/{pr}/comments"),
            json!({"body": "hi"}),
        )
        .await
        .ok();
    assert_eq!(posted["user"]["login"], "orchestrated-discussions[bot]");
    assert_eq!(posted["performed_via_github_app"]["id"], 4711);
    let query = format!("{{ repository(owner: \"octo\", name: \"demo\") {{ pullRequest(number: {pr}) {{
        comments(last: 1) {{ nodes {{ viewerDidAuthor author {{ __typename login ... on Bot {{ databaseId }} }} }} }} }} }} }}");
    let answer = rig.graphql(&query, json!({})).await;
    let node = &answer["data"]["repository"]["pullRequest"]["comments"]["nodes"][0];
    assert_eq!(node["viewerDidAuthor"], true);
    assert_eq!(node["author"]["__typename"], "Bot");
    assert_eq!(node["author"]["login"], "orchestrated-discussions");
    assert_eq!(node["author"]["databaseId"], posted["user"]["id"]);
}

#[tokio::test]
async fn pull_requests_need_their_permission_in_graphql_too() {
    let mut rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let minted = rig
        .mint(json!({"permissions": {"contents": "read"}}))
        .await
        .ok();
    rig.token = minted["token"].as_str().unwrap().to_owned();
    let query = format!(
        "{{ repository(owner: \"octo\", name: \"demo\") {{ pullRequest(number: {pr}) {{ title }} }} }}"
    );
    let answer = rig.graphql(&query, json!({})).await;
    assert_eq!(answer["errors"][0]["type"], "FORBIDDEN");
    let tip = rig.sandbox.tip(REPO, "work").unwrap();
    let commit = rig.commit("work", &tip, "a.md", "b\n").await;
    assert_eq!(commit["errors"][0]["type"], "FORBIDDEN");
    assert_eq!(rig.sandbox.tip(REPO, "work").unwrap(), tip);
}

#[tokio::test]
async fn objects_are_read_by_id_and_by_expression() {
    let rig = Rig::start().await;
    let long = "line\n".repeat(120_000);
    let edits = [
        FileEdit::write("docs/text.md", "hello\n"),
        FileEdit::write("docs/binary", [0_u8, 1, 2]),
        FileEdit::write("docs/latin1", [b'a', 0xe9]),
        FileEdit::write("docs/long.md", &long),
    ];
    let tip = rig
        .sandbox
        .push("rob", REPO, "work", "files", &edits)
        .unwrap();
    let read = async |expression: String| {
        let query = "query($e: String!) { repository(owner: \"octo\", name: \"demo\") { object(expression: $e) {
            __typename oid ... on Blob { byteSize isBinary isTruncated text } ... on Tree { entries { name type } } } } }";
        rig.graphql(query, json!({"e": expression})).await["data"]["repository"]["object"].clone()
    };
    let text = read(format!("{tip}:docs/text.md")).await;
    assert_eq!(text["text"], "hello\n");
    assert_eq!(
        text["oid"], "ce013625030ba8dba906f756967f9e9ca394464a",
        "git's own id of that content"
    );
    let binary = read(format!("{tip}:docs/binary")).await;
    assert_eq!(
        (binary["isBinary"].as_bool(), &binary["text"]),
        (Some(true), &Value::Null)
    );
    assert_eq!(
        read("work:docs/latin1".to_owned()).await["text"],
        Value::Null
    );
    let long_blob = read("work:docs/long.md".to_owned()).await;
    assert_eq!(long_blob["isTruncated"], true);
    assert_eq!(long_blob["byteSize"], long.len());
    assert_eq!(long_blob["text"].as_str().unwrap().len(), 512 * 1024);
    let folder = read("work:docs".to_owned()).await;
    assert_eq!(folder["__typename"], "Tree");
    assert_eq!(folder["entries"].as_array().unwrap().len(), 4);
    assert_eq!(read("work:docs/none".to_owned()).await, Value::Null);
    assert_eq!(read("work".to_owned()).await["__typename"], "Commit");
}
