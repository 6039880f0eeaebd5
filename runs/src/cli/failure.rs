//! How a command fails: a message on standard error and an exit code.

use std::path::Path;
use std::process::ExitCode;

use druse::config::LoadError;
use miette::Report;

/// Anything else than bad input: a full disk, absent weights, a bug.
const OTHER: u8 = 1;
/// Bad usage or input; clap uses the same code.
const INPUT: u8 = 2;

/// Why a command could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// The user can put it right in the arguments or in a file.
    Input(Report),
    /// Anything else.
    Other(Report),
}

impl Failure {
    /// Bad input, in words.
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(Report::msg(message.into()))
    }

    /// Bad input, by the error of whoever read it.
    pub fn bad_input(error: impl std::error::Error) -> Self {
        Self::input(error.to_string())
    }

    /// Anything else, in words.
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(Report::msg(message.into()))
    }

    /// A file or folder that cannot be written.
    pub fn write(path: &Path, error: &std::io::Error) -> Self {
        Self::other(format!("cannot write '{}': {error}", path.display()))
    }

    /// Prints the failure and gives its exit code.
    pub fn report(self) -> ExitCode {
        let (report, code) = match self {
            Self::Input(report) => (report, INPUT),
            Self::Other(report) => (report, OTHER),
        };
        eprintln!("{}", report_text(&report));
        ExitCode::from(code)
    }
}

fn report_text(report: &Report) -> String {
    // A plain message stays on one line, so that it can be searched for; pictures of the source are
    // for diagnostics that have one.
    let plain = report.related().is_none() && report.source_code().is_none() && report.help().is_none();
    if plain { format!("error: {report}") } else { format!("error: {report:?}") }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::Input(Report::new(error))
    }
}
