//! Evaluation of generators: what sets of generated crystals are worth, whoever made them.
//!
//! A [`SampleSet`] is read from any structures; a protocol makes an [`Evaluation`] of it: a list of
//! [`Metric`]s, each with its 95 % interval, one row for each structure, and a [`Stamp`] of all that
//! the figures depend on beside the set itself. Evaluations whose stamps are alike may stand in one
//! table ([`table`]).
//!
//! | protocol | figures |
//! |---|---|
//! | [`cdvae`] | validity, and distances of distributions to a test set |
//! | [`sun`] | stable, unique and novel after relaxation; symmetry, diversity, displacement |
//! | [`prediction`] | whether structures are the known ones that they were made for |
//! | [`tmc`] | ligands and complexes: valid, new, and as asked |
//! | [`conditions`] | whether a requested value moves the distribution |
//! | [`estimates`] | what a model says of properties beside their labels |

pub mod cdvae;
pub mod conditions;
pub mod estimates;
mod hull;
mod metric;
pub mod prediction;
pub mod properties;
mod relaxations;
mod sets;
mod stamp;
pub mod sun;
pub mod table;
pub mod tmc;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use hull::{Hull, NoHull};
pub use metric::Metric;
pub use relaxations::{Relaxed, Relaxer};
pub use sets::{Cost, Member, SampleSet, SetError, Source, read_sets};
pub use stamp::{Stamp, StampError};

/// First key of a file with evaluations, with the version of its format.
pub const FORMAT: &str = "druse evaluation 1";

/// What a protocol says of one set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Name of the set.
    pub name: String,
    /// Files, checksum and size of the set, and what making it cost.
    pub set: Map<String, Value>,
    /// What the figures depend on beside the set.
    pub stamp: Stamp,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// The figures.
    pub metrics: Vec<Metric>,
    /// Structures that count as failures, by kind.
    pub failures: BTreeMap<String, usize>,
    /// One row for each structure, all with the same keys.
    pub structures: Vec<Map<String, Value>>,
}

impl Evaluation {
    /// The figure of a name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}
