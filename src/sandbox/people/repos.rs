//! Repositories, branches, pushes, collaborators, installations.

use super::super::accounts::{Access, AccountKind, Installation, Permissions, Role, Token};
use super::super::git::Oid;
use super::super::hub::Hub;
use super::super::pushes::FileEdit;
use super::super::repository::Protection;
use super::super::shape;
use super::super::state::{Refused, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Hub {
    /// Makes a person's account; an existing one stays. Gives its id.
    pub fn create_user(&self, login: &str) -> u64 {
        self.act(|world| world.ensure_account(login, AccountKind::User))
    }

    /// Makes the account of a program; an existing account stays. Gives its id.
    pub fn create_bot(&self, login: &str) -> u64 {
        self.act(|world| world.ensure_account(login, AccountKind::Bot))
    }

    /// Makes an organization; an existing account stays. Gives its id.
    pub fn create_organization(&self, login: &str) -> u64 {
        self.act(|world| world.ensure_account(login, AccountKind::Organization))
    }

    /// Renames an account. Its id stays; nobody finds it under the old login, which is free for others.
    pub fn rename_account(&self, login: &str, new_login: &str) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.person(login)?;
            if world.account_by_login(new_login).is_some() {
                return Err(Refused(format!("there is an account {new_login}")));
            }
            let account = world.accounts.get_mut(&id);
            let account = account.ok_or_else(|| Refused(format!("there is no account {login}")))?;
            account.login = new_login.to_owned();
            Ok(())
        })
    }

    /// Deletes an account: its comments and reviews show no user any more.
    pub fn delete_account(&self, login: &str) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.person(login)?;
            world.accounts.remove(&id);
            Ok(())
        })
    }

    /// Makes a public repository with a first commit on `main`, the owner's account and an installation on it if need be.
    pub fn create_repo(&self, full_name: &str, files: &[(&str, &str)]) -> Result<u64, Refused> {
        let edits: Vec<FileEdit> = files
            .iter()
            .map(|(path, text)| FileEdit::write(path, text))
            .collect();
        self.act(|world| create_repo(world, full_name, &edits))
    }

    /// Installs the App on an account (again) with the permissions it asks for; gives the installation's id.
    pub fn install(&self, login: &str) -> Result<u64, Refused> {
        self.act(|world| {
            let account = world.person(login)?;
            install(world, account)
        })
    }

    /// Changes what an installation may do. More is granted when somebody accepts it, which is told; less when the App
    /// asks for less, which is not, and which its tokens lose at once.
    pub fn set_permissions(
        &self,
        installation: u64,
        permissions: Permissions,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let found = installation_mut(world, installation)?;
            let before = std::mem::replace(&mut found.permissions, permissions.clone());
            let of_it = |token: &&mut Token| token.installation == installation;
            for token in world.tokens.values_mut().filter(of_it) {
                token
                    .permissions
                    .retain(|name, access| permissions.get(name) >= Some(access));
            }
            let is_more = |(name, access): (&String, &Access)| before.get(name) < Some(access);
            if permissions.iter().any(is_more) {
                let repositories = listed(world, installation);
                let details =
                    json!({"action": "new_permissions_accepted", "repositories": repositories});
                world.announce_installation(installation, "installation", details);
            }
            Ok(())
        })
    }

    /// Suspends or resumes an installation.
    pub fn suspend(&self, installation: u64, suspended: bool) -> Result<(), Refused> {
        self.act(|world| {
            let now = world.now();
            installation_mut(world, installation)?.suspended_at = suspended.then_some(now);
            let action = if suspended { "suspend" } else { "unsuspend" };
            world.announce_installation(installation, "installation", json!({"action": action}));
            Ok(())
        })
    }

    /// Limits an installation to these repositories, or to all of the account.
    pub fn select_repositories(
        &self,
        installation: u64,
        repos: Option<&[&str]>,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let before: BTreeSet<u64> = covered(world, installation);
            let selected = match repos {
                None => None,
                Some(names) => Some(
                    names
                        .iter()
                        .map(|name| world.repo_id(name))
                        .collect::<Result<BTreeSet<_>, _>>()?,
                ),
            };
            installation_mut(world, installation)?.selected = selected;
            let after = covered(world, installation);
            let short = |ids: Vec<&u64>| {
                ids.into_iter()
                    .map(|id| short_repo(world, *id))
                    .collect::<Value>()
            };
            let details = json!({
                "action": if after.is_subset(&before) { "removed" } else { "added" },
                "repository_selection": if repos.is_some() { "selected" } else { "all" },
                "repositories_added": short(after.difference(&before).collect()),
                "repositories_removed": short(before.difference(&after).collect()),
                "requester": null,
            });
            world.announce_installation(installation, "installation_repositories", details);
            Ok(())
        })
    }

    /// Removes an installation: its tokens die with it.
    pub fn uninstall(&self, installation: u64) -> Result<(), Refused> {
        self.act(|world| {
            let details = json!({"action": "deleted", "repositories": listed(world, installation)});
            world.announce_installation(installation, "installation", details);
            world.installations.remove(&installation);
            world
                .tokens
                .retain(|_, token| token.installation != installation);
            Ok(())
        })
    }

    /// Gives an account a role, the account made if need be.
    pub fn add_collaborator(&self, repo: &str, login: &str, role: Role) -> Result<(), Refused> {
        self.act(|world| {
            let account = world.ensure_account(login, AccountKind::User);
            let id = world.repo_id(repo)?;
            world.repo_mut(id)?.collaborators.insert(account, role);
            Ok(())
        })
    }

    /// Takes an account's role away.
    pub fn remove_collaborator(&self, repo: &str, login: &str) -> Result<(), Refused> {
        self.act(|world| {
            let account = world.person(login)?;
            let id = world.repo_id(repo)?;
            world.repo_mut(id)?.collaborators.remove(&account);
            Ok(())
        })
    }

    /// Sets a branch's rules.
    pub fn protect(&self, repo: &str, branch: &str, rules: Protection) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.repo_id(repo)?;
            let fresh = world.small_id();
            let known = &mut world.repo_mut(id)?.protections;
            let id = known.get(branch).map_or(fresh, |rules| rules.id);
            known.insert(branch.to_owned(), Protection { id, ..rules });
            Ok(())
        })
    }

    /// Hides the repository from strangers, or shows it.
    pub fn set_private(&self, repo: &str, private: bool) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.repo_id(repo)?;
            world.repo_mut(id)?.private = private;
            Ok(())
        })
    }

    /// Archives the repository, or brings it back.
    pub fn set_archived(&self, repo: &str, archived: bool) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.repo_id(repo)?;
            world.repo_mut(id)?.archived = archived;
            let owner = world.repo(id)?.owner;
            let action = if archived { "archived" } else { "unarchived" };
            world.announce(id, owner, "repository", json!({"action": action}));
            Ok(())
        })
    }

    /// Renames a repository; the old name redirects.
    pub fn rename_repo(&self, repo: &str, new_name: &str) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.repo_id(repo)?;
            let owner = world.repo(id)?.owner;
            let found = world.repo_mut(id)?;
            found.former_names.push(repo.to_owned());
            let old = std::mem::replace(&mut found.name, new_name.to_owned());
            let changes = json!({"repository": {"name": {"from": old}}});
            world.announce(
                id,
                owner,
                "repository",
                json!({"action": "renamed", "changes": changes}),
            );
            Ok(())
        })
    }

    /// Transfers a repository to another account, where the App is installed if need be; the old name redirects.
    pub fn transfer_repo(&self, repo: &str, new_owner: &str) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.repo_id(repo)?;
            let to = world.person(new_owner)?;
            let installed = world
                .installations
                .values()
                .any(|found| found.account == to);
            if !installed {
                install(world, to)?;
            }
            let found = world.repo_mut(id)?;
            found.former_names.push(repo.to_owned());
            let from = std::mem::replace(&mut found.owner, to);
            let old = shape::user(world, from);
            let changes = json!({"owner": {"from": {"user": old}}});
            let details = json!({"action": "transferred", "changes": changes});
            world.announce(id, from, "repository", details);
            Ok(())
        })
    }

    /// Deletes a repository; pull requests from it live on without a head repository.
    pub fn delete_repo(&self, repo: &str) -> Result<(), Refused> {
        self.act(|world| {
            let id = world.repo_id(repo)?;
            let owner = world.repo(id)?.owner;
            world.announce(id, owner, "repository", json!({"action": "deleted"}));
            world.repos.remove(&id);
            let pulls = world
                .repos
                .values_mut()
                .flat_map(|repo| repo.pulls.values_mut());
            for pull in pulls.filter(|pull| pull.head_repo == Some(id)) {
                pull.head_repo = None;
            }
            Ok(())
        })
    }

    /// Forks a repository into a person's account; gives its full name.
    pub fn fork(&self, login: &str, repo: &str) -> Result<String, Refused> {
        self.act(|world| {
            let owner = world.person(login)?;
            let source = world.repo(world.repo_id(repo)?)?.clone();
            let id = world.add_repository(owner, &source.name);
            let fork = world.repo_mut(id)?;
            fork.git = source.git;
            fork.default_branch = source.default_branch;
            fork.fork_of = Some(source.id);
            Ok(format!("{login}/{}", source.name))
        })
    }

    /// Tip of a branch.
    pub fn tip(&self, repo: &str, branch: &str) -> Result<Oid, Refused> {
        self.look(|world| world.repo(world.repo_id(repo)?)?.tip(branch))
    }

    /// A file's bytes at a branch or commit; `None`: no such file.
    pub fn file(&self, repo: &str, reference: &str, path: &str) -> Option<Vec<u8>> {
        self.look(|world| {
            let repo = world.repo(world.repo_id(repo).ok()?).ok()?;
            let file = repo.git.resolve(reference)?.files.get(path)?.clone();
            repo.git.blob(&file.oid).map(|bytes| bytes.to_vec())
        })
    }

    /// Commits to a branch and pushes; the branch is made from the default branch if need be. Gives the new tip.
    pub fn push(
        &self,
        login: &str,
        repo: &str,
        branch: &str,
        message: &str,
        edits: &[FileEdit],
    ) -> Result<Oid, Refused> {
        self.act(|world| {
            let (by, id) = pusher(world, login, repo, branch)?;
            let found = world.repo(id)?;
            let parent = found
                .tip(branch)
                .or_else(|_| found.tip(&found.default_branch))
                .ok();
            let oid = world.build_commit(id, parent.as_ref(), edits, message, by)?;
            world.move_branch(id, branch, &oid, by)?;
            Ok(oid)
        })
    }

    /// Points a branch at another commit, as `git push --force` does.
    pub fn force_push(
        &self,
        login: &str,
        repo: &str,
        branch: &str,
        to: &Oid,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = pusher(world, login, repo, branch)?;
            world.move_branch(id, branch, to, by)
        })
    }

    /// Replaces what a branch has on top of `onto` by one new commit, in one forced push. Gives the new tip.
    pub fn force_push_commit(
        &self,
        login: &str,
        repo: &str,
        branch: &str,
        onto: &Oid,
        message: &str,
        edits: &[FileEdit],
    ) -> Result<Oid, Refused> {
        self.act(|world| {
            let (by, id) = pusher(world, login, repo, branch)?;
            let oid = world.build_commit(id, Some(onto), edits, message, by)?;
            world.move_branch(id, branch, &oid, by)?;
            Ok(oid)
        })
    }

    /// Makes a branch at a commit.
    pub fn create_branch(
        &self,
        login: &str,
        repo: &str,
        branch: &str,
        at: &Oid,
    ) -> Result<(), Refused> {
        self.force_push(login, repo, branch, at)
    }

    /// Deletes a branch; pull requests from it close.
    pub fn delete_branch(&self, login: &str, repo: &str, branch: &str) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = pusher(world, login, repo, branch)?;
            world.remove_branch(id, branch, by)
        })
    }
}

