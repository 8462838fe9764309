//! Fields of repositories, pull requests and what hangs on them.

use super::super::accounts::Access;
use super::super::git::ChangeStatus;
use super::super::pulls::pull_changes;
use super::super::repository::{Pull, Repository};
use super::super::shape::{self, association, node_id};
use super::super::state::{AccountId, World};
use super::connection::Connection;
use super::node::{BranchPlace, Node, ObjectPlace, Out, PullPlace};
use super::{Context, Problem, minimize, mutation, objects, pulls, queue, rules, threads};
use serde_json::{Map, Value, json};

type Args = Map<String, Value>;

/// Gives a field of a node. Names and arguments were validated against the schema.
pub(super) fn field(
    context: &mut Context<'_>,
    node: &Node,
    name: &str,
    args: &Args,
) -> Result<Out, Problem> {
    if let Node::Mutation = node {
        return mutate(context, name, &args["input"]);
    }
    let world: &World = context.world;
    match node {
        Node::Query => query(context, name, args),
        Node::RateLimit => Ok(rate_limit(world, name)),
        Node::Account(id) => Ok(account(world, *id, name)),
        Node::Viewer => Ok(match name {
            // Only as an actor does a bot lose its `[bot]`.
            "login" => world.login(world.own_bot()).map_or(Out::Null, Out::from),
            _ => account(world, world.own_bot(), name),
        }),
        Node::Repository(id) => repository(context, *id, name, args),
        Node::Ref { repo, branch } => reference(world, *repo, branch, name, args),
        Node::Pull(place) => pull(world, *place, name, args),
        Node::Review(place, id) => Ok(review(world, *place, *id, name)),
        Node::Comment(place, id) => Ok(comment(world, *place, *id, name)),
        Node::Thread(place, id) => threads::thread(world, *place, *id, name, args),
        Node::ReviewComment(place, id) => Ok(threads::comment(world, *place, *id, name)),
        Node::Reaction { repo, id } => Ok(threads::reaction(world, *repo, *id, name)),
        Node::RefUpdateRule(place) => Ok(rules::protection_field(world, place, name)),
        Node::Rule(place, index) => Ok(rules::rule_field(world, place, *index, name)),
        Node::RuleParameters(place, index) => Ok(rules::parameter(world, place, *index, name)),
        Node::Ruleset(place) => Ok(rules::ruleset_field(world, place, name)),
        Node::MergeQueue(place) => queue::field(world, place, name, args),
        Node::QueueEntry(place, id) => Ok(queue::entry_field(world, place, *id, name)),
        Node::ThreadPayload {
            thread,
            mutation_id,
            ..
        } => Ok(match name {
            "thread" => Out::Node((**thread).clone()),
            _ => mutation_id.clone().into(),
        }),
        Node::ReactionPayload {
            repo,
            id,
            mutation_id,
        } => Ok(match name {
            "clientMutationId" => mutation_id.clone().into(),
            _ => threads::reaction_payload(world, *repo, *id, name),
        }),
        Node::MinimizePayload {
            place,
            id,
            mutation_id,
        } => Ok(match name {
            "clientMutationId" => mutation_id.clone().into(),
            _ => Out::Node(Node::Comment(*place, *id)),
        }),
        Node::Connection(connection) => Ok(connection.field(name)),
        Node::PageInfo(connection) => Ok(connection.page_info(name)),
        Node::PullCommit(place, oid) => Ok(match name {
            "commit" => Out::Node(Node::Commit(ObjectPlace {
                repo: place.repo,
                oid: oid.clone(),
            })),
            "pullRequest" => Out::Node(Node::Pull(*place)),
            "id" => node_id("PURC", oid).into(),
            _ => format!("{}/commit/{oid}", world.hosts.web).into(),
        }),
        Node::ChangedFile {
            path,
            change,
            additions,
            deletions,
        } => Ok(match name {
            "path" => path.clone().into(),
            "changeType" => (*change).into(),
            "additions" => (*additions).into(),
            _ => (*deletions).into(),
        }),
        Node::CommitPayload {
            place,
            branch,
            mutation_id,
        } => Ok(match name {
            "commit" => Out::Node(Node::Commit(place.clone())),
            "ref" => Out::Node(Node::Ref {
                repo: place.repo,
                branch: branch.clone(),
            }),
            _ => mutation_id.clone().into(),
        }),
        _ => objects::field(world, node, name, args),
    }
}

