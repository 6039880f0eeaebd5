//! The linear programme of the hull by the revised simplex method (Dantzig; Chvátal, *Linear
//! Programming* (1983), chapter 7), dense because there are as many rows as elements.

/// Reduced cost (eV/atom) above which a phase cannot lower the energy. As the amounts add up to 1,
/// the objective is at most this much above the true minimum.
const OPTIMALITY: f64 = 1e-12;
/// Smallest coefficient that may become a pivot; coefficients are of order 1.
const PIVOT: f64 = 1e-10;
/// Degenerate steps in a row after which Bland's rule, which cannot cycle, takes over.
const DEGENERATE_STEPS: usize = 20;
/// Pivots between two fresh inversions of the basis.
const REFRESH: usize = 40;

/// Minimise `costs . x` subject to `columns x = target`, `x >= 0`.
pub(super) struct Programme<'a> {
    /// Rows of the matrix one after the other: `rows[j * n + i]` is the fraction of element j in
    /// phase i; negative where a phase is given off.
    pub rows: &'a [f64],
    /// One cost per phase; infinity takes a phase out.
    pub costs: &'a [f64],
    /// One fraction per element, none negative.
    pub target: &'a [f64],
}

/// A cheapest mixture.
pub(super) struct Optimum {
    /// Cost of the mixture.
    pub cost: f64,
    /// Phases of the mixture and their amounts (some may be 0).
    pub mixture: Vec<(usize, f64)>,
}

/// The state of one run: a basis, its inverse and the amounts it gives.
struct Tableau<'a> {
    programme: &'a Programme<'a>,
    basis: Vec<usize>,
    /// Inverse of the basis matrix, row by row.
    inverse: Vec<f64>,
    amounts: Vec<f64>,
}

impl Programme<'_> {
    /// Solves from a feasible `start`: for every element the phase that is this pure element.
    /// `None` when the numbers give out, which takes a numerically singular set of phases.
    pub fn solve(&self, start: &[usize]) -> Option<Optimum> {
        let (n, m) = (self.costs.len(), self.target.len());
        let mut tableau =
            Tableau { programme: self, basis: start.to_vec(), inverse: Vec::new(), amounts: Vec::new() };
        tableau.refresh()?;
        let mut reduced = vec![0.0; n];
        let mut degenerate = 0;
        let mut fresh = true;
        for step in 1..=50 * (n + m) {
            tableau.price(&mut reduced);
            let entering = if degenerate < DEGENERATE_STEPS {
                let (best, cost) = argmin(&reduced);
                (cost < -OPTIMALITY).then_some(best)
            } else {
                reduced.iter().position(|&cost| cost < -OPTIMALITY)
            };
            let Some(entering) = entering else {
                if fresh {
                    return Some(tableau.optimum());
                }
                // Judge optimality by an inverse without accumulated rounding.
                tableau.refresh()?;
                fresh = true;
                continue;
            };
            let gain = tableau.pivot(entering, degenerate >= DEGENERATE_STEPS)? * -reduced[entering];
            degenerate = if gain > OPTIMALITY { 0 } else { degenerate + 1 };
            fresh = false;
            if step % REFRESH == 0 {
                tableau.refresh()?;
                fresh = true;
            }
        }
        None
    }

    fn column(&self, phase: usize) -> impl Iterator<Item = f64> + '_ {
        self.rows.iter().skip(phase).step_by(self.costs.len()).copied()
    }
}

impl Tableau<'_> {
    /// Costs of all phases relative to the mixture that the basis makes of them.
    fn price(&self, reduced: &mut [f64]) {
        let (n, m) = (self.programme.costs.len(), self.basis.len());
        reduced.copy_from_slice(self.programme.costs);
        for j in 0..m {
            let dual: f64 =
                (0..m).map(|i| self.programme.costs[self.basis[i]] * self.inverse[i * m + j]).sum();
            for (cost, fraction) in reduced.iter_mut().zip(&self.programme.rows[j * n..(j + 1) * n]) {
                *cost -= dual * fraction;
            }
        }
        for &phase in &self.basis {
            reduced[phase] = 0.0;
        }
    }

    /// Brings `entering` into the basis and returns its amount.
    fn pivot(&mut self, entering: usize, bland: bool) -> Option<f64> {
        let m = self.basis.len();
        let direction = self.times(self.programme.column(entering));
        let ratio = |i: usize| self.amounts[i].max(0.0) / direction[i];
        let leaving = (0..m).filter(|&i| direction[i] > PIVOT).min_by(|&a, &b| {
            // Among ties the largest pivot, which is the most accurate; or, by Bland, the first phase.
            ratio(a).total_cmp(&ratio(b)).then_with(|| {
                if bland { self.basis[a].cmp(&self.basis[b]) } else { direction[b].total_cmp(&direction[a]) }
            })
        })?;
        let amount = ratio(leaving);
        for i in (0..m).filter(|&i| i != leaving) {
            self.amounts[i] -= amount * direction[i];
            let factor = direction[i] / direction[leaving];
            for j in 0..m {
                self.inverse[i * m + j] -= factor * self.inverse[leaving * m + j];
            }
        }
        for j in 0..m {
            self.inverse[leaving * m + j] /= direction[leaving];
        }
        self.amounts[leaving] = amount;
        self.basis[leaving] = entering;
        Some(amount)
    }

    /// The inverse of the basis times a vector.
    fn times(&self, vector: impl Iterator<Item = f64>) -> Vec<f64> {
        let m = self.basis.len();
        let mut product = vec![0.0; m];
        for (j, x) in vector.enumerate() {
            for (i, y) in product.iter_mut().enumerate() {
                *y += self.inverse[i * m + j] * x;
            }
        }
        product
    }

    /// Inverts the basis anew (Gauss-Jordan with row pivoting) and recomputes the amounts.
    fn refresh(&mut self) -> Option<()> {
        let m = self.basis.len();
        let mut matrix = vec![0.0; m * m];
        for (i, &phase) in self.basis.iter().enumerate() {
            for (j, fraction) in self.programme.column(phase).enumerate() {
                matrix[j * m + i] = fraction;
            }
        }
        let mut inverse = vec![0.0; m * m];
        for i in 0..m {
            inverse[i * m + i] = 1.0;
        }
        for k in 0..m {
            let row = (k..m).max_by(|&a, &b| matrix[a * m + k].abs().total_cmp(&matrix[b * m + k].abs()))?;
            let pivot = matrix[row * m + k];
            if pivot.abs() < f64::MIN_POSITIVE {
                return None;
            }
            for j in 0..m {
                matrix.swap(row * m + j, k * m + j);
                inverse.swap(row * m + j, k * m + j);
                matrix[k * m + j] /= pivot;
                inverse[k * m + j] /= pivot;
            }
            for i in (0..m).filter(|&i| i != k) {
                let factor = matrix[i * m + k];
                if factor != 0.0 {
                    for j in 0..m {
                        matrix[i * m + j] -= factor * matrix[k * m + j];
                        inverse[i * m + j] -= factor * inverse[k * m + j];
                    }
                }
            }
        }
        self.inverse = inverse;
        self.amounts = self.times(self.programme.target.iter().copied());
        Some(())
    }

    fn optimum(&self) -> Optimum {
        let mixture: Vec<(usize, f64)> =
            self.basis.iter().zip(&self.amounts).map(|(&phase, &amount)| (phase, amount.max(0.0))).collect();
        let cost = mixture.iter().filter(|(_, x)| *x > 0.0).map(|&(i, x)| self.programme.costs[i] * x).sum();
        Optimum { cost, mixture }
    }
}

