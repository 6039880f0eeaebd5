//! The way from a campaign to a laboratory and back: [`ask`] chooses what deserves an expensive judgement, [`tell`]
//! brings the measured values in, and the campaign goes on from them.
//!
//! ```
//! use druse::campaign::{self, Machine};
//! use druse::config;
//! use druse::engine::Silent;
//! use druse::feedback::{AskOptions, Measurement, ask, tell};
//! use druse::plugins::Plugins;
//!
//! let text = r#"
//!     campaign = { name = "salts", budget = 12, population = 6, seed = 1 }
//!     space = { elements = ["Na", "K", "F", "Cl"], atoms = [2, 6] }
//!     generator = [{ kind = "nsga2" }]
//!     objective = [{ name = "density" }, { name = "price" }]
//! "#;
//! let plugins = Plugins::default();
//! let folder = tempfile::tempdir().unwrap();
//! let salts = config::parse(text, "salts.toml", ".".as_ref(), None).unwrap();
//! campaign::run(&salts, &folder.path().join("salts"), &Machine::default(), &Silent).unwrap();
//! # let folder = folder.path().join("salts");
//!
//! // Three crystals for the laboratory ...
//! let batch = ask(&folder, &plugins, &AskOptions::new(3)).unwrap();
//! for pick in &batch.picks {
//!     println!("{} {}: {}", pick.candidate, pick.formula, pick.reasons.join("; "));
//! }
//! // ... which finds them 10 % lighter, and eight more candidates that know about it.
//! let values: Vec<Measurement> = batch
//!     .picks
//!     .iter()
//!     .map(|pick| Measurement::new(pick.candidate, "density", 0.9 * pick.predicted["density"], "pycnometer"))
//!     .collect();
//! let told = tell(&folder, &plugins, &values, false).unwrap();
//! assert_eq!((told.new, told.comparisons[0].n), (3, 3));
//! campaign::extend(&folder, 8).unwrap();
//! let summary = campaign::resume(&folder, &plugins, &Machine::default(), &Silent).unwrap();
//! assert_eq!(summary.measured[0].n, 3);
//! ```
//!
//! Whoever wants no campaign folder drives a [`Generator`](druse_generators::Generator) alone; its documentation
//! holds that loop.

mod ask;
mod batch;
mod comparison;
mod doubt;
mod gain;
pub mod results;
mod tell;
mod template;

use std::io;
use std::path::PathBuf;

use crate::campaign::CampaignError;

pub use ask::{AskOptions, Batch, Pick, ask};
pub use comparison::{Comparison, Comparisons};
pub use doubt::{Doubt, Prior};
pub use tell::{Measurement, Told, tell, tell_file};
pub use template::TEMPLATE;

/// Why nothing can be asked or told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedbackError {
    /// The campaign cannot be used.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// There is nothing to choose from.
    #[error("no evaluated candidate is within all limits yet; continue the campaign with 'druse resume'")]
    NothingWithinLimits,
    /// A doubt about something that is no objective.
    #[error("--doubt: found '{name}', expected an objective of the campaign: {}", .known.join(", "))]
    UnknownObjective {
        /// Name as given.
        name: String,
        /// Objectives of the campaign.
        known: Vec<String>,
    },
    /// A doubt that is no standard deviation.
    #[error("--doubt {name}: found {found}, expected 0 or a finite number above it")]
    NotADoubt {
        /// Objective.
        name: String,
        /// Number as given.
        found: f64,
    },
    /// The table cannot be read.
    #[error("cannot read '{}': {source}", path.display())]
    Unreadable {
        /// File.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// The file is no table of measured values.
    #[error("'{}' is no table of measured values: {reason}", path.display())]
    NoTable {
        /// File.
        path: PathBuf,
        /// Reason.
        reason: String,
    },
    /// Values that cannot be.
    #[error("nothing is stored, because of {}:\n  {}", count(.0), .0.join("\n  "))]
    Mistakes(Vec<String>),
}

fn count(mistakes: &[String]) -> String {
    if mistakes.len() == 1 { "one mistake".to_owned() } else { format!("{} mistakes", mistakes.len()) }
}
