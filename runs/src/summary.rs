//! What a campaign found: counts, reasons, the Pareto front, time and energy.

use std::collections::BTreeMap;

use druse_validation::Novelty;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cache::SavedByTier;
use crate::campaign::{self, CampaignError};
use crate::config::Campaign;
use crate::domain::{self, Domain};
use crate::engine::{self, Front, ObjectiveInfo};
use crate::feedback::{Comparison, Comparisons};
use crate::funnel::{FunnelCount, StageCount};
use crate::ledger::{Basis, Energy, JOULES_PER_KWH};
use crate::screens::{ScreenCount, Screens};
use crate::store::{CandidateRow, Status, StepRow, Store, StoreError};
use crate::warm_start::SeedCounts;

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
    /// What became of the designs of the warm start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<SeedCounts>,
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
    /// The stages of the funnel in order; empty when the campaign was begun by a druse that did not write
    /// them down.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub funnel: Vec<StageCount>,
    /// Generators that screen their children by a surrogate, and what passed by chance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub screens: Vec<ScreenCount>,
    /// The objectives.
    pub objectives: Vec<ObjectiveInfo>,
    /// What has to be known of the objectives, such as the pressure of energies above hull.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Heading of the shape of the designs, for instance `space group`.
    #[serde(skip)]
    pub shape_heading: &'static str,
    /// Heading of the novelty verdicts.
    #[serde(skip)]
    pub novelty_heading: &'static str,
    /// The Pareto front, ordered by the first objective.
    pub front: Vec<Member>,
    /// Predictions held against measured values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Comparison>,
    /// Steps with front size and hypervolume.
    pub steps: Vec<StepRow>,
    /// Why the campaign is at its end; `None` while it is not.
    pub end: Option<engine::End>,
    /// Core seconds by tier, as far as they were spent for this campaign.
    #[serde(skip)]
    pub tier_seconds: BTreeMap<String, f64>,
    /// What known evaluations saved.
    #[serde(skip)]
    pub saved: SavedByTier,
    /// Grams of CO2 equivalent per kWh.
    #[serde(skip)]
    pub grams_co2_per_kwh: f64,
}

/// A candidate of the front.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// Formula.
    pub formula: String,
    /// Space group symbol, or coordination geometry; `None` where none was found.
    #[serde(skip)]
    pub shape: Option<String>,
    /// Short word for the shape in file names.
    #[serde(skip)]
    file_part: String,
    /// What else the domain says of it.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
    /// Columns of the domain in the table of the front.
    #[serde(skip)]
    columns: Vec<(&'static str, String)>,
    /// What the store knows.
    #[serde(flatten)]
    pub row: CandidateRow,
}

impl Summary {
    /// Goes through all candidates once, one at a time; `visit` sees them too.
    pub(crate) fn new(
        campaign: &Campaign,
        store: &Store,
        mut visit: impl FnMut(&CandidateRow) -> Result<(), CampaignError>,
    ) -> Result<Self, CampaignError> {
        let objectives = campaign::objectives(store)?;
        let domain = domain::of(campaign);
        let judge = domain.judge(campaign)?;
        let mut summary = Self {
            name: campaign.name.clone(),
            seed: campaign.seed,
            campaign: campaign.hash(),
            protocol: campaign::protocol(store)?,
            budget: campaign.budget.saturating_add(engine::more(store)?),
            warm_start: campaign::seeds(store)?,
            candidates: BTreeMap::new(),
            reasons: BTreeMap::new(),
            outside_limits: 0,
            constraint_violations: 0,
            novelty: BTreeMap::new(),
            funnel: Vec::new(),
            screens: Vec::new(),
            remarks: domain.remarks(campaign),
            shape_heading: domain.shape_heading(),
            novelty_heading: domain.novelty_heading(),
            front: Vec::new(),
            measured: Vec::new(),
            steps: store.steps()?,
            end: engine::end(store)?,
            tier_seconds: BTreeMap::new(),
            saved: SavedByTier::default(),
            grams_co2_per_kwh: campaign.grams_co2_per_kwh,
            objectives,
        };
        let mut funnel = FunnelCount::new(campaign::stages(store)?);
        let mut screens = Screens::default();
        let mut front = Front::new(&summary.objectives);
        let mut comparisons = Comparisons::default();
        campaign::for_each_candidate(store, campaign, |row| -> Result<(), CampaignError> {
            comparisons.add(&row);
            funnel.add(&row);
            screens.add(&row);
            *summary.candidates.entry(row.status.name()).or_default() += 1;
            for cost in &row.costs {
                summary.saved.add(cost);
                if !cost.reused {
                    *summary.tier_seconds.entry(cost.tier.clone()).or_default() += cost.seconds;
                }
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
                    summary.constraint_violations += u64::from(judge(&row)?.is_some());
                }
                Status::Proposed | Status::Duplicate => {}
            }
            front.insert(&row);
            visit(&row)
        })?;
        summary.measured = comparisons.finish(&summary.objectives);
        for row in front.into_members() {
            let domain::Label { formula, shape, file_part, fields, columns } = domain.label(&row)?;
            summary.front.push(Member { formula, shape, file_part, fields, columns, row });
        }
        summary.screens = screens.finish(summary.front.iter().map(|member| &member.row));
        summary.funnel = funnel.finish(summary.front.iter().map(|member| &member.row));
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