/// The account and repository of a push, if the account may push there.
fn pusher(world: &World, login: &str, repo: &str, branch: &str) -> Result<(u64, u64), Refused> {
    let (by, id) = (world.person(login)?, world.repo_id(repo)?);
    if world.role(world.repo(id)?, by) < Some(Role::Write) {
        return Err(Refused(format!("{login} may not push to {repo}")));
    }
    world.may_push(id, branch, by)?;
    Ok((by, id))
}

pub(in crate::sandbox) fn create_repo(
    world: &mut World,
    full_name: &str,
    edits: &[FileEdit],
) -> Result<u64, Refused> {
    let Some((owner, name)) = full_name.split_once('/') else {
        return Err(Refused(format!("{full_name} is not owner/name")));
    };
    if world.repo_id(full_name).is_ok() {
        return Err(Refused(format!("{full_name} exists already")));
    }
    let owner = world.ensure_account(owner, AccountKind::User);
    let id = world.add_repository(owner, name);
    let first = world.build_commit(id, None, edits, "Initial commit", owner)?;
    world
        .repo_mut(id)?
        .git
        .branches
        .insert("main".to_owned(), first);
    let installed = world
        .installations
        .values()
        .find(|found| found.account == owner);
    match installed.map(|found| (found.id, found.selected.is_none())) {
        None => {
            install(world, owner)?;
        }
        Some((installation, true)) => {
            world.announce(id, owner, "repository", json!({"action": "created"}));
            let details = json!({
                "action": "added",
                "repository_selection": "all",
                "repositories_added": [short_repo(world, id)],
                "repositories_removed": [],
                "requester": null,
            });
            world.announce_installation(installation, "installation_repositories", details);
        }
        Some((_, false)) => {}
    }
    Ok(id)
}

