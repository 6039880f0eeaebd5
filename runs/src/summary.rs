//! What a campaign found: counts, reasons, the Pareto front, time and energy.

use std::collections::BTreeMap;

use druse_representations::Crystal;
use druse_validation::Novelty;
use serde::Serialize;

use crate::config::Campaign;
use crate::crystals::{ConstraintTier, Standardised};
use crate::engine::{ObjectiveInfo, pareto_front};
use crate::ledger::{Basis, Energy};
use crate::store::{CandidateRow, Status, StepRow, StoreError};

/// A campaign in numbers. Serialises to what `--json` writes; times and joules, which differ from
/// run to run, stay out of that.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the campaign.
    pub name: String,
    /// Seed.
    pub seed: u64,
    /// SHA-256 of the campaign.
    pub campaign: String,
    /// What the numbers depend on: model, relaxation, references.
    pub protocol: Vec<String>,
    /// Candidates to evaluate.
    pub budget: u64,
    /// Candidates by what became of them.
    pub candidates: BTreeMap<&'static str, u64>,
    /// Rejected and failed candidates by the first words of the reason.
    pub reasons: BTreeMap<String, u64>,
    /// Evaluated candidates outside of the limits.
    pub outside_limits: u64,
    /// Evaluated candidates that break a hard constraint of the design space: 0, or druse has a
    /// mistake.
    pub constraint_violations: u64,
    /// Evaluated candidates by novelty.
    pub novelty: BTreeMap<Novelty, u64>,
    /// The objectives.
    pub objectives: Vec<ObjectiveInfo>,
    /// The Pareto front, ordered by the first objective.
    pub front: Vec<Member>,
    /// Steps with front size and hypervolume.
    pub steps: Vec<StepRow>,
    /// Core seconds by tier.
    #[serde(skip)]
    pub tier_seconds: BTreeMap<String, f64>,
}

/// A candidate of the front.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// Reduced formula.
    pub formula: String,
    /// Space group number and symbol; `None` where none was found.
    pub space_group: Option<(u8, String)>,
    /// What the store knows.
    #[serde(flatten)]
    pub row: CandidateRow,
}

impl Summary {
    pub(crate) fn new(
        campaign: &Campaign,
        objectives: Vec<ObjectiveInfo>,
        protocol: Vec<String>,
        rows: Vec<CandidateRow>,
        steps: Vec<StepRow>,
    ) -> Result<Self, StoreError> {
        let constraints = ConstraintTier::new(campaign.space.clone());
        let mut summary = Self {
            name: campaign.name.clone(),
            seed: campaign.seed,
            campaign: campaign.hash(),
            protocol,
            budget: campaign.budget,
            candidates: BTreeMap::new(),
            reasons: BTreeMap::new(),
            outside_limits: 0,
            constraint_violations: 0,
            novelty: BTreeMap::new(),
            front: Vec::new(),
            steps,
            tier_seconds: BTreeMap::new(),
            objectives,
        };
        for row in &rows {
            *summary.candidates.entry(row.status.name()).or_default() += 1;
            for cost in &row.costs {
                *summary.tier_seconds.entry(cost.tier.clone()).or_default() += cost.seconds;
            }
            match row.status {
                Status::Rejected | Status::Failed => {
                    let reason = row.reason.as_deref().unwrap_or_default();
                    let kind = reason.split(':').next().unwrap_or_default().to_owned();
                    *summary.reasons.entry(kind).or_default() += 1;
                }
                Status::Evaluated => {
                    summary.outside_limits += u64::from(row.violation != Some(0.0));
                    if let Some(nearest) = &row.novelty {
                        *summary.novelty.entry(nearest.novelty).or_default() += 1;
                    }
                    let crystal: Crystal = row.design()?;
                    summary.constraint_violations += u64::from(constraints.check(&crystal).is_err());
                }
                Status::Proposed | Status::Duplicate => {}
            }
        }
        for index in pareto_front(&rows, &summary.objectives) {
            let row = rows[index].clone();
            let crystal: Crystal = row.design()?;
            let space_group = Standardised::of(&crystal).map(|found| (found.number, found.symbol));
            let formula = crystal.composition().reduced_formula();
            summary.front.push(Member { formula, space_group, row });
        }
        Ok(summary)
    }

    /// Candidates with this status.
    pub fn count(&self, status: Status) -> u64 {
        self.candidates.get(status.name()).copied().unwrap_or(0)
    }

    /// All candidates.
    pub fn proposed(&self) -> u64 {
        self.candidates.values().sum()
    }

    /// Wall seconds of all steps.
    pub fn seconds(&self) -> f64 {
        self.steps.iter().map(|step| step.seconds).sum()
    }

    /// Energy of all steps; measured only when every step was.
    pub fn energy(&self) -> Energy {
        let measured = self.steps.iter().all(|step| step.energy.basis == Basis::Measured);
        Energy {
            joules: self.steps.iter().map(|step| step.energy.joules).sum(),
            basis: if measured { Basis::Measured } else { Basis::Estimated },
        }
    }
}

/// The front as CSV: place, file, formula, space group, objectives with their units, novelty,
/// nearest known structure, origin.
pub fn front_table(summary: &Summary, files: &[(String, String)]) -> String {
    let mut text = String::from("candidate,file,formula,space_group,symbol");
    for objective in &summary.objectives {
        text += &format!(",{} ({})", objective.name, objective.unit);
    }
    text += ",converged,novelty,nearest,generator,operator\n";
    for (member, (file, _)) in summary.front.iter().zip(files) {
        let row = &member.row;
        let (number, symbol) = member.space_group.clone().unwrap_or((1, "P1".to_owned()));
        text += &format!("{},{file},{},{number},{symbol}", row.number, member.formula);
        for objective in &summary.objectives {
            text += &row.objectives.get(&objective.name).map_or(",".to_owned(), |value| format!(",{value}"));
        }
        let converged = row.properties.get(druse_fitness::property::CONVERGED);
        let nearest = row.novelty.as_ref();
        text += &format!(
            ",{},{},{},{},{}\n",
            converged.map_or("", |&converged| if converged == 1.0 { "yes" } else { "no" }),
            nearest.map_or("", |nearest| novelty_words(nearest.novelty)),
            nearest.and_then(|nearest| nearest.id.as_deref()).unwrap_or_default(),
            row.lineage.generator,
            row.lineage.operator,
        );
    }
    text
}

/// A verdict in words.
pub fn novelty_words(novelty: Novelty) -> &'static str {
    match novelty {
        Novelty::KnownCompositionAndSpaceGroup => "known",
        Novelty::KnownComposition => "new space group",
        Novelty::NewComposition => "new composition",
        _ => "other",
    }
}
