//! A program of the operator's as a model: it reads the prompt on standard input and writes the answer, the JSON object
//! of `contract`, to standard output.
//!
//! No shell is involved. The program sees `PATH`, `HOME`, `LANG` and the variables its settings list, nothing else of
//! ours: no key of the App. It starts in the folder we run in. It is asked once: a program that wants to mend its
//! answer can do so itself. When its time is up, or the turn is given up, it is killed with all it started (where the
//! system has process groups; elsewhere it alone).

use super::asked::Form;
use super::meter::{Meter, Price, Request, Settled};
use super::{Answer, Model, ModelError, Prompt, Usage, asked, clip, contract};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

/// Variables every program sees.
const ALWAYS: [&str; 3] = ["PATH", "HOME", "LANG"];

/// Most tokens that a program's answer is taken to cost before it is there.
const MAX_OUTPUT: u32 = (contract::LIMIT / 3) as u32;

/// Bytes of standard error that are kept.
const COMPLAINT: usize = 8 * 1024;

/// A program and how it is run.
#[derive(Debug, Clone)]
pub struct CommandSettings {
    /// Full name, `command/...`: shown in blocks, part of answer keys.
    pub name: String,
    /// The program: a path, or a name looked for in `PATH`.
    pub program: String,
    /// Its arguments. No place for secrets: other users of the machine can read them.
    pub arguments: Vec<String>,
    /// Names of further variables it sees.
    pub pass: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// What its tokens cost; `None`: not known.
    pub price: Option<Price>,
    /// Who reads why there is no answer.
    pub readers: Readers,
}

/// Who reads why a model gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The operator, whose program it is.
    Operator,
    /// Whoever reads a check. What a program complains about may name anything, and goes to the log.
    Everybody,
}

/// A program as a model.
#[derive(Debug)]
pub struct Command {
    settings: CommandSettings,
    environment: Vec<(String, SecretString)>,
}

impl Command {
    /// `variable` looks a variable of our environment up.
    pub fn new(settings: CommandSettings, variable: impl Fn(&str) -> Option<String>) -> Self {
        let names = ALWAYS.into_iter().map(str::to_owned);
        let names = names.chain(settings.pass.iter().cloned());
        let environment = names
            .filter_map(|name| Some((variable(&name)?.into(), name)))
            .map(|(value, name)| (name, value))
            .collect();
        Self {
            settings,
            environment,
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = tokio::process::Command::new(&self.settings.program);
        command
            .args(&self.settings.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for (name, value) in &self.environment {
            command.env(name, value.expose_secret());
        }
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }

    /// Runs the program to its end: what it wrote.
    async fn run(&self, words: String) -> Result<Vec<u8>, ModelError> {
        let program = &self.settings.program;
        let mut child = self.start().map_err(|error| {
            ModelError::Refused(format!("`{program}` cannot be started: {error}"))
        })?;
        // Dropped before the child, so while its id is still its own.
        let group = Group::of(&child);
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (written, complaint) = tokio::try_join!(at_most(output, contract::LIMIT), async {
            let (complaint, ()) = tokio::join!(beginning(errors), write(input, &words));
            Ok(complaint)
        })
        .map_err(|TooMuch| {
            ModelError::Invalid(format!(
                "`{program}` wrote more than {} bytes",
                contract::LIMIT
            ))
        })?;
        let status = child
            .wait()
            .await
            .map_err(|error| unavailable(format!("`{program}` cannot be waited for: {error}")))?;
        group.leave();
        match status.success() {
            true => Ok(written),
            false => Err(self.failed(status, &complaint)),
        }
    }

    async fn run_in_time(&self, words: String) -> Result<Vec<u8>, ModelError> {
        let limit = self.settings.timeout;
        let output = tokio::time::timeout(limit, self.run(words)).await;
        output.map_err(|_| {
            let program = &self.settings.program;
            unavailable(format!("`{program}` gave no answer within {limit:?}"))
        })?
    }

    fn failed(&self, status: ExitStatus, complaint: &[u8]) -> ModelError {
        let always = |name: &str| ALWAYS.contains(&name);
        let secrets: Vec<&str> = self
            .environment
            .iter()
            .filter(|(name, _)| !always(name))
            .map(|(_, value)| value.expose_secret())
            .collect();
        let said = clip::fit(&String::from_utf8_lossy(complaint), &secrets);
        let program = &self.settings.program;
        if self.settings.readers == Readers::Everybody {
            tracing::warn!(model = self.settings.name, program, %status, said, "a model's program failed");
            return unavailable(format!("its program failed ({status}); the log says more"));
        }
        unavailable(match said.is_empty() {
            true => format!("`{program}` failed ({status})"),
            false => format!("`{program}` failed ({status}): {said}"),
        })
    }
}

#[async_trait]
impl Model for Command {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError> {
        let words = asked::words(prompt, Form::InTask);
        let request = Request {
            model: &self.settings.name,
            persona: &prompt.persona.alias,
            is_question: prompt.question.is_some(),
            words: &words,
            max_output: MAX_OUTPUT,
            price: self.settings.price,
        };
        let call = meter.announce(&request).await?;
        let all = [
            words.system.as_str(),
            words.background.as_str(),
            words.task.as_str(),
        ];
        let output = self.run_in_time(all.join("\n\n")).await;
        let usage = match &output {
            Ok(written) => request.about(written.len()),
            Err(_) => Usage::default(),
        };
        let text = output
            .as_ref()
            .map(|written| String::from_utf8_lossy(written));
        let error = output.as_ref().err().map(ToString::to_string);
        let settled = Settled {
            said: text
                .as_deref()
                .map_err(|_| error.as_deref().unwrap_or_default()),
            usage,
            lost: u64::from(error.is_some()),
        };
        meter.settle(call, &settled).await;
        let output = output?;
        let text = String::from_utf8(output)
            .map_err(|_| ModelError::Invalid("the answer is not UTF-8".to_owned()))?;
        let reply = contract::read(&text, prompt).map_err(ModelError::Invalid)?;
        Ok(Answer {
            reply,
            model: self.settings.name.clone(),
            usage,
        })
    }
}

fn unavailable(reason: String) -> ModelError {
    ModelError::Unavailable {
        reason,
        retry_after: None,
    }
}

/// More was written than is read.
struct TooMuch;

/// All of a stream. One that fails ends there.
async fn at_most(stream: Option<impl AsyncRead + Unpin>, limit: usize) -> Result<Vec<u8>, TooMuch> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let mut stream = stream.take(limit as u64 + 1);
        let _ = stream.read_to_end(&mut bytes).await;
    }
    match bytes.len() > limit {
        true => Err(TooMuch),
        false => Ok(bytes),
    }
}

/// The beginning of a stream, which is read to its end: a program whose errors nobody reads would stand still.
async fn beginning(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        let _ = (&mut stream)
            .take(COMPLAINT as u64)
            .read_to_end(&mut bytes)
            .await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
    bytes
}

/// Writes the prompt. A program that answers without reading it is free to do so.
async fn write(input: Option<ChildStdin>, words: &str) {
    if let Some(mut input) = input {
        let _ = input.write_all(words.as_bytes()).await;
        let _ = input.shutdown().await;
    }
}

/// The processes of one program. Dropped, it kills them all; a program that ended by itself is left behind first.
struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self()
    }

    /// The program is gone, and its id may become somebody else's.
    fn leave(self) {
        std::mem::forget(self);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
