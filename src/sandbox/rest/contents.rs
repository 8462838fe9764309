//! Files as the Contents and Blobs routes give them.

use super::super::git::{self, FOLDER, File, Oid, PathKind};
use super::super::state::World;
use super::super::web_path;
use super::{Answer, Body, Call, Refusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Above this size the JSON form carries no content.
const JSON_LIMIT: usize = 1_024 * 1_024;
/// Above this size nothing is served.
const RAW_LIMIT: usize = 100 * 1_024 * 1_024;
/// A folder lists at most so many entries.
const FOLDER_LIMIT: usize = 1_000;

/// Base64 in lines of 60 characters, each with a line end, as GitHub sends it.
fn wrapped_base64(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut wrapped = String::with_capacity(encoded.len() + encoded.len() / 60 + 1);
    for (index, letter) in encoded.chars().enumerate() {
        if index > 0 && index % 60 == 0 {
            wrapped.push('\n');
        }
        wrapped.push(letter);
    }
    if !wrapped.is_empty() {
        wrapped.push('\n');
    }
    wrapped
}

fn wants_raw(accept: &str) -> bool {
    accept.contains("application/vnd.github.raw") || accept.contains(".raw+json")
}

/// `GET /repos/{owner}/{repo}/contents/{path}`
pub fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let path = call.param("path").trim_end_matches('/').to_owned();
    let reference = match call.query.get("ref") {
        Some(named) => named.clone(),
        None => repo.default_branch.clone(),
    };
    let commit = repo.git.resolve(&reference);
    let commit = commit
        .ok_or_else(|| Refusal::new(404, format!("No commit found for the ref {reference}")))?;
    match repo
        .git
        .at_path(commit, &path)
        .ok_or_else(Refusal::not_found)?
    {
        PathKind::Folder(tree) => Ok(Answer::ok(folder(call, &path, &reference, &tree)?)),
        PathKind::File(file) => one_file(call, &path, &reference, &file),
    }
}

fn one_file(call: &Call<'_>, path: &str, reference: &str, file: &File) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let mut value = entry(call.world, call.repo, path, reference, file.mode, &file.oid);
    if file.mode == git::SUBMODULE {
        value["type"] = json!("submodule");
        value["submodule_git_url"] = json!("https://sandbox.invalid/other.git");
        return Ok(Answer::ok(value));
    }
    let bytes = repo.git.blob(&file.oid).ok_or_else(Refusal::not_found)?;
    if bytes.len() > RAW_LIMIT {
        return Err(Refusal::new(
            403,
            "This API returns blobs up to 100 MB in size.",
        ));
    }
    if wants_raw(&call.accept) {
        return Ok(raw(bytes));
    }
    if file.mode == git::SYMLINK {
        value["target"] = json!(String::from_utf8_lossy(bytes));
        return Ok(Answer::ok(value));
    }
    let small = bytes.len() <= JSON_LIMIT;
    value["content"] = json!(if small {
        wrapped_base64(bytes)
    } else {
        String::new()
    });
    value["encoding"] = json!(if small { "base64" } else { "none" });
    Ok(Answer::ok(value))
}

/// The bytes themselves.
fn raw(bytes: &[u8]) -> Answer {
    Answer {
        status: 200,
        body: Body::Raw(
            "application/vnd.github.raw+json; charset=utf-8",
            bytes.to_vec(),
        ),
        headers: Vec::new(),
    }
}

fn folder(call: &Call<'_>, path: &str, reference: &str, tree: &Oid) -> Result<Value, Refusal> {
    let items = call.repo()?.git.tree(tree).ok_or_else(Refusal::not_found)?;
    let listed = items.iter().take(FOLDER_LIMIT).map(|item| {
        let inner = if path.is_empty() {
            item.name.clone()
        } else {
            format!("{path}/{}", item.name)
        };
        entry(
            call.world, call.repo, &inner, reference, item.mode, &item.oid,
        )
    });
    Ok(Value::Array(listed.collect()))
}

/// The members that files and folder entries share.
fn entry(world: &World, repo: u64, path: &str, reference: &str, mode: u32, oid: &Oid) -> Value {
    let repo = world.repos.get(&repo);
    let full_name = repo.map(|repo| world.full_name(repo)).unwrap_or_default();
    let size = repo
        .and_then(|repo| repo.git.blob(oid))
        .map_or(0, |blob| blob.len());
    let kind = match mode {
        FOLDER => "dir",
        git::SYMLINK => "symlink",
        // Folder listings call submodules files, for the sake of old clients.
        _ => "file",
    };
    let place = web_path(path);
    let api = format!("{}/repos/{full_name}", world.hosts.api);
    let url = format!("{api}/contents/{place}?ref={}", web_path(reference));
    let git_url = match mode {
        FOLDER => format!("{api}/git/trees/{oid}"),
        _ => format!("{api}/git/blobs/{oid}"),
    };
    let html = format!("{}/{full_name}/blob/{reference}/{place}", world.hosts.web);
    let download = format!("{}/{full_name}/raw/{reference}/{place}", world.hosts.web);
    json!({
        "type": kind,
        "size": size,
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "sha": oid.as_str(),
        "url": url,
        "git_url": git_url,
        "html_url": html,
        "download_url": if mode == FOLDER { Value::Null } else { json!(download) },
        "_links": {"self": url, "git": git_url, "html": html},
    })
}

/// `GET /repos/{owner}/{repo}/git/blobs/{file_sha}`
pub fn blob(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let oid = Oid::parse(call.param("file_sha"));
    let oid = oid.ok_or_else(|| {
        Refusal::new(
            422,
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        )
    })?;
    let bytes = repo.git.blob(&oid).ok_or_else(Refusal::not_found)?;
    if wants_raw(&call.accept) {
        return Ok(raw(bytes));
    }
    let full_name = call.world.full_name(repo);
    Ok(Answer::ok(json!({
        "sha": oid.as_str(),
        "node_id": super::super::shape::node_id("B", &oid),
        "size": bytes.len(),
        "url": format!("{}/repos/{full_name}/git/blobs/{oid}", call.world.hosts.api),
        "content": wrapped_base64(bytes),
        "encoding": "base64",
    })))
}
