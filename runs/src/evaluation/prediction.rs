//! Whether generated structures are the known ones that they were made for: crystal structure prediction
//! and reconstruction, in the manner of CDVAE and DiffCSP (T. Xie et al., ICLR 2022; R. Jiao et al., NeurIPS 2023).
//!
//! A generated structure belongs to the test structure whose id its property `of` names (its own id
//! otherwise). Attempts that brought nothing count: every test structure is taken to have had as many
//! attempts as the one with most, and one that has none was met by none.

use std::collections::{BTreeMap, HashMap};

use druse_representations::Crystal;
use druse_validation::matching::{Pattern, Pymatgen, PymatgenOptions};
use druse_validation::metrics::{Share, interval};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::table::Column;
use super::{Evaluation, Member, Metric, SampleSet, Stamp};

/// Name and version.
pub const PROTOCOL: &str = "prediction 1";

/// Everything that structures are judged by.
pub struct Prediction<'a> {
    /// The structures that were to be met.
    pub test: &'a SampleSet,
    /// Seed of the bootstrap.
    pub seed: u64,
}

/// What became of one test structure.
struct Met {
    row: Map<String, Value>,
    /// Distances of the attempts that met it, in units of (V/N)^(1/3).
    distances: Vec<f64>,
}

impl Met {
    fn best(&self) -> Option<f64> {
        self.distances.iter().copied().min_by(f64::total_cmp)
    }
}

impl Prediction<'_> {
    /// All that the figures depend on beside the set.
    pub fn stamp(&self) -> Stamp {
        let mut stamp = Stamp::new(PROTOCOL);
        let tolerances = PymatgenOptions::cdvae().tolerances;
        stamp.set(
            "matcher",
            format!(
                "as pymatgen 2026.10.24 StructureMatcher.get_rms_dist: ltol {}, stol {}, angle_tol {}; in units of (V/N)^(1/3)",
                tolerances.length, tolerances.site, tolerances.angle
            ),
        );
        stamp.set("test set", json!(self.test.description).to_string());
        stamp.set(
            "attempts",
            "those of the test structure with most, for each test structure; missing ones meet nothing",
        );
        stamp.set(
            "crmse",
            format!(
                "best distance of every test structure, {} where it was not met (arXiv:2509.12178)",
                tolerances.site
            ),
        );
        stamp.set(
            "intervals",
            format!(
                "95 %: Wilson for shares, bootstrap over test structures for the rest, {} resamples",
                interval::RESAMPLES
            ),
        );
        stamp
    }

    /// Judges every attempt of a set and adds up.
    pub fn evaluate(&self, set: &SampleSet) -> Evaluation {
        let mut attempts: HashMap<&str, Vec<&Member>> = HashMap::new();
        for member in &set.members {
            attempts.entry(target(member)).or_default().push(member);
        }
        let most = attempts.values().map(Vec::len).max().unwrap_or(0);
        let known: Vec<&Member> = self.test.members.iter().filter(|test| test.crystal.is_ok()).collect();
        let met: Vec<Met> = known
            .par_iter()
            .map(|test| judge(test, attempts.get(test.id.as_str()).map_or(&[], Vec::as_slice)))
            .collect();
        let belonging: usize =
            met.iter().filter_map(|met| met.row["attempts"].as_u64()).sum::<u64>() as usize;
        let strangers = set.members.len() - belonging;
        let site = PymatgenOptions::cdvae().tolerances.site;
        let distances: Vec<f64> = met.iter().filter_map(Met::best).collect();
        let all: Vec<f64> = met.iter().map(|met| met.best().unwrap_or(site)).collect();
        let mean = |drawn: &mut dyn Iterator<Item = &f64>| {
            let (n, sum) = drawn.fold((0, 0.0), |(n, sum), x| (n + 1, sum + x));
            (n > 0).then(|| sum / f64::from(n))
        };
        // One attempt: the mean over all of them, with an interval over test structures.
        let shares: Vec<f64> =
            met.iter().map(|met| met.distances.len() as f64 / most.max(1) as f64).collect();
        let metrics = vec![
            Metric {
                unit: "share".into(),
                ..Metric::statistic("match_1", "share", &shares, self.seed, mean)
            },
            Metric::share("match_any", Share { count: distances.len(), of: met.len() }),
            Metric::statistic("rms", "(V/N)^(1/3)", &distances, self.seed, mean),
            Metric::statistic("crmse", "(V/N)^(1/3)", &all, self.seed, mean),
            Metric::count("attempts", most, met.len()),
        ];
        Evaluation {
            name: set.name.clone(),
            set: set.description.clone(),
            stamp: self.stamp(),
            seed: self.seed,
            metrics,
            failures: [("belong to no test structure".to_owned(), strangers)]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect::<BTreeMap<_, _>>(),
            structures: met.into_iter().map(|met| met.row).collect(),
        }
    }

    /// The columns of a table of this protocol.
    pub fn columns(&self) -> Vec<Column> {
        vec![
            Column::percent("met by one attempt", "match_1"),
            Column::percent("met by any", "match_any"),
            Column::number("attempts", "attempts", 0),
            Column::number("rms of the met", "rms", 4),
            Column::number("cRMSE", "crmse", 4),
        ]
    }
}