    /// Grams of CO2 equivalent of all steps.
    pub fn grams_co2(&self) -> f64 {
        self.energy().joules / JOULES_PER_KWH * self.grams_co2_per_kwh
    }

    /// Energy of all steps; measured only when every step was.
    pub fn energy(&self) -> Energy {
        let bases = self.steps.iter().map(|step| step.energy.basis);
        Energy {
            joules: self.steps.iter().map(|step| step.energy.joules).sum(),
            basis: bases.reduce(Basis::and).unwrap_or(Basis::Estimated),
        }
    }
}

/// Name and contents of one file for each member of the front, in its order:
/// `01-MgO-225-17.cif` is the first, MgO in space group 225, candidate 17.
///
/// # Errors
/// When a stored design cannot be read back.
pub(crate) fn front_files(
    summary: &Summary,
    domain: &dyn Domain,
) -> Result<Vec<(String, String)>, StoreError> {
    let file = |(index, member): (usize, &Member)| {
        structure_file(index + 1, &member.formula, &member.file_part, &member.row, domain)
    };
    summary.front.iter().enumerate().map(file).collect()
}

/// Name and contents of the file of the candidate at a place of a list, from 1.
pub(crate) fn structure_file(
    place: usize,
    formula: &str,
    file_part: &str,
    row: &CandidateRow,
    domain: &dyn Domain,
) -> Result<(String, String), StoreError> {
    let (ending, text) = domain.file(row)?;
    let formula: String = formula.chars().filter(char::is_ascii_alphanumeric).collect();
    Ok((format!("{place:02}-{formula}-{file_part}-{}.{ending}", row.number), text))
}

/// The front as CSV: place, file, formula, shape, objectives with their units, novelty, nearest
/// known structure, origin.
pub(crate) fn front_table(summary: &Summary, files: &[(String, String)]) -> String {
    let mut text = String::from("candidate,file,formula");
    for (heading, _) in summary.front.iter().take(1).flat_map(|member| &member.columns) {
        text += &format!(",{heading}");
    }
    for objective in &summary.objectives {
        text += &format!(",{} ({})", objective.name, objective.unit);
    }
    text += ",converged,novelty,nearest,generator,operator\n";
    for (member, (file, _)) in summary.front.iter().zip(files) {
        let row = &member.row;
        text += &format!("{},{file},{}", row.number, quoted(&member.formula));
        for (_, cell) in &member.columns {
            text += &format!(",{}", quoted(cell));
        }
        for objective in &summary.objectives {
            text += &row.objectives.get(&objective.name).map_or(",".to_owned(), |value| format!(",{value}"));
        }
        let converged = row.properties.get(druse_fitness::property::CONVERGED);
        let nearest = row.novelty.as_ref();
        text += &format!(
            ",{},{},{},{},{}\n",
            converged.map_or("", |&converged| if converged == 1.0 { "yes" } else { "no" }),
            nearest.map_or("", |nearest| nearest.novelty.words()),
            nearest.and_then(|nearest| nearest.id.as_deref()).unwrap_or_default(),
            row.lineage.generator,
            row.lineage.operator,
        );
    }
    text
}

/// Heading of the table of rejected and failed candidates.
pub(crate) const REJECTED_HEADING: &str = "candidate,content_id,status,reason,generator,operator\n";

/// The line of a rejected or failed candidate: number, id of the content, what became of it, why, and
/// where it came from; `None` for others.
pub(crate) fn rejected_line(row: &CandidateRow) -> Option<String> {
    if !matches!(row.status, Status::Rejected | Status::Failed) {
        return None;
    }
    let reason = quoted(row.reason.as_deref().unwrap_or_default());
    let (generator, operator) = (&row.lineage.generator, &row.lineage.operator);
    let (number, id, status) = (row.number, &row.content_id, row.status.name());
    Some(format!("{number},{id},{status},{reason},{generator},{operator}\n"))
}

/// A cell of a CSV file, in quotes where it needs them.
pub(crate) fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
