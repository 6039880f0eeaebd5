//! Ligands and transition-metal complexes: whether they are what they should be, new, and what was asked for.
//!
//! There is no accepted benchmark; the figures are those that LigandDiff, CatDRX and tmcinvdes report, each with its
//! denominator, and the accuracy of denticity, donors, charge and polyhedron, which they leave out.
//!
//! | figure | counts | of |
//! |---|---|---|
//! | `valid` | can be read, and every atom has a possible valence; of complexes: the polyhedron has as many sites as donors were found, no atoms are too close, and donors are as asked | all |
//! | `connected` | one piece | all |
//! | `unique` | different graphs with their donors | connected |
//! | `novel_train`, `novel_known` | no ligand of the training data, or of the known ones, has this graph with these donors; of a complex one such ligand is enough | connected |
//! | `new_valid_unique` | different ones that are valid and among neither | all |
//! | `denticity`, `donors`, `charge` | as asked | connected |
//! | `within` | all that was asked for | connected |
//! | `ligands`, `polyhedron` | of complexes: graphs of the ligands, nearest polyhedron as asked | connected |

mod complex;
mod ligand;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use druse_generators::LigandSpace;
use druse_validation::metrics::distributions::counts;
use druse_validation::metrics::{Share, interval};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::table::Column;
use super::{Evaluation, Metric, Stamp};

pub use sets::{Design, Known, TmcError, TmcMember, TmcSet};

/// Name and version.
pub const PROTOCOL: &str = "tmc 1";

/// Everything that ligands and complexes are judged by.
pub struct Tmc<'a> {
    /// What was asked of ligands; complexes carry it themselves.
    pub asked: &'a LigandSpace,
    /// What a generator was trained on.
    pub training: Option<&'a Known>,
    /// What is known.
    pub known: Option<&'a Known>,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Tmc<'_> {
    /// All that the figures depend on beside the set.
    pub fn stamp(&self) -> Stamp {
        let mut stamp = Stamp::new(PROTOCOL);
        let of = |known: Option<&Known>| known.map_or_else(|| "none".to_owned(), |known| known.stamp.clone());
        stamp.set("training set", of(self.training));
        stamp.set("known ligands", of(self.known));
        stamp.set("asked of ligands", json!(self.asked).to_string());
        stamp.set("identity", "canonical graph with bond orders, formal charges and donors; of complexes without bond orders and charges, which positions do not tell");
        stamp.set("validity of complexes", complex::rule());
        stamp.set(
            "intervals",
            format!("95 %: Wilson for shares, bootstrap for quantiles, {} resamples", interval::RESAMPLES),
        );
        stamp
    }

    /// Judges every member of a set and adds up.
    pub fn evaluate(&self, set: &TmcSet) -> Evaluation {
        let rows: Vec<Map<String, Value>> = set.members.par_iter().map(|member| self.row(member)).collect();
        let yes = |row: &Map<String, Value>, key: &str| row.get(key) == Some(&Value::Bool(true));
        let connected: Vec<&Map<String, Value>> = rows.iter().filter(|row| yes(row, "connected")).collect();
        let text =
            |row: &Map<String, Value>| row.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        let distinct = |rows: &mut dyn Iterator<Item = &Map<String, Value>>| {
            rows.map(text).collect::<BTreeSet<String>>().len()
        };
        let mut metrics = vec![
            Metric::share("valid", Share::of(&rows, |row| yes(row, "valid"))),
            Metric::share("connected", Share::of(&rows, |row| yes(row, "connected"))),
            Metric::share(
                "unique",
                Share { count: distinct(&mut connected.iter().copied()), of: connected.len() },
            ),
        ];
        // Figures about what was not asked, or compared, are left out.
        for key in
            ["novel_train", "novel_known", "denticity", "donors", "charge", "within", "ligands", "polyhedron"]
        {
            let told: Vec<&&Map<String, Value>> =
                connected.iter().filter(|row| row.get(key).is_some_and(Value::is_boolean)).collect();
            if !told.is_empty() {
                metrics.push(Metric::share(key, Share::of(told, |row| yes(row, key))));
            }
        }
        let new = |row: &&Map<String, Value>| {
            let novel = |key: &str| row.get(key) != Some(&Value::Bool(false));
            yes(row, "valid") && yes(row, "connected") && novel("novel_train") && novel("novel_known")
        };
        let count = distinct(&mut rows.iter().filter(new));
        metrics.push(Metric::share("new_valid_unique", Share { count, of: rows.len() }));
        for (key, unit) in
            [("synthetic_accessibility", "1 to 10"), ("shape_measure", "CShM"), ("atoms", "atoms")]
        {
            let values: Vec<f64> =
                connected.iter().filter_map(|row| row.get(key).and_then(Value::as_f64)).collect();
            for (name, share) in [("q10", 0.1), ("median", 0.5), ("q90", 0.9)] {
                if !values.is_empty() {
                    metrics.push(Metric::quantile(format!("{key}_{name}"), unit, &values, self.seed, share));
                }
            }
        }
        Evaluation {
            name: set.name.clone(),
            set: set.description.clone(),
            stamp: self.stamp(),
            seed: self.seed,
            metrics,
            failures: failures(&rows),
            structures: rows,
        }
    }

    fn row(&self, member: &TmcMember) -> Map<String, Value> {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(member.id));
        let found = match &member.design {
            Ok(Design::Ligand(one)) => ligand::judge(one, self),
            Ok(Design::Complex { asked, molecule }) => complex::judge(asked.as_deref(), molecule, self),
            Err(reason) => Map::from_iter([
                ("valid".to_owned(), json!(false)),
                ("connected".to_owned(), json!(false)),
                ("fault".to_owned(), json!(reason)),
            ]),
        };
        // The same keys for all.
        for key in KEYS {
            row.insert(key.to_owned(), found.get(key).cloned().unwrap_or_default());
        }
        row
    }

    /// The columns of a table of this protocol.
    pub fn columns() -> Vec<Column> {
        let mut columns: Vec<Column> = [
            ("valid", "valid"),
            ("connected", "connected"),
            ("unique", "unique"),
            ("novel to training", "novel_train"),
            ("novel", "novel_known"),
            ("new, valid, unique", "new_valid_unique"),
            ("denticity as asked", "denticity"),
            ("donors as asked", "donors"),
            ("charge as asked", "charge"),
            ("all as asked", "within"),
            ("ligands as asked", "ligands"),
            ("polyhedron as asked", "polyhedron"),
        ]
        .map(|(title, metric)| Column::percent(title, metric))
        .to_vec();
        columns.push(Column::number("SA score", "synthetic_accessibility_median", 2));
        columns.push(Column::number("shape measure", "shape_measure_median", 2));
        columns
    }
}

/// What is told of every member.
const KEYS: [&str; 17] = [
    "formula",
    "smiles",
    "key",
    "atoms",
    "valid",
    "connected",
    "novel_train",
    "novel_known",
    "denticity",
    "donors",
    "charge",
    "within",
    "ligands",
    "polyhedron",
    "shape_measure",
    "synthetic_accessibility",
    "fault",
];

/// Kinds of faults: the reasons without what differs from one to the next.
fn failures(rows: &[Map<String, Value>]) -> BTreeMap<String, usize> {
    let kind = |row: &Map<String, Value>| {
        let fault = row.get("fault")?.as_str()?;
        let words: Vec<&str> =
            fault.split_whitespace().filter(|word| !word.contains(|c: char| c.is_ascii_digit())).collect();
        Some(words.join(" ").chars().take(60).collect::<String>())
    };
    counts(rows.iter().filter_map(kind))
}

#[cfg(test)]
mod tests;
