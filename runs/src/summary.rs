//! What a campaign found: counts, reasons, the Pareto front, time and energy.

use std::collections::BTreeMap;

use druse_validation::Novelty;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::campaign::CampaignError;
use crate::config::Campaign;
use crate::domain::{self, Domain};
use crate::engine::{End, ObjectiveInfo, pareto_front};
use crate::ledger::{Basis, Energy, JOULES_PER_KWH};
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
    /// Heading of the shape of the designs, for instance `space group`.
    #[serde(skip)]
    pub shape_heading: &'static str,
    /// Heading of the novelty verdicts.
    #[serde(skip)]
    pub novelty_heading: &'static str,
    /// The Pareto front, ordered by the first objective.
    pub front: Vec<Member>,
    /// Steps with front size and hypervolume.
    pub steps: Vec<StepRow>,
    /// Why the campaign is at its end; `None` while it is not.
    pub end: Option<End>,
    /// Core seconds by tier.
    #[serde(skip)]
    pub tier_seconds: BTreeMap<String, f64>,
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
    pub(crate) fn new(
        campaign: &Campaign,
        objectives: Vec<ObjectiveInfo>,
        protocol: Vec<String>,
        rows: Vec<CandidateRow>,
        steps: Vec<StepRow>,
        end: Option<End>,
    ) -> Result<Self, CampaignError> {
        let domain = domain::of(campaign);
        let judge = domain.judge(campaign)?;
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
            shape_heading: domain.shape_heading(),
            novelty_heading: domain.novelty_heading(),
            front: Vec::new(),
            steps,
            end,
            tier_seconds: BTreeMap::new(),
            grams_co2_per_kwh: campaign.grams_co2_per_kwh,
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
                    summary.constraint_violations += u64::from(judge(row)?.is_some());
                }
                Status::Proposed | Status::Duplicate => {}
            }
        }
        for index in pareto_front(&rows, &summary.objectives) {
            let row = rows[index].clone();
            let domain::Label { formula, shape, file_part, fields, columns } = domain.label(&row)?;
            summary.front.push(Member { formula, shape, file_part, fields, columns, row });
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

    /// Grams of CO2 equivalent of all steps.
    pub fn grams_co2(&self) -> f64 {
        self.energy().joules / JOULES_PER_KWH * self.grams_co2_per_kwh
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
        let (ending, text) = domain.file(&member.row)?;
        let formula: String = member.formula.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("{:02}-{formula}-{}-{}.{ending}", index + 1, member.file_part, member.row.number);
        Ok((name, text))
    };
    summary.front.iter().enumerate().map(file).collect()
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

/// The rejected and failed candidates as CSV: number, id of the content, what became of it, why, and
/// where it came from.
pub(crate) fn rejected_table(rows: &[CandidateRow]) -> String {
    let mut text = String::from("candidate,content_id,status,reason,generator,operator\n");
    for row in rows.iter().filter(|row| matches!(row.status, Status::Rejected | Status::Failed)) {
        let reason = quoted(row.reason.as_deref().unwrap_or_default());
        let (generator, operator) = (&row.lineage.generator, &row.lineage.operator);
        let (number, id, status) = (row.number, &row.content_id, row.status.name());
        text += &format!("{number},{id},{status},{reason},{generator},{operator}\n");
    }
    text
}

/// A cell of a CSV file, in quotes where it needs them.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
