//! From rows to figures.

use std::collections::{BTreeMap, BTreeSet};

use druse_validation::audit::Verdict;
use druse_validation::metrics::Share;
use druse_validation::metrics::distributions::{chi_squared, counts, total_variation};

use super::{LIMITS, Row, Sun};
use crate::evaluation::{Metric, SampleSet};

/// A manner of uniqueness and novelty.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    MatterGenOrdered,
    LeakSafe,
}

impl Manner {
    fn name(self) -> &'static str {
        match self {
            Self::MatterGenOrdered => "mattergen_ordered",
            Self::LeakSafe => "leak_safe",
        }
    }

    /// Structures (in the manner `leak_safe`: groups of them) that are unique, novel and `wanted`.
    fn unique_and_novel(self, rows: &[Row], wanted: impl Fn(&Row) -> bool) -> Share {
        let count = match self {
            Self::MatterGenOrdered => rows
                .iter()
                .filter(|row| row.unique && row.novel_mattergen_ordered == Some(true) && wanted(row))
                .count(),
            Self::LeakSafe => {
                let groups = rows.iter().filter(|row| row.novel_leak_safe && wanted(row));
                groups.filter_map(|row| row.group).collect::<BTreeSet<usize>>().len()
            }
        };
        Share { count, of: rows.len() }
    }
}