fn mutate(context: &mut Context<'_>, name: &str, input: &Value) -> Result<Out, Problem> {
    match name {
        "addReaction" => threads::add_reaction(context, input),
        "minimizeComment" => minimize::minimize(context, input),
        "resolveReviewThread" => threads::set_resolved(context, input, true),
        "unresolveReviewThread" => threads::set_resolved(context, input, false),
        _ => mutation::create_commit_on_branch(context, input),
    }
}

fn query(context: &Context<'_>, name: &str, args: &Args) -> Result<Out, Problem> {
    if name == "rateLimit" {
        return Ok(Out::Node(Node::RateLimit));
    }
    let world: &World = context.world;
    if name == "viewer" {
        return Ok(Out::Node(Node::Viewer));
    }
    let text = |name: &str| args.get(name).and_then(Value::as_str).unwrap_or_default();
    let full_name = format!("{}/{}", text("owner"), text("name"));
    let follows = args.get("followRenames") != Some(&Value::Bool(false));
    let former = || {
        if follows {
            world.repo_formerly(&full_name)
        } else {
            None
        }
    };
    let found = world
        .repo_named(text("owner"), text("name"))
        .or_else(former);
    match found.filter(|repo| context.token.reaches(world, repo.id)) {
        Some(repo) => Ok(Out::Node(Node::Repository(repo.id))),
        None => Err(Problem::new(
            "NOT_FOUND",
            format!("Could not resolve to a Repository with the name '{full_name}'."),
        )),
    }
}

fn rate_limit(world: &World, name: &str) -> Out {
    let used = world.used_this_hour().min(world.hourly_limit);
    match name {
        "cost" | "nodeCount" => 1.into(),
        "limit" => world.hourly_limit.into(),
        "used" => used.into(),
        "remaining" => (world.hourly_limit - used).into(),
        _ => chrono::DateTime::from_timestamp(world.next_reset(), 0)
            .map_or(Out::Null, |at| shape::time(at).into()),
    }
}

fn account(world: &World, id: AccountId, name: &str) -> Out {
    let Some(account) = world.accounts.get(&id) else {
        return Out::Null;
    };
    // GraphQL leaves out the `[bot]` that REST puts behind a bot's login.
    let login = account.login.trim_end_matches("[bot]");
    let rest = shape::user(world, id);
    match name {
        "login" => login.into(),
        "databaseId" => account.id.into(),
        "id" => rest["node_id"].clone().into(),
        "avatarUrl" => rest["avatar_url"].clone().into(),
        "url" => rest["html_url"].clone().into(),
        "resourcePath" => format!("/{login}").into(),
        _ => Out::Null,
    }
}

pub(super) fn actor(world: &World, id: AccountId) -> Out {
    Out::maybe(
        world
            .accounts
            .contains_key(&id)
            .then_some(Node::Account(id)),
    )
}

fn repository(context: &Context<'_>, id: u64, name: &str, args: &Args) -> Result<Out, Problem> {
    let world: &World = context.world;
    let Some(repo) = world.repos.get(&id) else {
        return Ok(Out::Null);
    };
    // What lies in the repository needs more than `metadata`.
    let needs = match name {
        "pullRequest" | "pullRequests" => Some("pull_requests"),
        "object" | "ref" => Some("contents"),
        "mergeQueue" => Some("merge_queues"),
        _ => None,
    };
    let own = context.token.reaches(world, id);
    if needs.is_some_and(|permission| !own || !context.token.permits(permission, Access::Read)) {
        return Err(Problem::forbidden());
    }
    Ok(match name {
        "databaseId" => repo.id.into(),
        "id" => node_id("R", repo.id).into(),
        "name" => repo.name.clone().into(),
        "nameWithOwner" => world.full_name(repo).into(),
        "isArchived" => repo.archived.into(),
        "isDisabled" => false.into(),
        "isFork" => repo.fork_of.is_some().into(),
        "isPrivate" => repo.private.into(),
        "owner" => Out::Node(Node::Account(repo.owner)),
        "url" => format!("{}/{}", world.hosts.web, world.full_name(repo)).into(),
        "defaultBranchRef" => branch_ref(repo, &repo.default_branch),
        "ref" => {
            let asked = args
                .get("qualifiedName")
                .and_then(Value::as_str)
                .unwrap_or_default();
            branch_ref(repo, asked.strip_prefix("refs/heads/").unwrap_or(asked))
        }
        "object" => objects::object(repo, args),
        "mergeQueue" => queue::of(repo, args),
        "pullRequest" => {
            let number = args.get("number").and_then(Value::as_u64).unwrap_or(0);
            if !repo.pulls.contains_key(&number) {
                let message =
                    format!("Could not resolve to a PullRequest with the number of {number}.");
                return Err(Problem::new("NOT_FOUND", message));
            }
            Out::Node(Node::Pull(PullPlace { repo: id, number }))
        }
        "pullRequests" => return pulls::list(repo, args),
        _ => Out::Null,
    })
}

