//! A complete search over real vectors, made of the parts of this module.

use std::collections::HashSet;

use rand::{Rng, RngExt};

use super::{
    PolynomialMutation, ReferenceDirections, SimulatedBinaryCrossover, Standing, binary_tournaments,
    rank_and_crowding,
};

/// Rounds of mating after which a generation makes do with fewer new vectors than wanted; only tiny
/// discrete-like spaces get there.
const MATING_ROUNDS: usize = 100;

/// A problem over vectors of real numbers.
pub trait VectorProblem {
    /// Lower and upper bound of each variable.
    fn bounds(&self) -> &[(f64, f64)];

    /// Costs and violation at a point within bounds. All evaluations have equally many costs.
    fn evaluate(&self, x: &[f64]) -> Evaluation;
}

/// What a problem says about a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Costs, to be minimised.
    pub costs: Vec<f64>,
    /// Sum of constraint violations, 0 when feasible.
    pub violation: f64,
}

impl Evaluation {
    /// An evaluation without violations.
    pub fn feasible(costs: Vec<f64>) -> Self {
        Self { costs, violation: 0.0 }
    }
}

/// A point and its evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Individual {
    /// Variables.
    pub x: Vec<f64>,
    /// Costs.
    pub costs: Vec<f64>,
    /// Constraint violation.
    pub violation: f64,
}

/// How survivors and parents are chosen.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Rank and crowding, for two or three objectives.
    Nsga2,
    /// Rank and reference directions, for three and more objectives.
    Nsga3(ReferenceDirections),
}

/// Settings of a search.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Vectors per generation.
    pub population: usize,
    /// Generations, the random start included: at most `population * generations` evaluations.
    pub generations: usize,
    /// Crossover.
    pub crossover: SimulatedBinaryCrossover,
    /// Mutation.
    pub mutation: PolynomialMutation,
    /// Selection.
    pub selection: Selection,
}

impl Settings {
    /// NSGA-II with the usual operators: crossover with eta 15 and probability 0.9, mutation with
    /// eta 20.
    pub fn nsga2(population: usize, generations: usize) -> Self {
        Self {
            population,
            generations,
            crossover: SimulatedBinaryCrossover::new(15.0, 0.9),
            mutation: PolynomialMutation::new(20.0),
            selection: Selection::Nsga2,
        }
    }

    /// NSGA-III with the usual operators: crossover with eta 30 and probability 1, mutation with
    /// eta 20.
    pub fn nsga3(directions: Vec<Vec<f64>>, population: usize, generations: usize) -> Self {
        Self {
            crossover: SimulatedBinaryCrossover::new(30.0, 1.0),
            selection: Selection::Nsga3(ReferenceDirections::new(directions)),
            ..Self::nsga2(population, generations)
        }
    }
}

/// Searches for the Pareto front of a problem and returns the last population, best first.
///
/// Copies of vectors that are in the population already are not evaluated.
///
/// ```
/// use druse_fitness::pareto::{Settings, hypervolume, minimise, problems::Zdt1};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let last = minimise(&Zdt1::new(10), Settings::nsga2(40, 60), &mut rng);
/// let costs: Vec<Vec<f64>> = last.into_iter().map(|individual| individual.costs).collect();
/// assert!(hypervolume(&costs, &[1.1, 1.1]) > 0.8);
/// ```
pub fn minimise<P, R>(problem: &P, settings: Settings, rng: &mut R) -> Vec<Individual>
where
    P: VectorProblem + ?Sized,
    R: Rng + ?Sized,
{
    let Settings { population, generations, crossover, mutation, mut selection } = settings;
    let bounds = problem.bounds();
    if generations == 0 {
        return Vec::new();
    }
    let mut pool = Pool::default();
    for _ in 0..population {
        pool.add(
            problem,
            bounds.iter().map(|&(low, high)| low + (high - low) * rng.random::<f64>()).collect(),
        );
    }
    let mut standings = pool.select(&mut selection, population, rng);
    for _ in 1..generations {
        let mut known: HashSet<u64> = pool.x.iter().map(|x| fingerprint(x)).collect();
        'mating: for _ in 0..MATING_ROUNDS {
            let missing = 2 * population - pool.x.len();
            let parents = binary_tournaments(&standings, missing.next_multiple_of(2), rng);
            for pair in parents.chunks_exact(2) {
                let mates = (pool.x[pair[0]].as_slice(), pool.x[pair[1]].as_slice());
                let (first, second) = crossover.cross(mates, bounds, rng);
                for mut child in [first, second] {
                    mutation.mutate(&mut child, bounds, rng);
                    if pool.x.len() == 2 * population {
                        break 'mating;
                    }
                    if known.insert(fingerprint(&child)) {
                        pool.add(problem, child);
                    }
                }
            }
        }
        standings = pool.select(&mut selection, population, rng);
    }
    pool.into_individuals()
}

/// Evaluated vectors, column by column.
#[derive(Default)]
struct Pool {
    x: Vec<Vec<f64>>,
    costs: Vec<Vec<f64>>,
    violations: Vec<f64>,
}

impl Pool {
    fn add<P: VectorProblem + ?Sized>(&mut self, problem: &P, x: Vec<f64>) {
        let Evaluation { costs, violation } = problem.evaluate(&x);
        self.x.push(x);
        self.costs.push(costs);
        self.violations.push(violation);
    }

