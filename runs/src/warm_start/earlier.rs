//! Designs from an earlier campaign.

use std::path::Path;

use druse_fitness::pareto;

use super::SeedSpec;
use crate::campaign::{self, CAMPAIGN_FILE};
use crate::config::{Domain, RawError, raw};
use crate::engine::{Front, ObjectiveInfo};
use crate::store::{CandidateRow, Status, Store, StoreError};

/// Which candidates of an earlier campaign are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Take {
    /// Its Pareto front.
    #[default]
    Front,
    /// All that were evaluated, best first.
    Evaluated,
}

/// Why an earlier campaign gives no designs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EarlierError {
    /// Its store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its campaign file cannot be used.
    #[error(transparent)]
    File(#[from] RawError),
    /// It designs something else.
    #[error("a campaign of domain \"{found}\"")]
    OtherDomain {
        /// Domain found.
        found: String,
    },
}

/// Candidates of the campaign in a folder, at most `most` of them.
///
/// Complexes, and crystals where both campaigns relax alike, are taken as they were proposed, so that
/// what was found out about them holds for the new campaign too. Other crystals are taken relaxed.
///
/// # Errors
/// When there is no campaign of this domain.
pub fn of_campaign(
    folder: &Path,
    domain: &Domain,
    take: Take,
    most: Option<usize>,
) -> Result<Vec<SeedSpec>, EarlierError> {
    let store = Store::read(folder)?;
    let file = raw(&folder.join(CAMPAIGN_FILE))?;
    let found = file.campaign.domain.clone().unwrap_or_default();
    if found != domain.name() {
        return Err(EarlierError::OtherDomain { found });
    }
    let as_proposed = match domain {
        Domain::Crystal(spec) => file.relax == spec.relax.as_ref().map(Into::into),
        Domain::Complex(_) => true,
    };
    let objectives = campaign::objectives(&store)?;
    let most = most.unwrap_or(usize::MAX);
    let chosen = match take {
        Take::Front => {
            let mut front = Front::new(&objectives);
            store.for_each_candidate(|row| -> Result<(), StoreError> {
                front.insert(&row);
                Ok(())
            })?;
            front.into_members().into_iter().take(most).collect()
        }
        Take::Evaluated => best(&store, &objectives, most)?,
    };
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    let seed = |row: &CandidateRow| SeedSpec {
        origin: "campaign".to_owned(),
        note: format!("{name}: candidate {}", row.number),
        design: Some(match &row.design {
            Some(refined) if !as_proposed => refined.clone(),
            _ => row.proposed.clone(),
        }),
        problem: None,
    };
    Ok(chosen.iter().map(seed).collect())
}

/// The best evaluated candidates, front after front.
fn best(store: &Store, objectives: &[ObjectiveInfo], most: usize) -> Result<Vec<CandidateRow>, StoreError> {
    let (mut numbers, mut costs, mut violations) = (Vec::new(), Vec::new(), Vec::new());
    store.for_each_candidate(|row| -> Result<(), StoreError> {
        if row.status == Status::Evaluated {
            numbers.push(row.number);
            costs.push(objectives.iter().map(|objective| objective.cost(&row)).collect::<Vec<f64>>());
            violations.push(row.violation.unwrap_or(0.0));
        }
        Ok(())
    })?;
    let ranked = pareto::fronts(&costs, &violations).into_iter().flatten().take(most);
    ranked.filter_map(|index| store.candidate(numbers[index]).transpose()).collect()
}