/// Id of the test structure that a generated one belongs to.
fn target(member: &Member) -> &str {
    member.properties.get("of").and_then(Value::as_str).unwrap_or(&member.id)
}

fn judge(test: &Member, attempts: &[&Member]) -> Met {
    let matcher = Pymatgen::new("cdvae", PymatgenOptions::cdvae());
    let pattern = |crystal: &Crystal| Pattern::of(crystal).ok();
    let known = test.crystal.as_ref().ok().and_then(pattern);
    let distances: Vec<f64> = attempts
        .iter()
        .filter_map(|member| {
            let (known, made) = (known.as_ref()?, pattern(member.crystal.as_ref().ok()?)?);
            same_amounts(test, member).then(|| matcher.rms(known, &made)).flatten().map(|found| found.rms)
        })
        .collect();
    let mut row = Map::new();
    row.insert("id".into(), json!(test.id));
    let formula = test.crystal.as_ref().ok().map(|crystal| crystal.composition().reduced_formula());
    row.insert("formula".into(), json!(formula));
    row.insert("attempts".into(), json!(attempts.len()));
    row.insert("met".into(), json!(distances.len()));
    row.insert("rms".into(), json!(distances.iter().copied().min_by(f64::total_cmp)));
    Met { row, distances }
}

/// The matcher of distances does not look at amounts.
fn same_amounts(test: &Member, member: &Member) -> bool {
    let formula = |member: &Member| member.crystal.as_ref().ok().map(|c| c.composition().reduced_formula());
    formula(test) == formula(member)
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototype;

    fn member(id: &str, of: Option<&str>, name: &str) -> Member {
        let crystal = prototype(name).unwrap().code().to_primitive().unwrap();
        let properties = of.map(|of| ("of".to_owned(), json!(of))).into_iter().collect();
        Member { id: id.into(), crystal: Ok(crystal), properties }
    }

    fn set(members: Vec<Member>) -> SampleSet {
        SampleSet {
            name: "set".into(),
            members,
            cost: Default::default(),
            requested: None,
            description: Map::new(),
        }
    }

    #[test]
    fn attempts_are_held_against_the_structure_that_they_are_for() {
        let names = ["rocksalt", "spinel", "perovskite"];
        let test = set(names.iter().map(|name| member(name, None, name)).collect());
        let made = set(vec![
            member("a", Some("rocksalt"), "rocksalt"),
            member("b", Some("rocksalt"), "spinel"),
            member("spinel", None, "spinel"),
            member("c", Some("nobody"), "rutile"),
        ]);
        let evaluation = Prediction { test: &test, seed: 1 }.evaluate(&made);
        let value = |name: &str| evaluation.metric(name).unwrap().value.unwrap();
        assert!((value("match_1") - 2.0 / 6.0).abs() < 1e-12, "one of two, one of two, none of two");
        assert!((value("match_any") - 2.0 / 3.0).abs() < 1e-12);
        assert!(value("rms") < 1e-6 && (value("crmse") - 0.5 / 3.0).abs() < 1e-6);
        assert_eq!(evaluation.failures["belong to no test structure"], 1);
        assert_eq!(evaluation.structures.len(), 3);
    }
}