fn branch_ref(repo: &Repository, branch: &str) -> Out {
    let exists = repo.git.branches.contains_key(branch);
    Out::maybe(exists.then(|| Node::Ref {
        repo: repo.id,
        branch: branch.to_owned(),
    }))
}

fn reference(
    world: &World,
    repo: u64,
    branch: &str,
    name: &str,
    args: &Args,
) -> Result<Out, Problem> {
    let place = || BranchPlace {
        repo,
        branch: branch.to_owned(),
    };
    let tip = world
        .repos
        .get(&repo)
        .and_then(|found| found.git.branches.get(branch));
    Ok(match name {
        "refUpdateRule" => return rules::ref_update_rule(world, place()),
        "rules" => return rules::list(world, place(), args),
        "id" => node_id("REF", format!("{repo}{branch}")).into(),
        "name" => branch.into(),
        "prefix" => "refs/heads/".into(),
        "repository" => Out::Node(Node::Repository(repo)),
        _ => Out::maybe(tip.map(|oid| {
            Node::Commit(ObjectPlace {
                repo,
                oid: oid.clone(),
            })
        })),
    })
}

/// `databaseId` is a 32-bit number; ids beyond that are only in `fullDatabaseId`, as text.
pub(super) fn short_id(id: u64) -> Out {
    i32::try_from(id).map_or(Out::Null, Out::from)
}

fn pull(world: &World, place: PullPlace, name: &str, args: &Args) -> Result<Out, Problem> {
    let Some(repo) = world.repos.get(&place.repo) else {
        return Ok(Out::Null);
    };
    let Some(pull) = repo.pulls.get(&place.number) else {
        return Ok(Out::Null);
    };
    let head_repo = pull.head_repo.filter(|id| world.repos.contains_key(id));
    Ok(match name {
        "author" => actor(world, pull.author),
        "authorAssociation" => association(world, repo, pull.author).into(),
        "baseRef" => branch_ref(repo, &pull.base_branch),
        "baseRefName" => pull.base_branch.clone().into(),
        "baseRefOid" => pull.base.as_str().into(),
        "baseRepository" => Out::Node(Node::Repository(repo.id)),
        "body" => pull.body.clone().unwrap_or_default().into(),
        "changedFiles" => pull_changes(repo, pull).len().into(),
        "closed" => (!pull.open).into(),
        "closedAt" => pull
            .closed_at
            .map_or(Out::Null, |at| shape::time(at).into()),
        "createdAt" => shape::time(pull.created_at).into(),
        "updatedAt" => shape::time(pull.updated_at).into(),
        "mergedAt" => pull
            .merged
            .as_ref()
            .and(pull.closed_at)
            .map_or(Out::Null, |at| shape::time(at).into()),
        "databaseId" => short_id(pull.id),
        "fullDatabaseId" => pull.id.to_string().into(),
        "headRef" => head_repo
            .and_then(|id| world.repos.get(&id))
            .map_or(Out::Null, |head| branch_ref(head, &pull.head_branch)),
        "headRefName" => pull.head_branch.clone().into(),
        "headRefOid" => pull.head.as_str().into(),
        "headRepository" => Out::maybe(head_repo.map(Node::Repository)),
        "headRepositoryOwner" => Out::maybe(
            head_repo
                .and_then(|id| world.repos.get(&id))
                .map(|repo| Node::Account(repo.owner)),
        ),
        "id" => node_id("PR", pull.id).into(),
        "isCrossRepository" => (pull.head_repo != Some(repo.id)).into(),
        "isDraft" => pull.draft.into(),
        "locked" => pull.locked.into(),
        "maintainerCanModify" => false.into(),
        "merged" => pull.merged.is_some().into(),
        "number" => pull.number.into(),
        "state" => pulls::state_word(pull).into(),
        "title" => pull.title.clone().into(),
        "url" => format!(
            "{}/{}/pull/{}",
            world.hosts.web,
            world.full_name(repo),
            pull.number
        )
        .into(),
        _ => return pull_list(world, repo, pull, name, args),
    })
}

