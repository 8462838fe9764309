//! Repositories, branches, and what an account may do in one.

use super::super::accounts::{AccountKind, Role};
use super::super::repository::RuleForm;
use super::super::shape;
use super::{Answer, Call, Refusal};
use serde_json::{Value, json};

/// `GET /repos/{owner}/{repo}`
pub fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(shape::full_repository(call.world, call.repo()?)))
}

/// `GET /repos/{owner}/{repo}/branches/{branch}`
pub fn branch(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let name = call.param("branch");
    let tip = repo
        .git
        .branches
        .get(name)
        .ok_or_else(|| Refusal::new(404, "Branch not found"))?;
    let commit = repo.git.commit(tip).ok_or_else(Refusal::not_found)?;
    let rules = repo.protections.get(name);
    // Rulesets are told elsewhere; of classic protection everybody who reads the branch is shown the required checks.
    let classic = rules.filter(|rules| rules.form != RuleForm::Ruleset);
    let shown = rules.filter(|rules| rules.form == RuleForm::Classic);
    let checks = shown.map_or(&[][..], |rules| &rules.required_checks);
    let url = format!(
        "{}/repos/{}/branches/{name}",
        call.world.hosts.api,
        call.world.full_name(repo)
    );
    let web = format!(
        "{}/{}/tree/{name}",
        call.world.hosts.web,
        call.world.full_name(repo)
    );
    Ok(Answer::ok(json!({
        "name": name,
        "commit": shape::commit(call.world, repo, commit),
        "_links": {"self": url, "html": web},
        "protected": rules.is_some(),
        "protection": {
            "enabled": classic.is_some(),
            "required_status_checks": {
                "enforcement_level": if checks.is_empty() { "off" } else { "everyone" },
                "contexts": checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(),
                "checks": checks
                    .iter()
                    .map(|check| json!({"context": check.name, "app_id": check.app}))
                    .collect::<Vec<_>>(),
            },
        },
        "protection_url": format!("{url}/protection"),
    })))
}

/// `GET /repos/{owner}/{repo}/rules/branches/{branch}`: an unknown branch has the rules it would get, none here.
pub fn rules(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let found = repo.protections.get(call.param("branch"));
    let listed = found.map(|rules| shape::branch_rules(call.world, repo, rules));
    call.page(listed.unwrap_or_default())
}

/// `GET /repos/{owner}/{repo}/rulesets/{ruleset_id}`
pub fn ruleset(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, id) = (call.repo()?, call.number("ruleset_id")?);
    let mut known = repo.protections.iter();
    let found = known.find(|(_, rules)| rules.id == id && rules.form == RuleForm::Ruleset);
    let (branch, rules) = found.ok_or_else(Refusal::not_found)?;
    let reader = call.bot();
    Ok(Answer::ok(shape::ruleset(
        call.world, repo, branch, rules, reader,
    )))
}

/// `GET /repos/{owner}/{repo}/collaborators`: people with a role here, the strongest right last as GitHub's parameter
/// `permission` asks for it.
pub fn collaborators(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let least = match call.query.get("permission").map(String::as_str) {
        None | Some("pull") => Role::Read,
        Some("triage") => Role::Triage,
        Some("push") => Role::Write,
        Some("maintain") => Role::Maintain,
        Some("admin") => Role::Admin,
        Some(other) => return Err(Refusal::unfit(&format!("permission is {other}"))),
    };
    let people = call.world.accounts.values();
    let people = people.filter(|account| account.kind == AccountKind::User);
    let listed = people.filter_map(|account| {
        let role = call
            .world
            .role(repo, account.id)
            .filter(|role| *role >= least)?;
        let mut user = shape::user(call.world, account.id);
        user["permissions"] = rights(Some(role));
        user["role_name"] = json!(role.as_str());
        Some(user)
    });
    call.page(listed.collect())
}

/// The booleans of a role.
fn rights(role: Option<Role>) -> Value {
    let at_least = |needed: Role| role >= Some(needed);
    json!({
        "pull": at_least(Role::Read),
        "triage": at_least(Role::Triage),
        "push": at_least(Role::Write),
        "maintain": at_least(Role::Maintain),
        "admin": at_least(Role::Admin),
    })
}

/// `GET /repos/{owner}/{repo}/collaborators/{username}/permission`
pub fn permission(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let account = call.world.account_by_login(call.param("username"));
    let account = account.ok_or_else(Refusal::not_found)?;
    // Everybody may read a public repository; strangers have nothing in a private one.
    let role = call
        .world
        .role(repo, account.id)
        .or((!repo.private).then_some(Role::Read));
    let mut user = shape::user(call.world, account.id);
    user["permissions"] = rights(role);
    let role_name = role.map_or("none", Role::as_str);
    user["role_name"] = json!(role_name);
    Ok(Answer::ok(json!({
        "permission": role.map_or("none", Role::folded),
        "role_name": role_name,
        "user": user,
    })))
}
