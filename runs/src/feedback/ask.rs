//! Which candidates deserve an expensive judgement next.

use std::collections::BTreeMap;
use std::path::Path;

use druse_fitness::pareto;
use druse_validation::{Novelty, Verdict};
use serde::Serialize;

use super::batch::{Chosen, Item, choose, gains};
use super::comparison::{Comparison, Comparisons};
use super::doubt::{Doubt, doubts};
use super::gain::Outlook;
use super::{FeedbackError, template};
use crate::campaign::{self, CampaignError};
use crate::domain::{self, Domain, Label};
use crate::engine::{HypervolumeBox, ObjectiveInfo};
use crate::plugins::Plugins;
use crate::store::{CandidateRow, Status, Store};
use crate::summary::structure_file;

/// What a candidate counts that is known elsewhere: better look it up than measure it.
const KNOWN: f64 = 0.25;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct AskOptions {
    /// Most candidates of the batch.
    pub count: usize,
    /// Standard deviations of predictions by the name of the objective, in its unit, in place of the priors
    /// that druse assumes.
    pub doubts: BTreeMap<String, f64>,
}

impl AskOptions {
    /// A batch of at most `count`, with druse's own priors.
    pub fn new(count: usize) -> Self {
        Self { count, doubts: BTreeMap::new() }
    }
}

/// The next batch.
#[derive(Clone, Debug, Serialize)]
pub struct Batch {
    /// Evaluated candidates within all limits of which no objective is measured.
    pub open: usize,
    /// Candidates of which one is.
    pub measured: usize,
    /// Hypervolume of the measured ones in the campaign's box.
    pub hypervolume: f64,
    /// How much each prediction may be wrong.
    pub doubts: Vec<Doubt>,
    /// Predictions held against measurements so far.
    pub comparisons: Vec<Comparison>,
    /// The chosen candidates, the first before all others.
    pub picks: Vec<Pick>,
    /// Table to be filled in, with the columns that [`tell`](super::tell_file()) reads.
    #[serde(skip)]
    pub template: String,
}

impl Batch {
    /// Structures of the batch: names and contents of files.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.picks.iter().map(|pick| (pick.file.as_str(), pick.structure.as_str()))
    }
}

/// A candidate of the batch.
#[derive(Clone, Debug, Serialize)]
pub struct Pick {
    /// Place in the batch, from 1.
    pub place: usize,
    /// Candidate number.
    pub candidate: u64,
    /// Formula.
    pub formula: String,
    /// Space group or coordination geometry.
    pub shape: Option<String>,
    /// Name of its structure file.
    pub file: String,
    /// Predicted values of the objectives.
    pub predicted: BTreeMap<String, f64>,
    /// Hypervolume that its measurement is expected to add to that of the measured candidates and of those at
    /// earlier places, were their predictions true.
    pub gain: f64,
    /// Candidate among those that it is most like; `None` when it is the first.
    pub nearest: Option<u64>,
    /// Difference from that one, from 0 (alike) to 1 (nothing in common).
    pub difference: Option<f64>,
    /// The gain, weighted by difference and novelty: the order of the batch.
    pub score: f64,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Contents of its structure file.
    #[serde(skip)]
    pub structure: String,
}

/// Chooses the candidates of the campaign in `directory`, which may name these plug-ins, that deserve an
/// expensive judgement next. The same store and options give the same batch. Reads only; an engine may be at work.
///
/// A candidate is worth what its measurement is expected to add to the hypervolume of what is measured,
/// when the truth may differ from the prediction as much as it did so far; less when it is like others of
/// the batch or like measured ones, and less when it is known elsewhere. The batch is filled one by one.
///
/// # Errors
/// When the campaign cannot be read, an objective is unknown or nothing is within all limits.
pub fn ask(directory: &Path, plugins: &Plugins, options: &AskOptions) -> Result<Batch, FeedbackError> {
    let store = Store::read(directory).map_err(CampaignError::from)?;
    let campaign = campaign::load(directory, plugins)?;
    let domain = domain::of(&campaign);
    let objectives = campaign::objectives(&store).map_err(CampaignError::from)?;
    check(options, &objectives)?;
    let (mut rows, mut comparisons) = (Vec::new(), Comparisons::default());
    campaign::for_each_candidate(&store, &campaign, |row| -> Result<(), CampaignError> {
        if row.status == Status::Evaluated {
            comparisons.add(&row);
            rows.push(row);
        }
        Ok(())
    })?;
    let measure =
        HypervolumeBox::of(&store).map_err(CampaignError::from)?.ok_or(FeedbackError::NothingWithinLimits)?;
    let comparisons = comparisons.finish(&objectives);
    let doubts = doubts(&objectives, &measure, &options.doubts, &comparisons);
    let goals = objectives.iter().map(|objective| objective.goal).collect();
    let sizes: Vec<f64> = doubts.iter().map(|doubt| doubt.doubt).collect();
    let outlook = Outlook::new(goals, &sizes, &measure);

    let values = |row: &CandidateRow| -> Option<Vec<f64>> {
        objectives.iter().map(|objective| row.objectives.get(&objective.name).copied()).collect()
    };
    let feasible = |row: &CandidateRow| row.violation == Some(0.0);
    let is_measured = |row: &CandidateRow| objectives.iter().any(|o| row.measured.contains_key(&o.name));
    let (measured, open): (Vec<&CandidateRow>, Vec<&CandidateRow>) =
        rows.iter().filter(|row| is_measured(row) || feasible(row)).partition(|row| is_measured(row));
    let front: Vec<Vec<f64>> = measured
        .iter()
        .filter(|row| feasible(row))
        .filter_map(|row| Some(outlook.point(&values(row)?)))
        .collect();
    let hypervolume = outlook.volume(&front);
    let (open_count, measured_count) = (open.len(), measured.len());

    let mut items: Vec<(Item, &CandidateRow)> = open
        .into_iter()
        .filter_map(|row| {
            let weight = if is_known(row) { KNOWN } else { 1.0 };
            Some((Item { number: row.number, values: values(row)?, weight }, row))
        })
        .collect();
    let all: Vec<Item> = items.iter().map(|(item, _)| item.clone()).collect();
    let first = gains(&all, &front, &outlook);
    let mut keep = first.iter().map(|&gain| gain > 0.0);
    items.retain(|_| keep.next().unwrap_or(false));
    let first: Vec<f64> = first.into_iter().filter(|&gain| gain > 0.0).collect();
    let (items, mut kin): (Vec<Item>, Vec<&CandidateRow>) = items.into_iter().unzip();
    kin.extend(&measured);
    let difference = domain.difference(&kin).map_err(CampaignError::from)?;
    let chosen = choose(&items, measured.len(), options.count, front, first, &outlook, difference.as_ref());

    let teller = Teller { domain, rows: &rows, objectives: &objectives, kin: &kin, hypervolume };
    let picks: Vec<Pick> = chosen
        .iter()
        .enumerate()
        .map(|(index, chosen)| teller.pick(index + 1, chosen))
        .collect::<Result<_, FeedbackError>>()?;
    let template = template::template(&picks, &objectives, &doubts);
    Ok(Batch {
        open: open_count,
        measured: measured_count,
        hypervolume,
        doubts,
        comparisons,
        picks,
        template,
    })
}

