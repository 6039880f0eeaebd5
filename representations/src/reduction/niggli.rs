//! Niggli reduction with tolerances: R. W. Grosse-Kunstleve, N. K. Sauter and P. D. Adams,
//! "Numerically stable algorithms for the computation of reduced unit cells", Acta Cryst. A60, 1-6
//! (2004), after I. Krivy and B. Gruber, Acta Cryst. A32, 297-298 (1976).

use nalgebra::Matrix3;

use super::ReductionError;
use crate::lattice::Lattice;

/// Relative tolerance of comparisons, in units of V^(2/3) for the quantities in Å^2.
const RELATIVE_TOLERANCE: f64 = 1e-5;
/// Usual cells need below 20 rounds; more than this means rounding errors rule.
const MAX_ROUNDS: usize = 1_000;

/// The six numbers of a cell: a.a, b.b, c.c, 2 b.c, 2 a.c, 2 a.b.
struct Gruber {
    a: f64,
    b: f64,
    c: f64,
    xi: f64,
    eta: f64,
    zeta: f64,
    eps: f64,
}

impl Gruber {
    fn new(rows: &Matrix3<f64>, eps: f64) -> Self {
        let g = rows * rows.transpose();
        Self {
            a: g[(0, 0)],
            b: g[(1, 1)],
            c: g[(2, 2)],
            xi: 2.0 * g[(1, 2)],
            eta: 2.0 * g[(0, 2)],
            zeta: 2.0 * g[(0, 1)],
            eps,
        }
    }

    fn less(&self, x: f64, y: f64) -> bool {
        x < y - self.eps
    }

    fn equal(&self, x: f64, y: f64) -> bool {
        (x - y).abs() <= self.eps
    }

    /// Whether the angles are all acute (type I) rather than all right or obtuse, or would be
    /// after changing signs of two vectors.
    fn is_positive(&self) -> bool {
        let angles = [self.xi, self.eta, self.zeta];
        let positive = angles.iter().filter(|&&x| self.less(0.0, x)).count();
        let zero = angles.iter().filter(|&&x| !self.less(0.0, x) && !self.less(x, 0.0)).count();
        positive == 3 || (zero == 0 && positive == 1)
    }

    /// Signs of the vectors that make all angles acute, or all right or obtuse.
    fn signs(&self) -> [i32; 3] {
        let angles = [self.xi, self.eta, self.zeta];
        if self.is_positive() {
            return angles.map(|x| if self.less(x, 0.0) { -1 } else { 1 });
        }
        let mut signs = [1; 3];
        let mut undecided = None;
        for (i, &x) in angles.iter().enumerate() {
            if self.less(0.0, x) {
                signs[i] = -1;
            } else if !self.less(x, 0.0) {
                undecided = Some(i);
            }
        }
        if let (Some(i), -1) = (undecided, signs.iter().product::<i32>()) {
            signs[i] = -1;
        }
        signs
    }

    /// The next step of the reduction as matrix on rows; `None` when the cell is reduced up to
    /// signs.
    fn step(&self) -> Option<Matrix3<i64>> {
        let Self { a, b, c, xi, eta, zeta, eps } = *self;
        let sign = |x: f64| if x > 0.0 { 1 } else { -1 };
        if self.less(b, a) || (self.equal(a, b) && self.less(eta.abs(), xi.abs())) {
            return Some(Matrix3::new(0, -1, 0, -1, 0, 0, 0, 0, -1));
        }
        if self.less(c, b) || (self.equal(b, c) && self.less(zeta.abs(), eta.abs())) {
            return Some(Matrix3::new(-1, 0, 0, 0, 0, -1, 0, -1, 0));
        }
        let [i, j, k] = self.signs();
        if [i, j, k] != [1; 3] {
            return Some(Matrix3::from_diagonal(&nalgebra::Vector3::new(
                i64::from(i),
                i64::from(j),
                i64::from(k),
            )));
        }
        if self.less(b, xi.abs())
            || (self.equal(xi, b) && self.less(2.0 * eta, zeta))
            || (self.equal(xi, -b) && zeta < -eps)
        {
            return Some(Matrix3::new(1, 0, 0, 0, 1, 0, 0, -sign(xi), 1));
        }
        if self.less(a, eta.abs())
            || (self.equal(eta, a) && self.less(2.0 * xi, zeta))
            || (self.equal(eta, -a) && zeta < -eps)
        {
            return Some(Matrix3::new(1, 0, 0, 0, 1, 0, -sign(eta), 0, 1));
        }
        if self.less(a, zeta.abs())
            || (self.equal(zeta, a) && self.less(2.0 * xi, eta))
            || (self.equal(zeta, -a) && eta < -eps)
        {
            return Some(Matrix3::new(1, 0, 0, -sign(zeta), 1, 0, 0, 0, 1));
        }
        let sum = xi + eta + zeta + a + b;
        if sum < -eps || (self.equal(sum, 0.0) && 2.0 * (a + eta) + zeta > eps) {
            return Some(Matrix3::new(1, 0, 0, 0, 1, 0, 1, 1, 1));
        }
        None
    }
}