    /// Keeps the best `count` and returns where they stand, by their new places.
    fn select<R: Rng + ?Sized>(
        &mut self,
        selection: &mut Selection,
        count: usize,
        rng: &mut R,
    ) -> Vec<Standing> {
        let mut standings = match selection {
            Selection::Nsga2 => rank_and_crowding(&self.costs, &self.violations, count),
            // Parents are chosen by feasibility alone: survival has already spread the population.
            Selection::Nsga3(directions) => directions
                .select(&self.costs, &self.violations, count, rng)
                .into_iter()
                .map(|niche| {
                    let rank = if self.violations[niche.index] > 0.0 { 1 + niche.rank } else { 0 };
                    Standing { index: niche.index, rank, crowding: 0.0 }
                })
                .collect(),
        };
        self.x = standings.iter().map(|s| std::mem::take(&mut self.x[s.index])).collect();
        self.costs = standings.iter().map(|s| std::mem::take(&mut self.costs[s.index])).collect();
        self.violations = standings.iter().map(|s| self.violations[s.index]).collect();
        for (place, standing) in standings.iter_mut().enumerate() {
            standing.index = place;
        }
        standings
    }

    fn into_individuals(self) -> Vec<Individual> {
        let rows = self.x.into_iter().zip(self.costs).zip(self.violations);
        rows.map(|((x, costs), violation)| Individual { x, costs, violation }).collect()
    }
}

/// 64 bits of a vector (FNV-1a over words, with a final mix as in SplitMix64).
fn fingerprint(x: &[f64]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for value in x {
        hash = (hash ^ value.to_bits()).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::problems::{Dtlz2, Zdt1};
    use super::super::{das_dennis, hypervolume};
    use super::*;

    /// Hypervolumes of the last populations with seeds 1 to 5.
    fn runs(problem: &dyn VectorProblem, settings: &Settings, objectives: usize) -> Vec<f64> {
        (1..=5)
            .map(|seed| {
                let last = minimise(problem, settings.clone(), &mut ChaCha8Rng::seed_from_u64(seed));
                let costs: Vec<Vec<f64>> = last.into_iter().map(|individual| individual.costs).collect();
                hypervolume(&costs, &vec![1.1; objectives])
            })
            .collect()
    }

    fn mean(values: &[f64]) -> f64 {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let deviation = (square / (values.len() - 1) as f64).sqrt();
        println!("hypervolume {mean:.6} +- {deviation:.6} {values:?}");
        mean
    }

    /// pymoo 0.6.2 NSGA-II: 0.869776 +- 0.000136 (seeds 1-5).
    #[test]
    fn nsga2_solves_zdt1() {
        let values = runs(&Zdt1::new(30), &Settings::nsga2(100, 250), 2);
        assert!(mean(&values) >= 0.8696, "{values:?}");
    }

    /// pymoo 0.6.2 NSGA-III: 0.743937 +- 0.000191 (seeds 1-5).
    #[test]
    fn nsga3_solves_dtlz2() {
        let values = runs(&Dtlz2::new(12, 3), &Settings::nsga3(das_dennis(3, 12), 92, 250), 3);
        assert!(mean(&values) >= 0.7436, "{values:?}");
    }

    /// Ring between radius 1 and 2: costs x and y, feasible outside the unit circle.
    struct OutsideCircle;

    impl VectorProblem for OutsideCircle {
        fn bounds(&self) -> &[(f64, f64)] {
            &[(0.0, 2.0), (0.0, 2.0)]
        }

        fn evaluate(&self, x: &[f64]) -> Evaluation {
            let violation = (1.0 - x[0].hypot(x[1])).max(0.0);
            Evaluation { costs: x.to_vec(), violation }
        }
    }

    #[test]
    fn constraints_are_kept_by_both_selections() {
        for settings in [Settings::nsga2(60, 80), Settings::nsga3(das_dennis(2, 59), 60, 80)] {
            let last = minimise(&OutsideCircle, settings, &mut ChaCha8Rng::seed_from_u64(4));
            assert!(last.len() == 60 && last.iter().all(|individual| individual.violation == 0.0));
            let costs: Vec<Vec<f64>> = last.into_iter().map(|individual| individual.costs).collect();
            // Exact: 1.21 - (area of the unit circle's quarter) = 0.424602.
            let value = hypervolume(&costs, &[1.1, 1.1]);
            assert!((0.40..0.424_602).contains(&value), "{value}");
        }
    }

    #[test]
    fn small_searches_end() {
        let run = |population, generations| {
            let settings = Settings::nsga2(population, generations);
            minimise(&Zdt1::new(2), settings, &mut ChaCha8Rng::seed_from_u64(4)).len()
        };
        assert_eq!([run(0, 5), run(5, 0), run(1, 3), run(5, 2)], [0, 0, 1, 5]);
        /// A space with a single vector.
        struct Point;
        impl VectorProblem for Point {
            fn bounds(&self) -> &[(f64, f64)] {
                &[(1.0, 1.0)]
            }
            fn evaluate(&self, x: &[f64]) -> Evaluation {
                Evaluation::feasible(x.to_vec())
            }
        }
        let last = minimise(&Point, Settings::nsga2(4, 3), &mut ChaCha8Rng::seed_from_u64(4));
        assert!(last.len() == 4 && last.iter().all(|individual| individual.x == [1.0]));
    }
}