fn check(options: &AskOptions, objectives: &[ObjectiveInfo]) -> Result<(), FeedbackError> {
    for (name, &doubt) in &options.doubts {
        if !objectives.iter().any(|objective| objective.name == *name) {
            let known = objectives.iter().map(|objective| objective.name.clone()).collect();
            return Err(FeedbackError::UnknownObjective { name: name.clone(), known });
        }
        if !(doubt.is_finite() && doubt >= 0.0) {
            return Err(FeedbackError::NotADoubt { name: name.clone(), found: doubt });
        }
    }
    Ok(())
}

/// Whether this very thing is known elsewhere.
fn is_known(row: &CandidateRow) -> bool {
    row.novelty.as_ref().is_some_and(|nearest| match nearest.novelty {
        Novelty::KnownComplex | Novelty::KnownCompositionAndSpaceGroup => true,
        Novelty::Crystal(verdict) => verdict <= Verdict::NearDuplicate,
        _ => false,
    })
}

/// Puts choices into words.
struct Teller<'a> {
    domain: &'a dyn Domain,
    /// All that are evaluated.
    rows: &'a [CandidateRow],
    objectives: &'a [ObjectiveInfo],
    /// Rows of the items, then those of the measured candidates.
    kin: &'a [&'a CandidateRow],
    hypervolume: f64,
}

impl Teller<'_> {
    fn pick(&self, place: usize, chosen: &Chosen) -> Result<Pick, FeedbackError> {
        let row = self.kin[chosen.item];
        let Label { formula, shape, file_part, .. } = self.domain.label(row).map_err(CampaignError::from)?;
        let (file, structure) =
            structure_file(place, &formula, &file_part, row, self.domain).map_err(CampaignError::from)?;
        let nearest = chosen.nearest.map(|(other, difference)| (self.kin[other], difference));
        Ok(Pick {
            place,
            candidate: row.number,
            formula,
            shape,
            file,
            predicted: row.objectives.clone(),
            gain: chosen.gain,
            nearest: nearest.map(|(row, _)| row.number),
            difference: nearest.map(|(_, difference)| difference),
            score: chosen.score,
            reasons: self.reasons(row, chosen, nearest)?,
            structure,
        })
    }

    fn reasons(
        &self,
        row: &CandidateRow,
        chosen: &Chosen,
        nearest: Option<(&CandidateRow, f64)>,
    ) -> Result<Vec<String>, FeedbackError> {
        let mut reasons = vec![match self.hypervolume {
            0.0 => format!("expected to add {:.4} to the measured hypervolume", chosen.gain),
            now => format!("expected to add {:.4} to the measured hypervolume of {now:.4}", chosen.gain),
        }];
        reasons.push(match self.dominators(row) {
            0 => "on the Pareto front".to_owned(),
            1 => "behind one candidate, within the doubt".to_owned(),
            n => format!("behind {n} candidates, within the doubt"),
        });
        if let Some((other, difference)) = nearest {
            let formula = self.domain.label(other).map_err(CampaignError::from)?.formula;
            let what = if other.measured.is_empty() { "of the batch" } else { "measured" };
            reasons.push(format!(
                "{difference:.2} (of 1) apart from candidate {} ({formula}, {what}), the most alike",
                other.number
            ));
        }
        if let Some(known) = &row.novelty {
            let id = known.id.as_deref().map_or_else(String::new, |id| format!(" ({id})"));
            reasons.push(match is_known(row) {
                true => format!("{}{id}: look it up before you measure it", known.novelty.words()),
                false => format!("novelty: {}", known.novelty.words()),
            });
        }
        Ok(reasons)
    }

    /// Candidates within all limits that are better by what is known now.
    fn dominators(&self, row: &CandidateRow) -> usize {
        let costs =
            |row: &CandidateRow| -> Vec<f64> { self.objectives.iter().map(|o| o.cost(row)).collect() };
        let own = costs(row);
        let feasible = self.rows.iter().filter(|row| row.violation == Some(0.0));
        feasible.filter(|other| pareto::dominates(&costs(other), &own)).count()
    }
}
