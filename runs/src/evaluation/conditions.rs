//! Whether a requested value moves the distribution of what is sampled: the distribution of a property
//! in each set beside that of the first set, which nothing was requested for.
//!
//! Beside the [built-in properties](super::properties::BUILT_IN) and numbers that files give:
//! `energy_above_hull` after relaxation, and `space_group=N`, 1 for structures of that group and 0 for
//! others, so that its mean is a share.

use std::collections::BTreeMap;

use druse_representations::Crystal;
use druse_representations::symmetry::analyse;
use druse_validation::metrics::distributions::wasserstein;
use druse_validation::metrics::interval;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::properties::{property, unit};
use super::table::Column;
use super::{Evaluation, Hull, Metric, Relaxer, SampleSet, Stamp};
use crate::cache::CacheError;

/// Name and version.
pub const PROTOCOL: &str = "conditions 1";

/// Name of the property that needs relaxations.
pub const ENERGY: &str = "energy_above_hull";

/// Everything that distributions are measured with.
pub struct Conditions<'a> {
    /// Properties by name.
    pub properties: &'a [String],
    /// Relaxes and places energies, where [`ENERGY`] is asked for.
    pub energies: Option<(&'a Relaxer, &'a Hull)>,
    /// Tolerance (Å) of the search for symmetry.
    pub symprec: f64,
    /// Seed of the bootstrap.
    pub seed: u64,
}

/// Values of the properties, one list for each structure.
pub type Values = Vec<Vec<Option<f64>>>;

impl Conditions<'_> {
    /// All that the figures depend on beside the sets.
    pub fn stamp(&self, unconditional: &SampleSet) -> Stamp {
        let mut stamp = Stamp::new(PROTOCOL);
        stamp.set("unconditional set", json!(unconditional.description).to_string());
        stamp.set("symmetry", format!("symprec {} Å, of structures as given", self.symprec));
        if let Some((relaxer, hull)) = self.energies {
            stamp.set("relaxation", relaxer.protocol());
            hull.stamp(&mut stamp);
        }
        stamp.set(
            "intervals",
            format!("95 %: bootstrap over structures, {} resamples (percentiles; of distances the standard deviation)", interval::RESAMPLES),
        );
        stamp
    }

    /// Values of all properties of a set.
    ///
    /// # Errors
    /// When the file of known relaxations cannot be used.
    pub fn values(&self, set: &SampleSet, progress: &(dyn Fn() + Sync)) -> Result<Values, CacheError> {
        let mut energies = match self.energies {
            Some((relaxer, hull)) => {
                let crystals: Vec<&Crystal> = set.crystals().collect();
                let relaxed = relaxer.relax(&crystals, progress)?;
                let above = |(crystal, relaxed): (&Crystal, super::Relaxed)| {
                    hull.energy_above(&crystal.composition(), relaxed.energy_per_atom?).ok()
                };
                crystals.into_iter().zip(relaxed).map(above).collect::<Vec<_>>()
            }
            None => vec![None; set.crystals().count()],
        }
        .into_iter();
        let energies: Vec<Option<f64>> = set
            .members
            .iter()
            .map(|member| member.crystal.as_ref().ok().and_then(|_| energies.next()?))
            .collect();
        let values = set.members.par_iter().zip(energies).map(|(member, energy)| {
            let of = |name: &String| match (member.crystal.as_ref(), name.strip_prefix("space_group=")) {
                (Err(_), _) => None,
                (Ok(_), _) if name == ENERGY => energy,
                (Ok(crystal), Some(wanted)) => {
                    let group = analyse(crystal, self.symprec).ok()?.number;
                    Some(f64::from(u8::from(wanted.parse::<u8>().ok() == Some(group))))
                }
                (Ok(crystal), None) => property(name, crystal, &member.properties),
            };
            self.properties.iter().map(of).collect()
        });
        Ok(values.collect())
    }

    /// The distributions of a set beside that of the unconditional one.
    pub fn evaluate(
        &self,
        set: &SampleSet,
        values: &Values,
        unconditional: (&SampleSet, &Values),
    ) -> Evaluation {
        let mut metrics = Vec::new();
        for (place, name) in self.properties.iter().enumerate() {
            let column =
                |values: &Values| -> Vec<f64> { values.iter().filter_map(|row| row[place]).collect() };
            let (own, reference) = (column(values), column(unconditional.1));
            let unit = if name == ENERGY { "eV/atom" } else { unit(name) };
            metrics.push(Metric::statistic(format!("{name}_mean"), unit, &own, self.seed, |drawn| {
                let (sum, count) = drawn.fold((0.0, 0usize), |(sum, count), x| (sum + x, count + 1));
                (count > 0).then(|| sum / count as f64)
            }));
            for (end, share) in [("q1", 0.25), ("median", 0.5), ("q3", 0.75)] {
                metrics.push(Metric::quantile(format!("{name}_{end}"), unit, &own, self.seed, share));
            }
            metrics.push(Metric::distance(format!("{name}_wasserstein"), unit, &own, self.seed, |drawn| {
                wasserstein(&drawn.copied().collect::<Vec<f64>>(), &reference)
            }));
        }
        let structures = set.members.iter().zip(values).map(|(member, values)| {
            let mut row = Map::from_iter([("id".to_owned(), json!(member.id))]);
            row.extend(self.properties.iter().cloned().zip(values.iter().map(|value| json!(value))));
            row
        });
        let unreadable = set.members.iter().filter(|member| member.crystal.is_err()).count();
        let failures = (unreadable > 0).then(|| ("unreadable".to_owned(), unreadable));
        Evaluation {
            name: set.name.clone(),
            set: set.description.clone(),
            stamp: self.stamp(unconditional.0),
            seed: self.seed,
            metrics,
            failures: BTreeMap::from_iter(failures),
            structures: structures.collect(),
        }
    }

    /// The columns of a table of one property.
    pub fn columns(property: &str) -> Vec<Column> {
        let decimals = 3;
        [
            ("mean", "mean"),
            ("lower quartile", "q1"),
            ("median", "median"),
            ("upper quartile", "q3"),
            ("W1 to first", "wasserstein"),
        ]
        .map(|(title, end)| Column::number(title, format!("{property}_{end}"), decimals))
        .to_vec()
    }
}

/// What was requested of a set, for people.
pub fn requested(evaluation: &Evaluation) -> String {
    match evaluation.set.get("requested") {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
