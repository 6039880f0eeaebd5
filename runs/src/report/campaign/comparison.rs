//! Several campaigns side by side.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{curve, data};
use crate::bill;
use crate::campaign::{self, CampaignError};
use crate::config::Campaign;
use crate::engine::{HypervolumeBox, ObjectiveInfo, Undominated};
use crate::plugins::Plugins;
use crate::report::numbers::significant;
use crate::store::{CandidateRow, Status, StepRow, Store, StoreError};
use crate::summary::Summary;

/// Lines of a protocol with these starts say which candidates are let through, not what their values are.
const SELECTION: [&str; 4] = ["filter ", "checks", "constraints", "novelty:"];

/// Why campaigns cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A campaign cannot be read.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// The campaigns want different things.
    #[error(
        "campaigns with unlike objectives cannot be compared: {} has {found}, expected {expected} as {}",
        path.display(), first.display()
    )]
    Objectives {
        /// Folder of the campaign.
        path: PathBuf,
        /// Its objectives.
        found: String,
        /// Folder of the first campaign.
        first: PathBuf,
        /// The objectives of that.
        expected: String,
    },
    /// Values of one campaign were found in another way than those of the other.
    #[error(
        "campaigns whose values were found in different ways cannot be compared: {} has\n  {found}\nand {} has\n  {expected}",
        path.display(), first.display()
    )]
    Protocol {
        /// Folder of the campaign.
        path: PathBuf,
        /// The line of its protocol that is not in the other.
        found: String,
        /// Folder of the first campaign.
        first: PathBuf,
        /// The line of the other protocol.
        expected: String,
    },
}

/// Campaigns of the same objectives and protocols side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    data: Value,
}

/// What is compared of a campaign.
struct Compared {
    directory: PathBuf,
    campaign: Campaign,
    store: Store,
    summary: Summary,
    measure: Option<HypervolumeBox>,
    /// Costs of candidates within all limits, by step.
    costs: Vec<(u64, Vec<f64>)>,
}

impl Comparison {
    /// The campaigns in these folders, which may name these plug-ins.
    ///
    /// Hypervolumes are measured anew in one box that holds the boxes of all; each campaign's own were
    /// measured in its own.
    ///
    /// # Errors
    /// When a campaign cannot be read, or when objectives or protocols differ. Only what lets candidates
    /// through or not may differ: filters, checks and constraints.
    pub fn of(directories: &[PathBuf], plugins: &Plugins) -> Result<Self, ReportError> {
        let mut all: Vec<Compared> = Vec::new();
        for directory in directories {
            let next = Compared::read(directory, plugins)?;
            if let Some(first) = all.first() {
                next.check_against(first)?;
            }
            all.push(next);
        }
        let measure = common_box(all.iter().filter_map(|one| one.measure.as_ref()));
        let names = distinct_names(&all);
        let campaigns: Vec<Value> = all
            .iter()
            .zip(names)
            .map(|(one, name)| one.data(&name, measure.as_ref()))
            .collect::<Result<_, CampaignError>>()?;
        let first = all.first().map(|one| &one.summary);
        Ok(Self {
            data: json!({
                "druse": env!("CARGO_PKG_VERSION"),
                "objectives": first.map(|summary| &summary.objectives),
                "shape": first.map(|summary| summary.shape_heading),
                "box": measure,
                "protocol": common_lines(&all),
                "campaigns": campaigns,
            }),
        })
    }

    /// The data that the page shows.
    pub fn data(&self) -> &Value {
        &self.data
    }
}

impl Compared {
    fn read(directory: &Path, plugins: &Plugins) -> Result<Self, CampaignError> {
        let store = Store::read(directory)?;
        let campaign = campaign::load(directory, plugins)?;
        let objectives = campaign::objectives(&store)?;
        let mut costs = Vec::new();
        let summary = Summary::new(&campaign, &store, |row| {
            if row.status == Status::Evaluated && row.violation == Some(0.0) {
                costs.push((row.step, objectives.iter().map(|objective| objective.cost(row)).collect()));
            }
            Ok(())
        })?;
        let measure = HypervolumeBox::of(&store)?;
        Ok(Self { directory: directory.to_owned(), campaign, store, summary, measure, costs })
    }

