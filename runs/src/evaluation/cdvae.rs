//! Validity and distances to a test set in the manner of CDVAE (T. Xie et al., ICLR 2022).
//!
//! Distances of distributions are those of the first 1,000 valid structures (all, where there are fewer;
//! CDVAE draws 1,000 and fails without them). CDVAE's coverage needs fingerprints and descriptors of
//! other packages; [`invariant recall and precision`](druse_validation::metrics::coverage) stand in its
//! place under their own names.

use druse_representations::Crystal;
use druse_validation::metrics::coverage::{self, COMPOSITION_LIMIT, Point, STRUCTURE_LIMIT};
use druse_validation::metrics::distributions::{counts, wasserstein};
use druse_validation::metrics::validity::{composition_balance, protocol, structural_fault};
use druse_validation::metrics::{Share, interval};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::properties::{property, unit};
use super::table::Column;
use super::{Evaluation, Member, Metric, SampleSet, Stamp};

/// Name and version.
pub const PROTOCOL: &str = "cdvae 1";

/// Valid structures whose distributions are compared.
const COMPARED: usize = 1000;

/// Everything that structures are judged by.
pub struct Cdvae<'a> {
    /// What was held out; without it only validity is told.
    pub test: Option<&'a SampleSet>,
    /// Properties whose distributions are compared.
    pub properties: &'a [String],
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Cdvae<'_> {
    /// All that the figures depend on beside the set.
    pub fn stamp(&self) -> Stamp {
        let mut stamp = Stamp::new(PROTOCOL);
        stamp.set("validity", protocol());
        let test = self.test.map_or_else(|| json!("none"), |test| json!(test.description));
        stamp.set("test set", test.to_string());
        stamp.set(
            "distributions",
            format!("of the first {COMPARED} valid structures against the whole test set"),
        );
        stamp.set(
            "invariant coverage",
            format!("average minimum distances within {STRUCTURE_LIMIT} (V/N)^(1/3), shares of elements within {COMPOSITION_LIMIT}"),
        );
        stamp.set(
            "intervals",
            format!(
                "95 %: Wilson for shares, bootstrap over structures for the rest, {} resamples (percentiles; of distances the standard deviation)",
                interval::RESAMPLES
            ),
        );
        stamp
    }

    /// Judges every structure of a set and adds up.
    pub fn evaluate(&self, set: &SampleSet) -> Evaluation {
        let rows: Vec<(Map<String, Value>, bool)> =
            set.members.par_iter().map(|member| self.row(member)).collect();
        let flag = |key: &str| Share::of(&rows, |(row, _)| row.get(key) == Some(&Value::Bool(true)));
        let mut metrics: Vec<Metric> = ["structure_valid", "composition_valid", "valid"]
            .map(|key| Metric::share(key, flag(key)))
            .to_vec();
        let valid: Vec<&Member> = set
            .members
            .iter()
            .zip(&rows)
            .filter(|(_, (_, valid))| *valid)
            .map(|(member, _)| member)
            .collect();
        if let Some(test) = self.test {
            for name in self.properties {
                metrics.push(self.distance(name, &valid[..valid.len().min(COMPARED)], test));
            }
            let points = |members: &[&Member]| -> Vec<Option<Point>> {
                members.par_iter().map(|member| Point::of(member.crystal.as_ref().ok()?)).collect()
            };
            let all: Vec<&Member> = test.members.iter().collect();
            let (recall, precision) = coverage::coverage(&points(&all), &points(&valid));
            metrics.push(Metric::share("invariant_recall", recall));
            // As CDVAE: of all generated ones, also those that are not valid.
            metrics.push(Metric::share("invariant_precision", Share { of: rows.len(), ..precision }));
        }
        let kind = |(row, _): &(Map<String, Value>, bool)| {
            let text = |key: &str| row.get(key)?.as_str();
            let reason = text("unreadable").map(|_| "unreadable").or_else(|| text("structure_fault"))?;
            Some(reason.split(':').next().unwrap_or(reason).to_owned())
        };
        Evaluation {
            name: set.name.clone(),
            set: set.description.clone(),
            stamp: self.stamp(),
            seed: self.seed,
            metrics,
            failures: counts(rows.iter().filter_map(kind)),
            structures: rows.into_iter().map(|(row, _)| row).collect(),
        }
    }

    fn row(&self, member: &Member) -> (Map<String, Value>, bool) {
        let mut row = Map::new();
        let mut set = |key: &str, value: Value| row.insert(key.to_owned(), value);
        set("id", json!(member.id));
        let crystal = member.crystal.as_ref().ok();
        set("formula", json!(crystal.map(|crystal| crystal.composition().reduced_formula())));
        let fault = crystal.and_then(structural_fault);
        let balance = crystal.map(|crystal| composition_balance(&crystal.composition()));
        let structure = crystal.is_some() && fault.is_none();
        let composition = balance.as_ref().is_some_and(|balance| balance.passes());
        set("structure_valid", json!(structure));
        set("composition_valid", json!(composition));
        set("valid", json!(structure && composition));
        set("unreadable", json!(member.crystal.as_ref().err()));
        set("structure_fault", json!(fault));
        set("composition_reason", json!(balance.map(|balance| balance.to_string())));
        for name in self.properties {
            set(name, json!(crystal.and_then(|crystal| value(name, crystal, member))));
        }
        (row, structure && composition)
    }

    fn distance(&self, name: &str, valid: &[&Member], test: &SampleSet) -> Metric {
        let values = |members: &mut dyn Iterator<Item = &Member>| -> Vec<f64> {
            members.filter_map(|member| value(name, member.crystal.as_ref().ok()?, member)).collect()
        };
        let (own, reference) = (values(&mut valid.iter().copied()), values(&mut test.members.iter()));
        Metric::distance(format!("wasserstein_{name}"), unit(name), &own, self.seed, |drawn| {
            wasserstein(&drawn.copied().collect::<Vec<f64>>(), &reference)
        })
    }

    /// The columns of a table of this protocol.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
            Column::percent("valid structure", "structure_valid"),
            Column::percent("valid composition", "composition_valid"),
            Column::percent("valid both", "valid"),
        ];
        for name in self.properties {
            let title = format!("W1 {}", name.replace('_', " "));
            columns.push(Column::number(&title, format!("wasserstein_{name}"), 4));
        }
        columns.push(Column::percent("invariant recall", "invariant_recall"));
        columns.push(Column::percent("invariant precision", "invariant_precision"));
        columns
    }
}

fn value(name: &str, crystal: &Crystal, member: &Member) -> Option<f64> {
    property(name, crystal, &member.properties)
}
