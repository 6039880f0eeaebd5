//! How a command fails: a message on standard error and an exit code.

use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use crate::config::{ConfigError, LoadError};
use crate::engine::words;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

/// Anything else than bad input: a full disk, absent weights, a bug.
const OTHER: u8 = 1;
/// Bad usage or input; clap uses the same code.
const INPUT: u8 = 2;

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    campaign: Option<Box<ConfigError>>,
}

impl Failure {
    /// The user can put it right in the arguments or in a file.
    pub fn input(message: impl ToString) -> Self {
        Self { code: INPUT, message: message.to_string(), campaign: None }
    }

    /// Anything else.
    pub fn other(message: impl ToString) -> Self {
        Self { code: OTHER, message: message.to_string(), campaign: None }
    }

    /// A file or folder that cannot be written.
    pub fn write(path: &Path, error: &std::io::Error) -> Self {
        Self::other(format!("cannot write '{}': {error}", path.display()))
    }

    /// Prints the failure and gives its exit code.
    pub fn report(self) -> ExitCode {
        eprintln!("error: {}", self.message);
        if let Some(error) = self.campaign {
            // Pictures of the lines for people; in files and pipes no line is wrapped, so that
            // messages can be searched for.
            let handler = match std::io::stderr().is_terminal() {
                true => GraphicalReportHandler::new(),
                false => GraphicalReportHandler::new_themed(GraphicalTheme::none())
                    .with_wrap_lines(false)
                    .with_width(1000),
            };
            for mistake in error.related().into_iter().flatten() {
                let mut text = String::new();
                // Writing into a string cannot fail.
                let _ = handler.render_report(&mut text, mistake);
                eprint!("\n{text}");
            }
        }
        ExitCode::from(self.code)
    }
}

/// Runs a part that may be the user's; its panic is an error of the structure at hand.
pub fn guarded<T>(part: &str, run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| format!("{part} panicked: {}", words(panic.as_ref())))
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let message = error.to_string();
        let campaign = match error {
            LoadError::Mistakes(mistakes) => Some(Box::new(mistakes)),
            _ => None,
        };
        Self { code: INPUT, message, campaign }
    }
}