    fn check_against(&self, first: &Self) -> Result<(), ReportError> {
        let (path, other) = (self.directory.clone(), first.directory.clone());
        let (found, expected) = (wanted(self), wanted(first));
        if found != expected {
            return Err(ReportError::Objectives { path, found, first: other, expected });
        }
        let missing = |from: &Self, other: &Self| {
            let line = from.decisive().find(|line| !other.decisive().any(|known| known == *line));
            line.map(str::to_owned)
        };
        match (missing(self, first), missing(first, self)) {
            (None, None) => Ok(()),
            (found, expected) => {
                let none = || "no such line".to_owned();
                let (found, expected) = (found.unwrap_or_else(none), expected.unwrap_or_else(none));
                Err(ReportError::Protocol { path, found, first: other, expected })
            }
        }
    }

    /// Lines of the protocol that values depend on.
    fn decisive(&self) -> impl Iterator<Item = &str> {
        let novelty = self.summary.objectives.iter().any(|it| it.name == druse_fitness::property::NOVELTY);
        let lines = self.summary.protocol.iter().map(String::as_str).filter(move |line| {
            let selects = SELECTION.iter().any(|start| line.starts_with(start));
            !selects || (novelty && line.starts_with("novelty:"))
        });
        lines.map(without_part)
    }

    fn data(&self, name: &str, measure: Option<&HypervolumeBox>) -> Result<Value, CampaignError> {
        let summary = &self.summary;
        let volumes = measure.map(|measure| volumes(&summary.steps, &self.costs, measure));
        let bill = self.bill()?;
        Ok(json!({
            "name": name,
            "folder": self.directory.display().to_string(),
            "seed": summary.seed,
            "hash": summary.campaign,
            "budget": summary.budget,
            "end": summary.end.map(|end| end.words()),
            "generators": self.campaign.generators.iter().map(|generator| {
                generator.representation.as_ref().map_or_else(
                    || generator.kind.clone(),
                    |representation| format!("{}/{representation}", generator.kind),
                )
            }).collect::<Vec<_>>(),
            "counts": data::counts(summary),
            "verdict_counts": summary.novelty.iter().map(|(kind, count)| json!([kind.words(), count])).collect::<Vec<_>>(),
            "funnel": summary.funnel,
            "reasons": summary.reasons,
            "bill": bill,
            "basis": bill.basis.words(),
            "curve": curve::of(&summary.steps, volumes.as_deref()),
            "own_protocol": summary.protocol,
            "front": summary.front.iter().map(|member| json!({
                "number": member.row.number,
                "formula": member.formula,
                "shape": member.shape,
                "novelty": member.row.novelty.as_ref().map(|nearest| nearest.novelty.words()),
                "values": values(&member.row, &summary.objectives),
            })).collect::<Vec<_>>(),
        }))
    }

    fn bill(&self) -> Result<bill::Bill, StoreError> {
        bill::of(&self.store, &self.campaign)
    }
}

/// Values of a candidate in the order of the objectives.
fn values(row: &CandidateRow, objectives: &[ObjectiveInfo]) -> Vec<Value> {
    let value = |name: &str| row.objectives.get(name).map_or(Value::Null, |&value| significant(value));
    objectives.iter().map(|objective| value(&objective.name)).collect()
}

/// A line of a protocol without the checksum of the part of the reference that lies in the elements of
/// the campaign: the reference itself has one, too, and a candidate of two design spaces has one energy above
/// hull.
fn without_part(line: &str) -> &str {
    match line.starts_with("convex hull of ") {
        true => line.rsplit_once(" (sha256 ").map_or(line, |(reference, _)| reference),
        false => line,
    }
}