fn tolerance(lattice: &Lattice) -> f64 {
    RELATIVE_TOLERANCE * lattice.volume().powf(2.0 / 3.0)
}

/// Niggli-reduced lattice and the integer matrix T with determinant 1 that leads to it:
/// `reduced = T * lattice` (rows). Handedness and orientation in space are kept.
///
/// Products of vectors count as equal within 1e-5 of V^(2/3). A cell whose products lie just at that
/// distance from each other would go in circles; it is reduced within ten or a hundred times as much.
///
/// # Errors
/// For lattices that are not finite or without volume, and when the reduction does not end.
///
/// ```
/// use druse_representations::{Lattice, reduction::niggli};
/// let skewed = Lattice::from_rows([[4.0, 0.0, 0.0], [8.0, 4.0, 0.0], [-4.0, 12.0, 4.0]]);
/// let (reduced, t) = niggli(&skewed).unwrap();
/// assert_eq!(reduced.lengths(), [4.0, 4.0, 4.0]);
/// assert_eq!(t.map(f64::from) * skewed.matrix(), *reduced.matrix());
/// ```
pub fn niggli(lattice: &Lattice) -> Result<(Lattice, Matrix3<i32>), ReductionError> {
    let eps = tolerance(lattice);
    let mut result = niggli_within(lattice, eps);
    for looser in [10.0, 100.0] {
        if !matches!(result, Err(ReductionError::NotConverged(_))) {
            break;
        }
        result = niggli_within(lattice, looser * eps);
    }
    result
}

/// As [`niggli`], with the tolerance (Å^2) within which two of the products a.a, b.b, c.c, 2 b.c,
/// 2 a.c, 2 a.b count as equal: for those who have to decide as another program does.
///
/// # Errors
/// As [`niggli`].
pub fn niggli_within(lattice: &Lattice, eps: f64) -> Result<(Lattice, Matrix3<i32>), ReductionError> {
    let bad = || ReductionError::BadLattice(lattice.rows());
    let longest = lattice.lengths().into_iter().fold(0.0, f64::max);
    let finite = lattice.matrix().iter().all(|x| x.is_finite());
    // Below this share of the box a volume is rounding noise.
    if !finite || lattice.volume() <= 1e-13 * longest.powi(3) {
        return Err(bad());
    }
    let mut t = shorten(lattice.matrix());
    for _ in 0..MAX_ROUNDS {
        let rows = t.map(|x| x as f64) * lattice.matrix();
        let Some(step) = Gruber::new(&rows, eps).step() else {
            let small = t.map(|x| i32::try_from(x).ok());
            if small.iter().any(Option::is_none) {
                return Err(ReductionError::NotConverged(lattice.rows()));
            }
            return Ok((Lattice::from_matrix(rows), small.map(Option::unwrap_or_default)));
        };
        t = step * t;
        if t.amax() > 1 << 40 {
            break; // double precision holds no such matrices
        }
    }
    Err(ReductionError::NotConverged(lattice.rows()))
}

/// Whether a lattice satisfies the Niggli conditions, to a relative 1e-5 of V^(2/3).
pub fn is_niggli(lattice: &Lattice) -> bool {
    Gruber::new(lattice.matrix(), tolerance(lattice)).step().is_none()
}

