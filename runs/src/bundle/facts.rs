//! What a bundle says of itself to machines.

use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::campaign;
use crate::config::Campaign;
use crate::engine::{self, End};
use crate::store::{MeasurementRow, Store};

/// Version of the layout of bundles.
pub(super) const FORMAT: u64 = 1;

/// `bundle.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Facts {
    /// Version of the layout.
    pub format: u64,
    /// Version of druse that made the bundle.
    pub druse: String,
    /// Version of druse that began the campaign; `None` when it did not write that down.
    pub begun_by: Option<String>,
    /// Name and version of the user's program around druse, if there is one.
    pub program: Option<(String, String)>,
    /// Operating system and processor that made the bundle.
    pub system: String,
    /// Name of the campaign.
    pub name: String,
    /// `crystal` or `complex`.
    pub domain: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// SHA-256 of everything that results depend on, see [`Campaign::hash`].
    pub campaign: String,
    /// What the numbers depend on, one line for each part: models, references, programs with their checksums.
    pub protocol: Vec<String>,
    /// Trained models that propose.
    pub models: Vec<Model>,
    /// Files that the campaign names.
    pub inputs: Vec<Input>,
    /// Steps that the campaign took.
    pub steps: u64,
    /// Why it ended.
    pub end: End,
    /// After how many steps it was allowed how many candidates beyond its budget.
    pub extensions: Vec<(u64, u64)>,
    /// Measured values that it was told.
    pub measurements: Vec<Told>,
}

/// A file that the campaign names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Input {
    /// Key of the campaign file, such as `novelty.reference`.
    pub key: String,
    /// Name of the member, and of the file when the campaign is done again.
    pub member: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
    /// Whether it is in the bundle.
    pub packed: bool,
}

/// A trained model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Model {
    /// Kind, such as `symmetry-diffusion`.
    pub kind: String,
    /// SHA-256 by which the campaign knows the weights.
    pub sha256: String,
    /// Whether they come with druse.
    pub shipped: bool,
}

/// A measured value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Told {
    /// Candidate.
    pub candidate: u64,
    /// Objective or property.
    pub name: String,
    /// Value in the unit of the campaign.
    pub value: f64,
    /// Who measured it.
    pub source: String,
    /// Steps after which the campaign took it over; `None` when it did not go on since.
    pub step: Option<u64>,
}

impl Told {
    /// As the store takes it.
    pub(super) fn row(&self) -> MeasurementRow {
        let Self { candidate, name, value, source, .. } = self.clone();
        MeasurementRow { number: candidate, name, value, source, step: None }
    }
}

/// Operating system and processor.
pub(super) fn system() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

impl Facts {
    /// Of the campaign in `store`, which is at its `end`.
    pub(super) fn of(
        store: &Store,
        campaign: &Campaign,
        inputs: Vec<Input>,
        end: End,
    ) -> Result<Self, BundleError> {
        let models = campaign.generators.iter().filter_map(|generator| generator.learned.as_ref());
        let told = |row: MeasurementRow| Told {
            candidate: row.number,
            name: row.name,
            value: row.value,
            source: row.source,
            step: row.step,
        };
        let owned = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        Ok(Self {
            format: FORMAT,
            druse: env!("CARGO_PKG_VERSION").to_owned(),
            begun_by: campaign::version(store)?,
            program: campaign.plugins.origin().map(owned),
            system: system(),
            name: campaign.name.clone(),
            domain: campaign.domain.name().to_owned(),
            seed: campaign.seed,
            campaign: campaign.hash(),
            protocol: campaign::protocol(store)?,
            models: models
                .map(|learned| Model {
                    kind: learned.model.kind.clone(),
                    sha256: learned.model.sha256.clone(),
                    shipped: learned.model.path.is_none(),
                })
                .collect(),
            inputs,
            steps: store.steps()?.len() as u64,
            end,
            extensions: extensions(store, campaign)?,
            measurements: store.measurements()?.into_iter().map(told).collect(),
        })
    }
}

/// A druse that did not write extensions down allowed no more than one before a campaign could be told of: after
/// the step that reached the budget.
fn extensions(store: &Store, campaign: &Campaign) -> Result<Vec<(u64, u64)>, BundleError> {
    let (known, more) = (engine::extensions(store)?, engine::more(store)?);
    if more == 0 || !known.is_empty() {
        return Ok(known);
    }
    let steps = store.steps()?;
    let reached = steps.iter().position(|step| step.evaluated >= campaign.budget);
    Ok(vec![(reached.map_or(steps.len(), |place| place + 1) as u64, more)])
}
