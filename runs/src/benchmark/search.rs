//! Searches of labelled spaces, measured by the share of the true hypervolume after so many distinct
//! evaluations.

use std::collections::BTreeMap;

use druse_fitness::pareto::hypervolume;
use druse_generators::{Evaluated, GeneticOptions, RegistryError, Selection, complex_generator};
use druse_representations::Design;
use rayon::prelude::*;
use serde::Serialize;

use super::truth::{TruthError, TruthTable};
use crate::learned;

/// A search that takes part.
#[derive(Clone, Debug, PartialEq)]
pub struct Contestant {
    /// Name in reports.
    pub name: &'static str,
    /// Generator.
    pub kind: &'static str,
    /// Its settings.
    pub options: GeneticOptions,
    /// Whether part of the children come from the latents of the ligand autoencoder that comes with druse.
    pub latent: bool,
}

/// The searches that are compared: druse's own with and without a surrogate that screens children, and with latent
/// operators where this build has them, PL-MOGA's without and with its lighthouse, a weighted
/// sum, and random search; populations of `population`, two objectives with equal weights.
pub fn contestants(population: usize) -> Vec<Contestant> {
    let options = GeneticOptions { population, initial: population, ..GeneticOptions::default() };
    // PL-MOGA's lighthouse keeps what is above 0.8 of the median in each objective.
    let lighthouse = GeneticOptions { lighthouse: vec![0.8, 0.8], ..options.clone() };
    let plain = |name, kind| Contestant { name, kind, options: options.clone(), latent: false };
    let screened = GeneticOptions { screen: 20, ..options.clone() };
    let druse = |name| Contestant { options: screened.clone(), ..plain(name, "nsga2") };
    let mut all = vec![druse("nsga2, screened"), plain("nsga2", "nsga2")];
    if learned::has_shipped_latents() {
        all.push(Contestant { latent: true, ..druse("nsga2/latent, screened") });
        all.push(Contestant { latent: true, ..plain("nsga2/latent", "nsga2") });
    }
    all.extend([
        plain("nsga3", "nsga3"),
        plain("pl_moga", "pl_moga"),
        Contestant { options: lighthouse, ..plain("pl_moga, lighthouse", "pl_moga") },
        plain("weighted_sum", "weighted_sum"),
        plain("random", "random"),
    ]);
    all
}

/// Share of the true hypervolume after each distinct evaluation; failed complexes count as
/// evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// Seed of the search.
    pub seed: u64,
    /// Share after 1, 2, ... evaluations.
    pub share: Vec<f64>,
}

/// Lets a search run on a space until it has evaluated `evaluations` complexes, `generation` at a time,
/// or knows no more.
///
/// The hypervolume is that of the objectives scaled to the values of the whole space (0 best, 1
/// worst), with the worst corner as reference point, divided by that of the true front.
///
/// # Errors
/// When the search cannot be made or the table does not cover what it proposes.
pub fn trace(
    table: &TruthTable,
    contestant: &Contestant,
    seed: u64,
    evaluations: usize,
    generation: usize,
) -> Result<Trace, TruthError> {
    let bad = |reason: String| TruthError::Form { name: table.name().to_owned(), reason };
    let registry = |error: RegistryError| bad(error.to_string());
    // The search sees costs in their own units, as in a campaign.
    let (space, options) = (table.space()?, &contestant.options);
    let latents = Selection::from_name(contestant.kind)
        .filter(|_| contestant.latent)
        .and_then(|selection| learned::shipped_latents(contestant.name, selection, &space, seed, options));
    let mut generator = match latents {
        Some(made) => made.map_err(bad)?,
        None => complex_generator(contestant.kind, &space, seed, options).map_err(registry)?,
    };
    let (known, scale) = (table.costs(), table.scale());
    let reference = vec![1.0; table.objectives().len()];
    let all: Vec<Vec<f64>> = known.values().flatten().map(|costs| scale.apply(costs)).collect();
    let whole = hypervolume(&all, &reference);
    let (mut front, mut share) = (Vec::new(), Vec::with_capacity(evaluations));
    while share.len() < evaluations {
        let wanted = generation.min(evaluations - share.len());
        // A search that knows no more designs has ended.
        let Ok(proposals) = generator.propose(share.len() as u64, wanted) else { break };
        let mut evaluated = Vec::with_capacity(proposals.len());
        for proposal in proposals {
            let id = proposal.design.content_id();
            let costs = known.get(id.as_str()).cloned().ok_or_else(|| {
                bad(format!("the search proposed {}, which the table does not have", proposal.design))
            })?;
            front.extend(costs.iter().map(|costs| scale.apply(costs)));
            front = non_dominated(front);
            share.push(hypervolume(&front, &reference) / whole);
            evaluated.push(Evaluated {
                number: proposal.number,
                design: proposal.design,
                costs,
                violation: 0.0,
            });
        }
        generator.learn(&evaluated);
    }
    Ok(Trace { seed, share })
}