/// Subtracts whole multiples of shorter vectors from longer ones while that shortens them: the
/// steps of the Niggli algorithm subtract one multiple at a time, too slow for long thin cells.
fn shorten(rows: &Matrix3<f64>) -> Matrix3<i64> {
    let mut t = Matrix3::<i64>::identity();
    for _ in 0..1000 {
        let now = t.map(|x| x as f64) * rows;
        let g = now * now.transpose();
        let mut best: Option<(f64, usize, usize, i64)> = None;
        for i in 0..3 {
            for j in (0..3).filter(|&j| j != i) {
                let multiple = (g[(i, j)] / g[(j, j)]).round();
                if multiple == 0.0 || multiple.abs() > 1e12 {
                    continue;
                }
                let gain = multiple * (2.0 * g[(i, j)] - multiple * g[(j, j)]) / g[(i, i)];
                if gain > 1e-3 && best.is_none_or(|(most, ..)| gain > most) {
                    best = Some((gain, i, j, multiple as i64));
                }
            }
        }
        let Some((_, i, j, multiple)) = best else { break };
        for k in 0..3 {
            t[(i, k)] -= multiple * t[(j, k)];
        }
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Nearly hexagonal cells whose angles were rounded to five digits.
    #[test]
    fn cells_at_the_edge_of_the_tolerance_end() {
        for cell in [
            [4.09789, 4.09788, 16.11868, 89.99985, 90.00026, 119.99939],
            [5.03444, 5.03695, 9.77996, 89.99989, 90.00023, 119.98352],
            [3.23862, 3.23862, 26.10915, 90.0001, 89.99979, 119.99945],
        ] {
            let lattice = Lattice::from_parameters(cell).unwrap();
            let (reduced, t) = niggli(&lattice).unwrap();
            assert_eq!(t.map(f64::from).determinant().round(), 1.0);
            assert!((reduced.volume() - lattice.volume()).abs() < 1e-9);
            for (x, y) in reduced.lengths().into_iter().zip(lattice.lengths()) {
                assert!((x - y).abs() < 1e-2);
            }
        }
    }

    #[test]
    fn textbook_cell() {
        // Example of Krivy and Gruber (1976): Gruber numbers (9, 27, 4, -5, -4, -22) become
        // (4, 9, 9, 9, 3, 4).
        let (a, b, c): (f64, f64, f64) = (9.0, 27.0, 4.0);
        let angle = |twice: f64, x: f64, y: f64| (twice / 2.0 / (x * y).sqrt()).acos().to_degrees();
        let cell = [a.sqrt(), b.sqrt(), c.sqrt(), angle(-5.0, b, c), angle(-4.0, a, c), angle(-22.0, a, b)];
        let (reduced, _) = niggli(&Lattice::from_parameters(cell).unwrap()).unwrap();
        let g = Gruber::new(reduced.matrix(), 0.0);
        for (got, want) in
            [g.a, g.b, g.c, g.xi, g.eta, g.zeta].into_iter().zip([4.0, 9.0, 9.0, 9.0, 3.0, 4.0])
        {
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
    }

    #[test]
    fn extreme_cells_end() {
        let thin = Lattice::from_rows([[1e4, 0.0, 0.0], [9.9e3, 1.0, 0.0], [5e3, 0.3, 2.0]]);
        let (reduced, _) = niggli(&thin).unwrap();
        assert!(is_niggli(&reduced));
        for rows in [
            [[f64::NAN, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
            [[0.0; 3]; 3],
            [[1e300, 0.0, 0.0], [0.0, 1e300, 0.0], [0.0, 0.0, 1e300]],
        ] {
            assert!(niggli(&Lattice::from_rows(rows)).is_err());
        }
    }

    /// Products of elementary unimodular matrices.
    fn unimodular() -> impl Strategy<Value = Matrix3<i32>> {
        prop::collection::vec((0..3usize, 1..3usize, -2..=2i32), 1..6).prop_map(|steps| {
            steps.into_iter().fold(Matrix3::identity(), |mut t, (i, offset, n)| {
                for k in 0..3 {
                    t[(i, k)] += n * t[((i + offset) % 3, k)];
                }
                t
            })
        })
    }

    proptest! {
        #[test]
        fn reduction_is_unique_and_keeps_the_lattice(
            lengths in prop::array::uniform3(2.0..12.0f64),
            angles in prop::array::uniform3(50.0..125.0f64),
            t in unimodular(),
        ) {
            let cell = [lengths[0], lengths[1], lengths[2], angles[0], angles[1], angles[2]];
            let Ok(lattice) = Lattice::from_parameters(cell) else { return Ok(()) };
            prop_assume!(lattice.volume() > 0.05 * lengths.iter().product::<f64>());
            let (reduced, step) = niggli(&lattice).unwrap();
            prop_assert!(is_niggli(&reduced));
            prop_assert!((reduced.volume() - lattice.volume()).abs() < 1e-9 * lattice.volume());
            prop_assert!((step.map(f64::from).determinant() - 1.0).abs() < 1e-9);
            prop_assert!((step.map(f64::from) * lattice.matrix() - reduced.matrix()).norm() < 1e-9);
            // Once more changes nothing.
            prop_assert_eq!(niggli(&reduced).unwrap().1, Matrix3::identity());
            // Another basis of the same lattice has the same reduced metric.
            let other = Lattice::from_matrix(t.map(f64::from) * lattice.matrix());
            let (again, _) = niggli(&other).unwrap();
            for (x, y) in again.parameters().into_iter().zip(reduced.parameters()) {
                prop_assert!((x - y).abs() < 0.02, "{:?} {:?}", again.parameters(), reduced.parameters());
            }
        }

        #[test]
        fn high_symmetry_lattices_reduce(a in 2.0..9.0f64, t in unimodular(), noise in prop::array::uniform9(-1e-7..1e-7f64)) {
            for rows in [
                [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]],
                [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]],
                [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            ] {
                let exact = Lattice::from_rows(rows);
                let (wanted, _) = niggli(&Lattice::from_matrix(exact.matrix() * a)).unwrap();
                let noisy = exact.matrix() * a + Matrix3::from_row_slice(&noise);
                let (reduced, _) = niggli(&Lattice::from_matrix(t.map(f64::from) * noisy)).unwrap();
                for (x, y) in reduced.parameters().into_iter().zip(wanted.parameters()) {
                    prop_assert!((x - y).abs() < 1e-2, "{:?} {:?}", reduced.parameters(), wanted.parameters());
                }
            }
        }
    }
}
