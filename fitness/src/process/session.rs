//! One running program: a line in, a line out, with a time limit.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::leader::Leader;

/// Longest answer (bytes): a program that prints without end must not fill the memory.
const LONGEST_LINE: u64 = 1 << 26;
/// Lines of standard error that are kept for messages.
const KEPT_LINES: usize = 3;

/// Why a program gave no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// It cannot be started.
    #[error("cannot be started: {0}")]
    Start(String),
    /// It ended, or closed its output.
    #[error("ended without an answer{0}")]
    Ended(String),
    /// No answer in time.
    #[error("gave no answer within {seconds} s{said}")]
    TimedOut {
        /// Limit.
        seconds: f64,
        /// What it wrote to standard error.
        said: String,
    },
    /// The answer is not what was asked for.
    #[error("answered '{found}', expected {expected}")]
    Answer {
        /// Beginning of the answer.
        found: String,
        /// What should be there.
        expected: String,
    },
}

/// A running program. It is killed with its process group when this value ends.
pub(super) struct Session {
    // Fields are dropped in order: killing the program closes the pipes on which the threads wait.
    leader: Leader,
    requests: SyncSender<Vec<u8>>,
    answers: Receiver<Vec<u8>>,
    said: Arc<Mutex<VecDeque<String>>>,
}

impl Session {
    /// Starts a program.
    pub(super) fn start(command: &[String]) -> Result<Self, SessionError> {
        let (program, arguments) =
            command.split_first().ok_or_else(|| SessionError::Start("no command is given".to_owned()))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut leader = Leader::start(&mut command)
            .map_err(|error| SessionError::Start(format!("'{program}': {error}")))?;
        let pipes =
            leader.child().map(|child| (child.stdin.take(), child.stdout.take(), child.stderr.take()));
        let Some((Some(mut stdin), Some(stdout), Some(stderr))) = pipes else {
            return Err(SessionError::Start(format!("'{program}': no pipes to it")));
        };
        // Threads, because a program may block on its output while its input is being written.
        let (requests, to_write) = sync_channel::<Vec<u8>>(1);
        std::thread::spawn(move || {
            for line in to_write {
                // A closed pipe shows itself as an answer that never comes.
                if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
                    return;
                }
            }
        });
        let (answer, answers) = sync_channel(1);
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            loop {
                let mut line = Vec::new();
                match (&mut stdout).take(LONGEST_LINE).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {
                        if answer.send(line).is_err() {
                            return;
                        }
                    }
                }
            }
        });
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let keep = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut stderr = BufReader::new(stderr);
            loop {
                let mut line = Vec::new();
                match (&mut stderr).take(4096).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {
                        let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.push_back(String::from_utf8_lossy(&line).trim().to_owned());
                        if kept.len() > KEPT_LINES {
                            kept.pop_front();
                        }
                    }
                }
            }
        });
        Ok(Self { leader, requests, answers, said })
    }

    /// Asks one thing and charges this thread for the CPU time that the program needed. After an error the
    /// session is of no use any more.
    pub(super) fn ask(
        &mut self,
        request: &Map<String, Value>,
        limit: Duration,
    ) -> Result<Map<String, Value>, SessionError> {
        let number = number_of(request);
        let mut numbered = Map::from_iter([("request".to_owned(), Value::from(number))]);
        numbered.extend(request.clone());
        let mut line = Value::Object(numbered).to_string().into_bytes();
        line.push(b'\n');
        if self.requests.send(line).is_err() {
            return Err(SessionError::Ended(self.last_words()));
        }
        let line = match self.answers.recv_timeout(limit) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                let said = self.last_words();
                return Err(SessionError::TimedOut { seconds: limit.as_secs_f64(), said });
            }
            Err(RecvTimeoutError::Disconnected) => return Err(SessionError::Ended(self.last_words())),
        };
        self.leader.charge();
        match serde_json::from_slice(&line) {
            Ok(Value::Object(answer)) if answer.get("request") == Some(&Value::from(number)) => Ok(answer),
            _ => {
                let expected = "a JSON object with the number of the request on one line".to_owned();
                Err(SessionError::Answer { found: beginning(&line), expected })
            }
        }
    }

    /// The end of standard error as part of a message.
    fn last_words(&mut self) -> String {
        // Killed first, so that everything it wrote has arrived or never will.
        let status = self.leader.finish().map(|status| status.to_string()).unwrap_or_default();
        std::thread::sleep(Duration::from_millis(20));
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said: Vec<&str> = said.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        if said.is_empty() { format!(" ({status})") } else { format!("; it said: {}", said.join(" / ")) }
    }
}

/// A number that follows from the request alone: reasons of failures that quote it are then the same on
/// any number of threads. Greetings have number 0.
fn number_of(request: &Map<String, Value>) -> u32 {
    if request.get("ask").is_some_and(|ask| ask == "hello") {
        return 0;
    }
    let text = Value::Object(request.clone()).to_string();
    let hash: [u8; 32] = Sha256::digest(text).into();
    u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// The first characters of an answer, for messages.
fn beginning(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim().chars().take(80).collect()
}
