//! The candidates of a page, column by column, which takes a third of the room of a row each.

use std::collections::{BTreeMap, BTreeSet};

use druse_representations::Element;
use druse_validation::Novelty;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::names::Names;
use crate::crystals::drawing::operations;
use crate::domain::{Domain, Portrait};
use crate::engine::ObjectiveInfo;
use crate::report::numbers::{radii, rounded, significant};
use crate::store::{CandidateRow, Status, StoreError};

/// Characters of structures that a page holds: with the tables it then stays below 15 MB.
const MOST_STRUCTURES: usize = 9_000_000;
/// Rejected and failed candidates that are listed one by one.
const MOST_REMOVED: usize = 20_000;
/// Candidates that are drawn side by side.
const BATCH: usize = 1024;

/// Takes the candidates of a campaign one after the other.
pub struct Rows<'a> {
    domain: &'a dyn Domain,
    waiting: Vec<CandidateRow>,
    evaluated: Vec<(CandidateRow, Portrait)>,
    removed: Vec<(CandidateRow, String)>,
    unlisted: u64,
}

impl<'a> Rows<'a> {
    /// No candidates yet.
    pub fn new(domain: &'a dyn Domain) -> Self {
        Self { domain, waiting: Vec::new(), evaluated: Vec::new(), removed: Vec::new(), unlisted: 0 }
    }

    /// Adds a candidate. Those that are not evaluated yet or repeat another one are not listed.
    ///
    /// # Errors
    /// When a stored design cannot be read back.
    pub fn add(&mut self, row: &CandidateRow) -> Result<(), StoreError> {
        match row.status {
            Status::Proposed | Status::Duplicate => {}
            Status::Evaluated => {
                self.waiting.push(row.clone());
                if self.waiting.len() == BATCH {
                    self.draw()?;
                }
            }
            Status::Rejected | Status::Failed if self.removed.len() < MOST_REMOVED => {
                self.removed.push((without_design(row.clone()), self.domain.formula(row)?));
            }
            Status::Rejected | Status::Failed => self.unlisted += 1,
        }
        Ok(())
    }

    fn draw(&mut self) -> Result<(), StoreError> {
        let domain = self.domain;
        let drawn: Vec<(CandidateRow, Portrait)> = std::mem::take(&mut self.waiting)
            .into_par_iter()
            .map(|row| {
                let portrait = domain.portrait(&row)?;
                Ok((without_design(row), portrait))
            })
            .collect::<Result<_, StoreError>>()?;
        self.evaluated.extend(drawn);
        Ok(())
    }

    /// The rows; `front` are the numbers of the candidates of the front, whose structures come first where
    /// there is no room for all.
    ///
    /// # Errors
    /// When a stored design cannot be read back.
    pub fn finish(
        mut self,
        objectives: &[ObjectiveInfo],
        front: &BTreeSet<u64>,
    ) -> Result<Listed, StoreError> {
        self.draw()?;
        let without_view = self.leave_out_structures(front, MOST_STRUCTURES);
        let Self { evaluated, removed, unlisted, .. } = self;
        let groups: BTreeSet<u8> =
            evaluated.iter().filter_map(|(_, portrait)| portrait.space_group).collect();
        let operations = groups
            .into_iter()
            .filter_map(|group| Some((group.to_string(), Value::from(operations(group)?.join(";")))));
        let elements = evaluated.iter().flat_map(|(_, portrait)| &portrait.elements).copied();
        let mut words = Words::default();
        let mut table = Columns::default();
        for (row, Portrait { label, structure, .. }) in &evaluated {
            table.origin(row, &mut words);
            table.push("formula", json!(label.formula));
            table.push("shape", json!(label.shape));
            table.push("violation", row.violation.map_or(Value::Null, significant));
            table.push("cpu", rounded(row.costs.iter().map(|cost| cost.cpu).sum(), 3));
            table.push("structure", json!(structure));
            let nearest = row.novelty.as_ref();
            let verdict = nearest.map(|nearest| words.verdicts.place(&key(nearest.novelty)));
            table.push("verdict", json!(verdict));
            table.push("nearest", json!(nearest.and_then(|nearest| nearest.id.as_deref())));
            table.push("distance", nearest.and_then(|it| it.distance).map_or(Value::Null, significant));
            table.push("matcher", json!(nearest.map(|nearest| words.matchers.place(&nearest.matcher))));
        }
        let mut others = Columns::default();
        for (row, formula) in &removed {
            others.origin(row, &mut words);
            others.push("formula", json!(formula));
            others.push("status", json!(row.status));
            others.push("stage", json!(row.stage.as_deref().map(|stage| words.stages.place(stage))));
            others.push("reason", json!(row.reason));
        }
        let kinds: BTreeSet<Novelty> =
            evaluated.iter().filter_map(|(row, _)| Some(row.novelty.as_ref()?.novelty)).collect();
        let mut data = json!({
            "generators": words.generators.finish(),
            "operators": words.operators.finish(),
            "verdicts": words.verdicts.finish(),
            "matchers": words.matchers.finish(),
            "stages": words.stages.finish(),
            "elements": radii(elements),
            "operations": operations.collect::<Map<_, _>>(),
            "without_view": without_view,
            "unlisted": unlisted,
            "evaluated": table.finish(),
            "removed": others.finish(),
        });
        data["evaluated"]["objectives"] =
            values(&evaluated, objectives.iter().map(|it| it.name.as_str()), |row| &row.objectives);
        let properties: BTreeSet<&str> =
            evaluated.iter().flat_map(|(row, _)| row.properties.keys().map(String::as_str)).collect();
        data["evaluated"]["properties"] = values(&evaluated, properties.into_iter(), |row| &row.properties);
        for (name, notes) in [
            ("notes", sparse(&evaluated, |row| row.lineage.note.as_ref().map(|note| json!(note)))),
            ("by_chance", sparse(&evaluated, |row| (!row.audited.is_empty()).then(|| json!(row.audited)))),
            ("measured", sparse(&evaluated, |row| (!row.measured.is_empty()).then(|| json!(row.measured)))),
        ] {
            data[name] = notes;
        }
        let nearest = evaluated.iter().filter_map(|(row, _)| row.novelty.as_ref()?.id.clone()).collect();
        let systems = systems(&evaluated);
        let verdicts = Value::Object(kinds.into_iter().map(meaning).collect());
        Ok(Listed { data, verdicts, nearest, systems })
    }