impl Sun<'_> {
    /// The figures of a set.
    pub(super) fn metrics(&self, set: &SampleSet, rows: &[Row]) -> Vec<Metric> {
        let share =
            |name: &str, condition: &dyn Fn(&Row) -> bool| Metric::share(name, Share::of(rows, condition));
        let mut metrics = vec![
            share("structure_valid", &|row| row.structure_valid),
            share("composition_valid", &|row| row.composition_valid),
            share("valid", &|row| row.structure_valid && row.composition_valid),
            share("relaxed", &|row| row.energy_per_atom.is_some()),
            share("converged", &|row| row.converged),
            share("flagged", &|row| row.flags.is_some()),
            share("unique_mattergen_ordered", &|row| row.unique),
        ];
        let groups: BTreeSet<usize> = rows.iter().filter_map(|row| row.group).collect();
        metrics.push(Metric::share("unique_leak_safe", Share { count: groups.len(), of: rows.len() }));
        metrics.push(share("novel_leak_safe", &|row| row.novel_leak_safe));
        let mut manners = vec![Manner::LeakSafe];
        if !self.exact.is_empty() {
            metrics.push(share("novel_mattergen_ordered", &|row| row.novel_mattergen_ordered == Some(true)));
            manners.insert(0, Manner::MatterGenOrdered);
        }
        if !self.audit.training().is_empty() {
            metrics.push(share("memorised", &|row| row.found_in.as_deref() == Some("training")));
            metrics.push(share("known_not_trained", &|row| row.found_in.as_deref() == Some("reference")));
        }
        for limit in LIMITS {
            metrics.push(share(&format!("stable_{limit}"), &|row| row.is_stable(limit)));
        }
        for manner in manners {
            let name = manner.name();
            for limit in LIMITS {
                let found = manner.unique_and_novel(rows, |row| row.is_stable(limit));
                metrics.push(Metric::share(format!("sun_{name}_{limit}"), found));
            }
            for limit in LIMITS {
                let found = manner.unique_and_novel(rows, |row| row.is_stable(limit) && row.is_symmetric());
                metrics.push(Metric::share(format!("ssun_{name}_{limit}"), found));
            }
        }
        metrics.extend(self.numbers(rows));
        metrics.extend(self.symmetry(rows));
        metrics.extend(diversity(rows));
        for verdict in Verdict::ALL {
            let name = verdict.name();
            metrics.push(share(&format!("verdict_{name}"), &|row| row.verdict.as_deref() == Some(name)));
        }
        let n = rows.len();
        metrics.push(Metric::given("seconds_per_sample", set.cost.seconds_per_sample, n, "s"));
        metrics.push(Metric::given("joules_per_sample", set.cost.joules_per_sample, n, "J"));
        metrics
    }

    fn numbers(&self, rows: &[Row]) -> Vec<Metric> {
        let energies: Vec<f64> = rows.iter().filter_map(|row| row.energy_above_hull).collect();
        let moved: Vec<f64> = rows.iter().filter_map(|row| row.rmsd).collect();
        let mean = Metric::statistic("rmsd_mean", "Å", &moved, self.seed, |drawn| {
            let (sum, count) = drawn.fold((0.0, 0usize), |(sum, count), x| (sum + x, count + 1));
            (count > 0).then(|| sum / count as f64)
        });
        let cpu: Vec<f64> =
            rows.iter().filter_map(|row| row.cpu_seconds).filter(|&seconds| seconds > 0.0).collect();
        let cpu_of_one = (!cpu.is_empty()).then(|| cpu.iter().sum::<f64>() / cpu.len() as f64);
        vec![
            Metric::quantile("energy_above_hull_median", "eV/atom", &energies, self.seed, 0.5),
            Metric::quantile("rmsd_median", "Å", &moved, self.seed, 0.5),
            mean,
            Metric::given("relaxation_cpu_seconds", cpu_of_one, cpu.len(), "s"),
        ]
    }

    fn symmetry(&self, rows: &[Row]) -> Vec<Metric> {
        let analysed = |group: fn(&Row) -> Option<u8>| rows.iter().filter_map(group).collect::<Vec<u8>>();
        let (given, relaxed) = (analysed(|row| row.space_group), analysed(|row| row.relaxed_space_group));
        let p1 = |groups: &[u8]| Share::of(groups, |&group| group == 1);
        let reference = &self.statistics.space_groups;
        type Groups = BTreeMap<u8, usize>;
        let distance = |name: &str, of: fn(&Groups, &Groups) -> Option<f64>| {
            Metric::distance(name, "distance", &given, self.seed, |drawn| {
                of(&counts(drawn.copied()), reference)
            })
        };
        let mut metrics = vec![
            Metric::share("p1", p1(&given)),
            Metric::share("p1_relaxed", p1(&relaxed)),
            distance("space_group_total_variation", total_variation),
            distance("space_group_chi_squared_wyformer", chi_squared),
        ];
        if !self.statistics.templates.is_empty() {
            let new = rows.iter().filter(|row| row.template_known == Some(false));
            let new: BTreeSet<&String> = new.filter_map(|row| row.template.as_ref()).collect();
            metrics.push(Metric::share("novel_unique_templates", Share { count: new.len(), of: rows.len() }));
        }
        metrics
    }

    /// Structures that count as failures, by kind.
    pub(super) fn failures(&self, rows: &[Row]) -> BTreeMap<String, usize> {
        let kind = |row: &Row| {
            if row.unreadable.is_some() {
                return Some("unreadable".to_owned());
            }
            if row.no_hull.is_some() {
                return Some("no hull".to_owned());
            }
            let ended = row.relaxation.as_deref().unwrap_or("not relaxed");
            (!row.converged).then(|| ended.split(':').next().unwrap_or(ended).to_owned())
        };
        counts(rows.iter().filter_map(kind))
    }
}

fn diversity(rows: &[Row]) -> Vec<Metric> {
    let distinct =
        |of: fn(&Row) -> Option<&String>| rows.iter().filter_map(of).collect::<BTreeSet<_>>().len();
    let count = |name: &str, of: fn(&Row) -> Option<&String>| Metric::count(name, distinct(of), rows.len());
    let groups = rows.iter().filter_map(|row| row.space_group).collect::<BTreeSet<u8>>().len();
    vec![
        count("formulas", |row| row.formula.as_ref()),
        count("chemical_systems", |row| row.chemical_system.as_ref()),
        count("templates", |row| row.template.as_ref()),
        Metric::count("space_groups", groups, rows.len()),
    ]
}
