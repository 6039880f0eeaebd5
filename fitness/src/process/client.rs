//! A program that is asked from many threads, restarted when it fails.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::session::{Session, SessionError};

/// Version of the exchange of lines.
const PROTOCOL: u64 = 1;

/// How to run a program.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramSpec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How often one thing is asked before it counts as failed; at least once.
    pub attempts: u32,
}

impl ProgramSpec {
    /// Runs `command` with a minute for each answer and two attempts.
    pub fn new(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let command = command.into_iter().map(Into::into).collect();
        Self { command, timeout: Duration::from_secs(60), attempts: 2 }
    }
}

/// Why a program cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("program '{command}' {problem}")]
pub struct ClientError {
    /// The command line.
    pub command: String,
    /// What is wrong.
    pub problem: SessionError,
}

/// A program that answers requests. Each thread that asks has a running copy of its own, so that
/// candidates are judged side by side.
pub struct Client {
    spec: ProgramSpec,
    name: String,
    version: String,
    idle: Mutex<Vec<Session>>,
}

impl Client {
    /// Starts the program and asks who it is.
    ///
    /// # Errors
    /// When it cannot be started or does not say name and version.
    pub fn start(spec: ProgramSpec) -> Result<Self, ClientError> {
        let mut client = Self { spec, name: String::new(), version: String::new(), idle: Mutex::default() };
        let hello =
            Map::from_iter([("ask".to_owned(), json!("hello")), ("protocol".to_owned(), json!(PROTOCOL))]);
        let answer = client.ask(&hello)?;
        let text = |key: &str| match answer.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            found => Err(client.error(SessionError::Answer {
                found: found.map_or("nothing".to_owned(), Value::to_string),
                expected: format!("a text as '{key}'"),
            })),
        };
        (client.name, client.version) = (text("name")?, text("version")?);
        Ok(client)
    }

    /// Who answers: name and version as the program says.
    pub fn identity(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// Asks until there is an answer, at most as often as the spec says; each failure costs the
    /// running copy that failed.
    ///
    /// # Errors
    /// The last failure.
    pub fn ask(&self, request: &Map<String, Value>) -> Result<Map<String, Value>, ClientError> {
        let mut attempt = 1;
        loop {
            match self.ask_once(request) {
                Ok(answer) => return Ok(answer),
                Err(problem) if attempt >= self.spec.attempts => return Err(self.error(problem)),
                Err(_) => attempt += 1,
            }
        }
    }

    fn ask_once(&self, request: &Map<String, Value>) -> Result<Map<String, Value>, SessionError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut session = match idle {
            Some(session) => session,
            None => Session::start(&self.spec.command)?,
        };
        let answer = session.ask(request, self.spec.timeout)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        Ok(answer)
    }

    pub(super) fn error(&self, problem: SessionError) -> ClientError {
        ClientError { command: self.spec.command.join(" "), problem }
    }
}