fn non_dominated(points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let first = druse_fitness::pareto::fronts(&points, &[]).into_iter().next().unwrap_or_default();
    first.into_iter().map(|index| points[index].clone()).collect()
}

/// Distinct evaluations until this share of the true hypervolume was reached.
pub fn evaluations_to(trace: &Trace, share: f64) -> Option<usize> {
    trace.share.iter().position(|&reached| reached >= share).map(|index| index + 1)
}

/// Median and quartiles over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
    /// A quarter of the seeds is below.
    pub low: f64,
    /// Half of the seeds are below.
    pub median: f64,
    /// A quarter of the seeds is above.
    pub high: f64,
}

/// Shares of the hypervolume for which evaluations are counted.
const SHARES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// How one search did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Search.
    pub name: &'static str,
    /// Share of the true hypervolume at the end.
    pub share: Band,
    /// Evaluations to 50, 90, 95 and 99 % of the true hypervolume, in this order; `None` where
    /// fewer than half of the seeds got there.
    pub evaluations_to: BTreeMap<String, Option<f64>>,
    /// Share after each evaluation over the seeds.
    pub curve: Vec<Band>,
}

/// Runs a search with the seeds 1 to `seeds`.
///
/// # Errors
/// As [`trace`].
pub fn report(
    table: &TruthTable,
    contestant: &Contestant,
    seeds: u64,
    evaluations: usize,
    generation: usize,
) -> Result<Report, TruthError> {
    let traces: Vec<Trace> = (1..=seeds)
        .into_par_iter()
        .map(|seed| trace(table, contestant, seed, evaluations, generation))
        .collect::<Result<_, _>>()?;
    let at = |index: usize| {
        // A search that ended early keeps what it had.
        let reached = |trace: &Trace| trace.share.get(index).or(trace.share.last()).copied().unwrap_or(0.0);
        band(traces.iter().map(reached).collect())
    };
    let curve: Vec<Band> = (0..evaluations).map(at).collect();
    let to = |share: f64| {
        let counts = traces.iter().map(|trace| evaluations_to(trace, share));
        let median = band(counts.map(|count| count.map_or(f64::INFINITY, |n| n as f64)).collect()).median;
        (format!("{:.0} %", 100.0 * share), median.is_finite().then_some(median))
    };
    let share = curve.last().copied().unwrap_or(Band { low: 0.0, median: 0.0, high: 0.0 });
    Ok(Report { name: contestant.name, share, evaluations_to: SHARES.map(to).into(), curve })
}

/// Quartiles, interpolated between neighbours; an infinite neighbour makes its quartile infinite.
fn band(mut values: Vec<f64>) -> Band {
    values.sort_by(f64::total_cmp);
    let quantile = |q: f64| {
        let place = q * (values.len().max(1) - 1) as f64;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        match (values.get(low), values.get(high)) {
            (Some(&x), Some(_)) if low == high => x,
            (Some(&x), Some(&y)) => x + (place - low as f64) * (y - x),
            _ => f64::NAN,
        }
    };
    Band { low: quantile(0.25), median: quantile(0.5), high: quantile(0.75) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles() {
        let quarters = band(vec![4.0, 1.0, 3.0, 2.0, 5.0]);
        assert_eq!((quarters.low, quarters.median, quarters.high), (2.0, 3.0, 4.0));
        assert_eq!(band(vec![1.0, f64::INFINITY, f64::INFINITY]).median, f64::INFINITY);
        assert_eq!(band(vec![7.0]).median, 7.0);
    }

    #[test]
    fn evaluations_are_counted_from_one() {
        let trace = Trace { seed: 1, share: vec![0.1, 0.6, 0.95] };
        assert_eq!(evaluations_to(&trace, 0.5), Some(2));
        assert_eq!(evaluations_to(&trace, 0.99), None);
    }
}