fn argmin(values: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (index, &value) in values.iter().enumerate() {
        if value < best.1 {
            best = (index, value);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Fractions of `phases` random phases in `m` elements after the pure elements.
    fn rows(m: usize, phases: &[Vec<u8>]) -> Vec<f64> {
        let n = m + phases.len();
        let mut rows = vec![0.0; m * n];
        for j in 0..m {
            rows[j * n + j] = 1.0;
            for (i, amounts) in phases.iter().enumerate() {
                let total: f64 = amounts[..m].iter().map(|&x| f64::from(x)).sum::<f64>().max(1e-300);
                rows[j * n + m + i] = f64::from(amounts[j]) / total;
            }
        }
        rows
    }

    proptest! {
        /// The optimum is feasible and no phase lies below the plane of its basis (strong duality,
        /// checked by a dual that is solved independently with nalgebra).
        #[test]
        fn optima_are_feasible_and_optimal(
            m in 2_usize..6,
            phases in prop::collection::vec(prop::collection::vec(0_u8..5, 6), 1..60),
            energies in prop::collection::vec(-3.0_f64..0.5, 60),
            target in prop::collection::vec(1_u8..9, 6),
        ) {
            let phases: Vec<Vec<u8>> =
                phases.into_iter().filter(|p| p[..m].iter().any(|&x| x > 0)).collect();
            let n = m + phases.len();
            let rows = rows(m, &phases);
            let costs: Vec<f64> =
                std::iter::repeat_n(0.0, m).chain(energies.into_iter().take(phases.len())).collect();
            let total: f64 = target[..m].iter().map(|&x| f64::from(x)).sum();
            let target: Vec<f64> = target[..m].iter().map(|&x| f64::from(x) / total).collect();
            let start: Vec<usize> = (0..m).collect();
            let optimum = Programme { rows: &rows, costs: &costs, target: &target }.solve(&start).unwrap();
            for j in 0..m {
                let sum: f64 = optimum.mixture.iter().map(|&(i, x)| rows[j * n + i] * x).sum();
                prop_assert!((sum - target[j]).abs() < 1e-12);
            }
            let basis = nalgebra::DMatrix::from_fn(m, m, |i, j| rows[j * n + optimum.mixture[i].0]);
            let cost = nalgebra::DVector::from_fn(m, |i, _| costs[optimum.mixture[i].0]);
            let duals = basis.lu().solve(&cost).unwrap();
            for i in 0..n {
                let plane: f64 = (0..m).map(|j| duals[j] * rows[j * n + i]).sum();
                prop_assert!(costs[i] - plane > -1e-10);
            }
            let bound: f64 = (0..m).map(|j| duals[j] * target[j]).sum();
            prop_assert!((optimum.cost - bound).abs() < 1e-11);
        }
    }

    #[test]
    fn degenerate_corners_do_not_cycle() {
        // Many phases at one composition and on one tie line, all with equal energies per atom.
        let phases: Vec<Vec<u8>> = (0..200).map(|i| vec![1 + i % 4, 1, 1 + i % 2]).collect();
        let rows = rows(3, &phases);
        let costs: Vec<f64> = [0.0; 3].into_iter().chain([-1.0; 200]).collect();
        let programme = Programme { rows: &rows, costs: &costs, target: &[0.5, 0.25, 0.25] };
        let optimum = programme.solve(&[0, 1, 2]).unwrap();
        assert!((optimum.cost + 1.0).abs() < 1e-12);
    }
}
