//! How much a prediction may be wrong.

use std::collections::BTreeMap;

use druse_fitness::objectives::{known, known_complex_objectives};
use druse_fitness::property;
use serde::Serialize;

use super::comparison::Comparison;
use crate::engine::{HypervolumeBox, ObjectiveInfo};

/// Energies by CHGNet against DFT: README, "hull of the model against DFT labels", rounded up because those
/// compounds lie near its training data (eV/atom).
const ENERGY_PRIOR: f64 = 0.03;
/// Where nothing is known: this share of the range of the campaign's first candidates.
const SHARE_OF_RANGE: f64 = 0.1;
/// The prior counts like this many measurements.
const WEIGHT_OF_PRIOR: f64 = 3.0;
/// Objectives that a model computes; all others that come with druse follow from the design by a formula.
const BY_MODELS: [&str; 13] = [
    property::ENERGY_ABOVE_HULL,
    property::FORMATION_ENERGY,
    property::REACTION_ENERGY,
    property::INVERSE_HULL_ENERGY,
    property::METASTABILITY,
    "density",
    property::GAP,
    property::POLARIZABILITY,
    property::DIPOLE,
    property::XTB_ENERGY,
    property::BAND_GAP,
    property::BULK_MODULUS,
    property::SYNTHESIZABILITY,
];

/// Where a prior comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// The user stated it.
    Stated,
    /// The error of CHGNet's energies against DFT.
    Model,
    /// A formula: no doubt.
    Exact,
    /// A tenth of the range of the campaign's first candidates.
    Range,
}

impl Prior {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Model => "CHGNet against DFT",
            Self::Exact => "a formula",
            Self::Range => "a tenth of the first candidates' range, for want of better",
        }
    }
}

/// The standard deviation of an objective's prediction from the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Doubt {
    /// Objective.
    pub objective: String,
    /// Its unit.
    pub unit: String,
    /// Standard deviation: the root mean square of the prior, which counts like three measurements, and of
    /// the errors measured.
    pub doubt: f64,
    /// What it was before anything was measured.
    pub prior: f64,
    /// Where the prior comes from.
    pub from: Prior,
    /// Measurements that speak to it.
    pub measured: usize,
}

/// The doubt of each objective, in their order.
pub(super) fn doubts(
    objectives: &[ObjectiveInfo],
    measure: &HypervolumeBox,
    stated: &BTreeMap<String, f64>,
    comparisons: &[Comparison],
) -> Vec<Doubt> {
    let doubt = |(k, info): (usize, &ObjectiveInfo)| {
        let (prior, from) = match stated.get(&info.name) {
            Some(&prior) => (prior, Prior::Stated),
            None if is_energy(&info.name) => (ENERGY_PRIOR, Prior::Model),
            None if is_exact(&info.name) => (0.0, Prior::Exact),
            None => (SHARE_OF_RANGE * measure.edge(k), Prior::Range),
        };
        let found = comparisons.iter().find(|comparison| comparison.name == info.name);
        let (n, square) = found.map_or((0, 0.0), |found| (found.n, found.n as f64 * found.rmse.powi(2)));
        let doubt = ((WEIGHT_OF_PRIOR * prior.powi(2) + square) / (WEIGHT_OF_PRIOR + n as f64)).sqrt();
        Doubt { objective: info.name.clone(), unit: info.unit.clone(), doubt, prior, from, measured: n }
    };
    objectives.iter().enumerate().map(doubt).collect()
}

fn is_energy(name: &str) -> bool {
    property::OF_HULL.contains(&name) && name != property::METASTABILITY
}

fn is_exact(name: &str) -> bool {
    let ours = known().iter().chain(known_complex_objectives());
    !BY_MODELS.contains(&name) && ours.into_iter().any(|objective| objective.name == name)
}
