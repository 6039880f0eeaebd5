//! A cheap guess of costs that chooses among children before any is evaluated.
//!
//! The guess is ridge regression (Hoerl and Kennard, Technometrics 12, 55 (1970)) of each cost on the
//! features that the [`Breeder`](crate::breeding::Breeder) names, for instance which ligands a complex
//! has. Of several children the one is proposed whose guess lies farthest beyond the front of all that is
//! known, by the maximin fitness of Balling (EMO 2003, LNCS 2632, 1).

use std::collections::{BTreeMap, BTreeSet};

use druse_fitness::pareto;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Weight of the penalty on coefficients, for costs scaled to unit variance.
const RIDGE: f64 = 0.3;
/// What certainly breaks a limit is as bad as what lies so many standard deviations behind the front.
const LIMIT: f64 = 4.0;
/// What it counts that something like it is known outside of the campaign, in standard deviations.
const KNOWN: f64 = 2.0;
/// What a doubling of the evaluated kin counts, in standard deviations.
const KIN: f64 = 1.5;
/// Fewer designs than this teach nothing.
const FEWEST: f64 = 10.0;

/// Named numbers that costs may depend on.
pub type Features = Vec<(String, f64)>;

/// What evaluated designs taught: the sums that the regression needs and the front, so that memory and
/// time do not grow with the number of designs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Archive {
    /// Number of designs.
    count: f64,
    /// Features by name, numbered as they came.
    columns: BTreeMap<String, usize>,
    /// Those that have to be computed.
    computed: BTreeSet<usize>,
    /// Sums of every feature.
    sums: Vec<f64>,
    /// Sums of the products of two features: row i holds those with features 0 to i.
    products: Vec<Vec<f64>>,
    /// What is learnt of each cost, and of whether a design breaks a limit.
    costs: Vec<CostSums>,
    /// Costs of the feasible designs that no other one dominates.
    front: Vec<Vec<f64>>,
    /// Costs of each design and whether it is feasible, by candidate number: what a measurement corrects.
    known: BTreeMap<u64, (Vec<f64>, bool)>,
    /// Designs of each kin.
    kin: BTreeMap<String, u32>,
    /// Rows that the journal does not have yet.
    fresh: Vec<Row>,
}

/// What the costs of a design may depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outlook {
    /// What costs nothing.
    pub(super) features: Features,
    /// What has to be computed.
    #[serde(default)]
    pub(super) appraisal: Features,
}

impl Outlook {
    fn iter(&self) -> impl Iterator<Item = &(String, f64)> {
        self.features.iter().chain(&self.appraisal)
    }
}

/// What is seen of a design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sight {
    #[serde(flatten)]
    pub(super) outlook: Outlook,
    /// What it shares with those that are likely to become the same.
    #[serde(default)]
    pub(super) kin: Option<String>,
}

/// Sums over one cost, counted from that of the first design: large costs that differ by little keep
/// their digits.
#[derive(Clone, Debug, PartialEq)]
struct CostSums {
    origin: f64,
    sum: f64,
    squares: f64,
    /// Sums of the products with every feature.
    products: Vec<f64>,
}

/// A design, as the journal has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Candidate number; journals of older versions have none.
    #[serde(default)]
    number: Option<u64>,
    #[serde(flatten)]
    sight: Sight,
    costs: Vec<f64>,
    feasible: bool,
}

/// What states of older versions hold.
#[derive(Default, Deserialize)]
pub(super) struct SavedRows {
    rows: Vec<Row>,
}

impl SavedRows {
    /// The archive of these rows, which the journal does not have yet.
    pub(super) fn into_archive(self) -> Archive {
        let mut archive = Archive::default();
        self.rows.into_iter().for_each(|row| archive.push(row));
        archive
    }
}

impl Archive {
    /// Remembers a design in place of what was known under its number; one without features or with a
    /// cost that is not finite teaches nothing.
    pub(super) fn learn(&mut self, number: u64, sight: Sight, costs: &[f64], feasible: bool) {
        self.push(Row { number: Some(number), sight, costs: costs.to_vec(), feasible });
    }

    fn push(&mut self, row: Row) {
        let like = self.costs.is_empty() || self.costs.len() == row.costs.len() + 1;
        let teaches = like && row.costs.iter().all(|cost| cost.is_finite());
        let corrects = row.number.is_some_and(|number| self.known.contains_key(&number));
        if !row.sight.outlook.features.is_empty() && (teaches || corrects) {
            // Without costs it only takes back what was known.
            let costs = if teaches { row.costs } else { Vec::new() };
            let row = Row { costs, ..row };
            self.add(&row);
            self.fresh.push(row);
        }
    }

