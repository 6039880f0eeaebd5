//! Units of work as files, so that anything that can start a program can evaluate candidates.
//!
//! | in the campaign's folder | what it is |
//! |---|---|
//! | `units/000017.jsonl` | the tasks of unit 17 |
//! | `results/000017.jsonl` | their outcomes, in the same order |
//! | `results/000017.jsonl.tmp.HOST.PID` | outcomes so far, of a worker at work or of one that was stopped |
//! | `failed/000017.json` | why a unit was given up, with the last words of its log |
//! | `logs/` | what the launcher and the workers said |
//!
//! A file is one header line ([`Stamp`], [`ResultHeader`]), one line of JSON for each [task] or
//! [outcome], and a last line with their number and a checksum. Files appear complete or not at all;
//! a result that is cut short, damaged, or of another campaign, program or unit does not exist. What
//! evaluates units may therefore be killed anywhere, run twice or be lost: the files are the truth.
//!
//! The number of a unit follows from the campaign: the units of a step are numbered on from its first
//! candidate's number. Files of a step go when the step is recorded in the store; `failed/` stays.
//!
//! [task]: crate::engine::Task
//! [outcome]: crate::engine::Outcome

mod files;
mod folder;
mod lines;
mod round;
mod stamp;
mod takeover;
mod worker;

pub use files::Files;
pub use folder::Folder;
pub use lines::Broken;
pub use round::{Given, Round};
pub use stamp::{Identity, Reading, ResultHeader, Stamp};
pub use takeover::LocalAfter;
pub use worker::{Finished, Worker, WorkerError};

#[cfg(test)]
pub(crate) mod testing;
