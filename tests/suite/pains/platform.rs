//! GitHub's own limits, and its editions.

use crate::support::github;
use crate::support::rig::{APP, key};
use discussions::forge::github::GitHub;
use discussions::forge::{Annotation, AnnotationLevel, CheckRun, Conclusion, ForgeWrite};
use discussions::ids::{PullRequest, Repo, Sha};
use discussions::sandbox::{DEMO_REPO, Sandbox, SandboxOptions};
use secrecy::SecretString;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn p25_all_annotations_arrive_once_on_a_host_with_a_path() {
    let sandbox = Sandbox::start(SandboxOptions {
        app_id: APP,
        app_public_key: Some(key().public_pem.clone()),
        enterprise: true,
        ..github::options()
    })
    .await
    .unwrap();
    sandbox.seed_default().unwrap();
    assert!(
        sandbox.api_url().ends_with("/api/v3"),
        "{}",
        sandbox.api_url()
    );
    let private = SecretString::from(key().private_pem.clone());
    let client = GitHub::new(APP, &private, &sandbox.api_url(), &sandbox.graphql_url()).unwrap();
    let (installation, id) = sandbox.look(|world| {
        let installation = *world.installations.keys().next().unwrap();
        (installation, world.repo_id(DEMO_REPO).unwrap())
    });
    let pr = PullRequest {
        installation,
        repo: Repo {
            id,
            owner: "octo".to_owned(),
            name: "demo".to_owned(),
        },
        number: 1,
    };
    let tip = sandbox.tip(DEMO_REPO, "main").unwrap();
    for count in [0_usize, 50, 51, 180] {
        let annotation = |n: usize| Annotation {
            path: "README.md".to_owned(),
            line: n + 1,
            level: AnnotationLevel::Notice,
            title: format!("Remark {n}"),
            message: format!("number {n}"),
        };
        let run = CheckRun {
            name: format!("remarks {count}"),
            head: Sha::parse(tip.as_str()).unwrap(),
            conclusion: Some(Conclusion::Failure),
            title: "REJECTED".to_owned(),
            summary: "All of it".to_owned(),
            annotations: (0..count).map(annotation).collect(),
            buttons: Vec::new(),
            external_id: String::new(),
            details_url: None,
        };
        let id = client.create_check(&pr, &run).await.unwrap();
        let all = sandbox.check_runs(DEMO_REPO, &tip);
        let posted = all.into_iter().find(|run| run.id == id).unwrap();
        let said: BTreeSet<String> = posted
            .annotations
            .iter()
            .map(|one| one["message"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(posted.annotations.len(), count, "none twice");
        assert_eq!(said.len(), count, "all arrive");
        assert_eq!(posted.conclusion.as_deref(), Some("failure"));
        assert_eq!(posted.title.as_deref(), Some("REJECTED"));
    }
}