    /// What is new since the last call.
    pub(super) fn take_fresh(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.fresh)
    }

    /// Takes back what the journal has.
    pub(super) fn recall(&mut self, rows: &[Row]) {
        rows.iter().for_each(|row| self.add(row));
    }

    /// Takes a row into the sums, and out of them what was known under its number.
    fn add(&mut self, row: &Row) {
        if let Some((costs, feasible)) = row.number.and_then(|number| self.known.remove(&number)) {
            self.count_in(&row.sight.outlook, &targets(&costs, feasible), -1.0);
            if let Some(count) = row.sight.kin.as_ref().and_then(|kin| self.kin.get_mut(kin)) {
                *count -= 1;
            }
            if feasible {
                self.front.clear();
                let feasible: Vec<Vec<f64>> = self
                    .known
                    .values()
                    .filter(|(_, feasible)| *feasible)
                    .map(|(costs, _)| costs.clone())
                    .collect();
                feasible.into_iter().for_each(|costs| self.advance(costs));
            }
        }
        if row.costs.is_empty() {
            return;
        }
        self.count_in(&row.sight.outlook, &targets(&row.costs, row.feasible), 1.0);
        if row.feasible {
            self.advance(row.costs.clone());
        }
        if let Some(kin) = &row.sight.kin {
            *self.kin.entry(kin.clone()).or_default() += 1;
        }
        if let Some(number) = row.number {
            self.known.insert(number, (row.costs.clone(), row.feasible));
        }
    }

    /// Moves the front on by the costs of a feasible design.
    fn advance(&mut self, costs: Vec<f64>) {
        if !self.front.iter().any(|known| pareto::dominates(known, &costs)) {
            self.front.retain(|known| !pareto::dominates(&costs, known));
            self.front.push(costs);
        }
    }

    /// Adds a design to the sums, `times` 1, or takes it out again, -1.
    fn count_in(&mut self, outlook: &Outlook, costs: &[f64], times: f64) {
        let mut values: BTreeMap<usize, f64> = BTreeMap::new();
        for (name, value) in outlook.iter() {
            let next = self.columns.len();
            let column = *self.columns.entry(name.clone()).or_insert(next);
            *values.entry(column).or_default() += value;
        }
        self.computed.extend(outlook.appraisal.iter().filter_map(|(name, _)| self.columns.get(name)));
        for column in self.sums.len()..self.columns.len() {
            self.sums.push(0.0);
            self.products.push(vec![0.0; column + 1]);
        }
        if self.costs.is_empty() {
            let start = |&origin: &f64| CostSums { origin, sum: 0.0, squares: 0.0, products: Vec::new() };
            self.costs = costs.iter().map(start).collect();
        }
        self.count += times;
        for (&column, value) in &values {
            self.sums[column] += times * value;
            for (&other, factor) in values.range(..=column) {
                self.products[column][other] += times * value * factor;
            }
        }
        for (sums, cost) in self.costs.iter_mut().zip(costs) {
            let cost = cost - sums.origin;
            sums.sum += times * cost;
            sums.squares += times * cost * cost;
            sums.products.resize(self.columns.len(), 0.0);
            values.iter().for_each(|(&column, value)| sums.products[column] += times * value * cost);
        }
    }

    /// The guess that these designs teach, by all that is known of a design; `None` while they are too few or all alike.
    pub(super) fn fit(&self) -> Option<Surrogate> {
        self.fit_to(self.columns.clone())
    }

    /// The guess by what costs nothing.
    pub(super) fn fit_cheaply(&self) -> Option<Surrogate> {
        let free = self.columns.iter().filter(|(_, column)| !self.computed.contains(column));
        self.fit_to(free.map(|(name, &column)| (name.clone(), column)).collect())
    }

    /// The guess by some of the features.
    fn fit_to(&self, columns: BTreeMap<String, usize>) -> Option<Surrogate> {
        if self.count < FEWEST {
            return None;
        }
        let chosen: Vec<usize> = columns.values().copied().collect();
        let means: Vec<f64> = chosen.iter().map(|&column| self.sums[column] / self.count).collect();
        let normal = DMatrix::from_fn(chosen.len(), chosen.len(), |i, j| {
            let ridge = if i == j { RIDGE } else { 0.0 };
            let (late, early) = (chosen[i].max(chosen[j]), chosen[i].min(chosen[j]));
            self.products[late][early] - self.count * means[i] * means[j] + ridge
        });
        let factor = normal.cholesky()?;
        let goals = self.costs.iter().map(|cost| {
            let mean = cost.sum / self.count;
            let spread = (cost.squares / self.count - mean * mean).max(0.0).sqrt();
            // A goal in which all are alike tells none from the other.
            let scale = if spread > 0.0 { spread } else { 1.0 };
            let products = chosen.iter().map(|&column| cost.products[column]).zip(&means);
            let scaled = products.map(|(product, feature)| (product - self.count * feature * mean) / scale);
            let coefficients = factor.solve(&DVector::from_iterator(means.len(), scaled));
            Goal { mean: cost.origin + mean, scale, coefficients }
        });
        let goals: Vec<Goal> = goals.collect();
        let front = self.front.iter().map(|costs| scaled(&goals, costs)).collect();
        let columns = columns.into_keys().enumerate().map(|(place, name)| (name, place)).collect();
        Some(Surrogate { columns, means, goals, front, kin: self.kin.clone() })
    }
}

