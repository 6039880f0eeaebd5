//! The transportation problem: the cheapest way to move weights from some places to others.
//!
//! Successive shortest paths with potentials (Edmonds and Karp, J. ACM 19, 248 (1972); for one row at a
//! time and dense costs as in Jonker and Volgenant, Computing 38, 325 (1987)). Weights are counted in
//! whole 2^-40ths, so that flows are exact and the search ends; ties go to the lower number, so that the
//! result is the same on every machine.

/// One in whole units of weight.
const UNIT: f64 = (1_u64 << 40) as f64;

/// Least cost per weight of moving `supply` onto `demand`, each of which is scaled to a sum of 1;
/// `costs[i * demand.len() + j]` is the cost of moving weight 1 from i to j.
///
/// Zero when either is empty. Rounding of the weights changes the result by less than 1e-11 times the
/// largest cost per place.
pub(super) fn transport(costs: &[f64], supply: &[f64], demand: &[f64]) -> f64 {
    let (n, m) = (supply.len(), demand.len());
    if n == 0 || m == 0 {
        return 0.0;
    }
    if n == 1 || m == 1 {
        let weights = if n == 1 { demand } else { supply };
        let total: f64 = weights.iter().sum();
        return costs.iter().zip(weights).map(|(cost, weight)| cost * (weight / total)).sum();
    }
    let mut plan = Plan::new(costs, whole(supply), whole(demand));
    for row in 0..n {
        while plan.supply[row] > 0 {
            plan.augment(row);
        }
    }
    let moved = plan.flow.iter().zip(costs).filter(|(flow, _)| **flow > 0);
    moved.map(|(&flow, cost)| flow as f64 / UNIT * cost).sum()
}

/// Weights in whole units that add up to [`UNIT`] exactly: differences of the rounded running sum.
fn whole(weights: &[f64]) -> Vec<u64> {
    let total: f64 = weights.iter().sum();
    let (mut sum, mut before) = (0.0, 0);
    let mut units = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        sum += weight;
        let share = if index + 1 == weights.len() { 1.0 } else { (sum / total).clamp(0.0, 1.0) };
        let now = ((share * UNIT).round() as u64).max(before);
        units.push(now - before);
        before = now;
    }
    units
}

const NONE: usize = usize::MAX;

struct Plan<'a> {
    costs: &'a [f64],
    columns: usize,
    supply: Vec<u64>,
    demand: Vec<u64>,
    flow: Vec<u64>,
    /// Potentials: costs - row - column >= 0, and = 0 where something flows.
    row: Vec<f64>,
    column: Vec<f64>,
    /// Of the search from one row: the length of the shortest path to each column and row, where it comes
    /// from, and the order in which they were reached.
    to_column: Vec<f64>,
    to_row: Vec<f64>,
    from_row: Vec<usize>,
    from_column: Vec<usize>,
    done: Vec<bool>,
    reached: Vec<usize>,
}

impl<'a> Plan<'a> {
    fn new(costs: &'a [f64], supply: Vec<u64>, demand: Vec<u64>) -> Self {
        let (n, m) = (supply.len(), demand.len());
        let mut column = vec![f64::INFINITY; m];
        for row in costs.chunks_exact(m) {
            column.iter_mut().zip(row).for_each(|(least, &cost)| *least = least.min(cost));
        }
        Self {
            costs,
            columns: m,
            supply,
            demand,
            flow: vec![0; n * m],
            row: vec![0.0; n],
            column,
            to_column: vec![0.0; m],
            to_row: vec![0.0; n],
            from_row: vec![0; m],
            from_column: vec![NONE; n],
            done: vec![false; m],
            reached: Vec::with_capacity(n),
        }
    }

    /// Sends weight from `start` to the nearest column with demand.
    fn augment(&mut self, start: usize) {
        let m = self.columns;
        self.to_column.fill(f64::INFINITY);
        self.from_column.fill(NONE);
        self.done.fill(false);
        self.reached.clear();
        self.reached.push(start);
        self.to_row[start] = 0.0;
        let mut looked_at = 0;
        let end = loop {
            while let Some(&row) = self.reached.get(looked_at) {
                looked_at += 1;
                let offset = self.to_row[row] - self.row[row];
                for (j, &cost) in self.costs[row * m..][..m].iter().enumerate() {
                    let length = offset + cost - self.column[j];
                    if length < self.to_column[j] && !self.done[j] {
                        self.to_column[j] = length;
                        self.from_row[j] = row;
                    }
                }
            }
            let mut next = NONE;
            for j in 0..m {
                if !self.done[j] && (next == NONE || self.to_column[j] < self.to_column[next]) {
                    next = j;
                }
            }
            self.done[next] = true;
            if self.demand[next] > 0 {
                break next;
            }
            for row in 0..self.supply.len() {
                if self.flow[row * m + next] > 0 && row != start && self.from_column[row] == NONE {
                    self.from_column[row] = next;
                    self.to_row[row] = self.to_column[next];
                    self.reached.push(row);
                }
            }
        };
        let length = self.to_column[end];
        for &row in &self.reached {
            self.row[row] += (length - self.to_row[row]).max(0.0);
        }
        for j in 0..m {
            if self.done[j] {
                self.column[j] -= (length - self.to_column[j]).max(0.0);
            }
        }
        self.send(start, end);
    }