fn pull_list(
    world: &World,
    repo: &Repository,
    pull: &Pull,
    name: &str,
    args: &Args,
) -> Result<Out, Problem> {
    let place = PullPlace {
        repo: repo.id,
        number: pull.number,
    };
    let (type_name, nodes): (_, Vec<Node>) = match name {
        "reviews" => {
            let states = args.get("states").and_then(Value::as_array);
            let author = args.get("author").and_then(Value::as_str);
            let now = world.now();
            let wanted = |review: &&super::super::repository::Review| {
                states.is_none_or(|states| states.contains(&json!(review.state.as_str())))
                    && author.is_none_or(|author| world.login(review.author) == Some(author))
                    && review.visible_from <= now
            };
            let nodes = pull
                .reviews
                .iter()
                .filter(wanted)
                .map(|review| Node::Review(place, review.id));
            ("PullRequestReviewConnection", nodes.collect())
        }
        "reviewThreads" => {
            let seen = pull.seen_comments(world.now());
            let nodes = seen
                .filter(|comment| comment.in_reply_to.is_none())
                .map(|comment| Node::Thread(place, comment.id));
            ("PullRequestReviewThreadConnection", nodes.collect())
        }
        "comments" => {
            let now = world.now();
            let visible = pull
                .comments
                .iter()
                .filter(|comment| comment.visible_from <= now);
            (
                "IssueCommentConnection",
                visible
                    .map(|comment| Node::Comment(place, comment.id))
                    .collect(),
            )
        }
        "commits" => {
            let ahead = repo.git.commits_ahead(&pull.base, &pull.head);
            let nodes = ahead
                .iter()
                .map(|commit| Node::PullCommit(place, commit.oid.clone()));
            ("PullRequestCommitConnection", nodes.collect())
        }
        _ => {
            let nodes = pull_changes(repo, pull)
                .into_iter()
                .map(|change| Node::ChangedFile {
                    path: change.path,
                    change: match change.status {
                        ChangeStatus::Added => "ADDED",
                        ChangeStatus::Removed => "DELETED",
                        ChangeStatus::Modified => "MODIFIED",
                        ChangeStatus::Renamed => "RENAMED",
                        ChangeStatus::Changed => "CHANGED",
                    },
                    additions: change.additions,
                    deletions: change.deletions,
                });
            ("PullRequestChangedFileConnection", nodes.collect())
        }
    };
    Connection::page(type_name, name, nodes, args)
}

fn review(world: &World, place: PullPlace, id: u64, name: &str) -> Out {
    let Some(repo) = world.repos.get(&place.repo) else {
        return Out::Null;
    };
    let pull = repo.pulls.get(&place.number);
    let Some((pull, review)) =
        pull.and_then(|p| p.reviews.iter().find(|r| r.id == id).map(|r| (p, r)))
    else {
        return Out::Null;
    };
    let rest = shape::review(world, repo, pull, review);
    match name {
        "author" => actor(world, review.author),
        "authorAssociation" => rest["author_association"].clone().into(),
        "body" => review.body.clone().into(),
        "commit" => Out::Node(Node::Commit(ObjectPlace {
            repo: repo.id,
            oid: review.commit.clone(),
        })),
        "databaseId" => short_id(review.id),
        "fullDatabaseId" => review.id.to_string().into(),
        "id" => rest["node_id"].clone().into(),
        "state" => review.state.as_str().into(),
        "url" => rest["html_url"].clone().into(),
        _ => shape::time(review.submitted_at).into(),
    }
}

fn comment(world: &World, place: PullPlace, id: u64, name: &str) -> Out {
    let Some(repo) = world.repos.get(&place.repo) else {
        return Out::Null;
    };
    let Some((pull, comment)) = repo.find_comment(id) else {
        return Out::Null;
    };
    let rest = shape::comment(world, repo, pull, comment);
    match name {
        "author" => actor(world, comment.author),
        "authorAssociation" => rest["author_association"].clone().into(),
        "body" => comment.body.clone().into(),
        "createdAt" => shape::time(comment.created_at).into(),
        "updatedAt" => shape::time(comment.updated_at).into(),
        "databaseId" => short_id(comment.id),
        "fullDatabaseId" => comment.id.to_string().into(),
        "id" => rest["node_id"].clone().into(),
        "isMinimized" => comment.minimized.is_some().into(),
        "minimizedReason" => comment.minimized.clone().map_or(Out::Null, Out::from),
        "viewerCanMinimize" => (comment.author == world.own_bot()).into(),
        "viewerDidAuthor" => (comment.author == world.own_bot()).into(),
        "url" => rest["html_url"].clone().into(),
        _ => Out::Null,
    }
}