/// What is guessed: the costs, and 1 for a design that breaks a limit.
fn targets(costs: &[f64], feasible: bool) -> Vec<f64> {
    costs.iter().copied().chain([if feasible { 0.0 } else { 1.0 }]).collect()
}

fn scaled(goals: &[Goal], costs: &[f64]) -> Vec<f64> {
    goals.iter().zip(costs).map(|(goal, cost)| (cost - goal.mean) / goal.scale).collect()
}

#[derive(Clone, Debug)]
struct Goal {
    mean: f64,
    scale: f64,
    coefficients: DVector<f64>,
}

/// A guess of costs.
#[derive(Clone, Debug)]
pub(super) struct Surrogate {
    columns: BTreeMap<String, usize>,
    means: Vec<f64>,
    goals: Vec<Goal>,
    /// Scaled costs of the known front.
    front: Vec<Vec<f64>>,
    /// Designs of each kin.
    kin: BTreeMap<String, u32>,
}

impl Surrogate {
    /// How far behind the known front a design is guessed to lie, in standard deviations of the costs;
    /// negative beyond it. The chance of breaking a limit is added, times [`LIMIT`], and [`KIN`] for every doubling of its
    /// kin, and [`KNOWN`] for what is known. Features that were never seen count nothing.
    pub(super) fn badness(&self, outlook: &Outlook, kin: Option<String>, known: bool) -> f64 {
        let mut row: Vec<f64> = self.means.iter().map(|mean| -mean).collect();
        for (name, value) in outlook.iter() {
            if let Some(&column) = self.columns.get(name) {
                row[column] += value;
            }
        }
        let row = DVector::from_vec(row);
        let mut guess: Vec<f64> = self.goals.iter().map(|goal| goal.coefficients.dot(&row)).collect();
        let limit = guess.pop().zip(self.goals.last());
        // A linear guess of a probability (Horrace and Oaxaca, Economics Letters 90, 321 (2006)) may leave its range.
        let risk = limit.map_or(0.0, |(guess, goal)| (goal.mean + goal.scale * guess).clamp(0.0, 1.0));
        let depth = |known: &Vec<f64>| {
            guess.iter().zip(known).map(|(guess, known)| guess - known).fold(f64::INFINITY, f64::min)
        };
        let behind = self.front.iter().map(depth).fold(f64::NEG_INFINITY, f64::max);
        // Without a front all are as far.
        let behind = if behind.is_finite() { behind } else { 0.0 };
        let kin = kin.and_then(|kin| self.kin.get(&kin)).map_or(0.0, |&count| f64::from(1 + count).log2());
        behind + LIMIT * risk + KIN * kin + if known { KNOWN } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(a: f64, b: f64) -> Features {
        vec![("a".to_owned(), a), ("b".to_owned(), b)]
    }

    fn outlook(features: Features) -> Outlook {
        Outlook { features, appraisal: Vec::new() }
    }

    fn sight(features: Features) -> Sight {
        Sight { outlook: outlook(features), kin: None }
    }

    #[test]
    fn what_breaks_a_limit_or_has_kin_is_worse() {
        let mut archive = Archive::default();
        for i in 0..40_u32 {
            let (a, b) = (f64::from(i % 5), f64::from(i % 2));
            let sight = Sight { outlook: outlook(features(a, b)), kin: Some("NaCl".to_owned()) };
            archive.learn(i.into(), sight, &[a], b == 0.0);
        }
        let surrogate = archive.fit().unwrap();
        let badness =
            |b: f64, kin: &str| surrogate.badness(&outlook(features(2.0, b)), Some(kin.to_owned()), false);
        assert!((badness(1.0, "KCl") - badness(0.0, "KCl") - LIMIT).abs() < 0.2);
        assert!((badness(0.0, "NaCl") - badness(0.0, "KCl") - KIN * 41f64.log2()).abs() < 1e-9);
    }

    #[test]
    fn additive_costs_are_guessed_and_the_far_side_of_the_front_is_preferred() {
        let mut archive = Archive::default();
        for i in 0..20_i32 {
            let (a, b) = (f64::from(i % 5), f64::from(i / 5));
            archive.learn(i as u64, sight(features(a, b)), &[3.0 * a - b, b - a], true);
        }
        let surrogate = archive.fit().unwrap();
        // (0, 3) and (4, 0) are on the front; beyond it, on it, behind it.
        let [beyond, on, behind] = [(0.0, 6.0), (0.0, 3.0), (2.0, 1.0)]
            .map(|(a, b)| surrogate.badness(&outlook(features(a, b)), None, false));
        assert!(beyond < on && on < behind, "{beyond} {on} {behind}");
        assert!(on.abs() < 0.05, "{on}");
    }

    #[test]
    fn sums_guess_what_the_designs_themselves_teach() {
        // Costs far from 0 that depend on a feature that only some have, and on one that came late.
        let rows: Vec<(Features, f64)> = (0..40)
            .map(|i| {
                let (a, b) = (f64::from(i % 7), f64::from(i % 3));
                let mut row = features(a, b);
                row.push(("a".to_owned(), 1.0));
                if i > 20 {
                    row.push(("late".to_owned(), f64::from(i % 2)));
                }
                (row, 5e4 + 2.0 * a - 3.0 * b + f64::from(i * i % 11) * 0.1)
            })
            .collect();
        let mut archive = Archive::default();
        // One was wrong at first and corrected later.
        archive.learn(17, sight(rows[17].0.clone()), &[5e4 + 90.0], true);
        for (number, (row, cost)) in rows.iter().enumerate() {
            archive.learn(number as u64, sight(row.clone()), &[*cost], true);
        }
        let surrogate = archive.fit().unwrap();
        // Ridge regression by its definition.
        let names = ["a", "b", "late"];
        let value = |row: &Features, name: &str| -> f64 {
            row.iter().filter(|(known, _)| known == name).map(|(_, value)| value).sum()
        };
        let mut design = DMatrix::from_fn(40, 3, |i, j| value(&rows[i].0, names[j]));
        let means = design.row_mean();
        design.row_iter_mut().for_each(|mut row| row -= &means);
        let costs = DVector::from_iterator(40, rows.iter().map(|(_, cost)| *cost));
        let scaled = costs.map(|cost| (cost - costs.mean()) / costs.variance().sqrt());
        let normal = design.tr_mul(&design) + DMatrix::identity(3, 3) * RIDGE;
        let expected = normal.cholesky().unwrap().solve(&design.tr_mul(&scaled));
        for (column, name) in names.into_iter().enumerate() {
            let found = surrogate.goals[0].coefficients[surrogate.columns[name]];
            assert!((found - expected[column]).abs() < 1e-8, "{name}: {found} {}", expected[column]);
        }
        // The journal brings back the same sums.
        let mut again = Archive::default();
        again.recall(&archive.take_fresh());
        assert_eq!(again, archive);
    }

    #[test]
    fn little_or_broken_knowledge_gives_no_guess() {
        let mut archive = Archive::default();
        archive.learn(0, sight(features(1.0, 2.0)), &[f64::INFINITY, 1.0], true);
        archive.learn(1, sight(Vec::new()), &[1.0, 1.0], true);
        assert_eq!(archive, Archive::default());
        for number in 1..FEWEST as u64 {
            archive.learn(number, sight(features(1.0, 2.0)), &[1.0, 1.0], true);
        }
        assert!(archive.fit().is_none());
        archive.learn(90, sight(features(1.0, 2.0)), &[1.0, 1.0], false);
        assert!(archive.fit().unwrap().badness(&outlook(features(1.0, 2.0)), None, false).is_finite());
        // What comes again replaces; what turns out to be nothing is taken out.
        archive.learn(90, sight(features(1.0, 2.0)), &[0.5, 1.0], true);
        assert_eq!((archive.count, &archive.front), (FEWEST, &vec![vec![0.5, 1.0]]));
        archive.learn(90, sight(features(1.0, 2.0)), &[f64::NAN, 1.0], true);
        assert_eq!((archive.count, archive.front.len()), (FEWEST - 1.0, FEWEST as usize - 1));
        let mut again = Archive::default();
        again.recall(&archive.take_fresh());
        assert_eq!(again, archive);
    }
}
