//! `discussions doctor`: what is missing, in plain words, by its exit code, and for machines.

mod disk;
mod facts;
mod gate;
mod judging;

use crate::cli::Ran;
use crate::support::stand::{SECRET, Stand};
use discussions::sandbox::Sandbox;
use serde_json::Value;
use std::process::Stdio;

/// Runs the real program with the settings of the stand's server.
pub(crate) fn doctor(stand: &Stand, more: &[&str]) -> Ran {
    let mut command = stand.program(&[&["doctor"], more].concat());
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let ran = Ran(output);
    let all = format!("{}{}", ran.stdout(), ran.stderr());
    for secret in [SECRET, "PRIVATE KEY-----", "ghs_", "eyJ"] {
        assert!(!all.contains(secret), "{secret} stands in:\n{all}");
    }
    ran
}

/// Level and code of the findings that are not ok; the one about where the test's own folder lies is left out.
pub(crate) fn amiss(stand: &Stand, more: &[&str]) -> Vec<String> {
    let ran = doctor(stand, &[more, &["--json"]].concat());
    let told = ran.json();
    assert_eq!(told["schema"], "discussions/doctor@1");
    let findings = told["findings"].as_array().unwrap();
    let level = |level: &str| findings.iter().filter(|one| one["level"] == level).count();
    assert_eq!(told["failed"], level("failed"), "{told}");
    assert_eq!(told["warnings"], level("warning"), "{told}");
    assert_eq!(told["ok"], level("failed") == 0);
    assert_eq!(ran.code(), i32::from(level("failed") > 0), "{told:#}");
    for one in findings {
        let is_ok = one["level"] == "ok";
        for key in ["why", "remedy"] {
            assert_eq!(one[key].is_null(), is_ok, "{key} of {one}");
        }
    }
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    findings
        .iter()
        .filter(|one| one["level"] != "ok" && one["code"] != "database-place")
        .map(|one| format!("{} {}", text(one, "level"), text(one, "code")))
        .collect()
}

/// The stand's only installation.
pub(crate) fn installation(sandbox: &Sandbox) -> u64 {
    sandbox.look(|world| *world.installations.keys().next().unwrap())
}