fn install(world: &mut World, account: u64) -> Result<u64, Refused> {
    if world
        .installations
        .values()
        .any(|found| found.account == account)
    {
        return Err(Refused::new("the App is installed there already"));
    }
    let app = world.app().ok_or_else(|| Refused::new("there is no App"))?;
    let permissions = app.permissions.clone();
    let (id, created_at) = (world.small_id(), world.now());
    world.installations.insert(
        id,
        Installation {
            id,
            account,
            permissions,
            selected: None,
            suspended_at: None,
            created_at,
        },
    );
    let details =
        json!({"action": "created", "repositories": listed(world, id), "requester": null});
    world.announce_installation(id, "installation", details);
    Ok(id)
}

fn installation_mut(world: &mut World, id: u64) -> Result<&mut Installation, Refused> {
    world
        .installations
        .get_mut(&id)
        .ok_or_else(|| Refused(format!("there is no installation {id}")))
}

fn covered(world: &World, installation: u64) -> BTreeSet<u64> {
    world
        .repos
        .values()
        .filter(|repo| {
            world
                .installation_of(repo)
                .is_some_and(|found| found.id == installation)
        })
        .map(|repo| repo.id)
        .collect()
}

fn listed(world: &World, installation: u64) -> Value {
    covered(world, installation)
        .into_iter()
        .map(|id| short_repo(world, id))
        .collect()
}

/// The five members installation events give of a repository.
fn short_repo(world: &World, id: u64) -> Value {
    let Some(repo) = world.repos.get(&id) else {
        return Value::Null;
    };
    json!({
        "id": repo.id,
        "node_id": shape::node_id("R", repo.id),
        "name": repo.name,
        "full_name": world.full_name(repo),
        "private": repo.private,
    })
}
