//! Designs that a campaign begins with: from structure files, and from earlier campaigns.
//!
//! What they are is settled when the campaign file is read, and is a part of the campaign as its
//! settings are. A campaign that is begun writes them into its folder ([`FILE`]) and takes over the
//! evaluations that earlier campaigns have of them, so that it needs neither files nor earlier
//! campaigns from then on.

mod earlier;
mod files;

use std::collections::BTreeMap;
use std::path::PathBuf;

use druse_generators::breeding::Constraints;
use druse_generators::{Generator, Seed, WarmStart};
use druse_representations::Design;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cache::Keys;
use crate::engine::{EngineError, Evaluation, Task};
use crate::store::{Store, StoreError};

pub use earlier::{EarlierError, Take, of_campaign};
pub use files::{FileError, of_file};

/// Name of the designs' file in a campaign folder.
pub const FILE: &str = "warm-start.jsonl";

/// What a campaign begins with.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WarmStartSpec {
    /// The designs in the order in which they are proposed.
    pub designs: Vec<SeedSpec>,
    /// Folders of the earlier campaigns whose evaluations are taken over at the beginning.
    #[serde(skip)]
    pub campaigns: Vec<PathBuf>,
}

/// A design to begin with, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedSpec {
    /// `file` or `campaign`.
    pub origin: String,
    /// The file with the structure's id, or the campaign with the candidate's number.
    pub note: String,
    /// The design, JSON of the campaign's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<Value>,
    /// Why it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl WarmStartSpec {
    /// The designs as the text of a file.
    pub fn to_text(&self) -> String {
        // Plain JSON: serialising it cannot fail.
        let line = |seed: &SeedSpec| serde_json::to_string(seed).unwrap_or_default() + "\n";
        self.designs.iter().map(line).collect()
    }

    /// Designs from the text of a file.
    ///
    /// # Errors
    /// The number of the first line (from 1) that holds none, with the reason.
    pub fn from_text(text: &str) -> Result<Self, (usize, serde_json::Error)> {
        let line = |(index, line)| serde_json::from_str(line).map_err(|error| (index + 1, error));
        let designs = text.lines().enumerate().map(line).collect::<Result<_, _>>()?;
        Ok(Self { designs, campaigns: Vec::new() })
    }
}

/// What became of the designs of a warm start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedCounts {
    /// Designs that are proposed.
    pub proposed: u64,
    /// Designs that are not, by reason.
    pub left_out: BTreeMap<String, u64>,
}

/// Puts the designs of a warm start before what `rest` proposes.
pub(crate) fn before<D: Design>(
    spec: Option<&WarmStartSpec>,
    constraints: &dyn Constraints<D>,
    rest: Box<dyn Generator<D>>,
) -> (Box<dyn Generator<D>>, Option<SeedCounts>) {
    let Some(spec) = spec else { return (rest, None) };
    let mut unread: BTreeMap<String, u64> = BTreeMap::new();
    let mut seeds = Vec::new();
    for seed in &spec.designs {
        let design = match (&seed.design, &seed.problem) {
            (Some(design), None) => D::deserialize(design).map_err(|error| error.to_string()),
            (_, problem) => Err(problem.clone().unwrap_or_else(|| "no design".to_owned())),
        };
        match design {
            Ok(design) => {
                seeds.push(Seed { design, operator: seed.origin.clone(), note: seed.note.clone() });
            }
            Err(problem) => *unread.entry(problem).or_default() += 1,
        }
    }
    let start = WarmStart::new(seeds, constraints, rest);
    for (reason, count) in start.left_out() {
        *unread.entry(reason.clone()).or_default() += count;
    }
    let counts = SeedCounts { proposed: start.seeds().len() as u64, left_out: unread };
    (Box::new(start), Some(counts))
}

/// Takes over what earlier campaigns know of the designs of a warm start, as far as the protocols are
/// the same.
pub(crate) fn adopt<D: Design>(
    spec: &WarmStartSpec,
    evaluation: &Evaluation<D>,
    store: &mut Store,
) -> Result<(), EngineError> {
    let designs = spec.designs.iter().filter_map(|seed| seed.design.clone());
    let tasks: Vec<Task> = designs.zip(0..).map(|(design, number)| Task::of(number, design)).collect();
    let keys = Keys::of(evaluation).of_tasks(&tasks);
    for folder in &spec.campaigns {
        let earlier = Store::read(folder)?;
        let known = keys.iter().flat_map(|keys| keys.tiers.values().chain(keys.objectives.values()));
        let known = known.filter_map(|key| match earlier.evaluation(key.bytes()) {
            Ok(found) => found.map(|kept| Ok((key, kept.bytes))),
            Err(error) => Some(Err(error)),
        });
        let known = known.collect::<Result<Vec<_>, StoreError>>()?;
        store.record_evaluations(known.iter().map(|(key, bytes)| (key.bytes(), None, bytes.as_slice())))?;
    }
    Ok(())
}