    /// Moves what fits along the path that was found.
    fn send(&mut self, start: usize, end: usize) {
        let m = self.columns;
        let mut fits = self.supply[start].min(self.demand[end]);
        let mut row = self.from_row[end];
        while row != start {
            let column = self.from_column[row];
            fits = fits.min(self.flow[row * m + column]);
            row = self.from_row[column];
        }
        self.supply[start] -= fits;
        self.demand[end] -= fits;
        let (mut row, mut column) = (self.from_row[end], end);
        loop {
            self.flow[row * m + column] += fits;
            if row == start {
                break;
            }
            column = self.from_column[row];
            self.flow[row * m + column] -= fits;
            row = self.from_row[column];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The cheapest of all one-to-one assignments.
    fn by_force(costs: &[f64], row: usize, size: usize, taken: &mut Vec<usize>) -> f64 {
        if row == size {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..size {
            if !taken.contains(&column) {
                taken.push(column);
                best = best.min(costs[row * size + column] + by_force(costs, row + 1, size, taken));
                taken.pop();
            }
        }
        best
    }

    #[test]
    fn by_hand() {
        // Factories with 3/4 and 1/4 of the goods, shops that need a half each.
        let costs = [1.0, 3.0, 2.0, 2.0];
        // A half and a quarter from the first, a quarter from the second: 0.5 * 1 + 0.25 * 3 + 0.25 * 2.
        assert!((transport(&costs, &[3.0, 1.0], &[2.0, 2.0]) - 1.75).abs() < 1e-11);
        assert_eq!(transport(&[2.0, 4.0], &[1.0], &[0.25, 0.75]), 3.5);
        assert_eq!(transport(&[], &[], &[1.0]), 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Places with weights that are multiples of a sixth are as many places of a sixth.
        #[test]
        fn as_good_as_every_assignment(
            from in prop::collection::vec(0..4_usize, 6),
            to in prop::collection::vec(0..4_usize, 6),
            costs in prop::collection::vec(0..6_u8, 16),
        ) {
            // Small whole costs make ties the rule.
            let costs: Vec<f64> = costs.into_iter().map(f64::from).collect();
            let costs = &costs[..];
            let cost = move |i: &usize, j: &usize| costs[*i * 4 + *j];
            let weights = |places: &[usize]| -> Vec<f64> {
                (0..4).map(|place| places.iter().filter(|&&x| x == place).count() as f64 / 6.0).collect()
            };
            let single: Vec<f64> = from.iter().flat_map(|i| to.iter().map(move |j| cost(i, j))).collect();
            let expected = by_force(&single, 0, 6, &mut Vec::new()) / 6.0;
            prop_assert!((transport(costs, &weights(&from), &weights(&to)) - expected).abs() < 1e-10);
        }

        /// Duality proves that no plan is cheaper: the potentials of the last search are a bound.
        #[test]
        fn large_problems_end_at_their_bound(
            supply in prop::collection::vec(0.01..1.0f64, 1..30),
            demand in prop::collection::vec(0.01..1.0f64, 1..30),
            seed in prop::collection::vec(0.0..1.0f64, 900),
        ) {
            let (n, m) = (supply.len(), demand.len());
            let costs = &seed[..n * m];
            let mut plan = Plan::new(costs, whole(&supply), whole(&demand));
            for row in 0..n {
                while plan.supply[row] > 0 {
                    plan.augment(row);
                }
            }
            let units = |weights: &[f64]| whole(weights).into_iter().map(|w| w as f64 / UNIT).collect::<Vec<_>>();
            let bound: f64 = units(&supply).iter().zip(&plan.row).map(|(w, u)| w * u).sum::<f64>()
                + units(&demand).iter().zip(&plan.column).map(|(w, v)| w * v).sum::<f64>();
            for i in 0..n {
                for j in 0..m {
                    prop_assert!(plan.row[i] + plan.column[j] <= costs[i * m + j] + 1e-9);
                }
            }
            prop_assert!((transport(costs, &supply, &demand) - bound).abs() < 1e-9);
        }
    }
}