/// What a campaign wants, in words.
fn wanted(one: &Compared) -> String {
    let words = |objective: &ObjectiveInfo| {
        // A plain word or number: serialising it cannot fail.
        let goal = json!(objective.goal);
        let goal = goal.as_str().map_or_else(|| goal.to_string(), str::to_owned);
        let unit = if objective.unit == "1" { String::new() } else { format!(" in {}", objective.unit) };
        format!("{} ({goal}{unit})", objective.name)
    };
    one.summary.objectives.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// The smallest box that holds all boxes; `None` without any.
fn common_box<'a>(boxes: impl Iterator<Item = &'a HypervolumeBox>) -> Option<HypervolumeBox> {
    let pairs = |x: &[f64], y: &[f64], pick: fn(f64, f64) -> f64| -> Vec<f64> {
        x.iter().zip(y).map(|(&x, &y)| pick(x, y)).collect()
    };
    boxes.cloned().reduce(|whole, next| HypervolumeBox {
        ideal: pairs(&whole.ideal, &next.ideal, f64::min),
        reference: pairs(&whole.reference, &next.reference, f64::max),
    })
}

/// Hypervolume after each step.
fn volumes(steps: &[StepRow], costs: &[(u64, Vec<f64>)], measure: &HypervolumeBox) -> Vec<Option<f64>> {
    let mut front = Undominated::default();
    let mut costs = costs.iter().peekable();
    let mut after = |step: &StepRow| {
        while let Some((_, costs)) = costs.next_if(|(of, _)| *of <= step.step) {
            front.insert(costs.clone(), || ());
        }
        measure.hypervolume(front.costs())
    };
    steps.iter().map(&mut after).collect()
}

/// Lines that all protocols have.
fn common_lines(all: &[Compared]) -> Vec<&str> {
    let Some((first, others)) = all.split_first() else { return Vec::new() };
    let everywhere = |line: &&String| others.iter().all(|other| other.summary.protocol.contains(line));
    first.summary.protocol.iter().filter(everywhere).map(String::as_str).collect()
}

/// Names of the campaigns; those that share one get the names of their folders as well.
fn distinct_names(all: &[Compared]) -> Vec<String> {
    let name = |one: &Compared| one.summary.name.clone();
    let shared = |one: &Compared| all.iter().filter(|other| name(other) == name(one)).count() > 1;
    let folder = |one: &Compared| {
        let last = one.directory.file_name().unwrap_or(one.directory.as_os_str());
        last.to_string_lossy().into_owned()
    };
    let full = |one| if shared(one) { format!("{} ({})", name(one), folder(one)) } else { name(one) };
    all.iter().map(full).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Basis, Energy};

    #[test]
    fn the_common_box_holds_all_boxes() {
        let first = HypervolumeBox { ideal: vec![0.0, 1.0], reference: vec![1.0, 3.0] };
        let second = HypervolumeBox { ideal: vec![-1.0, 2.0], reference: vec![0.5, 4.0] };
        let whole = common_box([&first, &second].into_iter()).unwrap();
        assert_eq!(whole, HypervolumeBox { ideal: vec![-1.0, 1.0], reference: vec![1.0, 4.0] });
        assert_eq!(common_box(std::iter::empty()), None);
    }

    #[test]
    fn hulls_of_one_reference_are_alike() {
        let line = "convex hull of m on s, 9 rows, sha256 ee0a (sha256 7d78)";
        assert_eq!(without_part(line), "convex hull of m on s, 9 rows, sha256 ee0a");
        assert_eq!(without_part("xtb (sha256 1)"), "xtb (sha256 1)");
    }

    #[test]
    fn volumes_grow_with_the_front() {
        let energy = Energy { joules: 1.0, basis: Basis::Estimated };
        let step = |step| StepRow { step, evaluated: 1, front: 1, hypervolume: None, seconds: 1.0, energy };
        let measure = HypervolumeBox { ideal: vec![0.0, 0.0], reference: vec![1.0, 1.0] };
        let costs = vec![(0, vec![0.5, 0.5]), (2, vec![0.25, 0.75]), (2, vec![0.9, 0.9])];
        let found = volumes(&[step(0), step(1), step(2)], &costs, &measure);
        // A square of a half, then a quarter more in width over a quarter of the height.
        assert_eq!(found, [Some(0.25), Some(0.25), Some(0.25 + 0.25 * 0.25)]);
    }
}