    /// Takes out structures beyond so many characters, those of the front last. Returns how many.
    fn leave_out_structures(&mut self, front: &BTreeSet<u64>, most: usize) -> usize {
        let size = |portrait: &Portrait| portrait.structure.as_ref().map_or(0, String::len);
        let on_front = |row: &CandidateRow| front.contains(&row.number);
        let fronts: usize =
            self.evaluated.iter().filter(|(row, _)| on_front(row)).map(|(_, portrait)| size(portrait)).sum();
        let mut room = most.saturating_sub(fronts);
        let mut left_out = 0;
        for (_, portrait) in self.evaluated.iter_mut().filter(|(row, _)| !on_front(row)) {
            match room.checked_sub(size(portrait)) {
                Some(rest) => room = rest,
                None => {
                    // None that is smaller follows a large one, so that the limit is easy to tell.
                    room = 0;
                    left_out += usize::from(portrait.structure.take().is_some());
                }
            }
        }
        left_out
    }
}

/// The candidates of a page.
pub struct Listed {
    /// As the page's script reads them.
    pub data: Value,
    /// Words and meaning of the verdicts of novelty, by name.
    pub verdicts: Value,
    /// Ids of the nearest known structures.
    pub nearest: BTreeSet<String>,
    /// Chemical systems of two or three elements, with the number of candidates in each, subsystems not
    /// counted.
    pub systems: BTreeMap<Vec<Element>, usize>,
}

/// Words that many candidates share.
#[derive(Default)]
struct Words {
    generators: Names,
    operators: Names,
    verdicts: Names,
    matchers: Names,
    stages: Names,
}

#[derive(Default)]
struct Columns(BTreeMap<&'static str, Vec<Value>>);

impl Columns {
    fn push(&mut self, name: &'static str, value: Value) {
        self.0.entry(name).or_default().push(value);
    }

    /// What all candidates have: number, step and lineage.
    fn origin(&mut self, row: &CandidateRow, words: &mut Words) {
        self.push("number", json!(row.number));
        self.push("step", json!(row.step));
        self.push("generator", words.generators.place(&row.lineage.generator));
        self.push("operator", words.operators.place(&row.lineage.operator));
        self.push("parents", json!(row.lineage.parents));
    }

    fn finish(self) -> Value {
        json!(self.0)
    }
}

/// Numbers by name, one list each; null where a candidate has none.
fn values<'a>(
    rows: &[(CandidateRow, Portrait)],
    names: impl Iterator<Item = &'a str>,
    of: fn(&CandidateRow) -> &BTreeMap<String, f64>,
) -> Value {
    let list = |name: &str| -> Value {
        rows.iter()
            .map(|(row, _)| of(row).get(name).map_or(Value::Null, |&value| significant(value)))
            .collect()
    };
    Value::Object(names.map(|name| (name.to_owned(), list(name))).collect())
}

/// What few candidates have, by number.
fn sparse(rows: &[(CandidateRow, Portrait)], of: impl Fn(&CandidateRow) -> Option<Value>) -> Value {
    Value::Object(rows.iter().filter_map(|(row, _)| Some((row.number.to_string(), of(row)?))).collect())
}

/// Name of a verdict in results.
fn key(novelty: Novelty) -> String {
    // A plain word: serialising it cannot fail.
    json!(novelty).as_str().unwrap_or_default().to_owned()
}

/// A verdict for people, and what it means, by its name.
fn meaning(novelty: Novelty) -> (String, Value) {
    (key(novelty), json!([novelty.words(), novelty.meaning()]))
}

fn without_design(row: CandidateRow) -> CandidateRow {
    CandidateRow { proposed: Value::Null, design: None, ..row }
}

fn systems(rows: &[(CandidateRow, Portrait)]) -> BTreeMap<Vec<Element>, usize> {
    let mut systems = BTreeMap::new();
    for (_, portrait) in rows.iter().filter(|(_, portrait)| matches!(portrait.elements.len(), 2 | 3)) {
        *systems.entry(portrait.elements.iter().copied().collect()).or_default() += 1;
    }
    systems
}
